"""Priors as modules: called as prior(y), each gives a `Law` over z. A model takes one as `prior=`, and keeps it as
`prior_module`.

A prior can be learned with the rest of the model, or after it, from the codes, while the networks rest:

    model.prior_module = MixturePrior.around(codes, components=40)   # codes: some z ~ q(z | x)
    model.encoder.requires_grad_(False), model.decoder.requires_grad_(False)
    fit(model, x, steps=600, batch_size=256, lr=2e-2)

The reconstruction stays as it was, and what the ELBO gains is what the KL loses.
"""

import torch
import torch.nn.functional as F
from torch import nn

from ..arguments import code_numbers, finite, float_tensor, real_number, whole_number
from ..distributions import AutoregressiveCode, DiagonalGaussian, Flow, GaussianMixture, IndependentCategorical
from ..randomness import generator_at, seeded, standard_noise
from .networks import AffineCoupling


class StandardNormal(nn.Module):
    """p(z) = N(0, I), batch shape (). Has nothing to learn."""

    def __init__(self, latent_dim):
        super().__init__()
        zeros = torch.zeros(whole_number(latent_dim, "latent_dim"))
        self.register_buffer("zeros", zeros, persistent=False)

    def forward(self, y=None):
        return DiagonalGaussian(self.zeros, self.zeros)


class ClassMeans(nn.Module):
    """p(z | y) = N(mu^y, I): one learned mean for each class, `means` (classes, d). y: whole-number labels (B,).

    The means start at 0 and are stored in units of 10, because Adam moves a parameter by no more than about its
    learning rate a step, and the means have several units to go.
    """

    UNIT = 10.0

    def __init__(self, latent_dim, classes):
        super().__init__()
        self.classes = whole_number(classes, "classes")
        self.in_units = nn.Parameter(torch.zeros(classes, whole_number(latent_dim, "latent_dim")))

    @property
    def means(self):
        """mu^y of every class: (classes, d)."""
        return self.UNIT * self.in_units

    def forward(self, y=None):
        mu = self.means[class_labels(y, self.classes)]
        return DiagonalGaussian(mu, torch.zeros_like(mu))


class GaussianPrior(nn.Module):
    """p(z | y) = N(m(y), diag s(y)^2) by a network from y (B, C), floats, to mu and logvar side by side, (B, 2d)."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, y=None):
        return DiagonalGaussian.of(self.network(float_tensor(y, "y", "(B, C)", least_dims=1)))


class MixturePrior(nn.Module):
    """p(z) = sum_k w_k N(m_k, diag s_k^2), all of it learned. The centers start at draws from N(0, I) by `seed`."""

    def __init__(self, latent_dim, components, seed=0):
        super().__init__()
        size = whole_number(components, "components"), whole_number(latent_dim, "latent_dim")
        self.logits = nn.Parameter(torch.zeros(components))
        self.mu = nn.Parameter(standard_noise(size, like=self.logits, generator=generator_at(seed)))
        self.logvar = nn.Parameter(torch.zeros(size))

    @classmethod
    def around(cls, codes, components, seed=0, logvar=-1.5):
        """Centers at some of the codes (N, d), drawn by `seed`, each with variance exp(logvar): a start near q(z).

        Raises ValueError for more components than codes.
        """
        if float_tensor(codes, "codes", "(N, d)").ndim != 2:
            raise ValueError(f"codes: got shape {tuple(codes.shape)}, expected (N, d)")
        n, latent_dim = finite(codes, "codes").shape
        real_number(logvar, "logvar", lambda number: True, "that is finite")
        whole_number(components, "components", most=n)
        prior = cls(latent_dim, components, seed).to(codes)
        with torch.no_grad():
            prior.mu.copy_(codes[torch.randperm(n, generator=generator_at(seed))[:components]])
            prior.logvar.fill_(logvar)
        return prior

    def forward(self, y=None):
        return GaussianMixture(self.logits, DiagonalGaussian.of(torch.hstack([self.mu, self.logvar])))


class VampPrior(nn.Module):
    """p(z) = sum_k w_k q(z | u_k): a mixture of the model's own posteriors at learned inputs (Tomczak & Welling 2018).

    encoder: the one of the model, x (B, D) -> mu and logvar side by side; it is saved and moved with the model, and not
    once more with the prior.  inputs: where the u_k start, (K, D), such as some rows of the data. The weights w_k are
    learned, too. The posteriors of K examples are narrow, and leave most codes uncovered where there are more than a
    few dimensions; what makes them a prior is that the u_k learn.
    """

    def __init__(self, encoder, inputs):
        super().__init__()
        self.__dict__["encoder"] = encoder  # set as an attribute it would be a part of the prior, too
        self.inputs = nn.Parameter(float_tensor(inputs, "inputs", "(K, D)", least_dims=2).clone())
        self.logits = nn.Parameter(inputs.new_zeros(len(inputs)))

    def forward(self, y=None):
        return GaussianMixture(self.logits, DiagonalGaussian.of(self.encoder(self.inputs)))

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        for name in [name for name in state_dict if name.startswith(f"{prefix}encoder.")]:
            del state_dict[name]  # saved when the encoder was a part of the prior
        super()._load_from_state_dict(state_dict, prefix, *rest)


class FlowPrior(nn.Module):
    """p(z): noise from N(0, I) sent through `layers` affine couplings with learned networks (Dinh et al. 2017).

    Each network has two layers of `hidden` units, by `seed`. At the start p(z) is N(0, I). latent_dim >= 2, because a
    coupling needs two halves.
    """

    def __init__(self, latent_dim, layers=4, hidden=48, seed=0):
        super().__init__()
        self.noise = StandardNormal(whole_number(latent_dim, "latent_dim", least=2))
        whole_number(hidden, "hidden")
        with seeded(seed):
            couplings = [AffineCoupling(latent_dim, hidden) for _ in range(whole_number(layers, "layers"))]
        self.couplings = nn.ModuleList(couplings)

    def forward(self, y=None):
        return Flow(self.noise(), self.couplings)


class IndependentCodes(nn.Module):
    """p(z) = prod_t p(z_t) over the slots of a VQ-VAE, with learned probabilities.

    Uniform at the start, and for good after `requires_grad_(False)`: then -log p(z) = slots * log(codes) for every z.
    `count` sets them at once: no gradient of a prior reaches the encoder of a VQ-VAE, so after its training will do.
    """

    def __init__(self, slots, codes):
        super().__init__()
        self.slots, self.codes = whole_number(slots, "slots"), whole_number(codes, "codes", least=2)
        self.logits = nn.Parameter(torch.zeros(slots, codes))

    @torch.no_grad()
    def count(self, z):
        """Probabilities from how often each code stands in each slot of z (N, slots), one added to every count."""
        times = F.one_hot(code_numbers(z, "z", self.slots, self.codes), self.codes).sum(0)
        self.logits.copy_((times + 1).log())

    def forward(self, y=None):
        return IndependentCategorical(self.logits)


class AutoregressiveCodes(nn.Module):
    """p(z) = prod_t p(z_t | z_1 .. z_(t-1)) over the slots of a VQ-VAE, by a recurrent network (GRU)."""

    def __init__(self, slots, codes, hidden=96, width=24, seed=0):
        super().__init__()
        self.slots, self.codes = whole_number(slots, "slots"), whole_number(codes, "codes", least=2)
        with seeded(seed):
            self.code = nn.Embedding(codes + 1, width)  # one more, number 0, for "nothing yet"
            self.slot = nn.Parameter(torch.zeros(slots, width))
            self.memory = nn.GRU(width, hidden, batch_first=True)
            self.out = nn.Linear(hidden, codes)

    def forward(self, y=None):
        return AutoregressiveCode(self.logits, self.slot.new_zeros(0), self.slots)

    def logits(self, z, x):
        """Of every slot from the codes before it: x int64 (..., slots) -> (..., slots, codes). There is no z above."""
        code_numbers(x, "x", self.slots, self.codes)
        before = F.pad(x.reshape(-1, self.slots) + 1, (1, 0))[:, :-1]
        memory, _ = self.memory(self.code(before) + self.slot)
        return self.out(memory).unflatten(0, x.shape[:-1]) if x.ndim > 1 else self.out(memory)[0]


def class_labels(y, classes):
    """y as int64, (B,) or a single label. Raises TypeError or ValueError for anything but labels 0..classes-1."""
    if not torch.is_tensor(y) or y.is_floating_point():
        got = getattr(y, "dtype", type(y).__name__)
        raise TypeError(f"y: got {got}, expected a tensor of whole-number labels")
    if y.ndim > 1:
        raise ValueError(f"y: got labels of shape {tuple(y.shape)}, expected (B,), one whole number for each example")
    if y.numel() and not y.is_meta and not (0 <= y.min() and y.max() < classes):
        raise ValueError(f"y: got labels from {y.min()} to {y.max()}, expected 0 to {classes - 1}")
    return y.long()
