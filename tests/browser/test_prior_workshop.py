"""The prior workshop in a real browser: every prior it holds, its pseudo-inputs by touch, the components by drag."""

import pytest
from test_widgets_challenges import Hand
from test_widgets_live import BAD_WORDS, operate
from widget_page import pixels, readout, seen

from vae_utils.widgets import PriorWorkshop

pytestmark = pytest.mark.browser


@pytest.fixture
def hand(show):
    return Hand(show(PriorWorkshop.example().to_html(), width=1100, height=900))


def test_every_prior_is_drawn_and_read_out_and_draws_anew(hand):
    looks = set()
    for name in ("N(0, I)", "mixture", "VampPrior", "flow", "your own"):
        hand.choose("Prior", name)
        hand.page.until(lambda name=name: f"{name}, seed" in readout(hand.root))
        hand.page.settle()
        assert not any(word in readout(hand.root) for word in BAD_WORDS)
        before = pixels(hand.root)
        looks.add(before)
        hand.press("Draw again")
        hand.page.changed(before, lambda: pixels(hand.root))
        assert hand.root.locator(".vae-handle:visible").count() == (5 if name == "your own" else 0)
    assert len(looks) == 5


def test_a_pseudo_input_is_picked_out_by_touch_and_by_its_number(hand):
    hand.choose("Prior", "VampPrior")
    assert hand.root.get_by_text("Its pseudo-inputs").is_visible()
    picture = hand.root.locator("figure").nth(2).locator("canvas")
    box = picture.bounding_box()
    before = seen(hand.root)
    hand.page.tab.mouse.click(box["x"] + 0.17 * box["width"], box["y"] + 0.4 * box["height"])
    hand.page.until(lambda: "weight of component 2" in readout(hand.root))
    hand.page.changed(before[0], lambda: pixels(hand.root))
    hand.select("component", "3")
    hand.page.until(lambda: "weight of component 3" in readout(hand.root))


def test_a_component_follows_the_pointer_and_the_gain_follows_it(hand):
    knob = hand.root.get_by_role("slider", name="component 1", exact=True)
    before, start = readout(hand.root), knob.get_attribute("aria-valuetext")
    operate(hand.page.tab, knob)
    hand.page.changed(before, lambda: readout(hand.root))
    assert knob.get_attribute("aria-valuetext") != start


def test_what_is_turned_is_shown(hand):
    hand.choose("Prior", "N(0, I)")
    hand.select("component", "2")
    hand.page.until(lambda: "mixture, seed" in readout(hand.root) and "weight of component 2" in readout(hand.root))
    hand.press("EM step on your own")
    hand.page.until(lambda: "your own, seed" in readout(hand.root))
    hand.choose("Prior", "VampPrior")
    hand.type("width, of your own", 0.5)
    hand.page.until(lambda: "your own, seed" in readout(hand.root))
