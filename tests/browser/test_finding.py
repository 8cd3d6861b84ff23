"""Finding one's way: addresses of figures and widgets, the search, the glossary, a figure made large."""

import gzip
import re
import string
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import expect
from test_pages import CHAPTERS, NOTEBOOKS, each_light, each_phone
from visit import PHONE
from widget_page import readout

pytestmark = pytest.mark.browser

APPENDICES = [page for page in CHAPTERS if page not in NOTEBOOKS]
NUMBERED = [page for page in NOTEBOOKS if Path(page).name[0].isdigit()]
PLACES = ".bd-article :is(figure.vae-figure, .widget-place)"
IDS = "() => [...document.querySelectorAll('[id]')].map((e) => e.id)"
TEXT_SIZES = """() => [...document.querySelectorAll('figure.vae-figure svg text')].map((e) => {
    const svg = e.ownerSVGElement;
    return parseFloat(getComputedStyle(e).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
})"""
SMALLEST_TEXT = 7.0  # pixels
MOST_OF_THE_START_PAGE = 310_000  # bytes, with its map and its pictures


@each_light(NUMBERED)
def test_every_figure_and_widget_has_an_address_of_its_own(light):
    ids = Counter(light.tab.evaluate(IDS))
    assert [name for name, times in ids.items() if times > 1] == []
    places = light.tab.locator(PLACES).evaluate_all("(all) => all.map((e) => e.id)")
    figures = [name for name in places if name.startswith("figure-")]
    chapter = int(light.tab.url.rpartition("/")[2][:2])
    assert figures == [f"figure-{chapter}-{n + 1}" for n in range(len(figures))] != []
    assert all(name.startswith(("figure-", "widget-")) for name in places)
    assert light.tab.locator(".vae-widget[data-widget]").count() == len(places) - len(figures)


@pytest.mark.parametrize("place", ["figure-6-2", "widget-collapse-film"])
def test_an_address_leads_to_its_place(visit, addresses, place):
    opened = visit(f"{addresses['http']}/chapters/06_posterior_collapse.html#{place}")
    expect(opened.tab.locator(f"#{place}")).to_be_in_viewport()


ANSWERS = {
    "free bits": ("free bits", "06_posterior_collapse.html#"),
    "KL": ("KL divergence", "03_kl_divergence.html"),
    "reparametrization": ("reparameterization trick", "04_reparameterization.html"),
    "amortisation gap": ("amortization gap", "02_elbo.html"),
    "posterior collapse": ("posterior collapse", "06_posterior_collapse.html"),
    "β-VAE": ("beta-VAE", "05_latent_space.html"),
}


@pytest.mark.parametrize("question", ANSWERS)
def test_the_search_gives_the_word_and_its_section(visit, addresses, question):
    opened = visit(f"{addresses['file']}/search.html?q={question}")
    results = opened.tab.locator("#search-results li")
    word, page = ANSWERS[question]
    expect(results.first.locator("a")).to_have_text(word)
    links = results.locator("a").evaluate_all("(all) => all.slice(0, 6).map((e) => e.href)")
    assert any(page in link for link in links), links
    said = opened.tab.locator("#search-results").inner_text()
    assert "\\" not in said and "set_yticklabels" not in said and "plt." not in said
    opened.check()


def test_each_result_exists(visit, addresses):
    opened = visit(f"{addresses['http']}/search.html?q=posterior")
    links = opened.tab.locator("#search-results li a").evaluate_all("(all) => all.map((e) => e.href)")
    assert len(links) > 10
    opened.check()
    for link in links[:8]:
        opened.open(link)
        if "#" in link:
            expect(opened.tab.locator(f"[id='{link.partition('#')[2]}']")).to_be_in_viewport()
    opened.check()


def test_a_question_without_an_answer_is_told_so(visit, addresses):
    opened = visit(f"{addresses['http']}/search.html?q=xyzzy")
    expect(opened.tab.locator("#search-results")).to_contain_text("Nothing speaks of “xyzzy”.")


def test_a_term_of_the_glossary_has_an_address_and_leads_to_its_chapter(visit, addresses):
    opened = visit(f"{addresses['http']}/chapters/glossary.html#term-free-bits")
    expect(opened.tab.locator("#term-free-bits")).to_be_in_viewport()
    opened.tab.locator("#term-free-bits a").last.click()
    opened.tab.wait_for_url("**/06_posterior_collapse.html")


def test_the_first_use_of_a_letter_says_what_it_is_and_leads_to_its_other_meanings(visit, addresses):
    opened = visit(f"{addresses['http']}/chapters/13_diffusion.html")
    letter = opened.tab.locator("a.term[href$='notation.html#alpha']")
    expect(letter).to_have_attribute("title", re.compile("a factor, between 0 and 1"))
    letter.click()
    opened.tab.wait_for_url("**/notation.html#alpha")
    expect(opened.tab.locator("#alpha")).to_be_in_viewport()
    assert opened.troubles == []


def test_what_follows_the_chapters_is_lettered(visit, addresses):
    opened = visit(f"{addresses['http']}/chapters/index.html", width=1440)
    names = opened.tab.locator("nav.bd-links a").all_inner_texts()[-len(APPENDICES) :]
    assert [name[:3] for name in names] == [f"{letter}. " for letter in string.ascii_uppercase[: len(APPENDICES)]]


@each_phone([page for page in NOTEBOOKS if page != "chapters/lab"])
def test_figures_can_be_read_on_a_phone(phone):
    sizes = phone.tab.evaluate(TEXT_SIZES)
    assert min(sizes) >= SMALLEST_TEXT and max(sizes) < 20
    fonts = phone.tab.evaluate("getComputedStyle(document.querySelector('.vae-figure svg text')).fontFamily")
    assert fonts.startswith('"Source Sans 3"')


def test_a_figure_is_enlarged_by_a_tap_and_by_a_button_and_comes_back(visit, addresses):
    opened = visit(
        f"{addresses['http']}/chapters/06_posterior_collapse.html", width=PHONE, has_touch=True, is_mobile=True
    )
    tab = opened.tab
    figure, dialog = tab.locator("#figure-6-2"), tab.locator("dialog.enlarged")
    small = figure.locator("svg").bounding_box()["width"]
    tall = figure.bounding_box()["height"]
    for begin in (figure.locator("svg"), figure.get_by_role("button", name="Enlarge Figure 6.2")):
        begin.tap()
        assert dialog.locator("svg").bounding_box()["width"] > 1.2 * small
        assert figure.bounding_box()["height"] == pytest.approx(tall, abs=1)
        dialog.get_by_role("button", name="Close").tap()
        expect(dialog).to_have_count(0)
        assert figure.locator("svg").bounding_box()["width"] == small
    figure.get_by_role("button").press("Enter")
    tab.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    opened.check()


@each_light(NOTEBOOKS)
def test_the_top_of_a_chapter_says_how_long_it_takes(light):
    facts = light.tab.locator("h1 + .facts")
    expect(facts).to_contain_text("minutes to read")
    expect(facts).to_contain_text("on one core (")


@each_light(NOTEBOOKS)
def test_no_notice_of_the_build_stands_in_a_chapter(light):
    assert light.tab.get_by_text("MNIST is not at hand").count() == 0


@each_light(NUMBERED)
def test_words_lead_to_the_glossary_once_a_chapter(light):
    links = light.tab.locator("a.term").evaluate_all("(all) => all.map((e) => [e.hash, e.title])")
    assert len(links) > 4 and all(title for _, title in links)
    assert max(Counter(place for place, _ in links).values()) == 1


def test_the_start_page_draws_with_the_letters_of_the_book_and_says_once_what_its_pages_are_a_run_of(visit, addresses):
    opened = visit(f"{addresses['file']}/chapters/index.html")
    assert opened.tab.title() == "Variational Autoencoders"
    font = opened.tab.locator(".drawing svg:visible").evaluate("(e) => getComputedStyle(e).fontFamily")
    assert "Source Serif 4" in font
    expect(opened.tab.locator(".facts")).to_contain_text("on one core (")
    assert opened.tab.locator(".minutes").count() == len(NUMBERED)
    opened.check()


def test_the_start_page_plays_within_its_first_screen_and_leads_on(visit, addresses, site):
    opened = visit(f"{addresses['file']}/chapters/index.html", width=1440)
    (root,) = opened.alive()
    expect(root.locator("canvas").first).to_be_in_viewport(ratio=1)
    opened.changed(readout(root), lambda: readout(root))
    cards = opened.tab.locator("ul.cards > li")
    assert cards.count() == len(NUMBERED)
    assert cards.locator(".card-picture svg[aria-label]").count() == cards.count()
    ways = opened.tab.locator(".ways a").evaluate_all("(all) => all.map((a) => a.getAttribute('href'))")
    assert ways[:2] == [f"{Path(NUMBERED[0]).name}.html", "lab.html"] and "colab.research.google.com" in ways[2]
    expect(opened.tab.locator(".inside")).to_contain_text(f"{cards.count()} chapters of ")
    expect(opened.tab.locator(".inside a[href='myths.html']")).to_have_text(re.compile(r"^\d+ myths put to the test$"))
    last = cards.last.locator("a").get_attribute("href")
    cards.last.click(position={"x": 20, "y": 20})
    opened.tab.wait_for_url(f"**/{last}")
    assert len(gzip.compress((site / "chapters" / "index.html").read_bytes())) < MOST_OF_THE_START_PAGE


def test_each_myth_leads_to_its_box(visit, addresses, site):
    opened = visit(f"{addresses['http']}/chapters/myths.html")
    leads = opened.tab.locator(".myths .claim a").evaluate_all("(all) => all.map((a) => a.getAttribute('href'))")
    assert opened.tab.locator(".facts").inner_text() == f"{len(leads)} claims from {len(NUMBERED)} chapters"
    contents = opened.tab.locator("nav.page-toc a").evaluate_all("(all) => all.map((a) => a.getAttribute('href'))")
    groups = opened.tab.locator(".bd-article section section").evaluate_all("(all) => all.map((e) => `#${e.id}`)")
    assert contents == groups and len(groups) == len(NUMBERED)
    for page in NUMBERED:
        text = (site / f"{page}.html").read_text(encoding="utf8")
        boxes = [re.search(r' id="([^"]*)"', opening)[1] for opening in re.findall(r"<div[^>]* box-myth[^>]*>", text)]
        name = page.rpartition("/")[2]
        assert boxes == [lead.partition("#")[2] for lead in leads if lead.startswith(f"{name}.html#")] != []
    assert opened.troubles == []
