"""What stands in the head of a page, and the page at the root."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

from vae_book import heads


def page(text: str) -> nodes.document:
    document = new_document("page")
    document += nodes.section("", nodes.title("", "Title"), nodes.paragraph("", text))
    return document


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Short words.", "Short words."),
        ("The question. Why?", "Why?"),
        ("One sentence. " + "word " * 60, "One sentence."),
        ("word " * 60, "word " * 39 + "word …"),
    ],
)
def test_a_description_is_the_beginning(text, said):
    assert heads.describe(page(text)) == said


def application(base=""):
    config = SimpleNamespace(html_baseurl=base, html_title="The book", root_doc="index", vae_root_tags="")
    return SimpleNamespace(config=config, builder=SimpleNamespace(get_target_uri=lambda name: f"{name}.html"))


def test_the_head_has_title_and_description_escaped():
    context = {"title": '<span class="section-number">3. </span>KL &amp; more', "metatags": "<meta>"}
    heads.add_description(application(), "page", "page.html", context, page('It is "never" < 0.'))
    assert context["metatags"].startswith("<meta>\n")
    assert '<meta name="description" content="It is &quot;never&quot; &lt; 0.">' in context["metatags"]
    assert '<meta property="og:title" content="3. KL &amp; more">' in context["metatags"]
    assert '<meta property="og:site_name" content="The book">' in context["metatags"]
    assert "og:url" not in context["metatags"]


@pytest.mark.parametrize("base", ["https://me.github.io/book", "https://me.github.io/book/"])
def test_where_the_address_is_known_it_is_said_in_full(base):
    context = {"title": "KL"}
    heads.add_description(application(base), "page", "page.html", context, page("Words."))
    assert '<meta property="og:url" content="https://me.github.io/book/page.html">' in context["metatags"]


def test_the_root_page_is_shown_as_the_start_page():
    app = application()
    for name in ("index", "other"):
        heads.keep_for_root(app, name, "page.html", {"metatags": f"\n<meta {name}>"}, page("Words."))
    refresh = '<meta http-equiv="Refresh" content="0; url=chapters/index.html" />'
    made = heads.root_page(refresh, "The book", app.config.vae_root_tags)
    assert "<meta index>" in made.partition("</head>")[0] and "other" not in made


def test_the_root_page_has_a_title_and_a_link():
    made = heads.root_page('<meta http-equiv="Refresh" content="0; url=chapters/index.html" />\n', "The book")
    assert made.startswith("<!DOCTYPE html>") and "<title>The book</title>" in made
    assert '<a href="chapters/index.html">The book</a>' in made and 'content="0; url=chapters/index.html"' in made
    assert heads.root_page("<html>", "The book") == "<html>"


def test_a_title_stands_once():
    assert heads.TWICE.sub(r"<title>\1</title>", "<title>A &#8212; A</title>") == "<title>A</title>"
    assert not heads.TWICE.search("<title>A &#8212; B</title>")
