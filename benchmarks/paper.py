"""The MNIST rows of table 1 in Burda, Grosse & Salakhutdinov, "Importance Weighted Autoencoders" (2016), trained anew,
and the rows of `benchmarks.latents`, each beside another one.

python -m benchmarks.paper                 show the rows and what has been reached
python -m benchmarks.paper train ROW ...   train rows (hours); each finished stage is kept, so that a run can be resumed
python -m benchmarks.paper score ROW ...   5,000 samples for each of 10,000 test images, or of 500 for the rows of
                                           `benchmarks.latents`; writes benchmarks/paper.json
python -m benchmarks.paper curve           the first row with fewer epochs: how the NLL falls with compute
"""

import argparse
import json
import os
import platform
import time
from functools import cache
from pathlib import Path

import numpy as np
import torch

from vae_utils.data import binarize, load_digits
from vae_utils.distributions import DiagonalGaussian
from vae_utils.evaluation import active_units, evaluate, log_likelihood
from vae_utils.storage import cache_folder, load_model, save_model
from vae_utils.training import fit

from .iwae import OPTIMIZERS, ROWS, SEED, Stage, WithoutUnits, objective
from .latents import LEVELS, PRIORS

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "paper.json"
BATCH_SIZE = 256
SAMPLES, QUICK_IMAGES, QUICK_SAMPLES = 5000, 500, 500
EVERY = 20  # of the test images, those that the rows beside the table are scored by
CURVE_EPOCHS = (10, 40, 160)


def stage_file(row, number):
    return cache_folder() / "paper" / f"{row}-{number}.safetensors"


def train(name, x, compiled=False, own=None):
    """Train what is missing of a row, and of the row it starts from: the model, and its stages with their times.

    own: how many of the row's own stages; all of them unless given.
    """
    row = checked_row(name)
    model, done = begin(row, x, compiled)
    model = row.grow(model) if row.grow else model
    if row.settle:
        row.settle(model, x)
    for number, stage in enumerate(row.stages[:own]):
        path = stage_file(name, number)
        wanted = [*done, {**stage._asdict(), "batch_size": BATCH_SIZE, "seed": SEED}]
        if path.is_file():
            done = load_model(model, path)["stages"]
            if [without_times(stage) for stage in done] != [without_times(stage) for stage in wanted]:
                raise ValueError(f"{path}: got a model trained by {done}, expected {wanted}; move the file away")
            continue
        times = run_stage(model, x, stage, f"{name}, stage {number + 1} of {len(row.stages)}", compiled)
        done = [*done, wanted[-1] | times]
        save_model(model, path, {"stages": done})
    return model, done


def begin(row, x, compiled):
    """What a row starts from, and the stages behind that."""
    if row.start is None:
        return row.model(x.mean(0)), []
    name, own = row.start
    return committed(name) if own is None else train(name, x, compiled, own)


def run_stage(model, x, stage, title, compiled=False):
    """Train the model by one stage: {steps, core_hours, hours, bound on the training images in the last epoch}."""
    print(f"{title}: {stage}", flush=True)
    started = time.process_time()
    history = fit(
        model, x, epochs=stage.epochs, batch_size=BATCH_SIZE, lr=stage.lr, seed=SEED,
        objective=objective(stage.objective, stage.k, compiled), optimizer=OPTIMIZERS[stage.optimizer],
        callback=reporter(title), autocast=torch.bfloat16,
    )  # fmt: skip
    if history.interrupted:
        raise SystemExit(f"{title}: interrupted, and not kept; earlier stages are.")
    times = {
        "steps": len(history),
        "core_hours": round((time.process_time() - started) / 3600, 3),
        "hours": round(history.seconds / 3600, 3),
        "bound": round(-float(history.per_epoch("loss")[-1]), 2),
    }
    print(f"{title}: {times}", flush=True)
    return times


def without_times(stage):
    return {key: stage[key] for key in (*Stage._fields, "batch_size", "seed")}


def reporter(name):
    """A callback for `fit` that prints a line a minute."""
    clock = {"at": time.perf_counter()}

    def report(step, model):
        if time.perf_counter() - clock["at"] > 60:
            clock["at"] = time.perf_counter()
            print(f"{time.strftime('%H:%M:%S')} {name}: step {step}", flush=True)

    return report


def every_row():
    return ROWS | PRIORS | LEVELS


def checked_row(name):
    rows = every_row()
    if name not in rows:
        raise ValueError(f"row: got {name!r}, expected one of {', '.join(rows)}")
    return rows[name]


def test_images():
    """The 10,000 test images, binarized once, the same at every call."""
    return binarize(load_digits(train=False, source="mnist").x, torch.Generator().manual_seed(0))


def nll(model, x, samples, seed=0):
    """-L_K of each row of x (N, 784), in nats, (N,)."""
    generator = torch.Generator().manual_seed(seed)
    return -log_likelihood(model, x, samples, batch_size=50, chunk=50, generator=generator)


def quick_score(model, x, seed=0):
    """The mean NLL of 500 fixed images by 500 samples, in nats."""
    return nll(model, x[:QUICK_IMAGES], QUICK_SAMPLES, seed).mean().item()


def score(name, stages):
    """The entry of a row in the JSON file: every number is of the committed weights, in float32."""
    model, x, started = stored_model(name, stages), test_images(), time.process_time()
    each = nll(model, x, SAMPLES)
    active = active_units(model, x)
    one_layer = isinstance(model.posterior(x[:1]), DiagonalGaussian)
    return {
        "title": ROWS[name].title,
        "paper": ROWS[name].paper,
        "nll": each.mean().item(),
        "standard_error": (each.std() / len(each) ** 0.5).item(),
        "negative_elbo": -evaluate(model, x, samples=10)["elbo"],
        "active_units": int(active.sum()),
        "nll_500": nll(model, x, 500).mean().item(),
        "nll_500_without_inactive": nll(WithoutUnits(model, active), x, 500).mean().item() if one_layer else None,
        "quick": quick_entry(model, x),
        **spent(stages, started),
    }


def score_beside(name, stages):
    """The entry of a row of `benchmarks.latents`: fewer images, and how much better than the row beside it on them."""
    row, started = checked_row(name), time.process_time()
    model, x, each = stored_model(name, stages), test_images(), some_nll(name)
    return {
        "title": row.title,
        "paper": row.paper,
        "images": len(each),
        "nll": each.mean().item(),
        "standard_error": (each.std() / len(each) ** 0.5).item(),
        "gain": gain(some_nll(row.beside) - each, row.beside) if row.beside else None,
        "active_units": units_by_level(model, x),
        "active_units_beside": units_by_level(committed(row.beside)[0], x) if row.beside else None,
        "quick": quick_entry(model, x),
        **spent(stages, started),
    }


def units_by_level(model, x):
    levels = active_units(model, x).split(getattr(model, "sizes", model.latent_dim))
    return [int(level.sum()) for level in levels]


@cache
def some_nll(name):
    """The NLL of every twentieth test image by the committed weights of a row, by 5,000 samples."""
    return nll(committed(name)[0], test_images()[::EVERY], SAMPLES)


def gain(differences, beside):
    """How many nats lower, image by image, than the row `beside`: the mean, with its standard error."""
    error = (differences.std() / len(differences) ** 0.5).item()
    return {"beside": beside, "nats": differences.mean().item(), "standard_error": error}


def quick_entry(model, x):
    quick = [quick_score(model, x, seed) for seed in range(4)]
    return {"nll": quick[0], "standard_error": float(np.std(quick, ddof=1))}


def spent(stages, started):
    return {
        "scoring_core_hours": (time.process_time() - started) / 3600,
        "stages": stages,
        "steps": sum(stage["steps"] for stage in stages),
        "core_hours": sum(stage["core_hours"] for stage in stages),
        "machine": machine(),
    }


def machine():
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"


def weights_file(name):
    return FOLDER / "weights" / f"{name}.safetensors"


def stored_model(name, stages):
    """The row's model with its committed weights. Raises ValueError unless they were trained by exactly `stages`."""
    model = checked_row(name).model().eval()
    load_model(model, weights_file(name), settings={"row": name, "stages": stages})
    return model


def committed(name):
    """The model of a row by its committed weights, and the stages that they went through."""
    checked_row(name)
    path = weights_file(name)
    if not path.is_file():
        raise FileNotFoundError(f"row: got {name!r}, which has no weights in {path}; train it first")
    stages = load_model(checked_row(name).model(), path)["stages"]
    return stored_model(name, stages), stages


def results():
    """What the JSON file says: {row: entry}; empty where there is none."""
    return json.loads(RESULTS.read_text(encoding="utf8")) if RESULTS.is_file() else {}


def keep(name, entry):
    """Write one entry to the JSON file, after reading the others again: two rows can be scored at the same time."""
    entries = results() | {name: entry}
    ordered = {row: entries[row] for row in (*every_row(), "curve") if row in entries}
    RESULTS.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf8")


def train_and_keep(name, x, compiled):
    model, stages = train(name, x, compiled)
    save_model(model, weights_file(name), {"row": name, "stages": stages}, half=True)
    print(f"{name}: weights in {weights_file(name)}", flush=True)


def score_and_keep(name):
    _, stages = committed(name)
    entry = score(name, stages) if name in ROWS else score_beside(name, stages)
    keep(name, entry)
    print(f"{name}: NLL {entry['nll']:.2f} +- {entry['standard_error']:.2f}, paper {entry['paper']}", flush=True)


def learning_curve(x, compiled):
    """The first row with fewer epochs: NLL of all test images by 500 samples against core hours."""
    points, test = [], test_images()
    for epochs in CURVE_EPOCHS:
        stage = ROWS["vae-1"].stages[0]._replace(epochs=epochs)
        model = ROWS["vae-1"].model(x.mean(0))
        done = run_stage(model, x, stage, f"curve, {epochs} epochs", compiled)
        points.append({"epochs": epochs, **done, "nll_500": nll(model, test, 500).mean().item()})
        keep("curve", points)


def show():
    entries = results()
    for name, row in every_row().items():
        ours = f"{entries[name]['nll']:.2f}" if name in entries else "not run"
        paper = "" if row.paper is None else f"paper {row.paper:.2f}"
        print(f"{name:20} {row.title:34} {paper:13} ours {ours}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command")
    for command in ("train", "score"):
        commands.add_parser(command).add_argument("rows", nargs="+", metavar="ROW", help=", ".join(every_row()))
    commands.add_parser("curve")
    for command in ("train", "curve"):
        commands.choices[command].add_argument(
            "--compile", action="store_true", help="by torch.compile, which needs a C++ compiler: same results, sooner"
        )
    arguments = parser.parse_args()
    try:
        for name in getattr(arguments, "rows", ()):
            checked_row(name)
        if arguments.command in ("train", "curve"):
            x = load_digits(train=True, source="mnist").x
        if arguments.command == "train":
            for name in arguments.rows:
                train_and_keep(name, x, arguments.compile)
        elif arguments.command == "score":
            for name in arguments.rows:
                score_and_keep(name)
        elif arguments.command == "curve":
            learning_curve(x, arguments.compile)
        else:
            show()
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
