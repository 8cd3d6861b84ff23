"""What a printed page shows: light, whole, and nothing on it that would have to be pressed."""

import re

import pytest
from playwright.sync_api import expect

PAGE = "chapters/06_posterior_collapse"
CUT = """() => [...document.querySelectorAll('.bd-article :is(pre, div.math, .pst-scrollable-table-container)')]
    .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.slice(0, 80))"""
DRAWN = "document.querySelector('.vae-widget .vae-readout > *')"
# Within one task: a printer waits for no frame.
REDRAWN = """() => {
    const pictures = () => [...document.querySelectorAll('.vae-widget canvas')].map((canvas) => canvas.toDataURL());
    const before = pictures();
    dispatchEvent(new Event('beforeprint'));
    return pictures().map((picture, i) => picture !== before[i]);
}"""
BREAKS = "(all) => [...new Set(all.map((e) => getComputedStyle(e).breakInside))]"
MARGINS = dict.fromkeys(("top", "bottom", "left", "right"), "10mm")
SMALLEST = """() => Math.min(...[...document.querySelectorAll('#cheat-sheet :is(p, li, td, th, pre)')]
    .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""

pytestmark = pytest.mark.browser


def test_paper_is_light_and_needs_no_button(visit, addresses):
    opened = visit(f"{addresses['http']}/{PAGE}.html", width=700, scheme="dark")
    tab = opened.tab
    text = tab.locator(".bd-article")
    folds = text.locator("details")
    screen = tab.evaluate("getComputedStyle(document.body).color")
    tab.emulate_media(media="print", color_scheme="dark")
    tab.wait_for_function(DRAWN)
    redrawn = tab.evaluate(REDRAWN)
    assert redrawn and all(redrawn)

    expect(tab.locator("html")).to_have_attribute("data-theme", "light")
    assert tab.evaluate("getComputedStyle(document.body).color") != screen
    assert tab.locator("h1:visible").all_inner_texts() == ["6. Posterior collapse"]
    assert set(text.locator("summary:visible").all_inner_texts()) == {"Hint"}
    assert text.locator("button:visible, input:visible, select:visible").count() == 0
    hints = text.locator("details:not(.hide):visible")
    solutions = text.locator("pre", has_text="# @title Solution")
    exercises = text.locator(".box-exercise").count()
    assert hints.evaluate_all("(all) => all.map((e) => e.open)") == [True] * exercises
    assert solutions.count() == exercises > 0
    for solution in solutions.all():
        expect(solution).to_be_visible()
    assert text.locator(".tag_setup details:visible, .tag_hide-input details:visible").count() == 0
    assert tab.evaluate(CUT) == []
    # A frame that does not fit goes to the next page with its code, and leaves no empty one behind.
    assert text.locator("div.cell_input").evaluate_all(BREAKS) == ["avoid"]

    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    tab.emulate_media(media="screen", color_scheme="dark")
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    assert not any(fold.evaluate("(e) => e.open") for fold in folds.all())
    assert opened.troubles == []


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_cheat_sheet_is_one_page_that_can_be_read(visit, addresses, paper):
    opened = visit(f"{addresses['http']}/chapters/cheat_sheet.html", width=718)  # A4 between its margins
    tab = opened.open(opened.tab.url)
    printed = tab.pdf(format=paper, margin=MARGINS)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    tab.emulate_media(media="print")
    assert tab.locator("#cheat-sheet > section:visible").count() == 6
    assert tab.evaluate(CUT) == []
    assert tab.evaluate(SMALLEST) >= 7.5 * 96 / 72  # points
    assert opened.troubles == []
