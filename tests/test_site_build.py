"""The website's build: outputs are never stale, nothing runs that need not, a failing chapter is named."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
TOC = "format: jb-book\nroot: start\nchapters:\n  - file: tiny\n"
ANSWER = "from vae_utils.answer import answer\nprint('answer', answer())"
NBVAL = ("--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider")
WIDGET = "from vae_utils import widgets\nwidgets.{}()"


class Book:
    """A book of one page and tiny chapters, with a copy of the package that may be edited."""

    def __init__(self, root: Path):
        self.root = root
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "site", root / "site", ignore=ignore)
        shutil.copytree(ROOT / "vae_utils", root / "vae_utils", ignore=ignore)
        (root / "vae_utils" / "__init__.py").write_text("")
        shutil.copy(ROOT / "_config.yml", root)
        (root / "_toc.yml").write_text(TOC)
        (root / "start.md").write_text("# Start\n\nSee [the chapter](tiny.ipynb).\n")
        self.write_package(1)
        self.write_chapter(ANSWER)

    def write_package(self, answer: int) -> None:
        (self.root / "vae_utils" / "answer.py").write_text(f"def answer():\n    return {answer}\n")

    def write_chapter(self, code: str, text: str = "# Tiny\n\nFirst.", name: str = "tiny", checked: str = "") -> None:
        cells = [nbformat.v4.new_markdown_cell(text, id="a"), nbformat.v4.new_code_cell(code, id="b")]
        if checked:
            cells[1].metadata["tags"], cells[1].execution_count = ["nbval-check-output"], 1
            cells[1].outputs = [nbformat.v4.new_output("stream", text=checked)]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), self.root / f"{name}.ipynb")
        if f"file: {name}\n" not in (toc := (self.root / "_toc.yml").read_text()):
            (self.root / "_toc.yml").write_text(f"{toc}  - file: {name}\n")

    def edit(self, name: str, line: str) -> None:
        """Adds a line to the one file of that name, or of that folder and name, in the package."""
        (path,) = (self.root / "vae_utils").rglob(name)
        path.write_text(path.read_text(encoding="utf8") + f"\n{line}\n", encoding="utf8")

    def run(self, *command: str) -> subprocess.CompletedProcess:
        paths = {"PYTHONPATH": f"{self.root}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, *command]
        return subprocess.run(command, cwd=self.root, env=os.environ | paths, capture_output=True, text=True)

    def build(self) -> subprocess.CompletedProcess:
        return self.run(
            str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "--warningiserror", "--quiet"
        )

    def check(self, name: str) -> subprocess.CompletedProcess:
        """A chapter under nbval, as `make test` does it."""
        return self.run("-m", "pytest", "--rootdir=.", "-p", "tools.nbval_outputs", *NBVAL, f"{name}.ipynb")

    def executed(self) -> set[str]:
        """The chapters that a build runs."""
        result = self.build()
        assert result.returncode == 0, result.stdout + result.stderr
        return set(re.findall(r"^  (\w+): [\d.]+ s", result.stdout, re.MULTILINE))

    def page(self, name: str = "tiny") -> str:
        return (self.root / "_build" / "html" / f"{name}.html").read_text(encoding="utf8")


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    book = Book(tmp_path_factory.mktemp("book"))
    assert book.executed() == {"tiny"}
    assert "answer 1" in book.page()
    return book


def test_an_edit_of_the_package_is_seen_and_nothing_else_runs(book):
    assert book.executed() == set()

    book.write_package(2)
    assert book.executed() == {"tiny"}
    assert "answer 2" in book.page()

    book.write_chapter(ANSWER, "# Tiny\n\nSecond.")
    assert book.executed() == set()
    assert "Second." in book.page()
    assert "answer 2" in book.page()

    book.write_package(1)
    assert book.executed() == set(), "the outputs of the first state were kept"
    assert "answer 1" in book.page()


def test_only_the_chapters_that_loaded_a_file_run_again(book):
    book.write_chapter(WIDGET.format("KL"), "# KL", "kl")
    book.write_chapter(WIDGET.format("Face"), "# Face", "face")
    assert book.executed() == {"kl", "face"}
    book.edit("kl.mjs", "// a comment")
    book.edit("playground.mjs", "// a comment in a widget that stands in no chapter")
    assert book.executed() == {"kl"}
    book.edit("widgets/face.py", "# a comment")
    assert book.executed() == {"face"}
    book.edit("widget.css", "/* a comment in the style of every widget */")
    assert book.executed() == {"kl", "face"}


SHOWING = """import os, sys
from IPython.display import clear_output, display
print("one")
changing = display("first", display_id=True)
print("two", os.listdir("."))
print("aside", file=sys.stderr)
changing.update("second")
print("gone"); clear_output(wait=True); print("left")
from vae_utils import widgets
widgets.KL()"""


def test_a_chapter_that_nbval_has_passed_is_not_executed_again_and_looks_the_same(book):
    book.write_chapter(SHOWING, "# Shown", "shown")
    assert "shown" in book.executed()
    executed = book.page("shown")
    assert "left" in executed and 'data-widget="kl"' in executed
    shutil.rmtree(book.root / "_build" / ".outputs")
    for name in re.findall(r"file: (\w+)", (book.root / "_toc.yml").read_text()):
        result = book.check(name)
        assert result.returncode == 0, result.stdout
    assert book.executed() == set()
    assert book.page("shown") == executed


@pytest.mark.parametrize(("code", "why"), [("print(1 + 2)", "Cell outputs differ"), ("1 / 0", "ZeroDivisionError")])
def test_what_fails_under_nbval_is_not_kept(book, code, why):
    def kept() -> set[Path]:
        return set((book.root / "_build" / ".outputs").iterdir())

    before = kept()
    book.write_chapter(code, checked="4\n")
    result = book.check("tiny")
    assert result.returncode == 1 and why in result.stdout
    assert kept() == before
    book.write_chapter(f"print(1 + 3)  # not {code}", checked="4\n")
    assert book.check("tiny").returncode == 0
    assert len(kept() - before) == 1


def test_a_failing_chapter_is_named(book):
    book.write_chapter("raise ValueError('the reason why')")
    result = book.build()
    assert result.returncode != 0
    assert "the reason why" in result.stdout + result.stderr
    assert "tiny" in result.stdout + result.stderr
