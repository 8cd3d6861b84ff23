"""The GAN and the VAE at work in a real browser: they train, obey, stop when the budget is spent, and rest unseen."""

import pytest
from test_playground_live import Bench
from widget_page import pixels, readout

from benchmarks import browser
from vae_utils import widgets

pytestmark = pytest.mark.browser


@pytest.fixture
def bench(show):
    """A function that opens the widget."""
    return lambda **values: Bench(show(widgets.SideBySide(**values).to_html()))


def test_run_pause_step_and_run_again(bench):
    one = bench(budget=4000)
    start = readout(one.root)
    one.press("Run")
    one.until(lambda: one.step() > 0)
    one.press("Pause")
    one.until(lambda: "paused" in one.value("speed"))
    paused = one.step()
    one.press("One step")
    one.until(lambda: one.step() == paused + 1)
    one.press("Start anew")
    one.until(lambda: readout(one.root) == start)
    one.type("Budget, in steps", "400")
    one.press("Run")
    one.until(lambda: "budget spent" in one.value("speed"))
    assert one.step() == 400 and one.root.get_by_role("button", name="One step").is_disabled()
    spent = readout(one.root)
    one.type("Budget, in steps", "500")
    one.press("Run")
    one.until(lambda: one.step() == 500)
    one.type("Budget, in steps", "400")
    one.press("Run again")
    one.until(lambda: readout(one.root) == spent)


def test_the_same_seed_gives_the_same_numbers_and_pictures(bench):
    seen = []
    for _ in range(2):
        one = bench(data="grid", seed=3, budget=100, running=True)
        one.until(lambda one=one: "budget spent" in one.value("speed"))
        one.page.settle()
        seen.append((readout(one.root), pixels(one.root)))
    assert seen[0] == seen[1]


def test_out_of_sight_it_rests(bench):
    one = bench(budget=4000, running=True)
    one.until(lambda: one.step() > 20)
    one.root.evaluate("root => { root.style.marginTop = '5000px'; scrollTo(0, 0); }")

    def rests():
        before = one.step()
        one.page.tab.wait_for_timeout(300)
        return one.step() == before

    one.until(rests)
    at = one.step()
    assert at < 4000
    one.root.evaluate("root => { root.style.marginTop = ''; }")
    one.until(lambda: one.step() > at)


def test_while_it_trains_the_page_keeps_drawing(chromium):
    found = browser.measure_widget(chromium, widgets.SideBySide(budget=4000), frames=30)
    assert found["steps"] > 0 and 0 < found["median"] <= found["slowest"]
