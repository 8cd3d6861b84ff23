"""The player of the widgets that show a film: it plays, pauses, obeys the slider, and respects reduced motion."""

import pytest

from vae_utils import widgets

pytestmark = pytest.mark.browser


@pytest.fixture
def film(show):
    """A function that opens the film of chapter 6 at 60 percent of its training, with a clock that is moved by hand."""

    def start(**options):
        page = show(widgets.CollapseFilm.example().to_html(), still=True, **options)
        page.tab.clock.pause_at(1_000_000)
        (root,) = page.tab.locator(".vae-widget").all()
        slide(root, 60)
        page.tab.clock.run_for(100)
        return page.tab.clock, root

    return start


def slide(root, percent):
    root.locator("input[type=range]").first.evaluate(
        "(el, value) => { el.value = value; el.dispatchEvent(new Event('input', { bubbles: true })) }", percent
    )


def percent(root):
    return float(root.locator("input[type=range]").first.input_value())


def test_a_film_plays_on_from_where_it_is_pauses_and_obeys_the_slider(film):
    clock, root = film()
    root.get_by_role("button", name="Play").click()
    clock.run_for(500)
    assert 60 < percent(root) < 100
    slide(root, 20)
    clock.run_for(500)
    at = percent(root)
    assert 20 < at < 60
    root.get_by_role("button", name="Pause").click()
    clock.run_for(2000)
    assert percent(root) == at
    slide(root, 98)
    root.get_by_role("button", name="Play").click()
    clock.run_for(2000)
    assert percent(root) == 100
    root.get_by_role("button", name="Play").click()
    clock.run_for(500)
    assert 0 < percent(root) < 50


def test_with_reduced_motion_a_film_jumps_to_its_end_and_back(film):
    clock, root = film(reduced_motion="reduce")
    for expected in (100, 0, 100):
        root.get_by_role("button", name="Play").click()
        clock.run_for(100)
        assert percent(root) == expected
