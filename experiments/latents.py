"""Experiments on learned priors and on levels of latent variables, as functions of a seed that give {name: number}."""

import copy
import functools

import torch
from torch import nn

from vae_utils import evaluation, models
from vae_utils.models import FlowPrior, MixturePrior, VampPrior
from vae_utils.objectives import level_elbo, linear_warmup

from .setting import digits, fit

SIDE, THRESHOLD = 14, 0.4


@functools.cache
def bits(n, train=True):
    """Digits of 14x14, black or white."""
    found = digits(n, train, SIDE)
    return found._replace(x=(found.x > THRESHOLD).float())


def nats(model, rows=300):
    """The mean of log p(x) over some test digits."""
    x = bits(2000, train=False).x[:rows]
    return evaluation.log_likelihood(model, x, k=100, generator=torch.Generator().manual_seed(0)).mean().item()


def with_prior(base, prior):
    """A copy of the model with another prior; prior: codes z (N, d) and the copy -> the prior."""
    model, x = copy.deepcopy(base), bits(10_000).x
    codes = model.posterior(x).sample(generator=torch.Generator().manual_seed(1))
    model.prior_module = prior(codes, model)
    return model


def fitted_after(model, seed, lr=2e-2, steps=600):
    """The prior alone learns, the networks rest."""
    networks = model.encoder, model.decoder
    for network in networks:
        network.requires_grad_(False)
    fit(model, bits(10_000).x, steps=steps, batch_size=256, lr=lr, seed=seed)
    for network in networks:
        network.requires_grad_(True)
    return model


def learned_priors(seed):
    x = bits(10_000).x
    base = models.mlp_vae(SIDE**2, 8, hidden=(200,), activation=nn.SiLU, seed=seed)
    fit(base, x, steps=600, lr=5e-3, seed=seed)
    pictures = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:40]]
    priors = {
        "mixture": (lambda codes, _: MixturePrior.around(codes, 40, seed), 2e-2, 600),
        "flow": (lambda codes, _: FlowPrior(8, seed=seed), 5e-3, 600),
        "VampPrior": (lambda _, model: VampPrior(model.encoder, pictures), 3e-2, 200),
    }
    longer = functools.partial(fit, x=x, steps=250, lr=2e-3, seed=seed)
    control = copy.deepcopy(base)
    longer(control)
    before, found = {"after": nats(base), "jointly": nats(control)}, {}
    for name, (prior, lr, steps) in priors.items():
        model = fitted_after(with_prior(base, prior), seed, lr, steps)
        found[f"{name}, fitted after"] = nats(model) - before["after"]
        longer(model)
        found[f"{name}, then jointly"] = nats(model) - before["jointly"]
    return found


BUILDERS = {"plain": models.mlp_hierarchical_vae, "residual": models.mlp_top_down_vae}
WARM = linear_warmup(0.4)


def trained_levels(form, sizes, seed, beta=WARM):
    model = BUILDERS[form](SIDE**2, sizes, hidden=(200,), seed=seed)
    fit(model, bits(20_000).x, steps=1200, lr=3e-3, objective=level_elbo, beta=beta, seed=seed)
    return model


def looked_at(model, name):
    """log p(x) and the KL of each level over test digits."""
    seen = evaluation.diagnose(model, bits(2000, train=False).x, generator=torch.Generator().manual_seed(0))
    levels = {f"KL {level} of {name}": kl.item() for level, kl in enumerate(seen.kl_per_level, 1)}
    return {f"log p(x), {name}": nats(model), **levels}


def levels(seed):
    found = {}
    for sizes in ((12, 4), (12, 6, 3)):
        for form in BUILDERS:
            found |= looked_at(trained_levels(form, sizes, seed), f"{form} {'-'.join(map(str, sizes))}")
    return found


def exchanged(model, x, generator):
    """Codes z of x, with a new bottom under the same top, and with a new top over the same noise of the bottom."""
    p, z = model.prior(), model.posterior(x).sample(generator=generator)
    bottom, top = z.split(model.sizes, -1)
    law, new_top = p.steps[0](top), p.first.sample(top.shape[:-1], generator=generator)
    noise = (bottom - law.mu) / law.sigma
    new_law = p.steps[0](new_top)
    return {
        "same codes": z,
        "new bottom": torch.cat([law.sample(generator=generator), top], -1),
        "new top": torch.cat([new_law.mu + new_law.sigma * noise, new_top], -1),
    }


@functools.cache
@torch.enable_grad()
def judge():
    """A linear classifier of 14x14 digits; it starts at 0."""
    train = bits(4000)
    layer = nn.Linear(SIDE**2, 10)
    nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(layer.parameters(), lr=1e-2, weight_decay=1e-3)
    for _ in range(200):
        loss = nn.functional.cross_entropy(layer(train.x), train.y)
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    return layer


@torch.no_grad()
def class_kept(model, seed):
    """The share of test digits whose class the judge reads again, after each exchange."""
    test, generator = bits(2000, train=False), torch.Generator().manual_seed(seed)
    codes = exchanged(model, test.x, generator)
    read = {name: judge()(model.likelihood(z).mean).argmax(-1) for name, z in codes.items()}
    return {name: (guess == test.y).double().mean().item() for name, guess in read.items()}


def order_of_weights(seed):
    found = {}
    for name, form, beta in (
        ("plain, together", "plain", WARM), ("residual, together", "residual", WARM),
        ("residual, top later", "residual", (1.0, WARM)),
    ):  # fmt: skip
        model = trained_levels(form, (12, 4), seed, beta)
        found |= looked_at(model, name)
        found |= {f"class kept, {exchange}, {name}": share for exchange, share in class_kept(model, seed).items()}
    return found
