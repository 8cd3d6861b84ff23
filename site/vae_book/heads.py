"""What is read of a page before it is opened: its title, a description for those who link to it, the root page."""

import html
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from .search import TAGS, said

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


def base_address(app: Sphinx) -> str:
    """Where the site is published, or "" where nobody has said so."""
    return (app.config.html_baseurl or "").rstrip("/")


def plain_title(context: dict) -> str:
    """The title of a page as Sphinx has it, which may hold a number in an element of its own."""
    return html.unescape(TAGS.sub("", context.get("title", "")))


def meta(values: dict[str, str]) -> str:
    return "\n".join(f'<meta property="{name}" content="{html.escape(value)}">' for name, value in values.items())


def add_description(app: Sphinx, pagename: str, templatename: str, context: dict, document) -> None:
    if document is None or not (words := describe(document)):
        return
    title, base = plain_title(context), base_address(app)
    values = {"og:title": title, "og:description": words, "og:type": "article", "og:site_name": app.config.html_title}
    if base:
        values["og:url"] = f"{base}/{app.builder.get_target_uri(pagename)}"
    tags = [f'<meta name="description" content="{html.escape(words)}">', meta(values)]
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags])


def keep_for_root(app: Sphinx, pagename: str, templatename: str, context: dict, document) -> None:
    """A link to the site is shown as one to its start page is."""
    if pagename == app.config.root_doc:
        app.config.vae_root_tags = context.get("metatags", "").strip()


def root_page(page: str, title: str, tags: str = "") -> str:
    """Jupyter Book makes a bare redirection; a reader who waits, or a link's preview, should see what this is."""
    match = REFRESH.search(page)
    if not match:
        return page
    head = f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n{match[0]}\n'
    body = f'<body><p><a href="{match["url"]}">{title}</a></p></body>\n</html>\n'
    return f"{head}{tags}\n</head>\n{body}"


def finish(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        page = path.read_text(encoding="utf8")
        titled = TWICE.sub(r"<title>\1</title>", page)
        mended = root_page(titled, html.escape(app.config.html_title), app.config.vae_root_tags)
        if mended != page:
            path.write_text(mended, encoding="utf8")


def setup(app: Sphinx) -> None:
    app.add_config_value("vae_root_tags", "", "")
    app.connect("html-page-context", add_description)
    app.connect("html-page-context", keep_for_root, priority=520)
    app.connect("build-finished", finish, priority=950)
