"""Read, or read with code: the switch, what it folds, and how little code is left on a page that is read."""

import pytest
from playwright.sync_api import expect
from test_pages import NOTEBOOKS, each_light
from visit import visiting

PAGE, NEXT = "chapters/06_posterior_collapse", "chapters/07_conditional_vae"
SWITCH = ".code-switch"
FOLDS = ".bd-article .code-fold"
OPEN = f"{FOLDS}[open]"
MOST_CODE = 0.20
CODE_SHARE = """() => {
    const article = document.querySelector('.bd-article');
    const parts = [...article.querySelectorAll('details.hide > summary, div.cell_input')];
    const height = (e) => (e.checkVisibility() ? e.getBoundingClientRect().height : 0);
    return parts.reduce((sum, e) => sum + height(e), 0) / height(article);
}"""
WIDE, PHONE = 1440, 360

pytestmark = pytest.mark.browser


def counts(tab) -> tuple[int, int]:
    return tab.locator(OPEN).count(), tab.locator(FOLDS).count()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_choice_is_remembered_on_this_page_and_the_next(visit, addresses, scheme):
    opened = visit(f"{addresses[scheme]}/{PAGE}.html", width=WIDE)
    tab, switch = opened.tab, opened.tab.get_by_role("switch", name="Read with code")
    expect(switch).to_have_attribute("aria-checked", "false")
    shown, every = counts(tab)
    assert shown == 0 < every
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    assert counts(tab) == (every, every)
    assert tab.locator(f"{FOLDS} > summary:visible").count() == 0
    for page in (PAGE, NEXT):
        opened.open(f"{addresses[scheme]}/{page}.html")
        shown, every = counts(tab)
        assert shown == every > 0
    switch.click()
    opened.open(f"{addresses[scheme]}/{PAGE}.html")
    assert counts(tab)[0] == 0
    opened.check()


@each_light([page for page in NOTEBOOKS if page != "chapters/lab"])  # all code of the Lab is hidden, and has no switch
def test_a_page_that_is_read_is_hardly_code(light):
    size, switch = light.tab.viewport_size, light.tab.locator(SWITCH)
    light.tab.set_viewport_size({**size, "width": WIDE})
    light.alive()
    folded = light.tab.evaluate(CODE_SHARE)
    switch.click()
    light.settle()
    with_code = light.tab.evaluate(CODE_SHARE)
    switch.click()
    light.tab.set_viewport_size(size)
    light.settle()
    print(f"\n{light.tab.url}: {folded:.0%} of the height is code, {with_code:.0%} with code")
    assert folded <= MOST_CODE and folded < with_code / 2


def test_one_cell_opens_by_itself_by_mouse_and_by_keyboard(visit, addresses):
    opened = visit(f"{addresses['http']}/{PAGE}.html", width=WIDE)
    tab = opened.tab
    fold = tab.locator(FOLDS).nth(2)
    line, code = fold.locator("> summary"), fold.locator("pre")
    expect(line).to_have_text(f"code, {len(code.text_content().strip().splitlines())} lines")
    expect(code).to_be_hidden()
    line.click()
    expect(code).to_be_visible()
    line.press("Enter")
    expect(code).to_be_hidden()
    line.press("Space")
    expect(code).to_be_visible()
    assert counts(tab)[0] == 1
    switch = tab.locator(SWITCH)
    switch.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")
    opened.check()


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_what_is_read_stays_where_it_is(visit, addresses, width):
    opened = visit(f"{addresses['http']}/{PAGE}.html", width=width)
    opened.alive()
    tab = opened.tab
    heading = tab.locator("section > h2").nth(5)
    heading.evaluate("(e) => scrollTo({top: scrollY + e.getBoundingClientRect().top - 100, behavior: 'instant'})")
    opened.settle()
    place, switch = heading.bounding_box()["y"], tab.locator(SWITCH).bounding_box()
    for _ in range(2):
        tab.mouse.click(switch["x"] + 9, switch["y"] + 9)  # a locator would scroll to what is in view already
        opened.settle()
        assert heading.bounding_box()["y"] == pytest.approx(place, abs=2)


def test_without_javascript_all_code_is_seen(chromium, addresses):
    with visiting(chromium, "about:blank", java_script_enabled=False) as opened:
        opened.tab.goto(f"{addresses['file']}/{PAGE}.html")
        for fold in opened.tab.locator(FOLDS).all():
            expect(fold.locator("pre")).to_be_visible()
            expect(fold.locator("> summary")).to_be_hidden()
        assert opened.tab.locator(SWITCH).count() == 0


def test_paper_has_the_code_whatever_the_switch_says(visit, addresses):
    opened = visit(f"{addresses['http']}/{PAGE}.html", width=700)
    tab = opened.tab
    _, every = counts(tab)
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert counts(tab) == (every, every)
    assert tab.locator(f"{FOLDS} > summary:visible, {SWITCH}:visible, .enlarge:visible").count() == 0
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert counts(tab) == (0, every)


def test_the_start_page_has_no_code_and_no_switch(visit, addresses):
    opened = visit(f"{addresses['http']}/chapters/index.html")
    assert opened.tab.locator(SWITCH).count() == 0
