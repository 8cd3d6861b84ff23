"""What is read of a page before it is opened: its title, a description for those who link to it, the root page."""

import html
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from .search import said

TWICE = re.compile(r"<title>([^<]*) (?:&#8212;|—) \1</title>")
REFRESH = re.compile(r'<meta http-equiv="Refresh" content="0; url=(?P<url>[^"]+)"\s*/?>')
LONGEST = 200


def describe(document: nodes.document) -> str:
    """The beginning of the first paragraph, to the end of a sentence or a word."""
    first = next((p for p in document.findall(nodes.paragraph)), None)
    text = said(first).removeprefix("The question. ") if first is not None else ""
    if len(text) <= LONGEST:
        return text
    sentences = text[:LONGEST].rpartition(". ")[0]
    return f"{sentences}." if sentences else text[:LONGEST].rpartition(" ")[0] + " …"


def add_description(app: Sphinx, pagename: str, templatename: str, context: dict, document) -> None:
    if document is not None and (words := describe(document)):
        title = context.get("title", "")
        values = {"og:title": title, "og:description": words, "og:type": "article"}
        tags = [f'<meta name="description" content="{html.escape(words)}">']
        tags += [f'<meta property="{name}" content="{html.escape(value)}">' for name, value in values.items()]
        context["metatags"] = "\n".join([context.get("metatags", ""), *tags])


def root_page(page: str, title: str) -> str:
    """Jupyter Book makes a bare redirection; a reader who waits, or a link's preview, should see what this is."""
    match = REFRESH.search(page)
    if not match:
        return page
    head = f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n{match[0]}\n'
    return f'{head}</head>\n<body><p><a href="{match["url"]}">{title}</a></p></body>\n</html>\n'


def finish(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        page = path.read_text(encoding="utf8")
        mended = root_page(TWICE.sub(r"<title>\1</title>", page), html.escape(app.config.html_title))
        if mended != page:
            path.write_text(mended, encoding="utf8")


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", add_description)
    app.connect("build-finished", finish, priority=950)
