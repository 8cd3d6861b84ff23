"""Code cells as a reader meets them: folded to a line that says what it holds; figures and widgets with addresses."""

import re
from collections import Counter

from docutils import nodes
from sphinx.application import Sphinx

SPECIAL = {"# Solution": "the solution", "# @title Solution": "the solution", "import importlib.util": "the setup"}
CHAPTER = re.compile(r"(?:.*/)?(\d\d)_")
FIGURE = '<figure class="vae-figure">'
WIDGET = re.compile(r'<div class="vae-widget" id="[^"]*" data-widget="(\w+)">')


class CodeFold(nodes.container):
    """The input of a code cell. It stands open unless book.js closes it."""


def visit_fold(translator, node: CodeFold) -> None:
    translator.body.append(f'<details class="hide code-fold" open>\n<summary>{node["label"]}</summary>\n')


def depart_fold(translator, node: CodeFold) -> None:
    translator.body.append("</details>\n")


def code_of(cell: nodes.container) -> str:
    return next((block.astext() for block in cell.findall(nodes.literal_block)), "")


def length(code: str) -> str:
    lines = len(code.strip().splitlines())
    return f"code, {lines} {'line' if lines == 1 else 'lines'}"


def fold_code(document: nodes.document) -> None:
    for cell in list(document.findall(nodes.container)):
        if "prompt_show" in cell:
            name_fold(cell)
        elif cell.get("nb_element") == "cell_code" and cell.children:
            source = cell[0]
            if source.get("nb_element") == "cell_code_source":
                cell.replace(source, CodeFold("", source, label=length(code_of(source))))


def name_fold(cell: nodes.container) -> None:
    """Two kinds of folded cells are no plumbing, so their buttons say what waits inside."""
    code = code_of(cell)
    name = next((name for beginning, name in SPECIAL.items() if code.startswith(beginning)), None)
    show, hide = (f"Show {name}", f"Hide {name}") if name else (length(code), length(code))
    cell["prompt_show"], cell["prompt_hide"] = show, hide


def give_addresses(document: nodes.document, docname: str) -> None:
    """#figure-6-2 is the second figure of chapter 6, #widget-kl the first KL widget of its page."""
    chapter = CHAPTER.match(docname)
    seen: Counter[str] = Counter()
    for raw in document.findall(nodes.raw):
        html = raw.astext()
        if match := WIDGET.search(html):
            seen[match[1]] += 1
            raw[:] = [nodes.Text(html.replace(match[0], place_widget(match, seen[match[1]]), 1))]
        elif FIGURE in html and chapter:
            seen[""] += 1
            raw[:] = [nodes.Text(number_figure(html, int(chapter[1]), seen[""]))]


def number_figure(html: str, chapter: int, number: int) -> str:
    address = f"figure-{chapter}-{number}"
    name = f'<a class="figure-number" href="#{address}">Figure {chapter}.{number}.</a> '
    opening = FIGURE.replace(">", f' id="{address}">')
    return html.replace(FIGURE, opening, 1).replace("<figcaption>", f"<figcaption>{name}", 1)


def place_widget(match: re.Match, copy: int) -> str:
    name = match[1].replace("_", "-")
    address = f"widget-{name}" if copy == 1 else f"widget-{name}-{copy}"
    link = f'<a class="headerlink" href="#{address}" title="Link to this widget">#</a>'
    return f'<div class="widget-place" id="{address}">{link}</div>\n{match[0]}'


def read_document(app: Sphinx, document: nodes.document) -> None:
    fold_code(document)
    give_addresses(document, app.env.docname)


def setup(app: Sphinx) -> None:
    app.add_node(CodeFold, html=(visit_fold, depart_fold))
    app.connect("doctree-read", read_document, priority=400)
