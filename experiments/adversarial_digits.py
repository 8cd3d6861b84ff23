"""Experiments on marriages of VAE and GAN on 8x8 digits, as functions of a seed that return {name: number}."""

import functools

import torch
import torch.nn.functional as F
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from vae_utils import data, evaluation, models, objectives, training
from vae_utils.distributions import DiagonalGaussian

from .adversarial import update

STYLE, WIDTH = 8, 128
ASKED = torch.arange(1000) % 10


@functools.cache
def scans():
    """The 8x8 scans, 1,437 to train on and 360 others, and a reader: the digit of the nearest scan."""
    x, y, _ = data.load_digits_8x8()
    train, test = torch.randperm(len(y), generator=torch.Generator().manual_seed(0)).split(1437)
    return (x[train], y[train]), (x[test], y[test]), KNeighborsClassifier(1).fit(x[train], y[train])


def beside(x, y, classes):
    return x if classes is None else torch.cat([x, F.one_hot(y, classes).to(x)], 1)


def mean_matching(real, fake, y, unbiased=False):
    """|mean of real - mean of fake|^2 over features (B, F), class by class; unbiased: less both variances over n."""
    told = F.one_hot(y, 10).to(real)
    n = told.sum(0)
    means = [told.T @ each / n.clamp(min=1)[:, None] for each in (real, fake)]
    off = (means[0] - means[1]).square().sum(1)
    if unbiased:
        spread = sum((each - mean[y]).square().sum(1) for each, mean in zip((real, fake), means, strict=True))
        off = off - told.T @ spread / (n * (n - 1)).clamp(min=1)
    return off[n > 1].mean()


class Marriage(models.GAN):
    """A GAN with an encoder beside it, all with the label where there are classes."""

    def __init__(self, classes):
        extra = classes or 0
        maker = nn.Sequential(models.mlp([STYLE + extra, WIDTH, WIDTH, 64]), nn.Sigmoid())
        critic = nn.Sequential(models.mlp([64 + extra, WIDTH, WIDTH]), nn.ReLU(), nn.Linear(WIDTH, 1))
        super().__init__(maker, critic, STYLE, 64, classes)
        self.encoder = models.mlp([64 + extra, WIDTH, 2 * STYLE])

    def posterior(self, x, y=None):
        mu, logvar = self.encoder(beside(x, y, self.classes)).chunk(2, 1)
        return DiagonalGaussian(mu, logvar.clamp(-8, 8))

    def features(self, x, y):
        """The last hidden layer of the critic."""
        return self.critic[:-1](beside(x, y, self.classes))


def play(seed, classes=10, weight=0.0, unbiased=False, sigma2=None, steps=500, lr=4e-3):
    """weight: of mean matching; sigma2: of the critic's features, for the encoder alone. None: no encoder."""
    torch.manual_seed(seed)
    model, (x, y) = Marriage(classes), scans()[0]
    nets = (model.critic, model.generator, model.encoder)
    adams = [torch.optim.Adam(net.parameters(), lr=lr, betas=(0.0, 0.99), fused=True) for net in nets]
    with training.Run(model, x, y, steps=steps, batch_size=64, seed=seed, progress=False) as run:
        for batch in run:
            for group in [group for adam in adams for group in adam.param_groups]:
                group["lr"] = lr * (1 - batch.progress)
            _one_round(model, adams, batch, weight, unbiased, sigma2)
    return model


def _one_round(model, adams, batch, weight, unbiased, sigma2):
    critic_adam, generator_adam, encoder_adam = adams
    x, y = batch.x, batch.y
    critic = functools.partial(model.criticize, y=y)
    codes = model.prior().sample((len(x),))
    fake = seen = model.likelihood(codes, y).mean
    if sigma2 is not None:
        q = model.posterior(x, y)
        z = q.rsample()
        missed = _missed(model, model.likelihood(z, y).mean, x, y)
        update(encoder_adam, objectives.gaussian_kl(q.mu, q.logvar).mean() + missed / (2 * sigma2))
        again = model.likelihood(z.detach(), y).mean
        seen = torch.where(torch.arange(len(x))[:, None] % 2 == 0, fake, again)
    update(
        critic_adam,
        -2 * objectives.js_bound(critic, x, seen.detach()) + objectives.slope_penalty(critic, x, strength=1.0),
    )
    loss = objectives.non_saturating_loss(critic, fake)
    if weight:
        real = model.features(x, y).detach()
        loss = loss + weight * mean_matching(real, model.features(fake, y), y, unbiased)
    if sigma2 is not None:
        loss = loss + _missed(model, again, x, y)
    update(generator_adam, loss)


def _missed(model, again, x, y):
    """The squared error of a reconstruction in the critic's features."""
    return (model.features(again, y) - model.features(x, y).detach()).square().sum(1).mean()


@torch.no_grad()
def drawn(model, seed):
    """A hundred digits of each class, as asked."""
    noise = torch.Generator().manual_seed(seed)
    return model.likelihood(model.prior().sample((1000,), generator=noise), ASKED).mean


def obeyed(pictures, y):
    """The share that is read as y."""
    return (torch.from_numpy(scans()[2].predict(pictures)) == y).double().mean().item()


def variance(x, y):
    """Within a class, summed over pixels, the mean of the classes."""
    return torch.stack([x[y == digit].var(0).sum() for digit in range(10)]).mean().item()


def class_means(seed):
    """A GAN with labels: without mean matching, with it, and with it less the variances of the two batches."""
    (x, y), _, _ = scans()
    found = {}
    for name, settings in {
        "no matching": {},
        "matching": {"weight": 10.0},
        "unbiased": {"weight": 10.0, "unbiased": True},
    }.items():
        pictures = drawn(play(seed, **settings), seed)
        found |= {
            f"{name}: variance": variance(pictures, ASKED) / variance(x, y),
            f"{name}: as asked": obeyed(pictures, ASKED),
            f"{name}: recall": evaluation.precision_recall(x, pictures)[1],
        }
    return found


@torch.no_grad()
def _as_a_vae(model, name):
    _, (x, y), _ = scans()
    q = model.posterior(x, y)
    again = model.likelihood(q.mean, y).mean
    return {
        f"{name}: KL": objectives.gaussian_kl(q.mu, q.logvar).mean().item(),
        f"{name}: same digit": obeyed(again, y),
        f"{name}: sharpness": evaluation.sharpness(again, x).laplacian,
    }


def feature_variance(seed):
    """VAE-GANs without labels that differ in the variance of the features, which only the encoder is told."""
    each = [_as_a_vae(play(seed, None, sigma2=sigma2), f"σ² = {sigma2:g}") for sigma2 in (1.0, 0.1, 0.01)]
    return functools.reduce(dict.__or__, each)


def labels_and_codes(seed):
    """CVAE-GANs: does the label still decide when the code may say everything? With mean matching and without."""
    found = {}
    for sigma2, weight in ((0.1, 0.0), (0.01, 0.0), (0.01, 10.0)):
        name = f"σ² = {sigma2:g}" + (", matching" if weight else "")
        model = play(seed, sigma2=sigma2, weight=weight)
        pictures = drawn(model, seed)
        found[f"{name}: KL"] = _as_a_vae(model, name)[f"{name}: KL"]
        found[f"{name}: as asked"] = obeyed(pictures, ASKED)
        found[f"{name}: recall"] = evaluation.precision_recall(scans()[0][0], pictures)[1]
    return found
