"""Experiments on learned priors and on levels of latents, as functions of a seed that return {name: number}."""

import copy
import functools

import torch
from torch import nn

from vae_utils import data, evaluation, models, objectives
from vae_utils.randomness import generator_at
from vae_utils.training import Run

from .setting import digits, fit

PIXELS = 196


@functools.cache
def bits(train=True):
    """Digits of 14x14 pixels, each black or white."""
    found = digits(8000 if train else 1000, train, side=14)
    return found._replace(x=(found.x > 0.4).float())


def nats(model):
    """log p(x) of a test digit, on average."""
    return evaluation.log_likelihood(model, bits(train=False).x[:300], k=100, generator=generator_at(0)).mean().item()


def learn_prior(model, prior, lr, seed):
    """Give the model another prior, and move nothing but the prior."""
    model.requires_grad_(False)
    model.prior_module = prior
    optimizer = torch.optim.Adam([p for p in prior.parameters() if p.requires_grad], lr=lr)
    with Run(model, bits().x, steps=300, batch_size=256, seed=seed, progress=False, device="cpu") as run:
        for batch in run:
            loss = -model.prior().log_prob(model.posterior(batch.x).sample()).mean()
            run.record(loss=loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def learned_priors(seed):
    x, found = bits().x, {}
    base = models.mlp_vae(PIXELS, 8, hidden=(128,), activation=nn.SiLU, seed=seed)
    fit(base, x, steps=600, lr=6e-3, seed=seed)
    codes = base.posterior(x).sample(generator=generator_at(seed))
    other = copy.deepcopy(base)
    afterwards = {
        "N(0, I)": copy.deepcopy(base),
        "mixture": learn_prior(copy.deepcopy(base), models.MixturePrior.around(codes, 40, seed), 2e-2, seed),
        "VampPrior": learn_prior(other, models.VampPrior(other.encoder, x[:40]), 3e-2, seed),
        "flow": learn_prior(copy.deepcopy(base), models.FlowPrior(8, seed=seed), 5e-3, seed),
    }
    for when in ("afterwards", "together"):
        reached = {name: nats(model) for name, model in afterwards.items()}
        found |= {f"{name}, {when}": level - reached["N(0, I)"] for name, level in reached.items() if name != "N(0, I)"}
        for model in afterwards.values():
            fit(model.requires_grad_(True), x, steps=200, lr=2e-3, seed=seed)
    return found


def spirals_mended(seed):
    points, fresh = (data.two_spirals(2000, noise=0.02, seed=number)[0] for number in (0, 1))
    model = models.mlp_vae(2, 2, (32, 32), "gaussian", 0.05, nn.Tanh, seed=seed)
    fit(model, points, steps=1000, batch_size=100, lr=1e-2, seed=seed)
    score = functools.partial(evaluation.evaluate, x=fresh, samples=10, generator=generator_at(seed))
    before = score(model)["elbo"]
    parts = evaluation.kl_decomposition(model, fresh, samples=5, generator=generator_at(seed))
    codes = model.posterior(points).sample(generator=generator_at(seed))
    model.requires_grad_(False)
    model.prior_module = models.MixturePrior.around(codes, 60, seed, logvar=-4.0)
    fit(model, points, steps=400, lr=3e-2, seed=seed)
    return {"marginal KL under N(0, I)": parts.marginal_kl, "ELBO gained by a mixture": score(model)["elbo"] - before}


PLAIN, RESIDUAL = models.mlp_hierarchical_vae, models.mlp_top_down_vae
RISING = objectives.linear_warmup(0.4)


def stacked(build, sizes, beta, seed):
    """A hierarchy, its levels from the bottom, with a price for each of them."""
    model = build(PIXELS, sizes, (160,), activation=nn.SiLU, seed=seed)
    fit(model, bits().x, steps=350, lr=1e-2, objective=objectives.level_elbo, beta=beta, seed=seed)
    return model


def looked_at(model, name):
    seen = evaluation.diagnose(model, bits(train=False).x, generator=generator_at(0))
    levels = {f"KL {level}, {name}": kl for level, kl in enumerate(seen.kl_per_level, 1)}
    return levels | {f"log p(x), {name}": nats(model)}


def plain_and_residual(seed):
    found = {}
    for sizes in ((8, 4), (8, 4, 4)):
        for name, build in (("plain", PLAIN), ("residual", RESIDUAL)):
            model = stacked(build, sizes, (1.0,) * len(sizes), seed)
            found |= looked_at(model, f"{name}, {len(sizes)} levels")
    return found


@functools.cache
@torch.enable_grad()
def judge():
    """A linear classifier of these digits; it starts at 0."""
    layer, train = nn.Linear(PIXELS, 10), bits()
    nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(layer.parameters(), lr=2e-2, weight_decay=1e-3)
    for _ in range(120):
        loss = nn.functional.cross_entropy(layer(train.x[:4000]), train.y[:4000])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return layer


def exchanged(model, x, generator):
    """Codes of x, with a new bottom under the same top, and with a new top over the old bottom's noise."""
    p, z = model.prior(), model.posterior(x).sample(generator=generator)
    bottom, top = z.split(model.sizes, -1)
    law, new_top = p.steps[0](top), p.first.sample((len(x),), generator=generator)
    moved, noise = p.steps[0](new_top), (bottom - law.mu) / law.sigma
    return {
        "a new bottom": torch.cat([law.sample(generator=generator), top], -1),
        "a new top": torch.cat([moved.mu + moved.sigma * noise, new_top], -1),
    }


@torch.no_grad()
def who_decides(seed):
    found, test = {}, bits(train=False)
    for name, beta in (("top first", (1.0, RISING)), ("bottom first", (RISING, 1.0))):
        model = stacked(RESIDUAL, (8, 4), beta, seed)
        found |= looked_at(model, name)
        for exchange, z in exchanged(model, test.x, generator_at(seed)).items():
            read = judge()(model.likelihood(z).mean).argmax(-1)
            found[f"class kept under {exchange}, {name}"] = (read == test.y).double().mean()
    return found
