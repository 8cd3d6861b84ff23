"""How fast `fit` trains, against two well-known ways and the floor beneath all; what time and memory grow with.

python benchmarks/speed.py             everything, some five minutes; wants a machine that does nothing else
python benchmarks/speed.py PART ...    only these of loops, sizes, memory, chapters; the others stay as they were

Each part writes benchmarks/speed.json when it is done. pythae takes part if it lies in _build/pythae: `make benchmark`
installs it there, for the benchmark alone.
"""

import argparse
import json
import logging
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

from vae_utils.data import load_digits
from vae_utils.evaluation import log_likelihood
from vae_utils.models import mlp_vae
from vae_utils.objectives import importance_weighted
from vae_utils.training import fit

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "speed.json"
CHAPTER_TIMES = FOLDER.parent / "_build" / "chapter_times.json"
PYTHAE = FOLDER.parent / "_build" / "pythae"
PIXELS, HIDDEN, LATENT, RATE = 784, 400, 20, 1e-3
BATCH_SIZES, ROUNDS, THREADS, MINUTES = (128, 512), 7, 2, 2.0
SIZES = (7_500, 15_000, 30_000, 60_000)
MEMORY = {"training": (1, 5, 10, 25, 50, 100), "scoring": (1, 10, 100, 1000, 5000)}
MEMORY_ROWS = {"training": 128, "scoring": 100}


def book(x, batch_size):
    """The book's way: one tensor in memory, and `fit`."""
    model = mlp_vae(PIXELS, LATENT, (HIDDEN,))

    def epoch():
        return fit(model, x, epochs=1, batch_size=batch_size, lr=RATE, device="cpu", progress=False)["loss"].mean()

    return epoch


class Pictures(MNIST):
    """Torchvision's MNIST with these pictures in place of the files: an item is made the same way, through PIL."""

    def __init__(self, x):
        self.data = (255 * x).round().byte().reshape(-1, 28, 28)
        self.targets = torch.zeros(len(x), dtype=torch.long)
        self.transform, self.target_transform = transforms.ToTensor(), None


class Plain(nn.Module):
    """The model as most tutorials write it: a sigmoid at the end, and a tuple comes out."""

    def __init__(self):
        super().__init__()
        self.enter = nn.Linear(PIXELS, HIDDEN)
        self.mu, self.logvar = nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        self.leave, self.pixels = nn.Linear(LATENT, HIDDEN), nn.Linear(HIDDEN, PIXELS)

    def encode(self, x):
        hidden = torch.relu(self.enter(x))
        return self.mu(hidden), self.logvar(hidden)

    def decode(self, z):
        return torch.sigmoid(self.pixels(torch.relu(self.leave(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)), mu, logvar


def loader(x, batch_size):
    """The way of most tutorials: a data set of pictures, a transform for each, a DataLoader and a loss by hand."""
    model = Plain().train()
    batches = DataLoader(Pictures(x), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)

    def epoch():
        total = 0.0
        for pictures, _ in batches:
            pictures = pictures.view(-1, PIXELS)
            optimizer.zero_grad()
            decoded, mu, logvar = model(pictures)
            kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
            loss = F.binary_cross_entropy(decoded, pictures, reduction="sum") + kl
            (loss / len(pictures)).backward()
            optimizer.step()
            total += loss.item()
        return total / len(x)

    return epoch


def pythae(x, batch_size):
    """The trainer of pythae, one call of its `train_step` an epoch, without its progress bar."""
    sys.path.append(str(PYTHAE))
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.base_trainer.base_trainer import logger

    logger.setLevel(logging.ERROR)
    encoder, decoder = pythae_networks()
    model = VAE(VAEConfig((PIXELS,), LATENT, reconstruction_loss="bce"), encoder, decoder)
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            folder, per_device_train_batch_size=batch_size, learning_rate=RATE, no_cuda=True, keep_best_on_train=True
        )
        trainer = BaseTrainer(model, BaseDataset(x, torch.zeros(len(x))), training_config=config)
        trainer.prepare_training()
    trainer.callback_handler.callbacks = []
    return lambda: trainer.train_step(1)


def pythae_networks():
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.plain = Plain()
            del self.plain.leave, self.plain.pixels

        def forward(self, x):
            mu, logvar = self.plain.encode(x)
            return ModelOutput(embedding=mu, log_covariance=logvar)

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.plain = Plain()
            del self.plain.enter, self.plain.mu, self.plain.logvar

        def forward(self, z):
            return ModelOutput(reconstruction=self.plain.decode(z))

    return Encoder(), Decoder()


@torch.no_grad()
def floor(x, batch_size):
    """What cannot be saved: the matrix products of a step, forward and backward, and Adam's pass over the weights."""
    sizes = ((HIDDEN, PIXELS), (2 * LATENT, HIDDEN), (HIDDEN, LATENT), (PIXELS, HIDDEN))
    weights = [nn.Parameter(0.05 * torch.randn(size)) for size in sizes]
    biases = [nn.Parameter(torch.zeros(size[0])) for size in sizes]
    for parameter in (*weights, *biases):
        parameter.grad = torch.zeros_like(parameter)
    inputs = [torch.rand(batch_size, size[1]) for size in sizes]
    outputs = [torch.rand(batch_size, size[0]) for size in sizes]
    optimizer = torch.optim.Adam([*weights, *biases], lr=0.0, fused=True)

    def epoch():
        for _ in range(math.ceil(len(x) / batch_size)):
            for weight, given, out in zip(weights, inputs, outputs, strict=True):
                torch.mm(given, weight.t(), out=out)
            for number in (3, 2, 1, 0):
                torch.mm(outputs[number].t(), inputs[number], out=weights[number].grad)
                if number:
                    torch.mm(outputs[number], weights[number], out=inputs[number])
            optimizer.step()

    return torch.no_grad()(epoch)


CONTESTANTS = {
    "fit": ("`fit` of this book", book),
    "loader": ("a DataLoader and a transform per picture", loader),
    "pythae": ("pythae 0.1.2, its trainer", pythae),
    "floor": ("the floor: matrix products and Adam alone", floor),
}


def compare(x, batch_size, rounds=ROUNDS, minutes=MINUTES, contestants=CONTESTANTS):
    """Epochs of all contestants in turn: name -> {"title", "seconds", "cpu_seconds", "loss"}, or "error" instead.

    The first, shorter epoch is a warm-up. No round begins after `minutes`, but the first.
    """
    entries = {name: {"title": title} | nothing_yet() for name, (title, _) in contestants.items()}
    running = {name: attempt(entries[name], warmed_up, make, x, batch_size) for name, (_, make) in contestants.items()}
    names, started = list(contestants), time.perf_counter()
    for number in range(rounds):
        if number and time.perf_counter() - started > 60 * minutes:
            break
        for name in names[number % len(names) :] + names[: number % len(names)]:
            if "error" not in entries[name]:
                attempt(entries[name], timed, entries[name], running[name])
    return entries


def attempt(entry, action, *arguments):
    """What `action` returns; a failure becomes the entry's "error", so that it costs nobody else's numbers."""
    try:
        return action(*arguments)
    except Exception as error:  # whatever another package raises
        entry["error"] = f"{type(error).__name__}: {error}"
        print(f"  {entry['title']}: {entry['error']}", flush=True)


def nothing_yet():
    return {"seconds": [], "cpu_seconds": [], "loss": []}


def warmed_up(make, x, batch_size):
    torch.manual_seed(0)
    make(x[: 4 * batch_size], batch_size)()
    return make(x, batch_size)


def timed(entry, epoch):
    wall, cpu = time.perf_counter(), time.process_time()
    loss = epoch()
    entry["seconds"].append(round(time.perf_counter() - wall, 4))
    entry["cpu_seconds"].append(round(time.process_time() - cpu, 4))
    if loss is not None:
        entry["loss"].append(round(float(loss), 2))


def ratios(entries, name, reference):
    """Median, least and greatest ratio of two contestants, round by round."""
    each = [a / b for a, b in zip(entries[name]["seconds"], entries[reference]["seconds"], strict=False)]
    return statistics.median(each), min(each), max(each)


def loops(rounds=ROUNDS):
    digits = load_digits()
    by_batch_size = {}
    for batch_size in BATCH_SIZES:
        entries = by_batch_size[str(batch_size)] = compare(digits.x, batch_size, rounds)
        for name, entry in entries.items():
            if entry["seconds"] and entries["fit"]["seconds"]:
                seconds, (median, least, most) = statistics.median(entry["seconds"]), ratios(entries, name, "fit")
                ratio = f"{median:.2f} of fit ({least:.2f} to {most:.2f})"
                print(f"  batch {batch_size}, {name}: {seconds:.2f} s, {ratio}", flush=True)
    return {"rows": len(digits.x), "source": digits.source, "batch_sizes": by_batch_size}


def sizes(rounds=3, batch_size=BATCH_SIZES[0]):
    """Seconds of one epoch of `fit` on the first n digits, for several n in turn."""
    x = load_digits(n=max(SIZES)).x
    epochs = {n: warmed_up(book, x[:n], batch_size) for n in SIZES}
    entries = {n: nothing_yet() for n in SIZES}
    for _ in range(rounds):
        for n in SIZES:
            timed(entries[n], epochs[n])
    return {"batch_size": batch_size, "rows": list(SIZES), "seconds": [entries[n]["seconds"] for n in SIZES]}


def memory():
    """The greatest memory of a process, in MiB above what it had with everything loaded, for rising k. Linux alone."""
    report = {}
    for kind, ks in MEMORY.items():
        command = [sys.executable, __file__, "--peaks", kind]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=300).stdout
        report[kind] = {"rows": MEMORY_ROWS[kind], "k": list(ks), "mebibytes": json.loads(output.splitlines()[-1])}
    return report


def peaks(kind):
    x, model = load_digits(n=MEMORY_ROWS[kind]).x, mlp_vae(PIXELS, LATENT, (HIDDEN,))
    work = {"training": train_importance_weighted, "scoring": log_likelihood}[kind]
    fit(model, x, steps=3, progress=False, device="cpu")
    before, found = resident("VmRSS"), []
    for k in MEMORY[kind]:
        Path("/proc/self/clear_refs").write_text("5")  # the greatest memory is counted anew from here
        work(model, x, k)
        found.append(round(resident("VmHWM") - before, 1))
    return found


def train_importance_weighted(model, x, k):
    def objective(model, x, y, beta):
        return importance_weighted(model, x, y, beta, k=k)

    fit(model, x, steps=3, progress=False, device="cpu", objective=objective)


def resident(name):
    """A line of this process's status, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 2**10


def chapters():
    """Seconds of execution by chapter, as the last build of the whole book measured them."""
    if not CHAPTER_TIMES.is_file():
        raise FileNotFoundError(f"{CHAPTER_TIMES} is not there: build the book first, by `make book`")
    return {"times": json.loads(CHAPTER_TIMES.read_text(encoding="utf8"))}


def machine():
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "pythae": pythae_version(),
    }


def processor():
    """The processor's name, and the instructions that torch may use on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def pythae_version():
    try:
        return version("pythae")
    except PackageNotFoundError:
        return None


PARTS = {"loops": loops, "sizes": sizes, "memory": memory, "chapters": chapters}


def results():
    """What the JSON file says: {part: entry}; empty where there is none."""
    return json.loads(RESULTS.read_text(encoding="utf8")) if RESULTS.is_file() else {}


def measure(name):
    print(f"{name} ...", flush=True)
    started = time.perf_counter()
    entry = PARTS[name]()
    entry = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), **entry}
    RESULTS.write_text(json.dumps(results() | {name: entry}, indent=1) + "\n", encoding="utf8")
    print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--peaks", choices=MEMORY, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.peaks:
        print(json.dumps(peaks(arguments.peaks)))
        return
    for name in arguments.parts:
        if name not in PARTS:
            raise SystemExit(f"part: got {name!r}, expected one of {', '.join(PARTS)}")
    failed = []
    for name in arguments.parts or PARTS:
        try:
            measure(name)
        except Exception as error:  # one part must not cost the others
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            failed.append(name)
    raise SystemExit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
