"""The latent explorer in a real browser: a drawing is encoded."""

import pytest
from widget_page import readout

from vae_utils.widgets import LatentExplorer

pytestmark = pytest.mark.browser


def test_a_drawing_is_encoded_and_can_be_cleared(show):
    opened = show(LatentExplorer.example().to_html())
    (root,) = opened.alive()
    before = readout(root)
    area = root.locator("canvas[aria-label='drawing area']")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    middle = box["x"] + box["width"] / 2
    opened.tab.mouse.move(middle, box["y"] + 0.2 * box["height"])
    opened.tab.mouse.down()
    opened.tab.mouse.move(middle, box["y"] + 0.8 * box["height"], steps=8)
    opened.tab.mouse.up()
    opened.changed(before, lambda: readout(root))
    drawn = readout(root)
    assert "my drawing" in drawn and "NaN" not in drawn
    root.get_by_role("button", name="Clear the drawing").click()
    opened.changed(drawn, lambda: readout(root))
