"""How fast `fit` trains, against two well-known ways and the floor beneath all; what time and memory grow with.

python -m benchmarks.speed             everything, some five minutes; wants a machine that does nothing else
python -m benchmarks.speed PART ...    only these of loops, sizes, memory, chapters; the others stay as they were

Each part writes benchmarks/speed.json when it is done. pythae takes part if it lies in _build/pythae: `make benchmark`
installs it there, for the benchmark alone.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from vae_utils.data import load_digits
from vae_utils.evaluation import log_likelihood
from vae_utils.models import mlp_vae
from vae_utils.objectives import importance_weighted
from vae_utils.training import fit

from .contestants import CONTESTANTS, HIDDEN, LATENT, PIXELS, book

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "speed.json"
CHAPTER_TIMES = FOLDER.parent / "_build" / "chapter_times.json"
BATCH_SIZES, ROUNDS, THREADS, MINUTES = (128, 512), 7, 2, 2.0
SIZES = (7_500, 15_000, 30_000, 60_000)
MEMORY = {"training": (1, 5, 10, 25, 50, 100), "scoring": (1, 10, 100, 1000, 5000)}
MEMORY_ROWS = {"training": 128, "scoring": 100}


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
    """The greatest memory of a process, in MiB above what it had with everything loaded, for rising k. Linux alone.

    The least of three processes counts: how much freed memory the allocator keeps back differs between them.
    """
    report = {}
    for kind, ks in MEMORY.items():
        command, found = [sys.executable, "-m", "benchmarks.speed", "--peaks", kind], []
        for _ in range(3):
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=300).stdout
            found.append(json.loads(output.splitlines()[-1]))
        least = [min(each) for each in zip(*found, strict=True)]
        report[kind] = {"rows": MEMORY_ROWS[kind], "k": list(ks), "mebibytes": least}
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
    for name in arguments.parts:
        if name not in PARTS:
            raise SystemExit(f"part: got {name!r}, expected one of {', '.join(PARTS)}")
    torch.set_num_threads(arguments.threads)
    if arguments.peaks:
        print(json.dumps(peaks(arguments.peaks)))
        return
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
