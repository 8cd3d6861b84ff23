"""Experiments on critics and generators, as functions of a seed that return {name: number}."""

import functools
import math

import torch
from sklearn.mixture import GaussianMixture as FittedMixture

from vae_utils import evaluation, models, objectives, training
from vae_utils.distributions import DiagonalGaussian, GaussianMixture

from .setting import fit

SIGMA, DRAWS = 0.05, 2500
MOMENTUM, NONE = (0.5, 0.9), (0.0, 0.9)


@functools.cache
def truth():
    """Eight bells on a circle of radius 1, and their centers."""
    angles = torch.arange(8) * math.pi / 4
    centers = torch.stack([angles.cos(), angles.sin()], 1)
    bells = DiagonalGaussian(centers, torch.full((8, 2), 2 * math.log(SIGMA)))
    return GaussianMixture(torch.zeros(8), bells), centers


@functools.cache
def ring(n=8000, seed=0):
    return truth()[0].sample((n,), generator=torch.Generator().manual_seed(seed))


def plain(critic, real, fake):
    return -2 * objectives.js_bound(critic, real, fake)


def with_r1(critic, real, fake):
    return plain(critic, real, fake) + objectives.slope_penalty(critic, real, strength=0.1)


def wasserstein(critic, real, fake):
    charge = objectives.gradient_penalty(critic, real, fake, strength=0.1)
    return charge - objectives.wasserstein_bound(critic, real, fake)


def raise_the_critic(critic, fake):
    return -critic(fake).mean()


def play(critic_loss, generator_loss, seed, betas, lr=1e-3, steps=1000, turns=1):
    """A GAN on the ring: `turns` steps of the critic, then one of the generator, at falling rates."""
    torch.manual_seed(seed)
    gan = models.GAN(models.mlp([2, 64, 64, 2]), models.mlp([2, 64, 64, 1]), latent_dim=2, data_dim=2)
    how = {"lr": lr, "betas": betas, "fused": True}
    critic_adam, generator_adam = (torch.optim.Adam(n.parameters(), **how) for n in (gan.critic, gan.generator))
    with training.Run(gan, ring(), steps=steps, batch_size=128, seed=seed, progress=False) as run:
        for batch in run:
            for group in critic_adam.param_groups + generator_adam.param_groups:
                group["lr"] = lr * (1 - batch.progress)
            fake = gan.likelihood(gan.prior().sample((len(batch.x),))).mean
            _step(critic_adam, critic_loss(gan.criticize, batch.x, fake.detach()))
            if batch.step % turns == turns - 1:
                _step(generator_adam, generator_loss(gan.criticize, fake))
    return gan


def _step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.no_grad()
def drawn(model, seed):
    noise = torch.Generator().manual_seed(seed)
    return model.likelihood(model.prior().sample((DRAWS,), generator=noise)).sample(generator=noise)


def eight_modes(seed):
    """Modes found and the share of good samples: two losses by two optimizers, WGAN-GP, a VAE, a mixture by EM."""
    fooling = objectives.non_saturating_loss
    gans = {
        "GAN, momentum": play(plain, fooling, seed, MOMENTUM),
        "R1, momentum": play(with_r1, fooling, seed, MOMENTUM),
        "GAN": play(plain, fooling, seed, NONE),
        "R1": play(with_r1, fooling, seed, NONE),
        "WGAN-GP, momentum": play(wasserstein, raise_the_critic, seed, MOMENTUM, lr=2e-3, steps=1500, turns=4),
    }
    vae = models.mlp_vae(2, 2, (128, 128), "gaussian", sigma="shared", seed=seed)
    vae.observation.logvar.data.fill_(2 * math.log(0.05))
    fit(vae, ring(), steps=1500, lr=5e-3, seed=seed)
    samples = {name: drawn(model, seed) for name, model in (gans | {"VAE": vae}).items()}
    em = FittedMixture(8, random_state=seed).fit(ring().numpy())
    samples["EM"] = torch.from_numpy(em.sample(DRAWS)[0]).float()
    found = {name: evaluation.count_modes(x, truth()[1], SIGMA) for name, x in samples.items()}
    modes = {f"{name}: modes": card.found for name, card in found.items()}
    return modes | {f"{name}: good": card.good for name, card in found.items()}
