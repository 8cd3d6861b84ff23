"""A discrete latent: each slot of z is the number of a vector in a codebook, which is learned (van den Oord et al.
2017) or a fixed grid (Mentzer et al. 2024)."""

import math

import torch
from torch import nn

from ..arguments import code_numbers, float_tensor, last_dimension, real_number, whole_number
from ..distributions import Code
from ..randomness import generator_at, standard_noise
from .networks import by_rows
from .priors import IndependentCodes
from .vae import suitable

TINY = torch.finfo(torch.float32).tiny  # the count of a code that no vector has chosen for thousands of steps


class VQVAE(nn.Module):
    """prior: learned probabilities of the codes; posterior: all mass on the nearest code; any likelihood.

    encoder: x (B, D) -> (B, slots * width)      decoder: (B, slots * width) -> parameters of the likelihood
    codebook: (codes, width), drawn from N(0, 1) by `seed`; or start it at the data, by `start_codebook`.
    z: code numbers, int64 (..., slots).         prior: a module called as prior(y), `IndependentCodes` unless given.
    ema: how the codes learn. None: by the gradient. A number in [0, 1), such as 0.98: each is the average of the
    vectors that choose it, where a step counts `ema` times as much as the one after it.
    restart: after so many steps in which no vector chose it, a code is put onto an encoder output; None: never.
    data_dim: D, to refuse another by name.
    Train it by `objectives.vq_elbo`: rounding has no path for the gradient.
    """

    def __init__(
        self, encoder, decoder, observation, slots, codes, width, seed=0, data_dim=None, prior=None, ema=None,
        restart=None,
    ):  # fmt: skip
        super().__init__()
        self.encoder, self.decoder, self.observation = encoder, decoder, observation
        self.slots, self.width = whole_number(slots, "slots"), whole_number(width, "width")
        self.data_dim = None if data_dim is None else whole_number(data_dim, "data_dim")
        size = whole_number(codes, "codes", least=2), width
        self.ema = None if ema is None else real_number(ema, "ema", lambda weight: 0 <= weight < 1, "in [0, 1)")
        self.restart = None if restart is None else whole_number(restart, "restart")
        start = standard_noise(size, like=torch.empty(0), generator=generator_at(seed))
        if ema is None:
            self.codebook = nn.Parameter(start)
        else:
            self.register_buffer("codebook", start)
            self.register_buffer("counts", torch.ones(codes))  # of the vectors that choose a code, averaged over steps
        if restart is not None:
            self.register_buffer("unused", torch.zeros(codes, dtype=torch.int64))  # steps
        self.prior_module = IndependentCodes(slots, codes) if prior is None else prior

    def prior(self, y=None):
        """p(z) over the codes of all slots, batch shape ()."""
        return self.prior_module(y)

    def posterior(self, x, y=None):
        """q(z | x): all probability on the nearest codes, batch shape (B,)."""
        return Code(self.nearest(self.vectors(x)))

    def likelihood(self, z, y=None):
        """p(x | z), batch shape (...) for code numbers z (..., slots)."""
        return self.decode(self.codebook[code_numbers(z, "z", self.slots, len(self.codebook))])

    def decode(self, vectors):
        """p(x | z) from the vectors that stand in the slots: (..., slots, width)."""
        return self.observation(by_rows(self.decoder, vectors.flatten(-2)))

    def vectors(self, x):
        """What the encoder says before rounding: (B, slots, width)."""
        said = by_rows(self.encoder, suitable(float_tensor(x, "x", "(B, D)", 1), "x", self.data_dim, self))
        return last_dimension(said, "encoder output", self.slots * self.width).unflatten(-1, (self.slots, self.width))

    def nearest(self, vectors):
        """The number of the nearest code: (B, slots, width) -> int64 (B, slots)."""
        codes, center = self.codebook.detach(), self.codebook.detach().mean(0)  # far from 0 cdist is not exact
        apart = torch.cdist(vectors.detach().flatten(0, -2) - center, codes - center)
        return apart.argmin(-1).view(vectors.shape[:-1])

    def pulls(self, vectors, chosen, commitment):
        """What pulls codes to the vectors (B, slots, width) that chose them, and these to their codes: (B,)."""
        pulls = commitment * (vectors - chosen.detach()).square()
        if self.ema is None:
            pulls = (chosen - vectors.detach()).square() + pulls
        return pulls.sum((-2, -1))

    @torch.no_grad()
    def follow(self, vectors, z):
        """After a step of training: averaged codes move, unused ones start again. vectors (B, slots, width).

        Vectors with a NaN or an infinity in them move nothing: the loss will tell, and the codes stay as they were.
        """
        if not vectors.isfinite().all():
            return
        if self.ema is not None:
            self._average(vectors.flatten(0, -2), z.flatten())
        if self.restart is not None:
            self._start_again(vectors.flatten(0, -2), z.flatten())

    def _average(self, vectors, z):
        """counts n and codes c to n' = ema n + (1 - ema) count and (ema n c + (1 - ema) sum of the vectors) / n'."""
        self.counts.lerp_(self._count(z).to(self.counts.dtype), 1 - self.ema)
        away = torch.zeros_like(self.codebook).index_add_(0, z, vectors - self.codebook[z])
        self.codebook.add_((1 - self.ema) * away / self.counts.clamp(min=TINY).unsqueeze(-1))

    def _start_again(self, vectors, z):
        self.unused.add_(1).mul_(self._count(z) == 0)
        dead = (self.unused >= self.restart).nonzero().squeeze(-1)[: len(vectors)]
        if len(dead):
            self._place(dead, vectors[torch.randperm(len(vectors), device=vectors.device)[: len(dead)]])

    def _count(self, z):
        return torch.bincount(z, minlength=len(self.codebook))

    def _place(self, codes, vectors):
        self.codebook[codes] = vectors
        if self.ema is not None:
            self.counts[codes] = 1.0
        if self.restart is not None:
            self.unused[codes] = 0

    @torch.no_grad()
    def start_codebook(self, x, seed=0):
        """Put the codes onto the centers of k-means, started by `seed`, among what the encoder says of x (B, D)."""
        from sklearn.cluster import KMeans

        vectors, codes = self.vectors(x).flatten(0, -2), len(self.codebook)
        if len(vectors) < codes:
            raise ValueError(f"x: got {len(vectors)} vectors from it, expected at least {codes}, one for each code")
        centers = KMeans(codes, n_init=1, random_state=seed).fit(vectors.cpu().numpy()).cluster_centers_
        self._place(slice(None), torch.from_numpy(centers).to(vectors))


class FiniteScalarVAE(VQVAE):
    """A VQ-VAE with nothing to learn in its codebook: a slot is a few numbers, each rounded to one of a few levels.

    levels: how many for each number of a slot, such as (4, 4, 2): width 3, and 4 * 4 * 2 = 32 codes.
    tanh brings what the encoder says into (-1, 1), and L levels are the middles of L equal parts of it. (Mentzer et al.
    2024; they scale the levels to whole numbers.) Batch normalization at the encoder's end spreads the vectors over the
    levels. Train it by `objectives.vq_elbo`, where nothing pulls. Other arguments as for `VQVAE`.
    """

    def __init__(self, encoder, decoder, observation, slots, levels, data_dim=None, prior=None):
        if not isinstance(levels, (list, tuple)):
            raise TypeError(f"levels: got {levels!r}, expected a list of whole numbers >= 2, as (4, 4, 2)")
        levels = tuple(whole_number(count, "levels", least=2) for count in levels)
        if not levels:
            raise ValueError("levels: got none, expected a whole number >= 2 for each number of a slot")
        sizes = math.prod(levels), len(levels)
        super().__init__(encoder, decoder, observation, slots, *sizes, data_dim=data_dim, prior=prior)
        self.levels = levels
        del self.codebook
        self.register_buffer("codebook", grid(levels), persistent=False)

    def vectors(self, x):
        """What the encoder says before rounding, in (-1, 1): (B, slots, width)."""
        return super().vectors(x).tanh()

    def pulls(self, vectors, chosen, commitment):
        return vectors.new_zeros(len(vectors))

    def start_codebook(self, x, seed=0):
        raise TypeError("model: got a FiniteScalarVAE, whose codebook is a fixed grid, expected one that learns it")


def grid(levels):
    """Every choice of a level for each number, the last one changing fastest: (product of the levels, width)."""
    middles = [(2 * torch.arange(count) + 1 - count) / count for count in levels]
    return torch.stack(torch.meshgrid(*middles, indexing="ij"), -1).flatten(0, -2)
