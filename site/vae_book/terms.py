"""The first use of a word of the glossary in a chapter leads there, and says at the pointer what it means."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

from .search import GLOSSARY, env_pages
from .text import NO_LINKS, Box, has_ancestor

# Words that also mean something else: a learning rate, a piece of evidence, the precision of a number.
AMBIGUOUS = {"rate", "evidence", "precision and recall", "nat"}


def pattern(terms: list[dict]) -> re.Pattern:
    """Any of the names, whole, as they are written or with a capital at the beginning; longer names come first."""
    names = sorted((name for term in terms for name in term["names"]), key=len, reverse=True)
    either = "|".join(f"(?:{re.escape(name[0])}|{re.escape(name[0].upper())}){re.escape(name[1:])}" for name in names)
    return re.compile(rf"(?<![\w-])(?:{either})(?![\w-])")


def by_name(terms: list[dict]) -> dict[str, dict]:
    """Which term a name stands for: its own before another's synonym."""
    others = {name.lower(): term for term in terms for name in term["names"]}
    return others | {term["names"][0].lower(): term for term in terms}


def link_terms(app: Sphinx, document: nodes.document, docname: str) -> None:
    terms = [t for t in env_pages(app.env).get(GLOSSARY, {}).get("terms", []) if t["names"][0] not in AMBIGUOUS]
    if not terms or docname in (GLOSSARY, *app.config.vae_appendices, app.config.root_doc):
        return
    found, known, linked = pattern(terms), by_name(terms), set()
    for text in list(document.findall(nodes.Text)):
        if has_ancestor(text, (nodes.paragraph,)) and not has_ancestor(text, (*NO_LINKS, Box)):
            pieces = list(split(app, docname, text.astext(), found, known, linked))
            if len(pieces) > 1:
                text.parent.replace(text, pieces)


def split(app: Sphinx, docname: str, text: str, found: re.Pattern, known: dict[str, dict], linked: set[str]):
    start = 0
    for match in found.finditer(text):
        term = known[match[0].lower()]
        if term["id"] not in linked:
            linked.add(term["id"])
            yield nodes.Text(text[start : match.start()])
            said = term["text"].partition("Chapter ")[0].strip()
            link = make_refnode(app.builder, docname, GLOSSARY, term["id"], nodes.inline("", match[0]), said)
            link["classes"].append("term")
            yield link
            start = match.end()
    yield nodes.Text(text[start:])


def setup(app: Sphinx) -> None:
    app.connect("doctree-resolved", link_terms, priority=600)  # after the formulas have their links
