"""The page of the myths, made from the Myth boxes of the chapters: the claim, its verdict, and the way to the box."""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

from .cells import CHAPTER
from .facts import line, several
from .text import Box

MYTHS = "chapters/myths"
SENTENCE = re.compile(r"[.!?](?=\s|$)")
QUOTES = " \"'“”‘’"

logger = logging.getLogger(__name__)


def myths_of(document: nodes.document) -> list[Box]:
    return [box for box in document.findall(Box) if box["kind"] == "myth"]


def give_addresses(app: Sphinx, document: nodes.document) -> None:
    """#myth-3-2 is the second myth of chapter 3."""
    chapter = CHAPTER.match(app.env.docname)
    for place, box in enumerate(myths_of(document) if chapter else (), start=1):
        address = f"myth-{int(chapter[1])}-{place}"
        box["ids"] = [address]
        document.ids[address] = box
        if parts_of(box) is None:
            logger.warning("a myth box needs its claim in italics, then a verdict", location=box)


def parts_of(box: Box) -> tuple[nodes.emphasis, list[nodes.Node]] | None:
    """The claim, which stands in italics after the word Myth, and the first sentence after it: None where one lacks."""
    _, claim, *_ = [*(child for child in box[0].children if child.astext().strip()), None]
    if not isinstance(claim, nodes.emphasis):
        return None
    verdict = first_sentence(box[0][box[0].index(claim) + 1 :])
    return (without_quotes(claim.deepcopy()), verdict) if verdict else None


def without_quotes(claim: nodes.emphasis) -> nodes.emphasis:
    for place, strip in ((0, str.lstrip), (-1, str.rstrip)):
        text = [text for text in claim.findall(nodes.Text) if text.astext()][place]  # beside a formula stand empty ones
        text.parent.replace(text, nodes.Text(strip(text.astext(), QUOTES)))
    return claim


def first_sentence(words: list[nodes.Node]) -> list[nodes.Node]:
    """The nodes up to the end of the first sentence; empty where none ends. Links are only their words here."""
    kept = []
    for child in words:
        if isinstance(child, nodes.Text):
            if end := SENTENCE.search(child.astext()):
                return [*kept, nodes.Text(child.astext()[: end.end()])]
            kept.append(nodes.Text(child.astext()))
        elif isinstance(child, (nodes.math, nodes.emphasis, nodes.strong, nodes.literal)):
            kept.append(child.deepcopy())
        elif child.get("classes") == ["unbroken"]:
            if ended := first_sentence(child.children):
                return [*kept, *ended]
            kept.append(child.deepcopy())
        else:
            kept.append(nodes.Text(child.astext()))
    return []


def chapters_of(app: Sphinx) -> list[str]:
    return sorted(name for name in app.env.found_docs if CHAPTER.match(name))


def told_in(app: Sphinx) -> dict[str, list[Box]]:
    """By chapter its myths, where it has any."""
    boxes = {name: myths_of(app.env.get_doctree(name)) for name in chapters_of(app)}
    return {name: found for name, found in boxes.items() if found}


def heading(app: Sphinx, name: str) -> tuple[str, str]:
    """The address of a chapter's group on the page, and its title."""
    number = int(CHAPTER.match(name)[1])
    return f"myths-{number}", f"{number}. {app.env.titles[name].astext()}"


def build(app: Sphinx, document: nodes.document, docname: str) -> None:
    if docname != MYTHS:
        return
    page, told = next(document.findall(nodes.section)), told_in(app)
    count = sum(len(boxes) for boxes in told.values())
    page.insert(1, line(f"{several(count, 'claim')} from {several(len(told), 'chapter')}"))
    page += [group(app, name, boxes) for name, boxes in told.items()]


def group(app: Sphinx, name: str, boxes: list[Box]) -> nodes.section:
    """A chapter and its myths."""
    address, title = heading(app, name)
    link = make_refnode(app.builder, MYTHS, name, "", nodes.inline("", title))
    items = (entry(app, name, box) for box in boxes)
    listed = nodes.bullet_list("", *items, classes=["myths"])
    return nodes.section("", nodes.title("", "", link), listed, ids=[address])


def entry(app: Sphinx, name: str, box: Box) -> nodes.list_item:
    """The claim leads to its box; the verdict stands below."""
    claim, verdict = parts_of(box)
    link = make_refnode(app.builder, MYTHS, name, box["ids"][0], claim)
    return nodes.list_item(
        "", nodes.paragraph("", "", link, classes=["claim"]), nodes.paragraph("", "", *verdict, classes=["verdict"])
    )


def in_contents(app: Sphinx, name: str) -> nodes.list_item:
    address, title = heading(app, name)
    link = nodes.reference("", title, internal=True, refuri=MYTHS, anchorname=f"#{address}")
    return nodes.list_item("", addnodes.compact_paragraph("", "", link))


def write_again(app: Sphinx, env) -> list[str]:
    """The page shows what stands on others; of its formulas, which need MathJax, and headings Sphinx knows nothing."""
    if MYTHS not in env.found_docs:
        return []
    env.domaindata["math"]["has_equations"][MYTHS] = True
    entry_of_page = env.tocs[MYTHS][0]  # what Sphinx collected before the groups were there: the title alone
    entry_of_page[1:] = [nodes.bullet_list("", *(in_contents(app, name) for name in told_in(app)))]
    return [MYTHS]


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", give_addresses, priority=405)  # the boxes are there
    app.connect("env-updated", write_again)
    app.connect("doctree-resolved", build, priority=400)  # before the formulas have their links
