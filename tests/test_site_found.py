"""What a site has beside its pages: the map for machines, the page for the lost, the line at the foot; link cards."""

from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document
from PIL import Image

from vae_book import cards, found
from vae_utils import widgets

BASE = "https://me.github.io/book"
NAMES = [name for name in widgets.__all__ if name != "Widget"]


def application(tmp_path, base=BASE, **options):
    (tmp_path / "out" / "_static").mkdir(parents=True, exist_ok=True)
    config = SimpleNamespace(html_baseurl=base, html_title="A & B", root_doc="index", html_theme_options=options)
    builder = SimpleNamespace(format="html", get_target_uri=lambda name: f"{name}.html")
    env = SimpleNamespace(found_docs={"index", "b&c"}, docname="index")
    return SimpleNamespace(
        config=config, builder=builder, env=env, outdir=str(tmp_path / "out"), doctreedir=str(tmp_path / "doctrees")
    )


def test_the_map_for_machines_holds_every_page_in_full(tmp_path):
    found.finish(application(tmp_path), None)
    tree = ElementTree.parse(tmp_path / "out" / "sitemap.xml")
    assert [place.text for place in tree.findall(".//{*}loc")] == [f"{BASE}/b&c.html", f"{BASE}/index.html"]


def test_where_no_address_is_known_there_is_no_map_and_the_lost_page_has_links_of_its_own(tmp_path):
    found.finish(application(tmp_path, base=""), None)
    assert [path.name for path in (tmp_path / "out").glob("*.*")] == ["404.html"]
    lost = (tmp_path / "out" / "404.html").read_text(encoding="utf8")
    assert 'action="search.html"' in lost and 'href="index.html"' in lost and "A &amp; B" in lost
    assert "src=" not in lost and "stylesheet" not in lost


def test_after_an_error_nothing_is_written(tmp_path):
    found.finish(application(tmp_path), ValueError())
    assert not list((tmp_path / "out").glob("*.*"))


def test_the_foot_names_the_page(tmp_path):
    app = application(tmp_path, repository_url="https://github.com/me/book/", repository_branch="v1")
    context = {}
    found.add_foot(app, "chapters/01_a", "page.html", context, new_document("page"))
    assert "https://github.com/me/book/blob/v1/CITATION.cff" in context["theme_extra_footer"]
    assert "https://github.com/me/book/issues/new?title=chapters/01_a%3A%20" in context["theme_extra_footer"]


@pytest.mark.parametrize("document, options", [(None, {"repository_url": "https://github.com/me/book"}), ("page", {})])
def test_without_a_page_or_a_repository_there_is_no_foot(tmp_path, document, options):
    context = {}
    found.add_foot(application(tmp_path, **options), "search", "page.html", context, document)
    assert context == {}


def page_of(html, title="Title"):
    document = new_document("page")
    raw = nodes.raw("", html, format="html")
    document += nodes.section("", nodes.title("", title), nodes.paragraph("", "Words."), raw)
    return document


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_widget_is_made_again_from_its_page(name):
    kind = getattr(widgets, name)
    shown = getattr(kind, "example", kind)()
    again = cards.first_widget(page_of(shown.to_html()))
    assert type(again) is kind
    for field in kind.fields():
        assert np.array_equal(getattr(again, field), getattr(shown, field)), field


def test_a_page_without_a_widget_has_the_card_of_the_start_page(tmp_path):
    app, context = application(tmp_path), {"metatags": "", "title": "A &amp; B"}
    assert cards.first_widget(page_of("<p>no widget</p>")) is None
    cards.add_picture(app, "chapters/notes", "page.html", context, new_document("page"))
    assert f'<meta property="og:image" content="{BASE}/_static/cards/index.png">' in context["metatags"]
    assert 'content="A &amp; B, and a figure of its page"' in context["metatags"]


def test_a_card_is_drawn_as_large_as_it_says_and_laid_where_it_says(tmp_path):
    app, context = application(tmp_path), {"metatags": "", "title": "KL"}
    app.env.docname = "chapters/03_kl"
    cards.collect(app, page_of(widgets.KL().to_html(), title="A title with a $ and many more words than a line"))
    cards.finish(app, None)
    with Image.open(tmp_path / "out" / "_static" / "cards" / "03_kl.png") as picture:
        assert picture.size == cards.SIZE
        assert len(picture.convert("RGB").getcolors(1_000_000)) > 50
    cards.add_picture(app, "chapters/03_kl", "page.html", context, new_document("page"))
    assert f"{BASE}/_static/cards/03_kl.png" in context["metatags"]


def test_without_an_address_a_page_names_no_picture(tmp_path):
    context = {"metatags": ""}
    cards.add_picture(application(tmp_path, base=""), "page", "page.html", context, new_document("page"))
    assert context == {"metatags": ""}
