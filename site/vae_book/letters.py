"""The first use of a letter in a chapter leads to the page that says what else it means elsewhere."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

from .cells import CHAPTER
from .search import said
from .text import Box, has_ancestor

NOTATION = "chapters/notation"
# By the address of a section of that page: the letter as it is written, alone or with an index or a square.
LETTERS = {"alpha": r"\\alpha", "beta": r"\\beta", "epsilon": r"\\(?:var)?epsilon", "sigma": r"\\sigma", "k-and-k": "K"}
FORMULAS = {place: re.compile(rf"{letter}(?:_(?:\w|\{{\w+\}}))?(?:\^2)?") for place, letter in LETTERS.items()}
NO_PLACE = (nodes.reference, nodes.title, nodes.strong, nodes.table, Box)


def place_of(formula: str) -> str | None:
    return next((place for place, form in FORMULAS.items() if form.fullmatch(formula.strip())), None)


def meanings(document: nodes.document) -> dict[str, str]:
    """By the address of a section: its first paragraph, which says what the letter means here."""
    sections = {section["ids"][0]: section for section in document.findall(nodes.section)}
    return {place: said(next(sections[place].findall(nodes.paragraph))) for place in LETTERS}


def link_letters(app: Sphinx, document: nodes.document, docname: str) -> None:
    if not CHAPTER.match(docname) or NOTATION not in app.env.found_docs:
        return
    left = meanings(app.env.get_doctree(NOTATION))
    for formula in list(document.findall(nodes.math)):
        place = place_of(formula.astext())
        if place in left and has_ancestor(formula, (nodes.paragraph,)) and not has_ancestor(formula, NO_PLACE):
            parent, where = formula.parent, formula.parent.index(formula)
            link = make_refnode(app.builder, docname, NOTATION, place, formula, left.pop(place))
            link["classes"].append("term")
            parent[where] = link


def setup(app: Sphinx) -> None:
    app.connect("doctree-resolved", link_letters, priority=600)
