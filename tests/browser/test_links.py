"""Links that show what they lead to: the line of a term, a formula by its number; and the way back after a jump."""

import pytest
from playwright.sync_api import expect
from test_pages import AXE

pytestmark = pytest.mark.browser

PAGE = "chapters/06_posterior_collapse.html"
CARD = "#link-card"
HERE = '.bd-article a[href="#formula-6-3"]:has(> .formula-reference)'
ELSEWHERE = '.bd-article a[href*="05_latent_space.html#formula"]:has(> .formula-reference)'
INSIDE = """(card) => {
    const { left, right, width } = card.getBoundingClientRect();
    return width > 60 && left >= 0 && right <= document.documentElement.clientWidth;
}"""


@pytest.fixture(params=["http", "file"])
def page(visit, addresses, request):
    opened = visit(f"{addresses[request.param]}/{PAGE}", width=1440)
    yield opened
    opened.check()


def test_a_word_shows_its_line_in_the_glossary_and_keeps_its_title(page):
    word, card = page.tab.locator("a.term").first, page.tab.locator(CARD)
    said = word.get_attribute("title")
    word.hover()
    expect(card).to_have_text(said)
    expect(word).to_have_attribute("aria-describedby", "link-card")
    assert word.get_attribute("title") is None and card.evaluate(INSIDE)
    card.hover()  # the card may be read with the pointer on it
    page.settle()
    expect(card).to_be_visible()
    page.tab.locator("h1").hover()
    expect(card).to_have_count(0)
    assert word.get_attribute("title") == said and word.get_attribute("aria-describedby") is None


@pytest.mark.parametrize("link", [HERE, ELSEWHERE])
def test_a_number_shows_its_formula(page, link):
    number, card = page.tab.locator(link).first, page.tab.locator(CARD)
    number.hover()
    expect(card.locator("mjx-container[display=true]")).to_be_visible()
    assert card.locator("mjx-merror").count() == 0 and card.evaluate(INSIDE)
    page.tab.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_the_keyboard_shows_a_card_and_a_pointer_elsewhere_does_not(page):
    card = page.tab.locator(CARD)
    word = page.tab.locator("a.term").nth(1)
    word.focus()
    page.tab.keyboard.press("Shift+Tab")
    page.tab.keyboard.press("Tab")
    expect(card).to_be_visible()
    assert page.tab.evaluate("document.activeElement.className").find("term") >= 0
    page.tab.evaluate(AXE.read_text(encoding="utf8"))
    assert page.tab.evaluate("axe.run('#link-card', {preload: false}).then((r) => r.violations.map((v) => v.id))") == []
    page.tab.keyboard.press("Tab")
    expect(word).not_to_be_focused()
    assert word.get_attribute("aria-describedby") is None


def test_a_finger_gets_no_card(visit, addresses):
    opened = visit(f"{addresses['http']}/{PAGE}", width=360, has_touch=True, is_mobile=True)
    opened.tab.locator(HERE).first.tap()
    expect(opened.tab.locator("#formula-6-3")).to_be_in_viewport()
    assert opened.tab.locator(CARD).count() == 0
    expect(opened.tab.locator(".way-back button")).to_be_in_viewport(ratio=1)


def jump(page):
    link = page.tab.locator(HERE).last
    link.scroll_into_view_if_needed()
    page.settle()
    before = page.tab.evaluate("scrollY")
    link.click()
    expect(page.tab.locator("#formula-6-3")).to_be_in_viewport()
    return link, before


def test_after_a_jump_a_button_leads_back(page):
    link, before = jump(page)
    assert page.tab.evaluate("scrollY") != before
    page.tab.get_by_role("button", name="Back to where you were").click()
    expect(link).to_be_focused()
    assert page.tab.evaluate("scrollY") == pytest.approx(before, abs=2)
    expect(page.tab.locator(".way-back button")).to_have_count(0)


def test_the_button_leaves_by_itself(page):
    back = page.tab.locator(".way-back button")
    _, before = jump(page)
    page.tab.keyboard.press("Escape")
    expect(back).to_have_count(0)
    jump(page)
    expect(back).to_have_count(1)
    page.settle()
    page.tab.evaluate("(top) => scrollTo(0, top - 40)", before)
    expect(back).to_have_count(0)


def test_a_jump_to_what_is_in_sight_offers_no_way_back(page):
    page.tab.locator("#figure-6-2 .figure-number").scroll_into_view_if_needed()
    page.tab.locator("#figure-6-2 .figure-number").evaluate("(link) => link.click()")
    page.settle()
    assert page.tab.locator(".way-back button").count() == 0
