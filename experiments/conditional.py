"""Experiments on models that are told a label, as functions of a seed that return {name: number}."""

import math

import torch

from vae_utils import evaluation, models
from vae_utils.classifier import load_classifier

from .setting import digits, fit

FORMS = {
    "class means": None,
    "decoder only": ["decoder"],
    "standard form": ["encoder", "decoder"],
    "everywhere": ["encoder", "decoder", "prior"],
}
STEPS = 240


def train_conditional(form, d, seed, steps=STEPS):
    if form == "class means":
        model = models.mlp_class_mean_vae(784, d, hidden=(128,), seed=seed)
    else:
        model = models.mlp_conditional_vae(784, d, classes=10, label_in=FORMS[form], hidden=(128,), seed=seed)
    fit(model, digits(6000).x, digits(6000).y, steps=steps, lr=8e-3, batch_size=64, seed=seed)
    return model


def as_asked(model, z, y):
    judge = load_classifier(digits(6000), epochs=6)
    return 100 * (judge.predict(model.likelihood(z, y).mean) == y).double().mean()


def drawn_from_prior(model, y):
    prior = model.prior(y)
    return as_asked(model, prior.sample(() if prior.mu.ndim == 2 else (len(y),)), y)


def drawn_as_asked(seed):
    found, y = {}, torch.arange(10).repeat_interleave(100)
    for form in ("class means", "standard form"):
        for d in (2, 10):
            found[f"{form}, d = {d}"] = drawn_from_prior(train_conditional(form, d, seed), y)
    longer = train_conditional("class means", 2, seed, 5 * STEPS)
    return found | {f"class means, d = 2, after {5 * STEPS} steps": drawn_from_prior(longer, y)}


def training_time(seed):
    found, y = {}, torch.arange(10).repeat_interleave(100)
    for form in FORMS:
        for steps in (STEPS, 5 * STEPS):
            found[f"{form}, {steps} steps"] = drawn_from_prior(train_conditional(form, 10, seed, steps), y)
    return found


def train_and_use(seed):
    model, train = train_conditional("standard form", 10, seed), digits(6000)
    rows = torch.cat([(train.y == label).nonzero()[:100, 0] for label in range(10)])
    y = train.y[rows]
    encoded = model.posterior(train.x[rows], y).sample()
    return {"z from p(z)": drawn_from_prior(model, y), "z from the encoder": as_asked(model, encoded, y)}


def worth_of_a_label(seed):
    model, test = train_conditional("everywhere", 10, seed), digits(1000, train=False)
    x, y = test.x[:300], test.y[:300]
    columns = (torch.full((300,), label) for label in range(10))
    given = torch.stack([evaluation.log_likelihood(model, x, k=20, y=column) for column in columns], dim=1)
    saved = given[torch.arange(300), y] - given.logsumexp(1) + math.log(10)
    read = 100 * (given.argmax(1) == y).double().mean()
    return {"mean": saved.mean(), "digits whose label Bayes' rule reads, percent": read}


def blind_encoder(seed):
    """x = z + y + noise; from the true decoder and its best blind encoder, both trained on."""
    s, generator = 0.15, torch.Generator().manual_seed(seed)
    z, y, noise = torch.randn(3, 20_000, 1, generator=generator)
    x, gaussian = z + y + s * noise, models.GaussianObservation(sigma=s)
    encoder, decoder = torch.nn.Linear(1, 2), torch.nn.Linear(2, 1)
    encoder.load_state_dict({
        "weight": torch.tensor([[1 / (2 + s**2)], [0.0]]), "bias": torch.tensor([0.0, math.log(s**2 / (1 + s**2))])
    })  # fmt: skip
    decoder.load_state_dict({"weight": torch.ones(1, 2), "bias": torch.zeros(1)})
    model = models.ConditionalVAE(encoder, decoder, gaussian, 1, condition_dim=1, label_in=["decoder"])
    best = torch.distributions.Normal(y, math.sqrt(1 + s**2)).log_prob(x).mean()
    found = {"nats short at the true decoder": best - evaluation.evaluate(model, x, y)["elbo"]}
    fit(model, x, y, steps=2000, lr=2e-2, seed=seed)
    found["nats short, trained"] = best - evaluation.evaluate(model, x, y)["elbo"]
    return found | {"weight of the label, trained (truth: 1)": decoder.weight[0, 1]}
