"""A search that finds sections: headings with their words, no hidden code, no TeX; the glossary gives synonyms."""

import json
import re
import string
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from .text import has_ancestor

GLOSSARY = "chapters/glossary"
CAPTION = re.compile(r"<figcaption>(.*?)</figcaption>", re.DOTALL)
TAGS = re.compile(r"<[^>]*>")
MACRO = re.compile(r"\\([A-Za-z]+|.)")
GREEK = dict(
    pair.split(":")
    for pair in "alpha:α beta:β gamma:γ delta:δ epsilon:ε varepsilon:ε eta:η theta:θ lambda:λ mu:μ nu:ν pi:π rho:ρ "
    "sigma:σ tau:τ phi:φ varphi:φ psi:ψ omega:ω Sigma:Σ Delta:Δ".split()
)
SIGNS = {"mid": "|", "ge": "≥", "le": "≤", "log": "log", "exp": "exp", "infty": "∞", "cdot": "·", "times": "×"}
SIGNS |= {
    "|": "‖",
    "sqrt": "√",
    "approx": "≈",
    "neq": "≠",
    "to": "→",
    "in": "in",
    "KL": "KL",
    "min": "min",
    "max": "max",
}


def plain_formula(tex: str) -> str:
    """A formula of a line of text as one would type it: log p(x | z)."""
    words = MACRO.sub(lambda m: GREEK.get(m[1], SIGNS.get(m[1], "")), tex)
    return " ".join(re.sub(r"[{}$]", "", words).split())


def letter_appendix(app: Sphinx, document: nodes.document) -> None:
    """The pages after the chapters are A, B, ... in their titles, in the menu and in the search."""
    order, title = app.config.vae_appendices, next(document.findall(nodes.title), None)
    if app.env.docname in order and title is not None:
        title.insert(0, nodes.Text(f"{string.ascii_uppercase[order.index(app.env.docname)]}. "))


def name_terms(document: nodes.document) -> list[dict]:
    """Gives each line of the glossary an address; returns their names, other names and places."""
    terms = []
    for item in document.findall(nodes.list_item):
        names = names_of(item[0])
        item["ids"] = [f"term-{nodes.make_id(names[0])}"]
        document.ids[item["ids"][0]] = item
        terms.append({"names": names, "id": item["ids"][0], "text": said(item)})
    return terms


def names_of(line: nodes.paragraph) -> list[str]:
    """The bold word, and those in italics before the colon."""
    names = []
    for child in line.children:
        if isinstance(child, (nodes.strong, nodes.emphasis)):
            names.append(child.astext())
        elif ":" in child.astext():
            break
    return names


def said(node: nodes.Node) -> str:
    """The words of a part of a page: prose, captions and formulas in the line; no code, no output, no display."""
    parts = [part for child in node.children for part in pieces(child)]
    return " ".join("".join(parts).split())


def pieces(node: nodes.Node):
    if isinstance(node, nodes.Text):
        yield node.astext()
    elif isinstance(node, nodes.raw):
        yield from (f" {TAGS.sub('', caption)} " for caption in CAPTION.findall(node.astext()))
    elif isinstance(node, nodes.math):
        yield plain_formula(node.astext())
    elif not isinstance(node, (nodes.math_block, nodes.literal_block, nodes.section, nodes.title, nodes.comment)):
        for child in node.children:
            yield from pieces(child)
        if not isinstance(node, (nodes.Inline, nodes.TextElement)) or isinstance(node, nodes.paragraph):
            yield " "


def sections(document: nodes.document) -> list[dict]:
    found = []
    for section in document.findall(nodes.section):
        title = said(section[0]) if isinstance(section[0], nodes.title) else ""
        top = not has_ancestor(section, (nodes.section,))
        found.append({"heading": title, "id": "" if top else section["ids"][0], "text": said(section)})
    return found


def collect(app: Sphinx, document: nodes.document) -> None:
    letter_appendix(app, document)
    name = app.env.docname
    entry = {"sections": sections(document)}
    if name == GLOSSARY:
        terms = name_terms(document)
        entry = {"sections": [{"heading": t["names"][0], "id": t["id"], "text": t["text"]} for t in terms]}
        entry["terms"] = terms
    env_pages(app.env)[name] = entry


def env_pages(env) -> dict[str, dict]:
    if not hasattr(env, "vae_search"):
        env.vae_search = {}
    return env.vae_search


def forget(app: Sphinx, env, docname: str) -> None:
    env_pages(env).pop(docname, None)


def index(app: Sphinx) -> dict:
    """What search.js looks through."""
    found, names = [], []
    for name, page in sorted(env_pages(app.env).items()):
        url = app.builder.get_target_uri(name)
        title = "".join(app.env.titles[name].astext())
        number = app.env.toc_secnumbers.get(name, {}).get("", ())
        where = f"{'.'.join(map(str, number))}. {title}" if number else title
        kind = "word" if name == GLOSSARY else "section"
        found += [{**section, "url": url, "where": where, "kind": kind} for section in page["sections"]]
        names += [term["names"] for term in page.get("terms", [])]
    return {"sections": found, "names": names}


def write_index(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    text = json.dumps(index(app), ensure_ascii=False, separators=(",", ":"))
    (Path(app.outdir) / "_static" / "sections.js").write_text(f"window.vaeSections = {text};\n", encoding="utf8")


def setup(app: Sphinx) -> None:
    app.add_config_value("vae_appendices", [], "env", (list,))
    app.connect("doctree-read", collect, priority=420)  # before the titles are collected
    app.connect("env-purge-doc", forget)
    app.connect("build-finished", write_index, priority=800)
