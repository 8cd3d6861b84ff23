"""Writes the paper's table into chapter 9 from benchmarks/paper.json: python -m benchmarks.table"""

import re
from pathlib import Path

import nbformat

from .iwae import ROWS
from .paper import results

CHAPTER = Path(__file__).resolve().parent.parent / "chapters" / "09_evaluation.ipynb"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def table(entries):
    """The rows of the paper as Markdown; a row without an entry says that it was not run."""
    lines = [
        "| model | paper | ours | gap | steps | core hours | active units | NLL change without the inactive |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, row in ROWS.items():
        if name in entries:
            lines.append(f"| {row.title} | {row.paper:.2f} | {measured(entries[name])} |")
        else:
            lines.append(f"| {row.title} | {row.paper:.2f} | not run | | | | | |")
    return "\n".join(lines)


def measured(entry):
    change = entry["nll_500_without_inactive"]
    cells = (
        f"{entry['nll']:.2f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{entry['standard_error']:.2f}",
        signed(entry["nll"] - entry["paper"]),
        f"{entry['steps']:,}",
        f"{entry['core_hours']:.1f}",
        str(entry["active_units"]),
        "" if change is None else signed(change - entry["nll_500"]),
    )
    return " | ".join(cells)


def signed(value):
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")


def within(source, text):
    """The source of a Markdown cell with `text` between its two marks."""
    pattern = re.compile(f"{BEGIN}.*{END}", re.DOTALL)
    if not pattern.search(source):
        raise ValueError(f"source: got a cell without {BEGIN} and {END}, expected both")
    return pattern.sub(lambda _: f"{BEGIN}\n\n{text}\n\n{END}", source)


def main():
    notebook = nbformat.read(CHAPTER, as_version=4)
    for cell in notebook.cells:
        if BEGIN in cell.source:
            cell.source = within(cell.source, table(results()))
    nbformat.write(notebook, CHAPTER)


if __name__ == "__main__":
    main()
