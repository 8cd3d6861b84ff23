"""Would the tests notice? Change one sign, number or comparison at a time and see whether a test fails.

    python -m tools.mutation objectives models/linear    (or: make mutation MODULES="objectives models/linear")

A folder stands for all its modules.

The changes are those of cosmic-ray, without the bitwise ones on numbers, which only ever raise, without `is` beside a
literal, of which Python warns, and with every zip as strict as it was. The tests are collected once, and run once to
see which of them enter which function. Each change is then tried in a fork, on the tests that enter the changed
function: those of its own folder, then, if none fails, all others. Where the change is outside the functions (in a
constant, a decorator), or in one that the import of the tests enters, everything is imported anew. Nothing is written
to disk.
"""

import argparse
import ast
import contextlib
import difflib
import functools
import gc
import importlib
import importlib.util
import itertools
import multiprocessing
import os
import resource
import sys
import threading
import time
import types
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from vae_utils.surroundings import one_thread

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "vae_utils"
SUITES = ("objectives", "distributions", "models", "training", "evaluation")
OURS = (PACKAGE, "tests", "benchmarks", "experiments")  # what is imported anew
BITWISE = {"BitAnd", "BitOr", "BitXor", "LShift", "RShift"}
OPTIONS = ["-q", "-s", "--assert=plain", "-p", "no:cacheprovider"]
LIMIT = 120  # seconds of CPU: a mutant that takes more loops forever, and counts as noticed


def mutants(source, only=None, every=1, sample=None):
    """(operator, line, mutated source) for every change cosmic-ray knows how to make, each Nth, or about `sample`."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code

    places, nodes = [], list(ast_nodes(get_ast(source)))
    for name in sorted(plugins.operator_names()):
        kind = plugins.get_operator(name)
        if kind.arguments() or _pointless(name):
            continue
        lines = [start[0] for node in nodes for start, _ in kind().mutation_positions(node)]
        places += [(name, kind, number, line) for number, line in enumerate(lines) if not only or line in only]
    for name, kind, number, line in places[:: max(every, len(places) // sample if sample else 1)]:
        mutated = mutate_code(source, kind(), number)
        unguarded = mutated and mutated.count("strict=False") > source.count("strict=False")
        if mutated and mutated != source and not unguarded and _compiles(mutated):
            yield name.split("/")[-1], line, mutated


def _pointless(name):
    old, new = name.split("_")[-2:] if "ReplaceBinaryOperator" in name else ("", "")
    return (old in BITWISE) != (new in BITWISE)


def _compiles(source):
    with contextlib.suppress(SyntaxError), warnings.catch_warnings():
        warnings.simplefilter("error", SyntaxWarning)
        return compile(source, "mutant", "exec")


def modules(chosen):
    """The modules of a folder of the package, or the one module that is named."""
    folder = ROOT / PACKAGE / chosen
    if folder.is_dir():
        return sorted(path.relative_to(ROOT / PACKAGE).with_suffix("").as_posix() for path in folder.glob("*.py"))
    if not folder.with_suffix(".py").is_file():
        sys.exit(f"{chosen}: expected a module or a folder of {PACKAGE}, such as training or models/linear")
    return [chosen]


def suites(module):
    """Up to two stages: the tests of the module's folder, its own first, then all others."""
    stages, files = [], lambda name: sorted(str(path) for path in ROOT.glob(f"tests/test_{name}*.py"))
    for names in [(module.replace("/", "_"), module.split("/")[0]), SUITES]:
        found = dict.fromkeys(file for name in names for file in files(name))
        stages.append([file for file in found if not any(file in stage for stage in stages)])
    return [stage for stage in stages if stage]


class Finder:
    """Gives module NAME of the package, which may be a folder's __init__, the mutated source, whoever imports it."""

    def __init__(self, module, source):
        self.path, self.source = path_of(module), source
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


def path_of(module):
    return ROOT / PACKAGE / f"{module}.py"


def changed(old, new):
    """{first line: last line} of the outermost functions that differ between two sources; None where more does."""
    trees = [ast.parse(source) for source in (old, new)]
    functions = [list(_outermost(tree)) for tree in trees]
    found = {_first(a): a.end_lineno for a, b in zip(*functions, strict=False) if ast.dump(a) != ast.dump(b)}
    for function in itertools.chain(*functions):
        function.body, function.args.defaults, function.args.kw_defaults = [], [], []
    return found if ast.dump(trees[0]) == ast.dump(trees[1]) else None


def _outermost(tree):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
        elif isinstance(node, ast.stmt):
            yield from _outermost(node)


def _first(function):
    return min(node.lineno for node in (function, *function.decorator_list))


@functools.cache
def live(path):
    """{first line: functions} of all functions of a file, also of those behind a decorator or a property."""
    found = {}
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__code__.co_filename == path:
            found.setdefault(thing.__code__.co_firstlineno, []).append(thing)
    return found


def can_swap(path, functions):
    """Whether the functions, {first line: last line}, are there, and no function that one of them has made."""
    inner = any(first < line <= last for line in live(path) for first, last in functions.items())
    return all(first in live(path) for first in functions) and not inner


class Notes:
    """A pytest plugin: remembers how long each test took, what it entered and whether it failed."""

    def __init__(self, watch=False, failed=None, known=None):
        self.watch, self.failed, self.known, self.tests, self.entered = watch, failed, known or {}, {}, set()
        self.folder = str(ROOT / PACKAGE)

    def enter(self, frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(self.folder):
            self.entered.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    def run(self, items):
        items[0].config.pluginmanager.register(self)
        for item, following in zip(items, [*items[1:], None], strict=True):
            self.entered, started = set(), time.process_time()
            if item.nodeid in self.known:
                patience = 10 + 5 * self.known[item.nodeid][0]
                _allow(started + patience)
            sys.setprofile(self.enter if self.watch else None)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.setprofile(None)
            self.tests[item.nodeid] = time.process_time() - started, self.entered

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed(report.nodeid)


def in_fork(work, limit=LIMIT):
    """(what `work` sent through the pipe that it is called with, its exit status; 0 if it came to its end)."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_forked, args=(work, there, limit))
    process.start()
    there.close()
    patience, sent = 20 * limit, None  # one that waits forever spends no CPU
    with contextlib.suppress(EOFError):
        sent = here.recv() if here.poll(patience) else None
    process.join(patience)
    if process.is_alive():
        tqdm.write(f"a mutant was stopped after {2 * patience} s")
        process.kill()
        process.join()
    return sent, process.exitcode


def _allow(seconds):
    """This process is ended when it has used so many seconds of CPU, all in all."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _forked(work, pipe, limit):
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1), os.dup2(nowhere.fileno(), 2)
    tqdm.set_lock(threading.RLock())  # the parent's may have been held, by its own bar, at the moment of the fork
    _allow(limit)
    code = 1
    with contextlib.suppress(BaseException):
        code = int(work(pipe) or 0)
    os._exit(code)


def _run_anew(finder, items, pipe):
    """The exit status of pytest, with everything of ours imported again through the finder."""
    import pytest

    for name, module in list(sys.modules.items()):
        file = Path(getattr(module, "__file__", None) or "/")
        if any(file.is_relative_to(ROOT / part) for part in OURS):
            del sys.modules[name]
    sys.meta_path.insert(0, finder)
    tests, plugin = [item.nodeid for item in items], Notes(failed=functools.partial(_stop, pipe))
    return pytest.main([*OPTIONS, f"--rootdir={ROOT}", *tests], plugins=[plugin])


def _stop(pipe, test):
    pipe.send(test)
    os._exit(1)


def _run_in_place(finder, functions, known, items, pipe):
    """The same with the functions' code and defaults in the place of the old ones, for they are all that differs."""
    module = {"__name__": finder.name, "__package__": finder.name if finder.places else finder.name.rpartition(".")[0]}
    exec(compile(finder.source, str(finder.path), "exec"), module)
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__globals__ is module:
            first = thing.__code__.co_firstlineno
            for old in live(str(finder.path))[first] if first in functions else ():
                old.__code__, old.__defaults__, old.__kwdefaults__ = (
                    thing.__code__,
                    thing.__defaults__,
                    thing.__kwdefaults__,
                )
    Notes(failed=functools.partial(_stop, pipe), known=known).run(items)


def _watch(items, pipe):
    notes = Notes(watch=True, failed=functools.partial(_stop, pipe))
    notes.run(items)
    pipe.send(notes.tests)


class Trials:
    """A pytest plugin in place of the loop over the tests: `judge(trials)` is called with them all collected."""

    def __init__(self, judge, stages):
        self.judge, self.stages, self.lock, self.notes, self.noticed = judge, stages, threading.Lock(), {}, []

    def pytest_sessionstart(self, session):
        self.collection = Notes()
        sys.setprofile(self.collection.enter)

    def pytest_collection_finish(self, session):
        sys.setprofile(None)

    def pytest_runtestloop(self, session):
        self.items = {item.nodeid: item for item in session.items}
        self.judge(self)
        return True

    def survives(self, module, mutated):
        finder = Finder(module, mutated)
        path, functions = str(finder.path), changed(finder.path.read_text(encoding="utf-8"), mutated)
        swap = functions is not None and can_swap(path, functions)
        while_collecting = swap and self.collection.entered & {(path, first) for first in functions}
        for files in self.stages(module):
            notes = self._watched(files)
            in_place = functools.partial(_run_in_place, finder, functions, notes)
            if swap and self._notice(in_place, self._that_enter(path, functions, notes), notes):
                return False
            if not swap or while_collecting:
                some = {test.split("::")[0] for test in self._that_enter(path, live(path), notes)}
                tests = [test for test in notes if test.split("::")[0] in some]
                if self._notice(functools.partial(_run_anew, finder), tests, notes):
                    return False
        return True

    def _notice(self, run, tests, notes):
        """Whether a test fails, in a fork: those that noticed the last ones go first, then the quick ones."""
        rank = {test: number for number, test in enumerate(self.noticed, -len(self.noticed))}
        tests = sorted(tests, key=lambda test: (rank.get(test, 0), notes[test][0]))
        limit = 30 + int(5 * sum(notes[test][0] for test in tests))
        work = functools.partial(run, [self.items[test] for test in tests])
        test, code = in_fork(work, limit) if tests else (None, 0)
        if test:
            self.noticed = [test, *(other for other in self.noticed if other != test)]
        return code != 0

    def _that_enter(self, path, functions, notes):
        keys = {(path, first) for first in functions}
        return [test for test in notes if notes[test][1] & keys]

    def _watched(self, files):
        """{test: (seconds, what it entered)} of the tests in the files, each run once in its life."""
        with self.lock:
            names = [str(Path(file).relative_to(ROOT)) for file in files]
            new = [test for test in self.items if test.split("::")[0] in names and test not in self.notes]
            if new:
                work = functools.partial(_watch, [self.items[test] for test in new])
                found, code = in_fork(work, 20 * LIMIT)
                if code:
                    print(f"the tests fail without any change: {found}", file=sys.stderr, flush=True)
                    os._exit(1)
                self.notes.update(found)
            return {test: self.notes[test] for test in self.notes if test.split("::")[0] in names}


def warm_up():
    """Import what the tests import, except the package: forks share it."""
    libraries = ("pytest", "numpy", "scipy.integrate", "tqdm.auto", "torch._dynamo")
    parts = ("testing", "autograd.gradcheck", "optim", "distributions")
    for name in (*libraries, *(f"torch.{part}" for part in parts)):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that a fork does not walk through, and copy, all of torch


def report(trials, module, jobs, sampling):
    source = path_of(module).read_text(encoding="utf-8")
    candidates = list(mutants(source, *sampling))
    if not candidates:
        return
    started = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(lambda mutant: trials.survives(module, mutant[2]), candidates)
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
    parser.add_argument("--sample", type=int, metavar="N", help="about N mutants of each module, spread over it")
    parser.add_argument("--near", action="store_true", help="only the tests of the module's own folder")
    parser.add_argument("--beside", nargs="*", default=[], metavar="FILE", help="with --near: and these test files")
    arguments = parser.parse_args()
    one_thread()
    os.environ.update(MPLBACKEND="agg", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    sys.path.append(str(ROOT / "_build" / "cosmic-ray"))
    warm_up()
    chosen = [module for name in arguments.modules for module in modules(name)]
    sampling = arguments.lines, arguments.every, arguments.sample

    def reports(trials):
        for module in chosen:
            report(trials, module, arguments.jobs, sampling)

    judge(reports, chosen, arguments.near, [str(ROOT / file) for file in arguments.beside])
    os._exit(0)  # torch's compiler, imported and frozen, would complain about being left


def judge(reports, chosen, near=False, beside=()):
    """Calls reports(Trials) within a session of pytest that has collected the tests of the chosen modules."""
    import pytest

    def stages(module):
        found = suites(module)
        return [list(dict.fromkeys([*found[0], *beside]))] if near else found

    os.chdir(ROOT)
    files = [file for module in chosen for stage in stages(module) for file in stage]
    pytest.main([*OPTIONS, f"--rootdir={ROOT}", *dict.fromkeys(files)], plugins=[Trials(reports, stages)])


if __name__ == "__main__":
    main()
