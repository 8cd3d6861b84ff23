"""Trains the models of the widget BetaSweep to their end, and packs what it shows: python -m tools.train_sweep

Seven models on half-size digits, some ten minutes on one core. A chapter has no such time, so the result is kept in the
package, and `BetaSweep.trained()` reads it.
"""

import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from vae_utils import data, evaluation, models
from vae_utils.training import fit
from vae_utils.widgets import BetaSweep
from vae_utils.widgets.beta_sweep import TRAINED

BETAS = (0.0, 0.1, 0.3, 1.0, 2.0, 4.0, 16.0)
TIMES = (0, 50, 150, 400, 1000, 3000, 16_000)


def half_size_digits(train, n):
    """x (n, 196) in [0, 1], each pixel the mean of four, and y (n,), of the digits that need no download."""
    digits = data.load_digits(train, source="bundled", n=n)
    return F.avg_pool2d(digits.x.reshape(-1, 1, 28, 28), 2).flatten(1), digits.y


def one_of_each(x, y):
    """The first test digit of every class, (10, D)."""
    return torch.stack([x[y == label][0] for label in range(10)])


@torch.no_grad()
def snapshot(model, x, panel, noise):
    """Codes, reconstructions, draws from the prior, and rate and distortion in nats per digit."""
    q, score = model.posterior(x[:300]), evaluation.evaluate(model, x, generator=torch.Generator().manual_seed(0))
    return {
        "mu": q.mu, "sigma": q.sigma.mean(0), "samples": model.likelihood(noise).mean,
        "reconstructions": model.likelihood(model.posterior(panel).mean).mean,
        "rate": score["kl"], "distortion": -score["reconstruction"],
    }  # fmt: skip


def train(beta, x, look, times=TIMES):
    """What `look(model)` sees after each of `times` steps."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = models.mlp_vae(x.shape[1], 2, hidden=(256, 128), activation=nn.SiLU)
    shots = []

    def keep(step, model):
        if step in times:
            shots.append(look(model))

    fit(model, x, steps=times[-1], beta=beta, lr=4e-3, device="cpu", callback=keep, progress=False)
    return shots


def sweep(betas=BETAS, times=TIMES, n=12_000):
    """The widget with everything in it."""
    x, _ = half_size_digits(True, n)
    test, labels = half_size_digits(False, 1000)
    panel, noise = one_of_each(test, labels), torch.randn(16, 2, generator=torch.Generator().manual_seed(3))
    kept = {}
    for beta in betas:
        start = time.process_time()
        kept[beta] = train(beta, x, lambda model: snapshot(model, test[:500], panel, noise), times)
        last = kept[beta][-1]
        spent = time.process_time() - start
        print(f"beta {beta:g}: rate {last['rate']:.2f}, distortion {last['distortion']:.2f}, {spent:.0f} s", flush=True)
    return BetaSweep.of(kept, times, panel, labels[:300])


if __name__ == "__main__":
    torch.set_num_threads(1)
    packed = sweep()
    np.savez_compressed(TRAINED, **{name: getattr(packed, name) for name in BetaSweep.packed()})
    print(f"{TRAINED.name}: {TRAINED.stat().st_size / 1000:.0f} kB")
