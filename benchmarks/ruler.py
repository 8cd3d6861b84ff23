"""One ruler: log p(x) of the same gray pictures by every kind of model in this book, in nats.

python -m benchmarks.ruler                 train and score what is missing, seed by seed
python -m benchmarks.ruler --again ROW ... throw away what is known of these rows first
"""

import argparse
import json
import math
import os
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from vae_utils import models, objectives
from vae_utils.data import load_digits_8x8
from vae_utils.distributions import log_snr_linear
from vae_utils.evaluation import evaluate, log_likelihood
from vae_utils.randomness import generator_at, seeded
from vae_utils.training import fit

from . import densities
from .densities import LEVELS, PIXELS
from .paper import machine

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "ruler.json"
SEEDS = (0, 1, 2)
TEST, VALID = 500, 200
LATENT, HIDDEN = 16, 128
STEPS, BATCH = 1500, 128
SAMPLES, DRAWS, EVERY = 500, 200, 100
SIZES = {
    "pca_factors": 20, "factors": 24, "tables": 30, "gaussians": 20, "pseudo_inputs": 100, "slots": 8, "codes": 8,
    "pull": 10.0, "k": 5, "reach": 7, "first": 9.0, "first_blind": 4.0,
}  # fmt: skip
NOTHING_KNOWN = -PIXELS * math.log(LEVELS)  # nats of a model for which all levels are alike


class Parts(NamedTuple):
    """Pictures with pixels in {0, 1/16, ..., 1}, each (N, 64): to learn from, to stop by, to score."""

    train: torch.Tensor
    valid: torch.Tensor
    test: torch.Tensor


def parts():
    """The 1,797 scans in one order for all: the first 500 are the test, the next 200 say when to stop."""
    x = load_digits_8x8().x
    x = x[torch.randperm(len(x), generator=generator_at(0))]
    return Parts(x[TEST + VALID :], x[TEST : TEST + VALID], x[:TEST])


class Row(NamedTuple):
    """title, kind: as the page has them.  train: (parts, seed) -> model.  objective: what a "bound" is scored by."""

    title: str
    kind: str  # "exact", "samples" or "bound"
    train: callable
    objective: callable = None
    seeds: tuple = SEEDS


class Keeper:
    """A callback for `fit`: remembers the weights that the held-out pictures were scored best by."""

    def __init__(self, model, x, objective):
        self.model, self.x, self.objective, self.best = model, x, objective, -math.inf

    def __call__(self, step, model):
        if (step + 1) % EVERY:
            return
        found = evaluate(model, self.x, samples=4, generator=generator_at(0), objective=self.objective)["elbo"]
        if found > self.best:
            self.best, self.step = found, step + 1
            self.weights = {name: value.clone() for name, value in model.state_dict().items()}

    def restore(self):
        if self.best > -math.inf:
            self.model.load_state_dict(self.weights)


def learn(model, parts, seed, objective=objectives.elbo, judge=None, lr=3e-3, batch_size=BATCH, share=1.0):
    """Train on the first of the parts, and keep the weights for which `judge`, or else the objective, says most of
    the second. share: of the steps that all rows have."""
    keeper = Keeper(model, parts[1], judge or objective)
    how = {"steps": round(share * STEPS), "batch_size": batch_size, "lr": lr, "objective": objective, "seed": seed}
    fit(model, parts[0], **how, callback=keeper, progress=False)
    keeper.restore()
    return model.eval()


def plain(x, seed, prior=None):
    """64-128-16 and back; with N(0, I), or what `prior` makes of the encoder."""
    model = models.mlp_vae(PIXELS, LATENT, (HIDDEN,), "gaussian", "per_pixel", seed=seed)
    if prior:
        model.prior_module = prior(model.encoder)
    return densities.gray(model, x)


def free_levels(parts, seed):
    """The likelihood has a logit for each level of each pixel; it starts at how often each stood there."""
    with seeded(seed):
        ends = models.mlp([PIXELS, HIDDEN, 2 * LATENT]), models.mlp([LATENT, HIDDEN, PIXELS * LEVELS])
    with torch.no_grad():
        ends[1][-1].bias.copy_((densities.indicators(parts.train).mean(0) + 1e-3).log())
    return learn(models.VAE(*ends, densities.FreeLevels, LATENT, PIXELS), parts, seed)


def vae(parts, seed, prior=None, **how):
    return learn(plain(parts.train, seed, prior), parts, seed, **how)


def iwae(parts, seed):
    return vae(parts, seed, objective=partial(objectives.importance_weighted, k=SIZES["k"]))


def with_mixture(parts, seed):
    return vae(parts, seed, lambda encoder: models.MixturePrior(LATENT, SIZES["gaussians"], seed))


def with_vamp(parts, seed):
    start = parts.train[torch.randperm(len(parts.train), generator=generator_at(seed))[: SIZES["pseudo_inputs"]]]
    return vae(parts, seed, lambda encoder: models.VampPrior(encoder, start))


def two_levels(parts, seed):
    model = models.mlp_top_down_vae(PIXELS, (LATENT, LATENT // 2), (HIDDEN,), "gaussian", "per_pixel", seed=seed)
    return learn(densities.gray(model, parts.train), parts, seed)


def codes_in_order(parts, seed, width=4):
    slots, codes = SIZES["slots"], SIZES["codes"]
    with seeded(seed):
        ends = models.mlp([PIXELS, HIDDEN, slots * width]), models.mlp([slots * width, HIDDEN, 2 * PIXELS])
    model = models.VQVAE(*ends, None, slots, codes, width, seed, PIXELS, ema=0.98, restart=50)
    densities.gray(model, parts.train)
    model.start_codebook(parts.train, seed)
    pulled = partial(objectives.vq_elbo, commitment=SIZES["pull"])
    learn(model, parts, seed, objective=pulled, judge=objectives.elbo)
    return densities.code_prior(model, parts[:2], 64, partial(learn, share=0.3, lr=1e-2), seed)


def pixel_by_pixel(parts, seed):
    model = densities.PixelByPixel(SIZES["reach"], hidden=48, features=8, seed=seed)
    return learn(model, parts, seed, objective=densities.exact, lr=5e-3, batch_size=64)


def diffusion(parts, seed):
    return noise_taken_away(
        densities.LevelDenoiser(parts.train, (2 * HIDDEN, 2 * HIDDEN), seed), 9.0, 0.01, parts, seed
    )


def blind_diffusion(parts, seed):
    """The guess knows no levels; little noise would show them, so the first level keeps more of it."""
    denoiser = models.LinearDenoiser(2 * parts.train - 1, (2 * HIDDEN, 2 * HIDDEN), span=12.0, seed=seed)
    return noise_taken_away(denoiser, SIZES["first_blind"], 0.1, parts, seed)


def noise_taken_away(denoiser, first, sigma, parts, seed):
    """A diffusion model from the log SNR `first` down to -7; the likelihood's sigma is learned."""
    observation = models.DiscretizedGaussianObservation(LEVELS, "shared")
    model = models.Diffusion(denoiser, log_snr_linear(100, first, -7.0), PIXELS, "x", observation, 0.5, 0.5)
    with torch.no_grad():
        observation.logvar.fill_(2 * math.log(sigma))
    return learn(model, parts, seed, objective=densities.endless, lr=2e-3)


def latent_diffusion(parts, seed):
    below = vae(parts, seed)
    with torch.no_grad():
        codes = below.posterior(parts.train).sample(generator=generator_at(seed))
    inside = (codes - codes.mean(0)) / codes.std(0)
    denoiser = models.LinearDenoiser(inside, (HIDDEN, HIDDEN), seed=seed)
    prior = models.Diffusion(denoiser, log_snr_linear(100, 6.0, -7.0), LATENT, "x")
    return learn(densities.LatentDiffusion(below, prior, codes), parts, seed, objective=densities.latent_bound, lr=2e-3)


ONE = SEEDS[:1]
ROWS = {
    "independent": Row("independent pixels", "exact", lambda p, seed: densities.IndependentPixels(p.train), None, ONE),
    "ppca": Row(
        "pPCA", "samples", lambda p, seed: densities.probabilistic_pca(p.train, SIZES["pca_factors"]), None, ONE
    ),
    "factors": Row(
        "factor analysis", "samples", lambda p, seed: densities.factor_analysis(p.train, SIZES["factors"], seed)
    ),
    "mixture": Row("mixture", "exact", lambda p, seed: densities.level_mixture(p.train, SIZES["tables"], 24.0, seed)),
    "vae": Row("VAE", "samples", vae),
    "free": Row("VAE, levels left free", "samples", free_levels),
    "iwae": Row("IWAE", "samples", iwae),
    "mixture-prior": Row("VAE, mixture prior", "samples", with_mixture),
    "vamp": Row("VAE, VampPrior", "samples", with_vamp),
    "two-levels": Row("VAE of two levels", "samples", two_levels),
    "vq": Row("VQ-VAE, prior in order", "bound", codes_in_order, objectives.elbo),
    "autoregressive": Row("autoregressive", "exact", pixel_by_pixel),
    "diffusion": Row("diffusion", "bound", diffusion, densities.endless),
    "blind-diffusion": Row("diffusion, blind to levels", "bound", blind_diffusion, densities.endless),
    "latent-diffusion": Row("latent diffusion", "bound", latent_diffusion, densities.latent_bound),
}


@torch.no_grad()
def score(row, model, x, samples=SAMPLES, draws=DRAWS, seed=0):
    """What the row says of each picture, (N,), and the mean of its bound by single draws; both in nats."""
    generator = generator_at(seed)
    if row.kind == "exact":
        return model.log_prob(x), None
    if row.kind == "bound":
        each = densities.bound(row.objective, model, x, draws, generator)
        return each, each.mean().item()
    each = log_likelihood(model, x, samples, generator=generator)
    return each, densities.bound(objectives.elbo, model, x, 10, generator).mean().item()


def row_called(name):
    if name not in ROWS:
        raise ValueError(f"row: got {name!r}, expected one of {', '.join(ROWS)}")
    return ROWS[name]


def measure(name, seed, data):
    """Train and score one row by one seed: its entry, and what each test picture has. ValueError for another name."""
    row, started = row_called(name), time.process_time()
    model = row.train(data, seed)
    seconds = time.process_time() - started
    each, elbo = score(row, model, data.test)
    entry = {
        "nats": each.mean().item(),
        "over_pictures": (each.std() / len(each) ** 0.5).item(),
        "elbo": elbo,
        "held_out": score(row, model, data.valid, 50, 50)[0].mean().item(),
        "learned_from": score(row, model, data.train[:VALID], 50, 50)[0].mean().item(),
        "seconds": seconds,
        "parameters": size(model),
    }
    return entry, each


def size(model):
    """How many numbers are learned, the encoder's too; a codebook that follows averages is not a parameter."""
    codebook = dict(model.named_buffers()).get("codebook", torch.empty(0))
    return sum(parameter.numel() for parameter in model.parameters()) + codebook.numel()


def results():
    """What the JSON file says: {row: {"seeds": {seed: entry}, "pictures": [nats of each, over the seeds]}}."""
    return json.loads(RESULTS.read_text(encoding="utf8")) if RESULTS.is_file() else {}


def keep(name, seed, entry, each):
    """Put one seed of a row into the file, by a rename: a run that is killed loses no more than one seed."""
    known = results()
    row = known.setdefault(name, {"seeds": {}, "pictures": [0.0] * len(each)})
    before = len(row["seeds"])
    row["seeds"][str(seed)] = {key: value and round(value, 4) for key, value in entry.items()}
    mean = (torch.tensor(row["pictures"]) * before + each) / (before + 1)
    row |= {"pictures": [round(value, 2) for value in mean.tolist()], "machine": machine()}
    write({row: known[row] for row in ROWS if row in known})


def write(known):
    lines = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in known.items()]
    draft = RESULTS.with_suffix(".part")
    draft.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf8")
    os.replace(draft, RESULTS)


def run(names, seeds=SEEDS):
    """What is missing of these rows, seed by seed."""
    data = parts()
    for seed in seeds:
        for name in names:
            if seed in ROWS[name].seeds and str(seed) not in results().get(name, {"seeds": {}})["seeds"]:
                entry, each = measure(name, seed, data)
                keep(name, seed, entry, each)
                print(f"{name}, seed {seed}: {entry['nats']:.2f} nats, {entry['seconds']:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--again", nargs="+", metavar="ROW", default=[], help=", ".join(ROWS))
    again = parser.parse_args().again
    try:
        [row_called(name) for name in again]
    except ValueError as error:
        raise SystemExit(str(error)) from None
    torch.set_num_threads(1)
    write({name: row for name, row in results().items() if name not in again})
    run(ROWS)


if __name__ == "__main__":
    main()
