"""A pytest plugin: what a chapter shows while nbval checks it is kept for the website, so that it runs only once.

    python -m pytest -p tools.nbval_outputs --nbval-lax --nbval-current-env chapters/*.ipynb

nbval executes and compares as ever. Each message of its kernel is also given to nbclient, which makes outputs of them
as in a build of the website; when every cell of a chapter has passed, they are put where the website looks for them.
"""

import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbval.plugin import IPyNbCell, IPyNbFile

sys.path.append(str(Path(__file__).resolve().parent.parent / "site"))

from vae_book.execution import cpu_seconds, run_record
from vae_book.outputs import LOADED, WATCH, NotKept, OutputStore
from vae_utils.surroundings import one_thread

CHAPTER = pytest.StashKey["Chapter"]()


class Chapter:
    """A notebook in the kernel of nbval; it runs in an empty folder, for it must not need the checkout."""

    def __init__(self, file: IPyNbFile):
        self.started = time.perf_counter()
        self.store = OutputStore(file.config.rootpath)
        self.notebook = nbformat.read(file.path, as_version=4)
        self.cells = [(index, cell) for index, cell in enumerate(self.notebook.cells) if cell.cell_type == "code"]
        self.client = NotebookClient(self.notebook, store_widget_state=False, record_timing=False)
        self.kernel, self.messages, self.passed = file.kernel, [], 0
        self.receive, self.kernel.get_message = self.kernel.get_message, self.listen
        self.folder = tempfile.TemporaryDirectory()
        self.ask(f"import os; os.chdir({self.folder.name!r}); del os")
        self.ask(WATCH)

    def listen(self, stream: str, timeout: float | None = None) -> dict:
        message = self.receive(stream, timeout=timeout)
        if stream == "iopub":
            self.messages.append(message)
        return message

    def ask(self, code: str) -> str:
        """What this code prints in the kernel, outside of the chapter."""
        said: list[dict] = []
        self.kernel.kc.execute_interactive(code, store_history=False, allow_stdin=False, output_hook=said.append)
        return "".join(message["content"]["text"] for message in said if message["msg_type"] == "stream")

    def take(self, number: int) -> None:
        """Turns the messages of a cell that has passed, which end with its own, into outputs."""
        (index, cell), own = self.cells[number], self.messages[-1]["parent_header"]["msg_id"]
        cell.outputs, self.client.clear_before_next_output = [], False
        for message in self.messages:
            if message["parent_header"].get("msg_id") == own:
                try:
                    self.client.process_message(message, cell, index)
                except CellExecutionComplete:
                    break
        self.passed += 1

    def close(self) -> None:
        try:
            if self.passed == len(self.cells):
                cpu = cpu_seconds(self.kernel.km.provisioner.pid)
                record = run_record([cell.outputs for _, cell in self.cells], self.started, cpu)
                self.store.save(self.notebook, self.ask(LOADED), record)
        except NotKept as error:
            warnings.warn(str(error), stacklevel=1)
        finally:
            self.folder.cleanup()


def pytest_configure(config) -> None:
    os.environ["VAE_BOOK"] = "1"
    one_thread()


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item) -> None:
    if isinstance(item, IPyNbCell) and CHAPTER not in item.parent.stash:
        item.parent.stash[CHAPTER] = Chapter(item.parent)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if isinstance(item, IPyNbCell):
        item.parent.stash[CHAPTER].messages.clear()
    result = yield
    if isinstance(item, IPyNbCell):
        item.parent.stash[CHAPTER].take(item.cell_num)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem) -> None:
    if isinstance(item, IPyNbCell) and (nextitem is None or nextitem.parent is not item.parent):
        item.parent.stash[CHAPTER].close()
