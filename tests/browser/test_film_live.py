"""The player of the widgets that show a film: it plays, pauses, obeys the slider, and respects reduced motion."""

import pytest
from widget_page import CHROMIUM, open_page, write_page

from vae_utils import widgets

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture
def collapse_film(chromium, tmp_path, request):
    """The film of chapter 6 at 60 percent of its training: the page, and the widget."""
    with open_page(chromium, **getattr(request, "param", {})) as page:
        page.goto(write_page(tmp_path, widgets.CollapseFilm.example().to_html()).as_uri())
        (root,) = page.widgets()
        slide(root, 60)
        page.settle()
        yield page, root
        page.check()


def slide(root, percent):
    root.locator("input[type=range]").first.evaluate(
        "(el, value) => { el.value = value; el.dispatchEvent(new Event('input', { bubbles: true })) }", percent
    )


def percent(root):
    return float(root.locator("input[type=range]").first.input_value())


def test_a_film_plays_on_from_where_it_is_pauses_and_obeys_the_slider(collapse_film):
    page, root = collapse_film
    root.get_by_role("button", name="Play").click()
    pause = root.get_by_role("button", name="Pause")
    assert page.changed(False, lambda: percent(root) > 60, seconds=10)
    slide(root, 20)
    assert page.changed(False, lambda: 20 < percent(root) < 60, seconds=10)
    pause.click()
    at = percent(root)
    page.page.wait_for_timeout(300)
    assert percent(root) == at < 60
    slide(root, 98)
    root.get_by_role("button", name="Play").click()
    assert page.changed(False, lambda: percent(root) == 100, seconds=10)
    assert page.changed(False, lambda: root.get_by_role("button", name="Play").is_visible(), seconds=10)
    root.get_by_role("button", name="Play").click()
    assert page.changed(False, lambda: 0 < percent(root) < 50, seconds=10)


@pytest.mark.parametrize("collapse_film", [{"reduced_motion": "reduce"}], indirect=True)
def test_with_reduced_motion_a_film_jumps_to_its_end_and_back(collapse_film):
    page, root = collapse_film
    for expected in (100, 0, 100):
        root.get_by_role("button", name="Play").click()
        page.settle()
        assert percent(root) == expected
