"""Writes the exercises of the chapters without their solutions, a notebook for each chapter, into _build/exercises.

python -m tools.exercises              all chapters
python -m tools.exercises 02_elbo      one, or several

A sheet holds what its exercises stand on and no more: the imports, the cells whose names a solution needs, and the
formulas that a box or its hint mentions.
"""

import ast
import builtins
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from symtable import SymbolTable, symtable
from typing import NamedTuple

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from .fork import current_address, site_address
from .notebook import ROOT, SOLUTION, clean
from .page import find_chapter

OUT = ROOT / "_build" / "exercises"
BOX = re.compile(r"^> \*\*Exercise (\d+\.\d+)\.?\*\*", re.MULTILINE)
CHECK = re.compile(r"^checks\.exercise\(.*\)$", re.MULTILINE)
FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
TAG = re.compile(r"\\tag\{([^}]*)\}")
MENTION = re.compile(r"\((\d+\.\d+)\)")
LINK = re.compile(r"\]\((\w+)\.(?:ipynb|md)(#[\w-]*)?\)")


class Task(NamedTuple):
    """An exercise: its box and hint, the cell to be filled in, the names it needs and the places of their cells."""

    text: str
    blank: str
    names: set[str]
    needs: list[int]


def sheet(path: Path) -> nbformat.NotebookNode:
    """The exercises of a chapter as a clean notebook."""
    chapter = nbformat.read(path, as_version=4).cells
    title = chapter[0].source.splitlines()[0]
    cells = [new_markdown_cell(head(title, path.stem)), new_code_cell(metadata={"tags": ["setup"]})]
    found = tasks(chapter)
    places = {place for task in found for place in task.needs}
    names = {name for place in places for name in free(chapter[place].source)}
    names = names.union(*(task.names for task in found))
    for task in found:
        cells += [new_code_cell(lean(chapter[i].source, names)) for i in task.needs if i in places]
        places -= {*task.needs}
        cells += [new_markdown_cell(with_addresses(task.text)), new_code_cell(task.blank)]
    return clean(new_notebook(cells=cells), f"{path.stem[:2]}-exercises")


def head(title: str, stem: str) -> str:
    return (
        f"{title}: exercises\n\nThey belong to [this chapter]({address(stem)}), which tells what you need. "
        "Run the cells from the top. Put your answer where `...` stands and run its cell: a line says whether "
        "it is right, and if not, what differs. From the second try on it gives a hint."
    )


def address(stem: str) -> str:
    return f"{site_address(current_address(ROOT))}/chapters/{stem}.html"


def with_addresses(text: str) -> str:
    """Links to other chapters lead to the website: the sheet stands in a folder of its own."""
    return LINK.sub(lambda link: f"]({address(link[1])}{link[2] or ''})", text)


def tasks(chapter: list) -> list[Task]:
    formulas = {tag: block for cell in chapter for block in FORMULA.findall(cell.source) for tag in TAG.findall(block)}
    found = []
    for place, cell in enumerate(chapter):
        if cell.cell_type == "markdown" and (box := BOX.search(cell.source)):
            blank, solution = blank_and_solution(chapter[place:], box[1])
            names, text = free(blank) | free(solution), with_formulas(cell.source[box.start() :], formulas)
            found.append(Task(text, blank, names, sorted(stood_on(chapter, place, names))))
    return found


def blank_and_solution(cells: list, exercise: str) -> tuple[str, str]:
    """The cell to be filled in, and the solution up to the line that checks it."""
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    solution = next(source for source in code if source.startswith(f"{SOLUTION} {exercise}\n"))
    return code[0], solution[: CHECK.search(solution).end()]


def with_formulas(text: str, formulas: dict[str, str]) -> str:
    """The formulas that the question mentions stand below it, those of the hint in the hint."""
    question, fold, hint = text.partition("<details>")
    asked, hinted = ([tag for tag in MENTION.findall(part) if tag in formulas] for part in (question, hint))
    words, end, rest = hint.partition("</details>")
    below, inside = [], [words.rstrip()]
    for tag in dict.fromkeys(asked + hinted):
        (below if tag in asked else inside).append(formulas[tag])
    if len(inside) > 1:
        words = "\n\n".join(inside) + "\n\n"
    return "\n\n".join([question.rstrip(), *below, f"{fold}{words}{end}{rest}"]).strip()


def stood_on(cells: list, end: int, names: set[str]) -> set[int]:
    """The places of the cells before `end` that last gave these names, and of all that those need in turn."""
    found = set()
    for name in names:
        at = next((i for i in reversed(range(end)) if name in bound(cells[i])), None)
        if at is not None:
            found |= {at} | stood_on(cells, at, free(cells[at].source))
    return found


def bound(cell) -> set[str]:
    """The names that a cell of the text gives; those of exercises are for the reader to give."""
    if cell.cell_type != "code" or CHECK.search(cell.source) or "setup" in cell.metadata.get("tags", []):
        return set()
    return given(symtable(cell.source, "cell", "exec"))


def given(table: SymbolTable) -> set[str]:
    return {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}


def free(source: str) -> set[str]:
    """The names that code needs from elsewhere."""
    top = symtable(source, "cell", "exec")
    used = {
        symbol.get_name()
        for table in tables(top)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (table is top or symbol.is_global())
    }
    return used - given(top) - set(dir(builtins))


def tables(table: SymbolTable) -> Iterator[SymbolTable]:
    yield table
    for child in table.get_children():
        yield from tables(child)


def lean(source: str, names: set[str]) -> str:
    """A cell with imports keeps them and what gives one of `names`, and leaves the settings of the chapter out."""
    statements = ast.parse(source).body
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    if not imports:
        return source
    parts = {node: ast.get_source_segment(source, node) for node in statements}
    kept = [node for node in statements if node in imports or names & given(symtable(parts[node], "cell", "exec"))]
    text, end = "", 0
    for node in kept:
        text += "\n" * min(node.lineno - end, 3 if end else 0) + parts[node]
        end = node.end_lineno
    return text


def main(names: list[str]) -> None:
    chapters = [find_chapter(name, ".ipynb") for name in names] or sorted((ROOT / "chapters").glob("[0-9]*_*.ipynb"))
    OUT.mkdir(parents=True, exist_ok=True)
    for path in chapters:
        target = OUT / f"{path.stem}_exercises.ipynb"
        nbformat.write(sheet(path), target)
        print(f"wrote {target}")


if __name__ == "__main__":
    main(sys.argv[1:])
