"""Room: each widget fits a laptop's window in one view, and on a phone the plot stays above what changes it."""

import pytest
from test_widgets_live import NAMES, html_of

pytestmark = pytest.mark.browser

IN_A_CHAPTER = [name for name in NAMES if name != "Lab"]  # it has a page of its own: see test_lab.py
HEADER = 56  # what a page of the website keeps at its top
COLUMN = """<style>body {{ margin: 0 }}
.bd-header-article {{ position: sticky; top: 0; height: {header}px; z-index: 10 }}
.bd-article-container {{ width: {column}px; max-width: 100%; margin: auto }}
.bd-article {{ max-width: 784px; padding: 0 32px; margin: auto; box-sizing: border-box }}
@media (max-width: 600px) {{ .bd-article {{ padding: 0 16px }} }}
.output {{ overflow: auto }}</style><div class="bd-header-article"></div>
<div class="bd-article-container"><div class="bd-article"><p>Text.</p><div class="output">{widget}</div>
<p style="height: 900px">Text.</p></div></div>"""
BOXES = """(root, what) => [...root.querySelectorAll(what)].filter((e) => e.checkVisibility()).map((e) => {
  const { left, top, right, bottom } = e.getBoundingClientRect();
  return { left, top, right, bottom };
})"""
CENTERED = """(control) => {
  scrollTo(0, scrollY + control.getBoundingClientRect().top - 560);
  control.focus();
}"""


def in_column(name, column):
    return COLUMN.format(header=HEADER, column=column, widget=html_of(name))


def boxes(root, what):
    return root.evaluate(BOXES, what)


def overlap(one, other):
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return across > 1 and down > 1


@pytest.mark.parametrize("name", IN_A_CHAPTER)
@pytest.mark.parametrize("column, width", [(752, 720), (880, 848), (1136, 1040)])
def test_plots_and_controls_stand_beside_each_other_in_one_view(show, name, column, width):
    page = show(in_column(name, column), width=1440, height=900)
    (root,) = page.alive()
    box = root.bounding_box()
    assert box["width"] == pytest.approx(width, abs=2)
    assert box["height"] <= 900 - HEADER
    panels, controls = boxes(root, "canvas"), boxes(root, ".vae-rail :is(input, select, button), .vae-readout > div")
    assert panels and controls
    assert max(panel["right"] for panel in panels) < min(control["left"] for control in controls)
    parts = [*panels, *controls, *boxes(root, "figcaption"), *boxes(root, ".vae-challenges, .vae-head")]
    assert not [(a, b) for i, a in enumerate(parts) for b in parts[:i] if overlap(a, b) and not pill(a, b)]


def pill(one, other):
    """A segment of a choice lies over its own word, and what is inside one control lies in it."""
    return min(one["bottom"] - one["top"], other["bottom"] - other["top"]) < 1


@pytest.mark.parametrize("name", NAMES)
def test_on_a_phone_the_plot_stays_above_each_slider(show, name):
    page = show(in_column(name, 360), width=360, height=760, has_touch=True)
    (root,) = page.alive()
    sliders = root.locator(".vae-rail input[type=range]:visible")
    plot = root.locator("figure").first
    for slider in sliders.all():
        slider.evaluate(CENTERED)
        page.settle()
        above, below = plot.bounding_box(), slider.bounding_box()
        assert above["y"] >= HEADER - 1
        assert above["y"] + above["height"] <= below["y"] + 1
        assert below["y"] + below["height"] <= 760
    assert sliders.count()
    root.evaluate("(root) => root.scrollIntoView({ block: 'end' })")
    page.settle()
    assert plot.bounding_box()["y"] < root.bounding_box()["y"] + root.bounding_box()["height"]


def test_a_widget_with_every_challenge_done_still_fits(show):
    page = show(in_column("Playground", 880), width=1440, height=900)
    (root,) = page.alive()
    root.evaluate("(root) => root.querySelectorAll('.vae-why').forEach((why) => { why.hidden = false; })")
    assert root.bounding_box()["height"] <= 900


def test_where_the_window_is_low_nothing_sticks(show):
    page = show(in_column("KL", 440), width=440, height=400)
    (root,) = page.alive()
    assert root.locator("figure").first.evaluate("(figure) => getComputedStyle(figure).position") == "static"
