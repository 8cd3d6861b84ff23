"""The map of the start page: it wanders until a hand is laid on it, and rests where motion is unwelcome."""

import pytest
from widget_page import readout

from vae_utils.widgets import FrontMap

pytestmark = pytest.mark.browser


def wandering(show, **options):
    kind = FrontMap.example()
    kind.wander = True
    page = show(kind.to_html(), **options)
    (root,) = page.alive()
    return page, root, root.locator(".vae-handle")


def stays(page, root):
    before = readout(root)
    for _ in range(5):
        page.settle()
    return readout(root) == before


def center(element):
    box = element.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_dot_wanders_until_it_is_grabbed_and_again_when_it_is_told_to(show):
    page, root, dot = wandering(show)
    page.changed(readout(root), lambda: readout(root))
    root.get_by_role("button", name="Let it rest").click()
    page.settle()
    assert stays(page, root)
    root.get_by_role("button", name="Let it wander").click()
    page.changed(readout(root), lambda: readout(root))
    page.tab.mouse.move(*center(dot))
    page.tab.mouse.down()
    page.settle()
    assert stays(page, root)
    there = center(root.locator("canvas").first)
    page.tab.mouse.move(*there)
    page.tab.mouse.up()
    page.settle()
    assert center(dot) == pytest.approx(there, abs=2)
    assert stays(page, root) and root.get_by_role("button", name="Let it wander").is_visible()


@pytest.mark.parametrize("key", ["ArrowLeft", "Shift+ArrowUp"])
def test_a_key_on_the_dot_ends_the_walk(show, key):
    page, root, dot = wandering(show)
    page.changed(readout(root), lambda: readout(root))
    dot.press(key)
    page.settle()
    assert stays(page, root)


def test_a_click_on_the_map_brings_the_dot_and_a_mouse_held_down_takes_it_along(show):
    page, root, dot = wandering(show)
    x, y = center(root.locator("canvas").first)
    page.tab.mouse.click(x + 40, y - 60)
    page.settle()
    here = center(dot)
    assert here == pytest.approx((x + 40, y - 60), abs=2) and stays(page, root)
    page.tab.mouse.down()
    page.tab.mouse.move(x - 50, y + 30, steps=4)
    page.tab.mouse.up()
    page.settle()
    assert center(dot) == pytest.approx((x - 50, y + 30), abs=2)


def test_where_motion_is_unwelcome_the_dot_rests_and_steps_when_it_is_told_to(show):
    page, root, _ = wandering(show, reduced_motion="reduce")
    assert stays(page, root)
    before = readout(root)
    root.get_by_role("button", name="Let it wander").click()
    page.changed(before, lambda: readout(root))
    assert stays(page, root)
