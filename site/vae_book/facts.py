"""What stands under a title: how long a chapter takes to read and its code to run; what may be passed over."""

import html
import re

from docutils import nodes
from sphinx.application import Sphinx

from .cells import WIDGET
from .text import Box, has_ancestor

WORDS_A_MINUTE = 200
SECONDS = {"formula": 10, "figure": 20, "widget": 60}
OPTIONAL = "Optional: nothing later depends on this section."
SVG = re.compile(r"<svg\b.*</svg>", re.DOTALL)
NO_PROSE = (nodes.math, nodes.math_block, nodes.literal_block, nodes.raw)


def count(document: nodes.document) -> dict[str, int]:
    raw = [node.astext() for node in document.findall(nodes.raw)]
    moving = [html for html in raw if WIDGET.search(html)]
    prose = (text.astext() for text in document.findall(nodes.Text) if not has_ancestor(text, NO_PROSE))
    return {
        "words": sum(len(text.split()) for text in prose),
        "formula": sum(1 for _ in document.findall(nodes.math_block)),
        "figure": sum("figure-number" in html for html in raw),
        "widget": len(moving),
        "exercise": sum(box["kind"] == "exercise" for box in document.findall(Box)),
        "myth": sum(box["kind"] == "myth" for box in document.findall(Box)),
    }


def widgets(document: nodes.document) -> list[dict]:
    """Of each widget of a page: its name, its sentence, and the SVG that stands in for it without JavaScript."""
    found = []
    for raw in document.findall(nodes.raw):
        if name := WIDGET.search(raw.astext()):
            said, _, still = raw.astext().partition("<noscript><p>")[2].partition("</noscript>")[0].partition("</p>")
            sentence = html.unescape(said).partition(" This figure moves")[0]
            found.append({"name": name[1], "sentence": sentence, "still": still})
    return found


def first_figure(document: nodes.document) -> str:
    """The SVG of the first figure of a page, or nothing."""
    shown = (SVG.search(raw.astext()) for raw in document.findall(nodes.raw) if "figure-number" in raw.astext())
    return next((found[0] for found in shown if found), "")


def minutes(counted: dict[str, int]) -> int:
    """To read and look, without exercises; to five minutes."""
    looked = sum(seconds * counted[kind] for kind, seconds in SECONDS.items())
    return max(5, 5 * round((counted["words"] / WORDS_A_MINUTE + looked / 60) / 5))


def several(number: int, name: str) -> str:
    return f"{number} {name}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    whole, rest = divmod(round(seconds), 60)
    return f"{whole} min {rest} s" if whole else f"{rest} s"


def in_words(counted: dict[str, int], run: dict | None) -> str:
    facts = [f"{minutes(counted)} minutes to read"]
    facts += [several(counted[kind], kind) for kind in ("widget", "exercise") if counted[kind]]
    if run:
        facts.append(f"the code ran in {duration(run['cpu_seconds'])} on one core ({run['machine']})")
    return " · ".join(facts)


def add_facts(app: Sphinx, document: nodes.document) -> None:
    run = env_runs(app.env).get(app.env.docname)
    title = next(document.findall(nodes.title), None)
    if run and title is not None:
        counted = count(document)
        shown = {"widgets": widgets(document), "figure": first_figure(document)}
        run |= {"minutes": minutes(counted), "counted": counted, **shown}
        title.parent.insert(title.parent.index(title) + 1, line(in_words(counted, run)))


def line(words: str) -> nodes.container:
    return nodes.container("", nodes.Text(words), classes=["facts"])


def about_runs(runs: list[dict]) -> str:
    machines = " and ".join(sorted({run["machine"] for run in runs}))
    seconds = duration(sum(run["cpu_seconds"] for run in runs))
    scans = "the 1,797 real scans that come with scikit-learn; where MNIST is at hand, the chapters take it"
    digits = "MNIST" if any(run["digits"] == "MNIST" for run in runs) else scans
    ran = f"The code of all chapters ran in {seconds} on one core ({machines})."
    return f"Minutes are for reading. {ran} Their digits: {digits}."


def mark_optional(document: nodes.document) -> None:
    for section in document.findall(nodes.section):
        first = next((child for child in section.children if isinstance(child, nodes.paragraph)), None)
        if first is not None and first.astext().strip() == OPTIONAL:
            first["classes"].append("optional")


def read_document(app: Sphinx, document: nodes.document) -> None:
    mark_optional(document)
    add_facts(app, document)


def env_runs(env) -> dict[str, dict]:
    """By page: the record of the run whose outputs it shows."""
    if not hasattr(env, "vae_runs"):
        env.vae_runs = {}
    return env.vae_runs


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", read_document, priority=410)  # boxes and addresses are there
    app.connect("env-purge-doc", lambda app, env, docname: env_runs(env).pop(docname, None))
