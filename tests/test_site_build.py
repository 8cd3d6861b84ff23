"""The website's build: outputs are never stale, nothing runs twice, a failing chapter is named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
TOC = "format: jb-book\nroot: start\nchapters:\n  - file: tiny\n"


class Book:
    """A book of one page and one tiny chapter, with a copy of the package that may be edited."""

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
        self.write_chapter("from vae_utils.answer import answer\nprint('answer', answer())")

    def write_package(self, answer: int) -> None:
        (self.root / "vae_utils" / "answer.py").write_text(f"def answer():\n    return {answer}\n")

    def write_chapter(self, code: str, text: str = "# Tiny\n\nFirst.") -> None:
        cells = [nbformat.v4.new_markdown_cell(text, id="a"), nbformat.v4.new_code_cell(code, id="b")]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), self.root / "tiny.ipynb")

    def build(self) -> subprocess.CompletedProcess:
        program = Path(sys.executable).with_name("jupyter-book")
        environment = {**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [str(program), "build", ".", "--warningiserror", "--quiet"]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True)

    def page(self) -> str:
        return (self.root / "_build" / "html" / "tiny.html").read_text(encoding="utf8")


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    book = Book(tmp_path_factory.mktemp("book"))
    result = book.build()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "answer 1" in book.page()
    return book


def test_an_edit_of_the_package_is_seen_and_nothing_else_runs(book):
    assert "executing" not in book.build().stdout

    book.write_package(2)
    assert "executing 1 of 1" in book.build().stdout
    assert "answer 2" in book.page()

    book.write_chapter("from vae_utils.answer import answer\nprint('answer', answer())", "# Tiny\n\nSecond.")
    assert "executing" not in book.build().stdout
    assert "Second." in book.page()
    assert "answer 2" in book.page()

    book.write_package(1)
    result = book.build()
    assert "executing" not in result.stdout, "the outputs of the first state were kept"
    assert "answer 1" in book.page()


def test_a_failing_chapter_is_named(book):
    book.write_chapter("raise ValueError('the reason why')")
    result = book.build()
    assert result.returncode != 0
    assert "the reason why" in result.stdout + result.stderr
    assert "tiny" in result.stdout + result.stderr
