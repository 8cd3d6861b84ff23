"""Chapter 4: answers that must pass, and wrong ones with the words that they must be told."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from vae_utils import models, objectives
from vae_utils.exercises import verdicts
from vae_utils.exercises.exercise import OPEN


def problem(number, *answers):
    return verdicts.find(number).problem(*answers)


@pytest.mark.parametrize(
    "answer",
    [
        lambda mu, logvar, eps: mu + torch.exp(0.5 * logvar) * eps,
        lambda mu, logvar, eps: mu + torch.sqrt(logvar.exp()) * eps,
        lambda mu, logvar, eps: torch.addcmul(mu, (logvar / 2).exp(), eps),
    ],
)
def test_reparameterize_right(answer):
    assert problem("4.1", answer) is None


REPARAMETERIZE = {
    "used as if it were sigma": lambda mu, logvar, eps: mu + logvar * eps,
    "exp(logvar) is the variance, and sigma its root": lambda mu, logvar, eps: mu + torch.exp(logvar) * eps,
    "it does not use eps": lambda mu, logvar, eps: mu + torch.exp(0.5 * logvar),
    "it does not use logvar": lambda mu, logvar, eps: mu + eps,
    "where does the noise come from": lambda mu, logvar, eps: torch.normal(mu, torch.exp(0.5 * logvar)),
    "not multiplied by both": lambda mu, logvar, eps: torch.exp(0.5 * logvar) * mu * eps,
    "changed places": lambda mu, logvar, eps: torch.exp(0.5 * logvar) + mu * eps,
    "those of torch": lambda mu, logvar, eps: mu + math.exp(0.5 * logvar) * eps,
    "is the `return` missing": lambda mu, logvar, eps: [].append(mu + torch.exp(0.5 * logvar) * eps),
}


@pytest.mark.parametrize("says", REPARAMETERIZE)
def test_reparameterize_wrong(says):
    assert says in problem("4.1", REPARAMETERIZE[says])


def loss_of(encoder, decoder, x, eps, sigma, spread=0.5, constant=1.0, kl_weight=1.0):
    mu, logvar = encoder(x).chunk(2, dim=-1)
    z = mu + torch.exp(spread * logvar) * eps
    log_sigma = constant * 0.5 * math.log(2 * math.pi * sigma**2)
    reconstruction = -((x - decoder(z)) ** 2 / (2 * sigma**2) + log_sigma).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (kl_weight * kl - reconstruction).mean()


def step(loss, optimizer):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def right(encoder, decoder, optimizer, x, eps, sigma, **how):
    return step(loss_of(encoder, decoder, x, eps, sigma, **how), optimizer)


def by_torch(encoder, decoder, optimizer, x, eps, sigma):
    mu, logvar = encoder(x).chunk(2, dim=-1)
    q = Normal(mu, (0.5 * logvar).exp())
    z = q.loc + q.scale * eps
    elbo = Normal(decoder(z), sigma).log_prob(x).sum(-1) - kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    return step(-elbo.mean(), optimizer).item()


def by_package(encoder, decoder, optimizer, x, eps, sigma):
    model = models.VAE(encoder, decoder, models.GaussianObservation(sigma), latent_dim=2)
    return step(-objectives.elbo(model, x, eps=eps).elbo.mean(), optimizer)


@pytest.mark.parametrize("answer", [right, by_torch, by_package])
def test_training_step_right(answer):
    assert problem("4.2", answer) is None


def never_moves(encoder, decoder, optimizer, x, eps, sigma):
    return loss_of(encoder, decoder, x, eps, sigma)


def without_step(encoder, decoder, optimizer, x, eps, sigma):
    loss = loss_of(encoder, decoder, x, eps, sigma)
    loss.backward()
    return loss


def keeps_gradients(encoder, decoder, optimizer, x, eps, sigma):
    loss = loss_of(encoder, decoder, x, eps, sigma)
    loss.backward()
    optimizer.step()
    return loss


def cut_off(encoder, decoder, optimizer, x, eps, sigma):
    mu, logvar = encoder(x).chunk(2, dim=-1)
    z = (mu + torch.exp(0.5 * logvar) * eps).detach()
    reconstruction = Normal(decoder(z), sigma).log_prob(x).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return step((kl - reconstruction).mean(), optimizer)


def averaged(encoder, decoder, optimizer, x, eps, sigma):
    mu, logvar = encoder(x).chunk(2, dim=-1)
    reconstruction = Normal(decoder(mu + torch.exp(0.5 * logvar) * eps), sigma).log_prob(x).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).mean(-1)
    return step((kl - reconstruction).mean(), optimizer)


def autoencoder(encoder, decoder, optimizer, x, eps, sigma):
    return step(((x - decoder(encoder(x)[:, :2])) ** 2).sum(-1).mean(), optimizer)


def squared_error(encoder, decoder, optimizer, x, eps, sigma):
    mu, logvar = encoder(x).chunk(2, dim=-1)
    error = ((x - decoder(mu + torch.exp(0.5 * logvar) * eps)) ** 2).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return step((error + kl).mean(), optimizer)


STEP = {
    "the KL is missing": lambda *a: right(*a, kl_weight=0.0),
    "the KL has the wrong sign": lambda *a: right(*a, kl_weight=-1.0),
    "the sign is turned": lambda *a: -right(*a),
    "a sum over the latent dimensions": averaged,
    "the constant of log p(x | z) is missing": lambda *a: right(*a, constant=0.0),
    "½ log 2π σ² is there once": lambda *a: right(*a, constant=1 / 3),
    "exp(logvar) is the variance": lambda *a: right(*a, spread=1.0),
    "the batch is summed": lambda *a: 5 * right(*a),
    "eps is not used": lambda encoder, decoder, optimizer, x, eps, sigma: right(
        encoder, decoder, optimizer, x, 0 * eps, sigma
    ),
    "is no log-density": squared_error,
    "the loss of the first batch is": autoencoder,
    "no weight has moved": never_moves,
    "and no weight has moved": without_step,
    "zero_grad": keeps_gradients,
    "was z cut off": cut_off,
    "is the `return` missing": lambda *a: [].append(right(*a)),
    "your answer raised TypeError": lambda encoder, decoder, x: 0.0,
    "expected one number": lambda encoder, decoder, optimizer, x, eps, sigma: x.sum(-1),
    "an answer of type str": lambda *a: "done",
}


@pytest.mark.parametrize("says", STEP)
def test_training_step_wrong(says):
    assert says in problem("4.2", STEP[says])


def test_a_training_step_that_is_not_written_yet():
    def train_step(encoder, decoder, optimizer, x, eps, sigma):
        """One step."""
        ...

    assert problem("4.2", train_step) is OPEN


@pytest.mark.parametrize(
    "answer",
    [
        lambda f_values, eps: (f_values * eps**2).mean() / (eps**2).mean(),
        lambda f_values, eps: (f_values * eps**2).sum() / (eps**2).sum(),
        lambda f_values, eps: torch.dot(f_values, eps**2) / eps.square().sum(),
    ],
)
def test_baseline_right(answer):
    assert problem("4.3", answer) is None


BASELINE = {
    "the same value for every input": lambda f_values, eps: 7.0,
    "that is the average loss": lambda f_values, eps: f_values.mean(),
    "you return": lambda f_values, eps: f_values.mean() + 2,
    "only in the long run": lambda f_values, eps: (f_values * eps**2).mean(),
    "the square is missing": lambda f_values, eps: (f_values * eps).mean() / (eps**2).mean(),
    "a sum over a mean": lambda f_values, eps: (f_values * eps**2).sum() / (eps**2).mean(),
    "expected a number": lambda f_values, eps: f_values * eps**2 / (eps**2).mean(),
}


@pytest.mark.parametrize("says", BASELINE)
def test_baseline_wrong(says):
    assert says in problem("4.3", BASELINE[says])


@pytest.mark.parametrize(
    "answer",
    [
        lambda z: torch.sin(10 * z),
        lambda z: 0.1 * torch.cos(30 * z),
        nn.Sequential(nn.Flatten(0), type("Wave", (nn.Module,), {"forward": lambda self, z: torch.sin(9 * z)})()),
    ],
)
def test_a_noisy_slope_right(answer):
    assert problem("4.4", answer) is None


NOISY = {
    "calm and wrong (0, right is 0.4": lambda z: (z > 0).float(),
    "calm and wrong (0, right is 0.8": lambda z: torch.sign(z),
    "calm and wrong": lambda z: (z > 0) * 3,
    "the variances are 4": lambda z: (z - 2) ** 2,
    "the variances are 0 for the pathwise": lambda z: 0 * z + 1,
    "those of torch": lambda z: math.sin(10 * z),
    "takes a tensor and returns one": lambda z: 3.0,
    "your answer raised": lambda z: z.sine(),
}


@pytest.mark.parametrize("says", NOISY)
def test_a_noisy_slope_wrong(says):
    assert says in problem("4.4", NOISY[says])
