"""Reads plain Jupyter Markdown as a book: linked formulas, blockquotes that are boxes."""

import html
import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)
TAG = re.compile(r"\\tag\{(\d+\.\d+)\}")
MENTION = re.compile(r"\((\d+\.\d+)\)")
BOXES = ("note", "myth", "exercise", "summary", "question")
OPENING = re.compile(r"[(\[“‘]+$")
CLOSING = re.compile(r"^[.,;:!?)\]’”…]+|^-(?=\w)")
NO_LINKS = (nodes.math, nodes.math_block, nodes.literal, nodes.literal_block, nodes.reference, nodes.title, nodes.raw)


class Box(nodes.block_quote):
    """A blockquote that begins with a bold Note, Myth, Exercise, ..."""


def visit_box(translator, node: Box) -> None:
    # A blockquote would be read out as a quotation.
    attributes = {"role": "note", "aria-label": node["label"]}
    translator.body.append(translator.starttag(node, "div", CLASS=f"box box-{node['kind']}", **attributes))


def depart_box(translator, node: Box) -> None:
    translator.body.append("</div>\n")


def bold_beginning(quote: nodes.block_quote) -> str:
    first = quote[0] if len(quote) else None
    words = [child for child in first.children if child.astext()] if isinstance(first, nodes.paragraph) else []
    return words[0].astext() if words and isinstance(words[0], nodes.strong) else ""


def make_boxes(document: nodes.document) -> None:
    for quote in list(document.findall(nodes.block_quote)):
        label = bold_beginning(quote).strip().rstrip(".:")
        kind = label.split()[0].lower() if label else ""
        if kind in BOXES:
            box = Box("", *quote.children, kind=kind, label=label)
            if kind == "exercise" and (number := re.search(r"\d+\.\d+", label)):
                box["ids"] = [f"exercise-{number.group().replace('.', '-')}"]
            quote.replace_self(box)


def add_dark_twins(document: nodes.document, folder: Path) -> None:
    """A drawing NAME-light.svg is shown on light pages, NAME-dark.svg beside it on dark ones.

    Both stand in the page itself, for a picture in a file of its own may not use the letters of the page.
    """
    for image in list(document.findall(nodes.image)):
        if image["uri"].endswith("-light.svg"):
            alt = html.escape(" ".join(image.get("alt", "").split()))
            twins = []
            for mode in ("light", "dark"):
                svg = (folder / image["uri"].replace("-light.svg", f"-{mode}.svg")).read_text(encoding="utf8")
                opening = f'<span class="drawing only-{mode}" role="img" aria-label="{alt}">'
                twins.append(nodes.raw("", f"{opening}{svg.strip()}</span>", format="html"))
            image.parent.replace(image, twins)


def keep_punctuation(document: nodes.document) -> None:
    """A browser may break the line between a formula and the comma after it, unless both stand in one span."""
    for math in list(document.findall(nodes.math)):
        before, after = neighbor(math, -1), neighbor(math, 1)
        opening = OPENING.search(before) if before is not None else None
        closing = CLOSING.search(after) if after is not None else None
        if not (opening or closing):
            continue
        parent, place = math.parent, math.parent.index(math)
        together = nodes.inline("", "", classes=["unbroken"])
        if closing:
            parent[place + 1] = nodes.Text(after[closing.end() :])
        if opening:
            parent[place - 1] = nodes.Text(before[: opening.start()])
        parent[place] = together
        together += [nodes.Text(opening[0] if opening else ""), math, nodes.Text(closing[0] if closing else "")]


def neighbor(node: nodes.Node, step: int) -> nodes.Text | None:
    place = node.parent.index(node) + step
    other = node.parent[place] if 0 <= place < len(node.parent) else None
    return other if isinstance(other, nodes.Text) else None


def tag_id(tag: str) -> str:
    return "formula-" + tag.replace(".", "-")


def collect_tags(env, docname: str, document: nodes.document) -> None:
    tags = env_tags(env)
    for block in document.findall(nodes.math_block):
        for tag in TAG.findall(block.astext()):
            if tags.get(tag, docname) != docname or tag_id(tag) in document.ids:
                logger.warning("formula (%s) is numbered twice", tag, location=block)
            tags[tag] = docname
            env_formulas(env)[tag] = TAG.sub("", block.astext()).strip()
            document.ids[tag_id(tag)] = block
            block["ids"].append(tag_id(tag))


def read_document(app: Sphinx, document: nodes.document) -> None:
    make_boxes(document)
    keep_punctuation(document)
    add_dark_twins(document, Path(app.env.doc2path(app.env.docname)).parent)
    collect_tags(app.env, app.env.docname, document)


def link_mentions(app: Sphinx, document: nodes.document, docname: str) -> None:
    tags = env_tags(app.env)
    for text in list(document.findall(nodes.Text)):
        if "(" in text and not has_ancestor(text, NO_LINKS):
            parts = list(split_mentions(app, tags, docname, text.astext()))
            if len(parts) > 1:
                text.parent.replace(text, parts)


def split_mentions(app: Sphinx, tags: dict[str, str], docname: str, text: str):
    start = 0
    for match in MENTION.finditer(text):
        target = tags.get(match[1])
        if target:
            yield nodes.Text(text[start : match.start()])
            label = nodes.inline("", match[0], classes=["formula-reference"])
            yield make_refnode(app.builder, docname, target, tag_id(match[1]), label, f"Formula {match[1]}")
            start = match.end()
    yield nodes.Text(text[start:])


def has_ancestor(node: nodes.Node, kinds: tuple) -> bool:
    while node := node.parent:
        if isinstance(node, kinds):
            return True
    return False


def visit_display_math(translator, node: nodes.math_block) -> None:
    # Sphinx would wrap a formula with line breaks in `split`, where MathJax refuses a \tag.
    formula = translator.encode(node.astext()).strip()
    start = translator.starttag(node, "div", CLASS="math notranslate nohighlight")
    translator.body.append(f"{start}\\[{formula}\\]</div>\n")
    raise nodes.SkipNode


def env_tags(env) -> dict[str, str]:
    if not hasattr(env, "vae_formula_tags"):
        env.vae_formula_tags = {}
    return env.vae_formula_tags


def env_formulas(env) -> dict[str, str]:
    """By number, what a card beside a mention shows."""
    if not hasattr(env, "vae_formulas"):
        env.vae_formulas = {}
    return env.vae_formulas


def write_formulas(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    kept = {tag: tex for tag, tex in sorted(env_formulas(app.env).items()) if tag in env_tags(app.env)}
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    (Path(app.outdir) / "_static" / "formulas.js").write_text(f"window.vaeFormulas = {text};\n", encoding="utf8")


def forget_tags(app: Sphinx, env, docname: str) -> None:
    env.vae_formula_tags = {tag: where for tag, where in env_tags(env).items() if where != docname}


def replace_math_renderer(app: Sphinx) -> None:
    app.registry.html_block_math_renderers["mathjax"] = (visit_display_math, None)


def setup(app: Sphinx) -> None:
    app.add_node(Box, html=(visit_box, depart_box))
    app.connect("builder-inited", replace_math_renderer)
    app.connect("doctree-read", read_document, priority=400)  # before Sphinx collects the images
    app.connect("doctree-resolved", link_mentions)
    app.connect("env-purge-doc", forget_tags)
    app.connect("build-finished", write_formulas, priority=800)
