"""The executed chapters beside the pages, to be downloaded, or opened in Colab, with their results already in them."""

import html
import re
from pathlib import Path

import nbformat
from sphinx.application import Sphinx
from sphinx.util import logging

from vae_utils.widgets.parts.host import as_image

from .cells import CHAPTER, FIGURE, WIDGET
from .execution import env_keys, read_notebook
from .facts import SVG
from .heads import base_address
from .outputs import OutputStore, code_cells

FOLDER = "results"
MOST = 3_000_000  # bytes of one notebook
LABEL = re.compile(r'aria-label="([^"]*)"')
CAPTION = re.compile(r"<figcaption>(.*)</figcaption>", re.DOTALL)
STILL = re.compile(r"<noscript><p>(.*?) This figure moves.*?</p>(.*?)</noscript>", re.DOTALL)

logger = logging.getLogger(__name__)


def picture(svg: str) -> str:
    return as_image(svg, LABEL.search(svg)[1])


def without_page(shown: str, place: str) -> str:
    """What stands on a page, for where there is none around it: figures as images, a widget as its still."""
    if name := WIDGET.search(shown):
        sentence, still = STILL.search(shown).groups()
        address = html.escape(f"{place}#widget-{name[1].replace('_', '-')}")
        moves = f'It moves <a href="{address}">on its page</a>, and here once the cell has run.'
        return f"{picture(still) if SVG.search(still) else ''}<p>{sentence} {moves}</p>"
    if FIGURE in shown and (svg := SVG.search(shown)):
        caption = CAPTION.search(shown)
        return picture(svg[0]) + (f"<p><em>{caption[1]}</em></p>" if caption else "")
    return shown


def with_results(notebook: nbformat.NotebookNode, outputs: list[list[dict]], place: str) -> nbformat.NotebookNode:
    """The notebook as it was executed; place: the address of its page."""
    for count, (cell, shown) in enumerate(zip(code_cells(notebook), outputs, strict=True), start=1):
        cell.outputs = [nbformat.from_dict(output) for output in shown]
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            if "text/html" in (data := output.get("data", {})):
                data["text/html"] = without_page("".join(data["text/html"]), place)
    return notebook


def write(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    store, base = OutputStore(Path(app.srcdir)), base_address(app)
    for docname in filter(CHAPTER.match, sorted(env_keys(app.env))):
        path, outputs = Path(app.env.doc2path(docname)), store.load(env_keys(app.env)[docname])["outputs"]
        place = f"{base}/{app.builder.get_target_uri(docname)}"
        text = nbformat.writes(with_results(read_notebook(path), outputs, place)).encode()
        if len(text) > MOST:
            logger.warning("%s with its results: got %s bytes, expected at most %s", path.name, len(text), MOST)
        target = Path(app.outdir) / FOLDER / path.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(text)


def offer(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """A second entry in the menu of the arrow, and in that of the rocket."""
    if pagename not in env_keys(app.env) or not CHAPTER.match(pagename):
        return
    name = f"{Path(pagename).name}.ipynb"
    menus = {group["label"]: group["buttons"] for group in context["header_buttons"] if group["type"] == "group"}
    link = {"type": "link", "url": context["pathto"](f"{FOLDER}/{name}", 1), "text": ".ipynb, with results"}
    look = {
        "icon": "fas fa-file-lines",
        "label": "download-results-button",
        "tooltip": "Download the executed notebook",
    }
    menus["download-buttons"].insert(1, link | look)
    for colab in menus.get("launch-buttons", [])[:1]:
        words = {"text": f"{colab['text']}, with results", "tooltip": "Open the executed notebook in Colab"}
        menus["launch-buttons"].append(colab | words | {"url": in_colab(app.config.html_theme_options, name)})


def in_colab(options: dict, name: str) -> str:
    """Colab opens what lies in a repository: publishing a version puts its results on a branch of their own."""
    host, repository = options["launch_buttons"]["colab_url"].rstrip("/"), options["repository_url"].rstrip("/")
    branch = f"{FOLDER}-{options.get('repository_branch', 'main')}"
    return f"{host}/github/{repository.partition('github.com/')[2]}/blob/{branch}/{name}"


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", offer, priority=950)  # the menus are there
    app.connect("build-finished", write, priority=970)
