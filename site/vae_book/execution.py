"""Runs the chapters, two at a time, and keeps their outputs under a key made of everything that can change them."""

import hashlib
import json
import os
import re
import sys
import tempfile
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

WORKERS = 2
CELL_TIMEOUT = 600
HEARTBEAT = 0.5 if sys.stdout.isatty() else 20
PACKAGE_SUFFIXES = {".py", ".mjs", ".css", ".json", ".npz", ".safetensors"}


def package_key(root: Path) -> str:
    """Hash of the package's sources, the pinned requirements and the place of the data."""
    digest = hashlib.sha256(sys.version.encode() + os.environ.get("VAE_DATA", "").encode())
    files = [p for p in (root / "vae_utils").rglob("*") if p.suffix in PACKAGE_SUFFIXES and p.is_file()]
    for path in sorted([*files, root / "requirements.txt"]):
        if path.is_file():
            lines = path.read_bytes().splitlines(keepends=True)
            content = b"".join(line for line in lines if path.suffix != ".txt" or not line.startswith(b"#"))
            digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + content)
    return digest.hexdigest()


def notebook_key(package: str, notebook: nbformat.NotebookNode) -> str:
    """Prose does not enter the key, so that an edit of the text runs nothing."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps([package, code]).encode()).hexdigest()[:32]


class OutputStore:
    """One JSON file a chapter and key, written by rename, so that several builds may share the folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def load(self, key: str) -> dict | None:
        try:
            return json.loads((self.folder / f"{key}.json").read_text(encoding="utf8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def save(self, key: str, record: dict) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False, encoding="utf8") as file:
            json.dump(record, file)
        os.replace(file.name, self.folder / f"{key}.json")

    def forget_old(self, keep: int = 60) -> None:
        files = sorted(self.folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
        for path in files[keep:]:
            path.unlink(missing_ok=True)


class Chapter:
    """A notebook on its way through a kernel."""

    def __init__(self, name: str, path: Path, package: str):
        self.name = name
        self.notebook = read_notebook(path)
        self.key = notebook_key(package, self.notebook)
        self.done, self.started = 0, 0.0

    def run(self) -> dict:
        """Runs in an empty folder: a chapter must not need the checkout."""
        self.started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            client = NotebookClient(
                self.notebook,
                timeout=CELL_TIMEOUT,
                kernel_name="python3",
                store_widget_state=False,
                extra_arguments=["--log-level=ERROR"],
                resources={"metadata": {"path": folder}},
            )
            with client.setup_kernel():
                for index, cell in enumerate(self.notebook.cells):
                    client.execute_cell(cell, index)
                    self.done = index + 1
                cpu = cpu_seconds(client.km.provisioner.pid)
        outputs = [cell.outputs for cell in self.notebook.cells if cell.cell_type == "code"]
        wall = time.perf_counter() - self.started
        return {"outputs": outputs, "seconds": round(wall, 1), "cpu_seconds": round(cpu, 1)}

    def status(self) -> str:
        if not self.started:
            return f"{self.name} waits"
        seconds = time.perf_counter() - self.started
        return f"{self.name} cell {self.done}/{len(self.notebook.cells)}, {seconds:.0f} s"


def cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def read_notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def run_all(chapters: list[Chapter], store: OutputStore) -> dict[str, str]:
    """Returns the errors by chapter name; the outputs of the others are in the store."""
    errors = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        running: dict[Future, Chapter] = {pool.submit(c.run): c for c in chapters}
        while running:
            ready, _ = wait(running, timeout=HEARTBEAT, return_when=FIRST_COMPLETED)
            for future in ready:
                chapter = running.pop(future)
                try:
                    record = future.result()
                except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                    errors[chapter.name] = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
                    say(f"  {chapter.name}: FAILED in cell {chapter.done + 1}")
                else:
                    store.save(chapter.key, record)
                    say(f"  {chapter.name}: {record['seconds']} s, {record['cpu_seconds']} s of CPU")
            if running and not ready:
                active = [c.status() for c in running.values() if c.started]
                say("  executing " + "; ".join(active), lasting=not sys.stdout.isatty())
    return errors


def say(line: str, lasting: bool = True) -> None:
    clear = "\r\x1b[2K" if sys.stdout.isatty() else ""
    print(f"{clear}{line}", end="\n" if lasting else "", flush=True)


def limit_threads() -> None:
    """Two chapters run side by side, so each takes one thread unless the reader says otherwise."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")


class Executor:
    """Sphinx events: find what is outdated, run it, and hand the outputs to the parser."""

    def __init__(self, app: Sphinx):
        self.root = Path(app.srcdir)
        self.store = OutputStore(self.root / "_build" / ".outputs")
        self.package = package_key(self.root)
        self.lock = threading.Lock()

    def path(self, env, docname: str) -> Path | None:
        path = Path(env.doc2path(docname))
        return path if path.suffix == ".ipynb" else None

    def outdated(self, app, env, added, changed, removed) -> list[str]:
        keys = env_keys(env)
        stale = []
        for docname in env.found_docs - added - changed:
            path = self.path(env, docname)
            if path and keys.get(docname) != notebook_key(self.package, read_notebook(path)):
                stale.append(docname)
        return stale

    def execute(self, app, env, docnames: list[str]) -> None:
        paths = {name: self.path(env, name) for name in docnames}
        chapters = [Chapter(name.rpartition("/")[2], path, self.package) for name, path in paths.items() if path]
        missing = [c for c in chapters if self.store.load(c.key) is None]
        if missing:
            say(f"executing {len(missing)} of {len(chapters)} chapters, {WORKERS} at a time")
            limit_threads()
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
            record = self.store.load(chapter.key)
            times[chapter.name] = {name: record[name] for name in ("seconds", "cpu_seconds")}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(sorted(times.items())), indent=1), encoding="utf8")

    def insert_outputs(self, app, docname: str, source: list[str]) -> None:
        if not self.path(app.env, docname):
            return
        notebook = nbformat.reads(source[0], as_version=4)
        key = notebook_key(self.package, notebook)
        record = self.store.load(key)
        if record is None:
            raise ExtensionError(f"{docname} was edited while the book was being built; build again")
        for cell, outputs in zip([c for c in notebook.cells if c.cell_type == "code"], record["outputs"], strict=True):
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
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
