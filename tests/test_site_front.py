"""The start page: what its numbers count, and what stands on a card."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

from vae_book import facts, front

STILL = '<svg id="w-1"></svg>'
WIDGET = f'<div class="vae-widget" id="w" data-widget="kl"><noscript><p>A &lt; b. This figure moves when</p>{STILL}'


def run(minutes=20, exercises=3, myths=1, names=("kl",), figure=""):
    widgets = [{"name": name, "sentence": f"What {name} shows.", "still": STILL} for name in names]
    return {"minutes": minutes, "counted": {"exercise": exercises, "myth": myths}, "widgets": widgets, "figure": figure}


def row(number, title, address, question):
    link = nodes.reference("", title, refuri=address)
    cells = [nodes.paragraph("", number), nodes.paragraph("", "", link), nodes.paragraph("", question)]
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


def start_page():
    document = new_document("index")
    rows = [row("1", "One", "01_one.html", "How?"), row("2", "Two", "02_two.html", "Why?")]
    table = nodes.table("", nodes.tgroup("", nodes.tbody("", *rows)))
    words = nodes.table("", nodes.tgroup("", nodes.tbody("", row("x", "data", "else.html", "what you see"))))
    document += nodes.section("", nodes.title("", "T"), nodes.paragraph("", "First."), words, table)
    return document


def application(runs, lab=False):
    pages = ["chapters/01_one", "chapters/02_two", "chapters/index", *(["chapters/lab"] if lab else [])]
    relative = SimpleNamespace(get_relative_uri=lambda here, name, typ=None: name.removeprefix("chapters/") + ".html")
    env = SimpleNamespace(found_docs=set(pages), vae_runs=runs)
    options = {
        "launch_buttons": {"colab_url": "https://colab.research.google.com"},
        "repository_url": "https://github.com/me/book",
        "repository_branch": "v1",
    }
    config = SimpleNamespace(root_doc="chapters/index", html_theme_options=options)
    return SimpleNamespace(builder=relative, env=env, config=config)


def built(runs, **options):
    document = start_page()
    front.build(application(runs, **options), document, "chapters/index")
    return document


RUN = {"cpu_seconds": 5, "machine": "m", "digits": "scans"}


def test_the_table_becomes_cards_and_the_map_stands_below_the_first_sentence():
    page = built({"chapters/01_one": run() | RUN, "chapters/02_two": run(names=()) | RUN})
    section = page[0]
    assert [type(node).__name__ for node in section] == [
        "title", "paragraph", "raw", "container", "paragraph", "table", "bullet_list", "container",
    ]  # fmt: skip
    assert 'id="widget-front-map"' in section[2].astext() and "vae-widget" in section[2].astext()
    first, second = section[6]
    assert [part.astext() for part in first] == [
        f'<div class="card-picture">{STILL}</div>', "1. One", "How?", "What kl shows.", "20 min",
    ]  # fmt: skip
    assert [part.astext() for part in second] == ["2. Two", "Why?", "20 min"]
    assert next(first.findall(nodes.reference))["refuri"] == "01_one.html"


@pytest.mark.parametrize(("figure", "picture"), [(STILL, [f'<div class="card-picture">{STILL}</div>']), ("", [])])
def test_a_chapter_without_a_widget_shows_its_first_figure(figure, picture):
    page = built({"chapters/01_one": run(names=(), figure=figure) | RUN})
    assert [part.astext() for part in page[0][6][0]] == [*picture, "1. One", "How?", "20 min"]


def test_without_a_run_the_table_stays():
    assert [type(node).__name__ for node in built({})[0]].count("table") == 2


@pytest.mark.parametrize("lab", [False, True])
def test_the_ways_on(lab):
    ways = built({}, lab=lab)[0][3]
    links = {link.astext(): link["refuri"] for link in ways.findall(nodes.reference)}
    assert links == {
        "Start chapter 1": "01_one.html",
        **({"Open the Lab": "lab.html"} if lab else {}),
        "Run it in Colab": "https://colab.research.google.com/github/me/book/blob/v1/chapters/01_one.ipynb",
    }


def test_without_a_repository_there_is_no_colab():
    assert front.colab({}, "page") == ""
    assert front.colab({"launch_buttons": {"colab_url": "https://c"}}, "page") == ""


def summed(*runs, pages=()):
    app = application({})
    app.env.found_docs |= set(pages)
    return front.summary(app, "chapters/index", dict(enumerate(runs)))


def test_the_summary_counts():
    said = summed(run(20, 3, 1, ("kl", "elbo")), run(35, 4, 2, ("kl",)), run(30)).astext()
    assert "3 chapters of 20 to 35 minutes, 1.4 hours in all" in said
    assert said.endswith("2 figures that move · 10 exercises that check themselves · 4 myths put to the test.")
    assert "1 chapter of 20 minutes" in summed(run()).astext()


def test_the_number_of_myths_leads_to_them():
    (link,) = summed(run(myths=2), run(myths=3), pages=["chapters/myths"]).findall(nodes.reference)
    assert (link.astext(), link["refuri"]) == ("5 myths put to the test", "myths.html")
    assert not list(summed(run()).findall(nodes.reference))


def test_the_first_figure_of_a_page_is_its_svg_alone():
    numbered = '<figure><svg id="a"><g></g></svg><figcaption><a class="figure-number">1.1</a></figcaption></figure>'
    document = new_document("page")
    document += [nodes.raw("", text, format="html") for text in (STILL, numbered, numbered.replace('"a"', '"b"'))]
    assert facts.first_figure(document) == '<svg id="a"><g></g></svg>'
    assert facts.first_figure(new_document("page")) == ""


def test_what_is_kept_of_a_widget():
    document = new_document("page")
    document += [nodes.raw("", f"{WIDGET}</noscript></div>", format="html"), nodes.raw("", "<svg>", format="html")]
    assert facts.widgets(document) == [{"name": "kl", "sentence": "A < b.", "still": STILL}]
