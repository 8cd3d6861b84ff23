"""The latent explorer in a real browser: a drawing is encoded."""

import pytest
from widget_page import CHROMIUM, open_page, readout, write_page

from vae_utils.widgets import LatentExplorer

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture
def opened(chromium, tmp_path):
    with open_page(chromium) as page:
        page.goto(write_page(tmp_path, LatentExplorer.example().to_html()).as_uri())
        yield page
        page.check()


def test_a_drawing_is_encoded_and_can_be_cleared(opened):
    (root,) = opened.widgets()
    before = readout(root)
    area = root.locator("canvas[aria-label='drawing area']")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    middle = box["x"] + box["width"] / 2
    opened.page.mouse.move(middle, box["y"] + 0.2 * box["height"])
    opened.page.mouse.down()
    opened.page.mouse.move(middle, box["y"] + 0.8 * box["height"], steps=8)
    opened.page.mouse.up()
    assert opened.changed(before, lambda: readout(root))
    drawn = readout(root)
    assert "my drawing" in drawn and "NaN" not in drawn
    root.get_by_role("button", name="Clear the drawing").click()
    assert opened.changed(drawn, lambda: readout(root))
