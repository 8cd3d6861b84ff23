"""What the website needs beyond Jupyter Book: executed chapters, linked formulas, boxes, and only local files."""

import os

from sphinx.application import Sphinx

from . import assets, cards, cells, execution, facts, found, front, heads, letters, myths, results, search, terms, text


def setup(app: Sphinx) -> dict:
    # Widgets and progress bars look at this to know that no live kernel will stand behind their output.
    os.environ["VAE_BOOK"] = "1"
    for module in (
        execution,
        text,
        cells,
        myths,
        facts,
        front,
        search,
        terms,
        letters,
        heads,
        cards,
        found,
        results,
        assets,
    ):
        module.setup(app)
    return {"version": "1", "env_version": 7, "parallel_read_safe": False, "parallel_write_safe": True}
