"""Experiments on diffusion models, as functions of a seed that return {name: number}."""

import functools
import math

import torch

from vae_utils import evaluation, models, objectives
from vae_utils.classifier import load_classifier
from vae_utils.distributions import DiagonalGaussian, GaussianMixture, log_snr_cosine, log_snr_linear

from .blur import enlarged
from .setting import digits, fit

MODES, RADIUS, SIGMA = 8, 1.4, 0.1
SIDE, CODES = 14, 16


def noise(seed):
    return torch.Generator().manual_seed(seed)


@functools.cache
def ring():
    """Eight Gaussians on a circle."""
    angle = 2 * math.pi * torch.arange(MODES) / MODES
    centers = RADIUS * torch.stack([angle.cos(), angle.sin()], 1)
    spread = torch.tensor(2 * math.log(SIGMA))
    return GaussianMixture(torch.zeros(MODES), DiagonalGaussian(centers, spread))


def good(x):
    """The share within three standard deviations of a center."""
    return (torch.cdist(x, ring().components.mu).amin(1) < 3 * SIGMA).double().mean()


def denoiser(seed):
    return models.Diffusion(models.TimedNetwork(2, seed=seed), log_snr_linear(100), 2)


def learned(model, objective, seed, steps=1000):
    fit(model, ring().sample((5000,), noise(0)), steps=steps, batch_size=256, lr=5e-3, objective=objective, seed=seed)
    return model.requires_grad_(False)


def gap(model, seed, limit=False):
    """How far the bound stays below the exact log p(x), over 4,000 points, each at 20 levels, in nats."""
    x, generator = ring().sample((4000,), noise(1)), noise(seed + 2)
    bound = functools.partial(objectives.diffusion_elbo, limit=limit)
    score = evaluation.evaluate(model, x, samples=20, batch_size=4000, generator=generator, objective=bound)
    return ring().log_prob(x).mean() - score["elbo"]


def ancestral(model, n, seed):
    return model.likelihood(model.prior().sample((n,), generator=noise(seed))).mean


def ddim(model, n, seed, levels=20):
    start = torch.randn(n, model.data_dim, generator=noise(seed))
    return models.probability_flow(model.thinned(levels), start)[-1]


def best(levels=100):
    return models.Diffusion(models.MixtureDenoiser(ring()), log_snr_linear(levels), 2, "x")


def learned_bound(seed):
    """What the levels cost, and what the network costs: the simple loss against the bound itself."""
    found = {"gap, best guess, T = 100": gap(best(), seed)}
    for name, objective in (("simple loss", objectives.denoising), ("bound", objectives.diffusion_elbo)):
        model = learned(denoiser(seed), objective, seed)
        found[f"gap, {name}, T = 100"] = gap(model, seed)
        found[f"good samples, {name}"] = good(ancestral(model, 2000, seed))
    return found


def few_steps(seed):
    """Along the probability flow and along the flow matched on straight lines."""
    model = learned(denoiser(seed), objectives.denoising, seed)
    flow = learned(models.TimedNetwork(2, span=1, seed=seed), objectives.flow_matching, seed)
    found, start = {}, torch.randn(2000, 2, generator=noise(seed))
    for steps in (5, 10, 20):
        found[f"good samples, DDIM, {steps} steps"] = good(ddim(model, 2000, seed, steps))
        found[f"good samples, flow matching, {steps} steps"] = good(
            models.solve(flow, start, torch.linspace(0, 1, steps + 1))[-1]
        )
    return found


@functools.cache
def judged():
    """The classifier of chapter 9 on small digits, and its features of 2,000 test digits."""
    small = digits(8000, side=SIDE)
    judge = load_classifier(small._replace(x=enlarged(small.x)), epochs=3)
    return judge, judge.features(enlarged(digits(2000, train=False, side=SIDE).x))


def frechet(vae, z):
    judge, real = judged()
    return evaluation.frechet_distance(real, judge.features(enlarged(vae.likelihood(z).mean)))


@functools.cache
def small_vae(beta, seed):
    vae = models.mlp_vae(SIDE**2, CODES, hidden=(256,), seed=seed)
    fit(vae, digits(8000, side=SIDE).x, steps=800, lr=3e-3, beta=beta, seed=seed)
    return vae.requires_grad_(False)


def standardized(vae, seed):
    """A draw of q(z | x) of each digit, and how to bring what looks like them back."""
    codes = vae.posterior(digits(8000, side=SIDE).x).sample(generator=noise(seed))
    mean, spread = codes.mean(0), codes.std(0)
    return (codes - mean) / spread, lambda u: mean + spread * u


def latent_diffusion_of(codes, seed, scale=1.0, steps=800):
    model = models.Diffusion(models.TimedNetwork(CODES, seed=seed), log_snr_cosine(100), CODES)
    fit(model, scale * codes, steps=steps, batch_size=256, lr=5e-3, objective=objectives.denoising, seed=seed)
    return ancestral(model.requires_grad_(False), 2000, seed) / scale


def latent_diffusion(seed):
    """The codes of a frozen VAE: the prior it was trained with, one fitted Gaussian, and a diffusion model."""
    found = {}
    for beta in (1.0, 0.1, 0.02):
        vae = small_vae(beta, seed)
        codes, back = standardized(vae, seed)
        fitted = torch.distributions.MultivariateNormal(torch.zeros(CODES), codes.T.cov())
        rebuilt = vae.posterior(digits(2000, train=False, side=SIDE).x).sample(generator=noise(seed))
        drawn = {
            "N(0, I)": vae.prior().sample((2000,), generator=noise(seed)),
            "one fitted Gaussian": back(fitted.sample((2000,))),
            "diffusion": back(latent_diffusion_of(codes, seed)),
            "reconstructions": rebuilt,
        }
        found |= {f"{name}, β = {beta:g}": frechet(vae, z) for name, z in drawn.items()}
    return found


def scale_of_codes(seed):
    """The same codes, standardized and then too small or too large for the noise."""
    vae = small_vae(0.1, seed)
    codes, back = standardized(vae, seed)
    return {
        f"diffusion, codes × {scale:g}": frechet(vae, back(latent_diffusion_of(codes, seed, scale)))
        for scale in (0.2, 1.0, 5.0)
    }
