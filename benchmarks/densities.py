"""The models on the ruler: each a way to say how probable a picture of 64 pixels with 17 gray levels is.

`exact` and `bound` at the end are what they are scored by, in nats for each picture.
"""

import math

import torch
from sklearn.decomposition import FactorAnalysis
from torch import nn

from vae_utils import objectives
from vae_utils.arguments import positive, whole_number
from vae_utils.distributions import AutoregressiveGray, DiagonalGaussian, DiscretizedGaussian, Law, alpha_sigma
from vae_utils.evaluation.likelihood import scoring
from vae_utils.models import (
    AutoregressiveCodes,
    DiscretizedGaussianObservation,
    IndependentCodes,
    LinearVAE,
    StandardNormal,
    WindowNetwork,
    mlp,
)
from vae_utils.objectives import Terms
from vae_utils.randomness import generator_at, seeded, standard_noise

SIDE, LEVELS = 8, 17
PIXELS = SIDE**2


def levels_of(x):
    """Pixels in {0, 1/16, ..., 1} as the numbers of their levels, int64."""
    return (x * (LEVELS - 1)).round().long()


class IndependentPixels(nn.Module):
    """Each pixel by how often each level stood there, one added to every count."""

    def __init__(self, x):
        super().__init__()
        self.pixels = IndependentCodes(PIXELS, LEVELS)
        self.pixels.count(levels_of(x))

    def log_prob(self, x):
        return self.pixels().log_prob(levels_of(x))


class LevelMixture(nn.Module):
    """sum_k w_k prod_i p_ik(x_i): each component has its own independent pixels. weights (K,), table (K, 64, 17)."""

    def __init__(self, weights, table):
        super().__init__()
        self.log_weights = nn.Parameter(weights.log())
        self.log_table = nn.Parameter(table.log())

    def log_prob(self, x):
        return self.joint(indicators(x)).logsumexp(-1)

    def joint(self, marked):
        """log of w_k prod_i p_ik(x_i), from the indicators of x: (N, K)."""
        return self.log_weights + marked @ self.log_table.flatten(1).T


def indicators(x):
    """1 where a pixel has a level: x (N, 64) -> (N, 64 * 17)."""
    return nn.functional.one_hot(levels_of(x), LEVELS).to(x.dtype).flatten(1)


@torch.no_grad()
def level_mixture(x, components, pseudo, seed, steps=60):
    """A `LevelMixture` by EM. Each component starts between a picture of x and the mean of all.

    components: at most as many as x has pictures. pseudo > 0: as many pictures, spread over the levels as all of x is,
    are added to what each component has seen; with none, a level that was not seen would have the probability 0.
    Raises TypeError or ValueError.
    """
    if not len(x):
        raise ValueError(f"x: got shape {tuple(x.shape)}, expected one picture or more")
    whole_number(components, "components", most=len(x)), positive(pseudo, "pseudo")
    marked = indicators(x)
    prior = (marked.sum(0) + 1) / (len(x) + LEVELS)
    chosen = marked[torch.randperm(len(x), generator=generator_at(seed))[:components]]
    model = LevelMixture(torch.full((components,), 1 / components), (0.5 * (chosen + prior)).view(-1, PIXELS, LEVELS))
    for _ in range(steps):
        shares = model.joint(marked).softmax(-1)
        counts = shares.sum(0)
        table = (shares.T @ marked + pseudo * prior) / (counts + pseudo).unsqueeze(-1)
        model = LevelMixture((counts + 1) / (counts + 1).sum(), table.view(-1, PIXELS, LEVELS))
    return model


class LinearGaussian(nn.Module):
    """x = W z + b + sigma eps, cut into levels: P(x) is the Gaussian's probability of the box of each level.

    W (64, d), b (64,), sigma2 (64,), or () for pPCA. Given z the pixels are independent, so the box is the mean over z
    of a product. The posterior is that of the Gaussian before the cut; W is turned so that it is diagonal.
    """

    def __init__(self, W, b, sigma2):
        super().__init__()
        precision, turn = torch.linalg.eigh(W.T @ (W / sigma2.expand(PIXELS).unsqueeze(-1)))
        self.W, self.b, self.logvar = nn.Parameter(W @ turn), nn.Parameter(b), nn.Parameter(sigma2.log())
        self.prior_module = StandardNormal(W.shape[1])
        self.register_buffer("shrink", 1 / (1 + precision))

    def prior(self, y=None):
        return self.prior_module()

    def posterior(self, x, y=None):
        seen = ((x - self.b) * torch.exp(-self.logvar)) @ self.W
        return DiagonalGaussian(seen * self.shrink, self.shrink.log())

    def likelihood(self, z, y=None):
        return DiscretizedGaussian(z @ self.W.T + self.b, self.logvar, LEVELS)


def probabilistic_pca(x, latent_dim):
    """The pPCA of greatest likelihood as a density, one sigma for all pixels."""
    linear = LinearVAE(PIXELS, latent_dim, "shared").fit_exact(x)
    return LinearGaussian(linear.W.detach(), linear.b.detach(), linear.sigma2.detach())


def factor_analysis(x, latent_dim, seed):
    """pPCA with a sigma for each pixel, by EM, with noise as wide as a level on top of x."""
    spread = standard_noise(x.shape, x, None, generator_at(seed), uniform=True)
    found = FactorAnalysis(latent_dim, max_iter=300).fit((x + (spread - 0.5) / (LEVELS - 1)).double().numpy())
    parts = found.components_.T, found.mean_, found.noise_variance_
    return LinearGaussian(*(torch.from_numpy(part).float() for part in parts))


def gray(model, x):
    """The model with gray levels for its likelihood: a Gaussian with a sigma of its own for each pixel, cut into
    levels. The decoder starts at the mean of x (N, 64), with sigma = 0.2."""
    model.observation = DiscretizedGaussianObservation(LEVELS, "per_pixel")
    with torch.no_grad():
        model.decoder[-1].bias.copy_(torch.cat([x.mean(0), torch.full((PIXELS,), 2 * math.log(0.2))]))
    return model


class FreeLevels(Law):
    """Independent pixels with a probability for each level, from logits (..., 64 * 17)."""

    def __init__(self, logits):
        self.log_p = logits.unflatten(-1, (PIXELS, LEVELS)).log_softmax(-1)
        super().__init__(logits.shape[:-1], torch.Size([PIXELS]), validate_args=False)

    def log_prob(self, x):
        """x (B, 64) under logits (..., B, 64 * 17): (..., B), nats."""
        levels = levels_of(x).expand(self.log_p.shape[:-1]).unsqueeze(-1)
        return self.log_p.gather(-1, levels).squeeze(-1).sum(-1)


class PixelByPixel(nn.Module):
    """p(x) = prod_i p(x_i | pixels above, and to the left in its row), by a window that slides over the picture."""

    def __init__(self, reach, hidden, features, seed, side=SIDE, levels=LEVELS):
        super().__init__()
        self.levels = levels
        self.network = WindowNetwork(1, side, levels, reach, hidden, features, width=1, seed=seed)

    def log_prob(self, x):
        return AutoregressiveGray(self.network, x.new_zeros(len(x), 1), x.shape[-1], self.levels).log_prob(x)


class LevelDenoiser(nn.Module):
    """A guess of the pixels in [-1, 1] under the noise that knows their levels: z (N, 64), log_snr (N, 1) -> (N, 64).

    The network looks at all of z and says of each pixel what a decoder says, mu and logvar of a Gaussian cut into
    levels. By Bayes' rule that is put together with what z says of the pixel itself, N(z_i; alpha x_i, sigma^2).
    """

    def __init__(self, x, hidden, seed, waves=6, span=16.0):
        super().__init__()
        self.register_buffer("levels", torch.linspace(-1, 1, LEVELS), persistent=False)
        turns = torch.logspace(-1, 2, waves, base=2) / span
        self.register_buffer("frequencies", 2 * math.pi * turns, persistent=False)
        with seeded(seed):
            self.network = mlp([PIXELS + 2 * waves, *hidden, 2 * PIXELS])
        with torch.no_grad():
            self.network[-1].weight.mul_(0.1)
            self.network[-1].bias.copy_(torch.cat([x.mean(0), x.var(0).clamp(min=1e-3).log()]))

    def forward(self, z, log_snr):
        alpha, sigma = (part.unsqueeze(-1) for part in alpha_sigma(log_snr))
        seen = -0.5 * ((z.unsqueeze(-1) - alpha * self.levels) / sigma).square()
        return (self.expected(z, log_snr) + seen).softmax(-1) @ self.levels

    def expected(self, z, log_snr):
        """log p of each level of each pixel, by what the others say: (N, 64, 17)."""
        phases = log_snr * self.frequencies
        mu, logvar = self.network(torch.cat([z, phases.sin(), phases.cos()], -1)).chunk(2, -1)
        thresholds = (torch.arange(LEVELS - 1, dtype=z.dtype) + 0.5) / (LEVELS - 1)
        away = (thresholds - mu.unsqueeze(-1)) * torch.exp(-0.5 * logvar.clamp(-9, 3)).unsqueeze(-1)
        below = torch.special.ndtr(away)
        return torch.cat([below[..., :1], below.diff(dim=-1), 1 - below[..., -1:]], -1).clamp(min=1e-6).log()


class LatentDiffusion(nn.Module):
    """A trained VAE whose prior is a diffusion model of its codes, standardized: `latent_bound` is its bound."""

    def __init__(self, vae, diffusion, codes):
        super().__init__()
        self.vae, self.diffusion = vae.requires_grad_(False), diffusion
        self.register_buffer("mean", codes.mean(0))
        self.register_buffer("width", codes.std(0))


def latent_bound(model, x, y=None, beta=1.0, generator=None):
    """log p(x | z) - log q(z | x) + the diffusion's bound on log p(z), for one z ~ q(z | x), as an objective."""
    q = model.vae.posterior(x)
    z = q.sample(generator=generator)
    log_p = model.vae.likelihood(z).log_prob(x)
    inside = (z - model.mean) / model.width
    prior = endless(model.diffusion, inside, generator=generator).elbo - model.width.log().sum()
    kl = q.log_prob(z) - prior
    return Terms(log_p - kl, log_p, kl, z)


def endless(model, x, y=None, beta=1.0, generator=None):
    """`diffusion_elbo` with as many levels as you like."""
    return objectives.diffusion_elbo(model, x, y, beta, generator=generator, limit=True)


def exact(model, x, y=None, beta=1.0, generator=None):
    """log p(x) of a model that can say it, as an objective: nothing is left to bound."""
    log_p = model.log_prob(x)
    return Terms(log_p, log_p, torch.zeros_like(log_p), x)


def code_prior(model, parts, hidden, learn, seed):
    """The prior of a VQ-VAE learned again, code after code, from the codes of its pictures."""
    codes = [model.posterior(x).sample().float() for x in parts]
    prior = AutoregressiveCodes(model.slots, len(model.codebook), hidden, seed=seed)
    model.prior_module = learn(prior, codes, seed=seed, objective=of_codes)
    return model


def of_codes(prior, z, y=None, beta=1.0, generator=None):
    """`prior_of_codes`, which draws nothing."""
    return objectives.prior_of_codes(prior, z, y, beta)


@torch.no_grad()
def bound(objective, model, x, draws, generator):
    """The mean of an objective's bound over some draws of its noise, for each picture: (N,), nats.

    The draws of a picture are one batch, so that the levels of a diffusion model are stratified for each picture.
    """
    with scoring(model):
        every = (objective(model, picture.expand(draws, -1), generator=generator) for picture in x)
        return torch.stack([terms.elbo.mean() for terms in every])
