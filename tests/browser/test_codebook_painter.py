"""The codebook painter in a real browser: cells and codes by touch, held cells, filling by every prior."""

import pytest
from test_widgets_challenges import Hand
from test_widgets_live import BAD_WORDS
from widget_page import pixels, readout

from vae_utils.widgets import CodebookPainter

pytestmark = pytest.mark.browser


@pytest.fixture
def hand(show):
    return Hand(show(CodebookPainter.example().to_html(), width=1100, height=900))


def touch(hand, panel, across, down):
    box = hand.root.locator("figure").nth(panel).locator("canvas").bounding_box()
    hand.page.tab.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
    hand.page.settle()


def row(hand, start):
    """The value in the row of the read-out whose name begins so."""
    lines = readout(hand.root).split("\n")
    return next(lines[i + 1] for i, line in enumerate(lines) if line.startswith(start))


def test_a_touched_code_is_painted_into_the_touched_cell_and_held(hand):
    before = row(hand, "cell 1")
    touch(hand, 1, 0.9, 0.9)
    assert "cell 4" in readout(hand.root) and row(hand, "held cells") == "0 of 4"
    picture = pixels(hand.root)
    touch(hand, 2, 0.9, 0.8)
    assert row(hand, "cell 4") == "7, held" and row(hand, "held cells") == "1 of 4"
    assert row(hand, "test digit 0") == "one cell changed" and pixels(hand.root) != picture
    hand.stop("cell", 0)
    hand.page.until(lambda: row(hand, "cell 1") == before)


@pytest.mark.parametrize("prior", ["uniform", "independent", "autoregressive"])
def test_every_prior_fills_the_cells_that_are_not_held(hand, prior):
    hand.choose("Prior", prior)
    hand.stop("cell", 1)
    hand.stop("its code: turn to paint", 3)
    hand.page.settle()
    pictures = set()
    for _ in range(8):
        hand.press("Let the prior fill the rest")
        hand.page.settle()
        pictures.add(pixels(hand.root))
        assert row(hand, "cell 2") == "3, held"
        assert not any(word in readout(hand.root) for word in BAD_WORDS)
    assert len(pictures) > 1
    assert row(hand, "KL of the code, uniform") == "8.318"


def test_a_cell_is_let_go_and_another_digit_holds_none(hand):
    hand.press("Hold cell 1")
    hand.press("Let go of cell 1")
    hand.page.until(lambda: row(hand, "held cells") == "0 of 4")
    for k in range(4):
        hand.stop("cell", k)
        hand.page.settle()
        hand.press(f"Hold cell {k + 1}")
    fill = hand.root.get_by_role("button", name="Let the prior fill the rest")
    hand.page.until(fill.is_disabled)
    hand.select("Start from", "3")
    hand.page.until(lambda: row(hand, "held cells") == "0 of 4" and row(hand, "test digit 3") == "as encoded")
    hand.page.until(fill.is_enabled)
