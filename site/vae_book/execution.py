"""Runs the chapters whose outputs are not kept, two at a time, and hands the outputs of all to the page."""

import json
import os
import platform
import re
import sys
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from copy import deepcopy
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from vae_utils.surroundings import one_thread

from .facts import env_runs
from .outputs import LOADED, WATCH, NotKept, OutputStore, code_cells

WORKERS = 2
CELL_TIMEOUT = 600
HEARTBEAT = 0.5 if sys.stdout.isatty() else 20


class Chapter:
    """A notebook on its way through a kernel."""

    def __init__(self, name: str, path: Path):
        self.name = name
        self.notebook = read_notebook(path)
        self.done, self.started = 0, 0.0

    def run(self, store: OutputStore) -> dict:
        """Runs in an empty folder: a chapter must not need the checkout."""
        self.started = time.perf_counter()
        notebook = deepcopy(self.notebook)
        notebook.cells = [new_code_cell(WATCH), *notebook.cells, new_code_cell(LOADED)]
        with tempfile.TemporaryDirectory() as folder:
            client = NotebookClient(
                notebook,
                timeout=CELL_TIMEOUT,
                kernel_name="python3",
                store_widget_state=False,
                extra_arguments=["--log-level=ERROR"],
                resources={"metadata": {"path": folder}},
            )
            with client.setup_kernel():
                for index, cell in enumerate(notebook.cells):
                    self.done = index
                    client.execute_cell(cell, index)
                cpu = cpu_seconds(client.km.provisioner.pid)
        _, *cells, last = code_cells(notebook)
        record = run_record([cell.outputs for cell in cells], self.started, cpu)
        store.save(self.notebook, last.outputs[0].text, record)
        return record

    def status(self) -> str:
        if not self.started:
            return f"{self.name} waits"
        seconds = time.perf_counter() - self.started
        return f"{self.name} cell {self.done}/{len(self.notebook.cells)}, {seconds:.0f} s"


def run_record(outputs: list, started: float, cpu: float) -> dict:
    seconds = round(time.perf_counter() - started, 1)
    return {"outputs": outputs, "seconds": seconds, "cpu_seconds": round(cpu, 1), "machine": machine()}


def machine() -> str:
    """The machine in words, as a reader compares it with another: "AMD EPYC, 2 cores"."""
    try:
        name = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf8"), re.MULTILINE)
    except OSError:
        name = None
    words = name[1].strip() if name else platform.processor() or platform.machine()
    return f"{words}, {os.cpu_count()} cores"


def cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def read_notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def run_all(chapters: list[Chapter], store: OutputStore) -> dict[str, str]:
    """Returns the errors by chapter name; the outputs of the others are in the store."""
    errors = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        running: dict[Future, Chapter] = {pool.submit(c.run, store): c for c in chapters}
        while running:
            ready, _ = wait(running, timeout=HEARTBEAT, return_when=FIRST_COMPLETED)
            for future in ready:
                chapter = running.pop(future)
                try:
                    record = future.result()
                except (CellExecutionError, CellTimeoutError, DeadKernelError, NotKept) as error:
                    errors[chapter.name] = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
                    say(f"  {chapter.name}: FAILED in cell {chapter.done}")
                else:
                    say(f"  {chapter.name}: {record['seconds']} s, {record['cpu_seconds']} s of CPU")
            if running and not ready:
                active = [c.status() for c in running.values() if c.started]
                say("  executing " + "; ".join(active), lasting=not sys.stdout.isatty())
    return errors


def say(line: str, lasting: bool = True) -> None:
    clear = "\r\x1b[2K" if sys.stdout.isatty() else ""
    print(f"{clear}{line}", end="\n" if lasting else "", flush=True)


class Executor:
    """Sphinx events: find what is outdated, run it, and hand the outputs to the parser."""

    def __init__(self, app: Sphinx):
        self.store = OutputStore(Path(app.srcdir))

    def path(self, env, docname: str) -> Path | None:
        path = Path(env.doc2path(docname))
        return path if path.suffix == ".ipynb" else None

    def outdated(self, app, env, added, changed, removed) -> list[str]:
        keys = env_keys(env)
        paths = {docname: self.path(env, docname) for docname in env.found_docs - added - changed}
        return [name for name, path in paths.items() if path and not self.is_on_the_page(keys.get(name), path)]

    def is_on_the_page(self, key: str | None, path: Path) -> bool:
        return key is not None and key == self.store.find(read_notebook(path))

    def execute(self, app, env, docnames: list[str]) -> None:
        paths = {name: self.path(env, name) for name in docnames}
        chapters = [Chapter(name.rpartition("/")[2], path) for name, path in paths.items() if path]
        missing = [c for c in chapters if self.store.find(c.notebook) is None]
        if missing:
            say(f"executing {len(missing)} of {len(chapters)} chapters, {WORKERS} at a time")
            one_thread()
            errors = run_all(missing, self.store)
            if errors:
                report = "\n\n".join(f"{name}\n{error}" for name, error in errors.items())
                raise ExtensionError(f"{len(errors)} chapters failed\n\n{report}", modname="vae_book")
        self.store.forget_old()
        self.write_times(Path(app.outdir).parent / "chapter_times.json", chapters)

    def write_times(self, path: Path, chapters: list[Chapter]) -> None:
        try:
            times = json.loads(path.read_text(encoding="utf8"))
        except (FileNotFoundError, json.JSONDecodeError):
            times = {}
        for chapter in chapters:
            record = self.store.load(self.store.find(chapter.notebook))
            times[chapter.name] = {name: record[name] for name in ("seconds", "cpu_seconds")}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(sorted(times.items())), indent=1), encoding="utf8")

    def insert_outputs(self, app, docname: str, source: list[str]) -> None:
        if not self.path(app.env, docname):
            return
        notebook = nbformat.reads(source[0], as_version=4)
        key = self.store.find(notebook)
        if key is None:
            raise ExtensionError(f"{docname} was edited while the book was being built; build again")
        record = self.store.load(key)
        for cell, outputs in zip(code_cells(notebook), record.pop("outputs"), strict=True):
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
        env_runs(app.env)[docname] = {"machine": "a machine of which nothing was kept", "digits": "scans"} | record
        env_keys(app.env)[docname] = key
        source[0] = nbformat.writes(notebook)


def env_keys(env) -> dict[str, str]:
    if not hasattr(env, "vae_output_keys"):
        env.vae_output_keys = {}
    return env.vae_output_keys


def setup(app: Sphinx) -> None:
    executor = Executor(app)
    app.connect("env-get-outdated", executor.outdated)
    app.connect("env-before-read-docs", executor.execute)
    app.connect("source-read", executor.insert_outputs)
