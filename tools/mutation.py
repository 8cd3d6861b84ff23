"""Would the tests notice? Change one sign, number or comparison at a time and see whether a test fails.

    python -m tools.mutation objectives models/linear    (or: make mutation MODULES="objectives models/linear")

A folder stands for all its modules.

The changes are those of cosmic-ray, without the bitwise ones on numbers, which only ever raise. Each is tried in a
fork of a process that has already imported torch: first against the tests of its own module, then, if none fails,
against all others. Nothing is written to disk.
"""

import argparse
import contextlib
import difflib
import gc
import importlib
import importlib.util
import multiprocessing
import os
import resource
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from vae_utils.surroundings import one_thread

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "vae_utils"
SUITES = ("objectives", "distributions", "models", "training", "evaluation")
BITWISE = {"BitAnd", "BitOr", "BitXor", "LShift", "RShift"}
LIMIT = 120  # seconds of CPU: a mutant that takes more loops forever, and counts as noticed


def mutants(source, only=None):
    """(operator, line, mutated source) for every change cosmic-ray knows how to make."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code

    for name in sorted(plugins.operator_names()):
        kind = plugins.get_operator(name)
        if kind.arguments() or _pointless(name):
            continue
        lines = [start[0] for node in ast_nodes(get_ast(source)) for start, _ in kind().mutation_positions(node)]
        for occurrence, line in enumerate(lines):
            mutated = None if only and line not in only else mutate_code(source, kind(), occurrence)
            if mutated and mutated != source:
                yield name.split("/")[-1], line, mutated


def _pointless(name):
    old, new = name.split("_")[-2:] if "ReplaceBinaryOperator" in name else ("", "")
    return (old in BITWISE) != (new in BITWISE)


def modules(chosen):
    """The modules of a folder of the package, or the one module that is named."""
    folder = ROOT / PACKAGE / chosen
    if folder.is_dir():
        return sorted(path.relative_to(ROOT / PACKAGE).with_suffix("").as_posix() for path in folder.glob("*.py"))
    if not folder.with_suffix(".py").is_file():
        sys.exit(f"{chosen}: expected a module or a folder of {PACKAGE}, such as training or models/linear")
    return [chosen]


class Finder:
    """Gives module NAME of the package, which may be a folder's __init__, the mutated source, whoever imports it."""

    def __init__(self, module, source):
        self.path, self.source = ROOT / PACKAGE / f"{module}.py", source
        self.name = f"{PACKAGE}.{module.removesuffix('/__init__').replace('/', '.')}"
        self.places = [str(self.path.parent)] if self.path.name == "__init__.py" else None

    def find_spec(self, name, path=None, target=None):
        if name == self.name:
            where = {"loader": self, "submodule_search_locations": self.places}
            return importlib.util.spec_from_file_location(name, self.path, **where)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


def suites(module):
    """Up to three stages: the tests of the module itself, those of the rest of its folder, then all others."""
    stages, names = [], [(module.replace("/", "_"),), (module.split("/")[0],), SUITES]
    for group in names:
        files = sorted({str(path) for name in group for path in ROOT.glob(f"tests/test_{name}*.py")})
        stages.append([file for file in files if not any(file in stage for stage in stages)])
    return [stage for stage in stages if stage]


class StopAtOnce:
    """A pytest plugin: tests that noticed earlier mutants go first, and the first failure ends the process."""

    def __init__(self, noticed, pipe):
        self.noticed, self.pipe = noticed, pipe

    def pytest_collection_modifyitems(self, items):
        rank = {test: -number for number, test in enumerate(self.noticed, 1)}
        items.sort(key=lambda item: rank.get(item.nodeid, 0))

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.pipe.send(report.nodeid)
            os._exit(1)


def _run_tests(finder, files, plugin):
    import pytest

    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1), os.dup2(nowhere.fileno(), 2)
    tqdm.set_lock(threading.RLock())  # the parent's may have been held, by its own bar, at the moment of the fork
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
    sys.meta_path.insert(0, finder)
    os.chdir(ROOT)
    code = 1
    with contextlib.suppress(BaseException):
        code = pytest.main(["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", *files], plugins=[plugin])
    os._exit(int(code))


def survives(module, source, noticed):
    finder = Finder(module, source)
    for files in suites(module):
        here, there = multiprocessing.Pipe(duplex=False)
        arguments = (finder, files, StopAtOnce(noticed, there))
        process = multiprocessing.get_context("fork").Process(target=_run_tests, args=arguments)
        process.start()
        process.join(20 * LIMIT)  # one that waits forever spends no CPU
        if process.is_alive():
            tqdm.write(f"{module}: a mutant was stopped after {20 * LIMIT} s")
            process.kill()
            process.join()
        if here.poll():
            _remember(noticed, here.recv())
        if process.exitcode != 0:
            return False
    return True


def _remember(noticed, test):
    if test in noticed:
        noticed.remove(test)
    noticed.append(test)


def warm_up():
    """Import what the tests import, except the package: forks share it."""
    libraries = ("pytest", "numpy", "scipy.integrate", "tqdm.auto", "torch._dynamo")
    parts = ("testing", "autograd.gradcheck", "optim", "distributions")
    for name in (*libraries, *(f"torch.{part}" for part in parts)):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that a fork does not walk through, and copy, all of torch


def report(module, jobs, lines, every):
    source = (ROOT / PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    candidates, noticed = list(mutants(source, lines))[::every], []
    if not candidates:
        return
    if not survives(module, source, noticed):
        sys.exit(f"{module}: the tests fail without any change")
    started = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(lambda mutant: survives(module, mutant[2], noticed), candidates)
        outcomes = list(tqdm(outcomes, module, len(candidates), smoothing=0, mininterval=5))
    alive = [mutant for mutant, lives in zip(candidates, outcomes, strict=True) if lives]
    for name, line, mutated in alive:
        difference = difflib.unified_diff(source.splitlines(), mutated.splitlines(), lineterm="", n=0)
        print(f"\n{module}:{line} {name}", *list(difference)[3:], sep="\n    ")
    killed, total = len(candidates) - len(alive), len(candidates)
    seconds = time.perf_counter() - started
    print(f"\n{module}: {killed} of {total} mutants noticed ({killed / total:.1%}) in {seconds:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=["objectives"], help="objectives, models/linear, ...")
    parser.add_argument("--jobs", type=int, default=1, help="how many mutants at a time")
    parser.add_argument("--lines", type=int, nargs="*", help="only mutants on these lines")
    parser.add_argument("--every", type=int, metavar="N", default=1, help="a sample: only each Nth mutant of a module")
    arguments = parser.parse_args()
    one_thread()
    os.environ.update(MPLBACKEND="agg", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    sys.path.append(str(ROOT / "_build" / "cosmic-ray"))
    warm_up()
    for module in [module for chosen in arguments.modules for module in modules(chosen)]:
        report(module, arguments.jobs, arguments.lines, arguments.every)
    os._exit(0)  # torch's compiler, imported and frozen, would complain about being left


if __name__ == "__main__":
    main()
