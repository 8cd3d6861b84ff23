"""The picture that goes with a link to a page: its title and first words, beside a still of its first widget."""

import base64
import io
import json
import re
import shutil
import textwrap
from pathlib import Path
from unittest import mock

import matplotlib
import numpy as np
from docutils import nodes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sphinx.application import Sphinx

from vae_utils import plots, widgets

from .cells import CHAPTER, WIDGET
from .front import START
from .heads import base_address, describe, meta, plain_title

PAPER, INK, MUTED = "#fffdf9", "#1f2730", "#56606b"
LOOK = {"font.family": "STIXGeneral", "text.parse_math": False, "svg.hashsalt": "card"}
SIZE = (1200, 630)  # pixels, as those who show links ask for
MOUNTED = re.compile(r"mount\(\.\.\.(\[.*\])\);\n\}\)\(\);", re.DOTALL)


def first_widget(document: nodes.document) -> widgets.Widget | None:
    """The widget itself, made again from what stands on the page."""
    for raw in document.findall(nodes.raw):
        text = raw.astext()
        if (name := WIDGET.search(text)) and (mounted := MOUNTED.search(text)):
            return rebuilt(name[1], json.loads(mounted[1])[2])
    return None


def rebuilt(module: str, payload: dict) -> widgets.Widget:
    kinds = (getattr(widgets, name) for name in widgets.__all__)
    kind = next(kind for kind in kinds if kind.module == module)
    made = kind.__new__(kind)  # a constructor of its own may take less than all fields
    widgets.Widget.__init__(made, **{name: as_value(payload[name]) for name in kind.fields()})
    return made


def as_value(value):
    if isinstance(value, dict) and {"dtype", "shape", "data"} <= set(value):
        return np.frombuffer(base64.b64decode(value["data"]), value["dtype"]).reshape(value["shape"])
    return value


def pixels_of(widget: widgets.Widget) -> np.ndarray:
    """Its still figure as (height, width, 4), before `plots.show` makes an SVG of it."""
    drawn, buffer = [], io.BytesIO()

    def keep(figure, alt, caption=""):
        drawn.append(figure)
        return plots.Figure("", alt, caption)

    with matplotlib.rc_context(), mock.patch.object(plots, "show", keep):
        plots.use_style()
        widget.still()
        drawn[0].savefig(buffer, format="png", dpi=200, bbox_inches="tight", facecolor=PAPER)
    buffer.seek(0)
    return matplotlib.image.imread(buffer)


def draw(title: str, words: str, picture: np.ndarray, target: Path) -> None:
    with matplotlib.rc_context(LOOK):
        card = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor=PAPER)
        for i, concept in enumerate(("prior", "posterior", "likelihood")):
            bar = Rectangle((0.05 + 0.05 * i, 0.9), 0.048, 0.012, color=plots.COLORS[concept], lw=0)
            card.add_artist(bar)
        lines = textwrap.wrap(title, 20)
        card.text(0.05, 0.83, "\n".join(lines), size=44, weight="bold", color=INK, va="top", linespacing=1.05)
        below = 0.78 - 0.115 * len(lines)
        said = textwrap.shorten(words, 210, placeholder=" …")
        card.text(0.05, below, textwrap.fill(said, 42), size=21, color=MUTED, va="top", linespacing=1.3)
        axes = card.add_axes((0.55, 0.08, 0.41, 0.84))
        axes.imshow(picture, interpolation="lanczos")
        axes.axis("off")
        target.parent.mkdir(parents=True, exist_ok=True)
        card.savefig(target, metadata={"Software": None})


def kept(app: Sphinx) -> Path:
    return Path(app.doctreedir) / "cards"


def name_of(page: str) -> str:
    return f"{page.rpartition('/')[2]}.png"


def collect(app: Sphinx, document: nodes.document) -> None:
    page = app.env.docname
    widget = widgets.FrontMap.trained() if page == START else first_widget(document)
    title = next(document.findall(nodes.title), None)
    if widget is not None and title is not None:
        chapter = CHAPTER.match(page)
        words = f"{int(chapter[1])}. {title.astext()}" if chapter else title.astext()
        draw(words, describe(document), pixels_of(widget), kept(app) / name_of(page))


def add_picture(app: Sphinx, pagename: str, templatename: str, context: dict, document) -> None:
    """An address in full, or none: those who show a link have no page to start from."""
    base = base_address(app)
    if document is None or not base:
        return
    own = (kept(app) / name_of(pagename)).is_file()
    values = {
        "og:image": f"{base}/_static/cards/{name_of(pagename if own else START)}",
        "og:image:width": str(SIZE[0]),
        "og:image:height": str(SIZE[1]),
        "og:image:alt": f"{plain_title(context)}, and a figure of its page",
    }
    context["metatags"] += "\n" + meta(values) + '\n<meta name="twitter:card" content="summary_large_image">'


def finish(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html" or not kept(app).is_dir():
        return
    shutil.copytree(kept(app), Path(app.outdir) / "_static" / "cards", dirs_exist_ok=True)


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", collect, priority=430)
    app.connect("html-page-context", add_picture, priority=510)  # after the description
    app.connect("build-finished", finish, priority=800)
