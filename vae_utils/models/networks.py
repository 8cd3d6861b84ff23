"""The networks inside the models."""

import numbers
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from ..arguments import whole_number
from ..randomness import seeded


def by_rows(network, values):
    """The network on (..., n), seen as rows of one batch: (..., m).

    Batch normalization and convolutions want a single batch axis, and would take samples for channels. Under autocast
    the network works in half precision, and what it says is brought back to float32 for the distributions.
    """
    said = network(values.reshape(-1, values.shape[-1]))
    said = said.reshape(*values.shape[:-1], said.shape[-1])
    return said.float() if under_autocast(values.device) else said


def under_autocast(device):
    """Whether matrix products on this device run in a lower precision just now."""
    return device.type != "meta" and torch.is_autocast_enabled(device.type)


def mlp(sizes, activation=nn.ReLU):
    """A multilayer perceptron sizes[0] -> ... -> sizes[-1], linear at the end; `activation` is a class of modules."""
    sizes = [whole_number(size, "sizes") for size in sizes]
    if len(sizes) < 2:
        raise ValueError(f"sizes: got {sizes}, expected at least the input and the output size")
    layers = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), made(activation)]
    return nn.Sequential(*layers[:-1])


def made(activation):
    """A module of the class `activation`. Raises TypeError for a name, a function or a module already made."""
    if not (isinstance(activation, type) and issubclass(activation, nn.Module)):
        raise TypeError(f"activation: got {activation!r}, expected a class of modules such as torch.nn.ReLU")
    return activation()


class AffineCoupling(nn.Module):
    """An invertible layer: half of the values is scaled and shifted by what a network says of the other half.

    (a, b) -> (b exp(s(a)) + t(a), a), and log |det| = sum_j s_j(a), in nats: (..., size) -> (..., size) and (...)
    (Dinh et al. 2017). The halves change places, so that the next layer moves the other one. |s| < 3, so that no scale
    runs away. At the start s = t = 0.
    """

    LIMIT = 3.0

    def __init__(self, size, hidden):
        super().__init__()
        self.kept = whole_number(size, "size", least=2) // 2
        self.moved = size - self.kept
        self.network = mlp([self.kept, hidden, hidden, 2 * self.moved], nn.SiLU)
        nn.init.zeros_(self.network[-1].weight)
        nn.init.zeros_(self.network[-1].bias)

    def forward(self, values):
        kept, moved = values.split([self.kept, self.moved], -1)
        log_scale, shift = self._said(kept)
        return torch.cat([moved * torch.exp(log_scale) + shift, kept], -1), log_scale.sum(-1)

    def inverse(self, values):
        moved, kept = values.split([self.moved, self.kept], -1)
        log_scale, shift = self._said(kept)
        return torch.cat([kept, (moved - shift) * torch.exp(-log_scale)], -1), -log_scale.sum(-1)

    def _said(self, kept):
        log_scale, shift = by_rows(self.network, kept).chunk(2, -1)
        return self.LIMIT * torch.tanh(log_scale / self.LIMIT), shift


def quarters(size):
    """Height and width of a picture divided by 4. Raises TypeError or ValueError unless both are multiples of 4."""
    sides = size if isinstance(size, tuple | list) else (size, size)
    whole = all(isinstance(side, numbers.Integral) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not whole or any(side < 4 or side % 4 for side in sides):
        raise ValueError(f"size: got {size!r}, expected a multiple of 4, or (height, width), both multiples of 4")
    return [int(side) // 4 for side in sides]


class ConvDecoder(nn.Module):
    """z (B, d) -> (B, planes H W): a map of features at a quarter of the size, upsampled twice.

    size: H = W, or (H, W), multiples of 4. The planes lie one after the other.
    """

    def __init__(self, latent_dim, channels=32, activation=nn.ReLU, size=28, planes=1):
        super().__init__()
        height, width = quarters(size)
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 2 * channels * height * width),
            made(activation),
            nn.Unflatten(-1, (2 * channels, height, width)),
            nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1),  # twice as high and wide
            made(activation),
            nn.ConvTranspose2d(channels, planes, 4, stride=2, padding=1),  # (planes, H, W)
            nn.Flatten(),
        )

    def forward(self, z):
        return self.layers(z)


class ContextNetwork(nn.Module):
    """Logits of every bit from z and the `context` bits before it: z (..., d), x (B, L) -> (..., B, L).

    Bits enter as -1 and +1, and what lies before the first bit as 0. With context 0 the bits are independent given z;
    with context L - 1 the network can model any sequence without z. In training each bit of the context is blanked
    with probability `dropout` (Bowman et al. 2016).
    """

    def __init__(self, latent_dim, context, hidden=64, dropout=0.0):
        super().__init__()
        self.context, self.dropout = context, dropout
        self.from_z = nn.Linear(latent_dim, hidden)
        self.from_context = nn.Linear(context, hidden, bias=False) if context else None
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, z, x):
        hidden = self.from_z(z).unsqueeze(-2)  # (..., 1, hidden)
        if self.context:
            before = F.pad(2 * x - 1, (self.context, 0))[:, :-1].unfold(-1, self.context, 1)  # (B, L, context)
            if self.training and self.dropout:
                before = before * (torch.rand_like(before) >= self.dropout)
            hidden = hidden + self.from_context(before)
        else:
            hidden = hidden.expand(*hidden.shape[:-2], x.shape[-1], hidden.shape[-1])
        return self.rest(hidden).squeeze(-1)


class WindowNetwork(nn.Module):
    """Logits of the gray level of every pixel, from z and the pixels above and to the left of it.

    z (..., B, d), x (B, side * side) -> (..., B, side * side, levels); for 2 levels, bits, one logit a pixel,
    (..., B, side * side). The window of a pixel holds the `reach` rows above it, from `reach` columns to its left to
    `reach` to its right, and `reach` pixels before it in its own row; outside the picture it is 0 (as in PixelCNN,
    van den Oord et al. 2016, of one layer). z speaks to each pixel through `features` numbers of its own.
    """

    def __init__(self, latent_dim, side, levels, reach=3, hidden=48, features=8, width=128, seed=0):
        super().__init__()
        self.side, self.reach, self.features = whole_number(side, "side"), whole_number(reach, "reach"), features
        bits = whole_number(levels, "levels", least=2) == 2
        self.before = reach * (2 * reach + 1) + reach  # pixels in a window, all drawn earlier
        with seeded(seed):
            self.wide = mlp([latent_dim, width, features * side**2])
            self.from_z = nn.Linear(features, hidden)
            self.from_window = nn.Linear(self.before, hidden)
            self.rest = nn.Sequential(nn.ReLU(), mlp([hidden, hidden, 1 if bits else levels]))
        if bits:
            self.rest.append(nn.Flatten(-2))

    def forward(self, z, x):
        of_z = self.from_z(self.wide(z).unflatten(-1, (self.side**2, self.features)))
        return self.rest(of_z + self.from_window(self.windows(x)))

    def windows(self, x):
        """(B, side * side) -> (B, side * side, before)."""
        images = F.pad(x.reshape(-1, 1, self.side, self.side), (self.reach, self.reach, self.reach, 0))
        return F.unfold(images, (self.reach + 1, 2 * self.reach + 1))[:, : self.before].mT

    def at(self, t, z, x):
        """The logits of pixel t alone, without the work for the others: (B, levels)."""
        i, j = divmod(t, self.side)
        own, last = slice(t * self.features, (t + 1) * self.features), self.wide[-1]
        of_z = self.from_z(F.linear(self.wide[:-1](z), last.weight[own], last.bias[own]))
        rows = F.pad(x.view(-1, self.side, self.side), (self.reach, self.reach, self.reach, 0))
        window = rows[:, i : i + self.reach + 1, j : j + 2 * self.reach + 1].flatten(1)[:, : self.before]
        return self.rest(of_z + self.from_window(window))
