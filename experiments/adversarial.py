"""Experiments on critics and generators, as functions of a seed that return {name: number}."""

import math

import torch
from sklearn.mixture import GaussianMixture as FittedMixture

from vae_utils import evaluation, models, objectives, training
from vae_utils.distributions import DiagonalGaussian, GaussianMixture

from .setting import fit

SIGMA, DRAWS = 0.05, 2500
MOMENTUM, NONE = (0.5, 0.9), (0.0, 0.9)


def bells(centers):
    """Round bells of equal weight."""
    spread = torch.full_like(centers, 2 * math.log(SIGMA))
    return GaussianMixture(torch.zeros(len(centers)), DiagonalGaussian(centers, spread))


def ring():
    """Eight centers on a circle of radius 1."""
    angles = torch.arange(8) * math.pi / 4
    return torch.stack([angles.cos(), angles.sin()], 1)


def grid():
    """Twenty-five centers, five in a row, half a unit apart."""
    return torch.cartesian_prod(*[torch.linspace(-1, 1, 5)] * 2)


def points(centers, n=8000):
    return bells(centers).sample((n,), generator=torch.Generator().manual_seed(0))


def plain(critic, real, fake):
    return -2 * objectives.js_bound(critic, real, fake)


def with_r1(critic, real, fake):
    return plain(critic, real, fake) + objectives.slope_penalty(critic, real, strength=0.1)


def wasserstein(critic, real, fake):
    charge = objectives.gradient_penalty(critic, real, fake, strength=0.1)
    return charge - objectives.wasserstein_bound(critic, real, fake)


def relativistic(critic, real, fake):
    """R3GAN: real against fake, pair by pair, with R1 and R2."""
    slopes = sum(objectives.slope_penalty(critic, x, strength=0.1) for x in (real, fake))
    return slopes + objectives.relativistic_loss(critic, real, fake)


def fool(critic, real, fake):
    return objectives.non_saturating_loss(critic, fake)


def raise_the_critic(critic, real, fake):
    return -critic(fake).mean()


def outdo(critic, real, fake):
    return objectives.relativistic_loss(critic, fake, real)


def play(x, critic_loss, generator_loss, seed, betas, lr=1e-3, steps=1000, turns=1):
    """A GAN in the plane: `turns` steps of the critic, then one of the generator, at falling rates."""
    torch.manual_seed(seed)
    gan = models.GAN(models.mlp([2, 64, 64, 2]), models.mlp([2, 64, 64, 1]), latent_dim=2, data_dim=2)
    how = {"lr": lr, "betas": betas, "fused": True}
    critic_adam, generator_adam = (torch.optim.Adam(n.parameters(), **how) for n in (gan.critic, gan.generator))
    with training.Run(gan, x, steps=steps, batch_size=128, seed=seed, progress=False) as run:
        for batch in run:
            for group in critic_adam.param_groups + generator_adam.param_groups:
                group["lr"] = lr * (1 - batch.progress)
            fake = gan.likelihood(gan.prior().sample((len(batch.x),))).mean
            update(critic_adam, critic_loss(gan.criticize, batch.x, fake.detach()))
            if batch.step % turns == turns - 1:
                update(generator_adam, generator_loss(gan.criticize, batch.x, fake))
    return gan


def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.no_grad()
def drawn(model, seed):
    noise = torch.Generator().manual_seed(seed)
    return model.likelihood(model.prior().sample((DRAWS,), generator=noise)).sample(generator=noise)


def judged(seed, centers, gans, vae_steps):
    """Modes found and the share of good samples: of the GANs, of a VAE, of a mixture by EM that is told the number."""
    x = points(centers)
    vae = models.mlp_vae(2, 2, (128, 128), "gaussian", sigma="shared", seed=seed)
    vae.observation.logvar.data.fill_(2 * math.log(0.05))
    fit(vae, x, steps=vae_steps, lr=5e-3, seed=seed)
    samples = {name: drawn(model, seed) for name, model in (gans | {"VAE": vae}).items()}
    em = FittedMixture(len(centers), random_state=seed).fit(x.numpy())
    samples["EM"] = torch.from_numpy(em.sample(DRAWS)[0]).float()
    found = {name: evaluation.count_modes(drawn, centers, SIGMA) for name, drawn in samples.items()}
    modes = {f"{name}: modes": card.found for name, card in found.items()}
    return modes | {f"{name}: good": card.good for name, card in found.items()}


GAMES = {
    "GAN, momentum": (plain, fool, {"betas": MOMENTUM}),
    "R1, momentum": (with_r1, fool, {"betas": MOMENTUM}),
    "GAN": (plain, fool, {"betas": NONE}),
    "R1": (with_r1, fool, {"betas": NONE}),
    "WGAN-GP, momentum": (wasserstein, raise_the_critic, {"betas": MOMENTUM, "lr": 2e-3, "turns": 4}),
    "R3GAN": (relativistic, outdo, {"betas": NONE}),
}


def games(names, centers, seed, steps, critic_steps):
    """These of GAMES, played for `steps`; a critic that has several turns for one of the generator takes its own."""
    x = points(centers)
    played = {}
    for name in names:
        *losses, how = GAMES[name]
        played[name] = play(x, *losses, seed=seed, steps=critic_steps if "turns" in how else steps, **how)
    return played


def eight_modes(seed):
    """Two losses by two optimizers, WGAN-GP, R3GAN, a VAE, a mixture by EM."""
    gans = games(GAMES, ring(), seed, steps=1000, critic_steps=1500)
    return judged(seed, ring(), gans, vae_steps=1500)


def grid_of_modes(seed):
    """The same on a grid, with twice the steps for each: 2,000 of both players, 600 of a Wasserstein generator."""
    names = [name for name in GAMES if name != "R1, momentum"]
    gans = games(names, grid(), seed, steps=2000, critic_steps=2400)
    return judged(seed, grid(), gans, vae_steps=3000)
