"""The page of the myths: what it takes from a box, where it leads, and what it counts."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

from vae_book import myths, text


def box(*words) -> nodes.block_quote:
    beginning = nodes.Text(""), nodes.strong("", "Myth."), nodes.Text(" ")
    return nodes.block_quote("", nodes.paragraph("", "", *beginning, *words))


def chapter(*boxes) -> nodes.document:
    document = new_document("chapter")
    document += nodes.section("", nodes.title("", "T"), *boxes)
    text.make_boxes(document)
    text.keep_punctuation(document)
    return document


def said(found: list[nodes.Node]) -> str:
    return "".join(node.astext() for node in found)


CLAIM = nodes.emphasis("", "“It never holds.”")


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ((nodes.Text(" It does. Always."),), "It does."),
        ((nodes.Text(" With 2.5 nats, it does: see (3.4). More."),), "With 2.5 nats, it does: see (3.4)."),
        ((nodes.Text(" It"), nodes.Text("\n"), nodes.Text("does. Always.")), "It does."),
        ((nodes.Text(" Ask "), nodes.strong("", "what"), nodes.Text("? Then")), "Ask what?"),
        ((nodes.math("", "w^2"), nodes.Text(" does."), nodes.Text(" More.")), "w^2 does."),
        ((nodes.Text(" So is "), nodes.math("", "w"), nodes.Text(". More. And")), "So is w."),
        ((nodes.Text(" So is "), nodes.math("", "w"), nodes.Text(", and more. And")), "So is w, and more."),
        ((nodes.Text(" See "), nodes.reference("", "chapter 3", refuri="3.html"), nodes.Text(".")), "See chapter 3."),
    ],
)
def test_the_verdict_is_the_first_sentence_after_the_claim(words, verdict):
    (made,) = myths.myths_of(chapter(box(CLAIM.deepcopy(), *(word.deepcopy() for word in words))))
    claim, found = myths.parts_of(made)
    assert (claim.astext(), " ".join(said(found).split())) == ("It never holds.", verdict)


def test_the_quotes_of_a_claim_go_also_behind_a_formula():
    claim = nodes.emphasis("", "", nodes.Text("“All is "), nodes.math("", "z"), nodes.Text(".”"))
    (made,) = myths.myths_of(chapter(box(claim, nodes.Text(" No."))))
    assert myths.parts_of(made)[0].astext() == "All is z."


@pytest.mark.parametrize(
    "words",
    [(nodes.Text("It never holds. No."),), (CLAIM,), (CLAIM, nodes.Text(" No verdict"))],
    ids=["no italics", "nothing after it", "no sentence"],
)
def test_a_box_without_both_is_told_of(words, caplog):
    document = chapter(box(*(word.deepcopy() for word in words)))
    myths.give_addresses(SimpleNamespace(env=SimpleNamespace(docname="chapters/03_kl")), document)
    assert myths.parts_of(document[0][1]) is None


def application(documents: dict):
    titles = {name: nodes.title("", name.rpartition("_")[2]) for name in documents}
    env = SimpleNamespace(found_docs={*documents, myths.MYTHS}, titles=titles, get_doctree=documents.get)
    builder = SimpleNamespace(get_relative_uri=lambda here, name, typ=None: name.removeprefix("chapters/") + ".html")
    return SimpleNamespace(env=env, builder=builder)


def numbered(app, documents):
    for app.env.docname, document in documents.items():
        myths.give_addresses(app, document)
    return app


def test_the_page_lists_every_box_by_chapter_and_counts_them():
    documents = {
        "chapters/10_ten": chapter(box(CLAIM.deepcopy(), nodes.Text(" Yes."))),
        "chapters/02_two": chapter(*(box(CLAIM.deepcopy(), nodes.Text(f" No {i}. More.")) for i in (1, 2))),
        "chapters/03_three": chapter(),
    }
    page = new_document("myths")
    page += nodes.section("", nodes.title("", "Myths"), nodes.paragraph("", "What is said."))
    myths.build(numbered(application(documents), documents), page, myths.MYTHS)
    _, counted, _, two, ten = page[0]
    assert counted.astext() == "3 claims from 2 chapters"
    assert [group[0].astext() for group in (two, ten)] == ["2. two", "10. ten"]
    assert [item[1].astext().strip() for item in two[1]] == ["No 1.", "No 2."]
    links = [link["refuri"] for group in (two, ten) for link in group[1].findall(nodes.reference)]
    assert links == ["02_two.html#myth-2-1", "02_two.html#myth-2-2", "10_ten.html#myth-10-1"]
    assert [made["ids"] for made in myths.myths_of(documents["chapters/02_two"])] == [["myth-2-1"], ["myth-2-2"]]


def test_other_pages_stay_and_their_boxes_have_no_numbers():
    document = chapter(box(CLAIM.deepcopy(), nodes.Text(" No.")))
    before = document.pformat()
    app = numbered(application({}), {"chapters/lab": document})
    myths.build(app, document, "chapters/lab")
    assert document.pformat() == before


def written_again(documents, pages):
    """What a build is told to write, what it knows of formulas, and the contents beside the page."""
    app = application(documents)
    title = nodes.list_item("", nodes.paragraph("", "Myths"), nodes.paragraph("", "of the build before"))
    app.env.found_docs, app.env.tocs = pages, {myths.MYTHS: nodes.bullet_list("", title)}
    app.env.domaindata = {"math": {"has_equations": {}}}
    written = myths.write_again(app, app.env)
    links = [(link.astext(), link["anchorname"]) for link in title.findall(nodes.reference)]
    return written, [page for page, has in app.env.domaindata["math"]["has_equations"].items() if has], links


def test_the_page_is_written_with_every_build_typesets_formulas_and_has_contents():
    documents = {
        "chapters/10_ten": chapter(box(CLAIM.deepcopy(), nodes.Text(" Yes."))),
        "chapters/02_two": chapter(box(CLAIM.deepcopy(), nodes.Text(" No."))),
        "chapters/03_three": chapter(),
    }
    contents = [("2. two", "#myths-2"), ("10. ten", "#myths-10")]
    assert written_again(documents, {*documents, myths.MYTHS}) == ([myths.MYTHS], [myths.MYTHS], contents)


def test_a_book_without_the_page_has_nothing_to_write():
    assert written_again({}, set()) == ([], [], [])
