"""The MNIST rows of table 1 in Burda, Grosse & Salakhutdinov, "Importance Weighted Autoencoders" (2016), trained anew.

python benchmarks/paper.py                 show the rows and what has been reached
python benchmarks/paper.py train ROW ...   train rows; each finished stage is kept on disk, so that a run can be resumed
python benchmarks/paper.py score ROW ...   5,000 samples for each of the 10,000 test images; writes benchmarks/paper.json
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from vae_utils.data import load_digits
from vae_utils.evaluation import active_units, evaluate, log_likelihood
from vae_utils.models import VAE, BernoulliObservation, mlp
from vae_utils.objectives import Terms, importance_weighted, log_weights
from vae_utils.randomness import seeded
from vae_utils.storage import cache_folder, load_model, save_model
from vae_utils.training import fit

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "paper.json"
BATCH_SIZE, SEED = 256, 0
SAMPLES, QUICK_IMAGES, QUICK_SAMPLES = 5000, 500, 500


class Stage(NamedTuple):
    """objective: a name in OBJECTIVES, with k samples of z.  lr: the peak of the one-cycle schedule."""

    objective: str
    k: int
    epochs: float
    lr: float


class Row(NamedTuple):
    """A row of the table: the NLL that the paper reports, the row it starts from, and its own stages."""

    title: str
    paper: float
    start: str | None
    stages: tuple[Stage, ...]


ROWS = {
    "vae-1": Row("VAE, k = 1", 86.76, None, (Stage("elbo", 1, 1200, 3e-3),)),
    "vae-50": Row("VAE, k = 50", 86.35, "vae-1", (Stage("elbo", 5, 30, 1e-3), Stage("elbo", 50, 8, 5e-4))),
    "iwae-5": Row("IWAE, k = 5", 85.54, None, (Stage("importance", 5, 600, 3e-3),)),
    "iwae-50": Row("IWAE, k = 50", 84.78, "iwae-5", (Stage("resampled", 50, 120, 1e-3),)),
}


class HalfPrecisionVAE(VAE):
    """A VAE whose matrix products run in bfloat16 while it is trained; everything else, and all scoring, in float32."""

    def _encode(self, x):
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.training):
            return super()._encode(x).float()

    def likelihood(self, z, y=None):
        with torch.autocast(z.device.type, torch.bfloat16, enabled=self.training):
            logits = self.decoder(z)
        return self.observation(logits.float())


def build(pixel_mean=None, seed=SEED):
    """The paper's one-layer model, 784-200-200-50 with tanh, by Glorot's initialization.

    pixel_mean: (784,) in [0, 1]; the output biases then start at its logit, clamped to +-5.
    """
    with seeded(seed):
        encoder, decoder = mlp((784, 200, 200, 100), nn.Tanh), mlp((50, 200, 200, 784), nn.Tanh)
        for layer in (*encoder, *decoder):
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
    if pixel_mean is not None:
        with torch.no_grad():
            decoder[-1].bias.copy_(torch.logit(pixel_mean, eps=1e-2).clamp(-5, 5))
    return HalfPrecisionVAE(encoder, decoder, BernoulliObservation(), 50, 784)


def binarized(x, generator=None):
    """Each pixel 1 with probability its grey level, drawn anew at every call."""
    return (torch.rand(x.shape, device=x.device, generator=generator) < x).float()


def averaged_elbo(terms):
    """The ELBO from the averages over k samples that `importance_weighted` also returns."""
    return terms._replace(elbo=terms.reconstruction - terms.kl)


def objective(kind, k, compiled=False):
    """An objective for `fit` on grey x (B, 784), which it binarizes anew at every step.

    "elbo": the ELBO, averaged over k samples of z.   "importance": the importance-weighted bound L_k.
    "resampled": L_k with the gradient of one z per image, drawn in proportion to its importance weight: unbiased too
    (Burda et al. 2016, section 3), and the k - 1 others need no backward pass.
    """
    bound = torch.compile(importance_weighted) if compiled else importance_weighted
    weights = torch.compile(log_weights) if compiled else log_weights

    def dense(model, x, y=None, beta=1.0):
        eps = torch.randn(k, len(x), model.latent_dim, device=x.device)
        terms = bound(model, binarized(x), k=k, eps=eps)
        return averaged_elbo(terms) if kind == "elbo" else terms

    def resampled(model, x, y=None, beta=1.0):
        x, eps = binarized(x), torch.randn(k, len(x), model.latent_dim, device=x.device)
        with torch.no_grad():
            log_w = weights(model, x, k, eps=eps)
        chosen = torch.multinomial(log_w.softmax(0).T, 1).T  # (1, B)
        eps = eps.gather(0, chosen.unsqueeze(-1).expand(-1, -1, model.latent_dim))
        terms = bound(model, x, k=1, eps=eps)
        value = log_w.logsumexp(0) - torch.tensor(float(k)).log()
        return Terms(terms.elbo + (value - terms.elbo).detach(), terms.reconstruction, terms.kl, terms.z)

    if kind not in ("elbo", "importance", "resampled"):
        raise ValueError(f"kind: got {kind!r}, expected 'elbo', 'importance' or 'resampled'")
    return resampled if kind == "resampled" else dense


def stage_file(row, number):
    return cache_folder() / "paper" / f"{row}-{number}.safetensors"


def train(name, x, compiled=False):
    """Train what is missing of a row, and of the row it starts from; the model and the settings it was trained by."""
    row = checked_row(name)
    model, done = train(row.start, x, compiled) if row.start else (build(x.mean(0)), [])
    for number, stage in enumerate(row.stages):
        settings, path = [*done, {**stage._asdict(), "batch_size": BATCH_SIZE, "seed": SEED}], stage_file(name, number)
        if path.is_file():
            done = load_model(model, path)["stages"]
            if [without_times(one) for one in done] != [without_times(one) for one in settings]:
                raise ValueError(f"{path}: got a model trained by {done}, expected {settings}; move the file away")
            continue
        print(f"{name}: stage {number + 1} of {len(row.stages)}, {stage}", flush=True)
        started = time.process_time()
        history = fit(
            model, x, epochs=stage.epochs, batch_size=BATCH_SIZE, lr=stage.lr, seed=SEED,
            objective=objective(stage.objective, stage.k, compiled), callback=reporter(name),
        )  # fmt: skip
        settings[-1] |= {
            "steps": len(history),
            "core_hours": round((time.process_time() - started) / 3600, 3),
            "hours": round(history.seconds / 3600, 3),
            "bound": round(-float(history.per_epoch("loss")[-1]), 2),
        }
        if history.interrupted:
            raise SystemExit(f"{name}: stopped in stage {number + 1}, which is not kept; the stages before it are.")
        save_model(model, path, {"stages": settings})
        done = settings
        print(f"{name}: stage {number + 1} done, {settings[-1]}", flush=True)
    return model, done


def without_times(stage):
    return {key: value for key, value in stage.items() if key not in ("steps", "core_hours", "hours", "bound")}


def reporter(name):
    """A callback for `fit` that prints a line now and then."""
    clock = {"at": time.perf_counter()}

    def report(step, model):
        if time.perf_counter() - clock["at"] > 60:
            clock["at"] = time.perf_counter()
            print(f"{time.strftime('%H:%M:%S')} {name}: step {step}", flush=True)

    return report


def checked_row(name):
    if name not in ROWS:
        raise SystemExit(f"row: got {name!r}, expected one of {', '.join(ROWS)}")
    return ROWS[name]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command")
    for command in ("train", "score"):
        sub = commands.add_parser(command)
        sub.add_argument("rows", nargs="+", metavar="ROW", help=", ".join(ROWS))
    commands.choices["train"].add_argument("--compile", action="store_true", help="with torch.compile (needs a C++ compiler)")
    arguments = parser.parse_args()
    if arguments.command == "train":
        x = load_digits(train=True, source="mnist").x
        for name in arguments.rows:
            train(name, x, arguments.compile)


if __name__ == "__main__":
    main()
