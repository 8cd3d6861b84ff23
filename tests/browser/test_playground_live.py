"""The playground at work in a real browser: it trains, obeys at once, remembers, and leaves the page its frames."""

import pytest
from widget_page import pixels, readout

from benchmarks import browser
from vae_utils import widgets
from vae_utils.widgets.playground import KERNELS

pytestmark = pytest.mark.browser

# Clears the points while a drawing is due and draws before the worker can answer: how many lines the read-out has then.
CLEAR_AND_DRAW_AT_ONCE = """async (root) => {
  const later = window.requestAnimationFrame;
  const draw = await new Promise((due) => {
    window.requestAnimationFrame = (frame) => { due(frame); return 1; };
  });
  window.requestAnimationFrame = later;
  [...root.querySelectorAll("button")].find((button) => button.textContent === "Clear the points").click();
  draw(performance.now());
  return root.querySelector(".vae-readout").children.length;
}"""


class Bench:
    """One playground on a page, spoken to as a reader would."""

    def __init__(self, page):
        self.page = page
        (self.root,) = page.alive()
        self.until(lambda: "step" in readout(self.root))

    def press(self, label):
        self.root.get_by_role("button", name=label, exact=True).click()

    def value(self, name):
        self.until(lambda: name in readout(self.root).split("\n"))
        lines = readout(self.root).split("\n")
        return lines[lines.index(name) + 1]

    def step(self):
        return int(self.value("step"))

    def number(self, name):
        return float(self.value(name).replace("\u2212", "-"))

    def until(self, condition):
        self.page.until(condition, lambda: readout(self.root))

    def type(self, label, text):
        field = self.root.get_by_label(f"{label}, as a number")
        field.fill(text)
        field.press("Enter")


@pytest.fixture
def bench(show):
    """A function that opens a playground."""
    return lambda **values: Bench(show(widgets.Playground(**values).to_html()))


# The least step that the read-out ever shows from now on.
LEAST_STEP = """(root) => {
  const words = root.querySelector(".vae-readout");
  root.leastStep = Infinity;
  new MutationObserver(() => {
    const lines = words.innerText.split("\\n");
    root.leastStep = Math.min(root.leastStep, Number(lines[lines.indexOf("step") + 1]));
  }).observe(words, { childList: true, subtree: true, characterData: true });
}"""


def test_run_pause_step_reset_and_replay(bench):
    one = bench()
    start = readout(one.root)
    one.press("Run")
    one.until(lambda: one.step() > 400)
    one.press("Pause")
    one.until(lambda: one.value("speed, WebAssembly") == "paused")
    paused = one.step()
    one.page.tab.wait_for_timeout(300)
    assert one.step() == paused
    one.press("One step")
    one.until(lambda: one.step() == paused + 1)
    one.root.evaluate(LEAST_STEP)
    one.press("Replay")
    one.until(lambda: one.root.evaluate("root => root.leastStep") < paused / 2)
    one.until(lambda: one.step() == paused + 1)
    one.press("Restart training")
    one.until(lambda: readout(one.root) == start)


def test_restarting_keeps_the_settings_and_reset_takes_them_back_too(bench):
    one = bench(data="ring", beta=2.0)
    start, settings = readout(one.root), "el => [...el.querySelectorAll('input[type=text]')].map((i) => i.value)"
    before = one.root.evaluate(settings)
    one.type("\u03b2, weight of the KL", "0")
    one.type("learning rate", "0.03")
    one.root.locator("select").first.select_option("moons")
    one.press("Run")
    one.until(lambda: one.step() > 20)
    one.press("Restart training")
    one.until(lambda: one.step() == 0 and one.value("\u03b2 in force") == "0.00")
    one.press("Reset")
    one.until(lambda: readout(one.root) == start)
    assert one.root.evaluate(settings) == before
    assert one.root.locator("select").first.input_value() == "ring"
    one.press("Run")
    one.until(lambda: one.step() > 20)
    one.press("Reset")
    one.until(lambda: readout(one.root) == start)


def test_the_same_steps_give_the_same_numbers_and_pictures(bench):
    seen = []
    for _ in range(2):
        one = bench(data="moons", seed=3)
        for step in range(1, 9):
            one.press("One step")
            one.until(lambda one=one, step=step: one.step() == step)
        one.page.settle()
        seen.append((readout(one.root), pixels(one.root)))
    assert seen[0] == seen[1]


def test_beta_is_felt_at_once_while_it_runs(bench):
    one = bench(data="ring")
    one.press("Run")
    one.until(lambda: one.step() > 150)
    before = one.number("KL")
    one.type("\u03b2, weight of the KL", "16")
    one.until(lambda: one.value("\u03b2 in force") == "16.00")
    at = one.step()
    one.until(lambda: one.step() > at + 150)
    assert one.number("KL") < 0.8 * before
    assert "\u03b2 16 at step" in one.value("last change")


def test_warm_up_starts_at_zero_and_arrives(bench):
    one = bench(warmup=100, beta=2.0)
    assert one.value("\u03b2 in force") == "0.00"
    one.press("Run")
    one.until(lambda: one.value("\u03b2 in force") == "2.00")


def test_points_can_be_drawn_with_pointer_and_keyboard(bench):
    one = bench(data="your own points")
    run = one.root.get_by_role("button", name="Run")
    assert run.is_disabled() and one.root.get_by_role("button", name="One step").is_disabled()
    canvas = one.root.locator("canvas").first
    before = pixels(one.root)
    box = canvas.bounding_box()
    one.page.tab.mouse.move(box["x"] + 120, box["y"] + 100)
    one.page.tab.mouse.down()
    one.page.tab.mouse.move(box["x"] + 220, box["y"] + 180, steps=12)
    one.page.tab.mouse.up()
    one.page.changed(before, lambda: pixels(one.root))
    assert run.is_enabled()
    handle = one.root.get_by_role("slider", name="where to put points")
    handle.focus()
    before = pixels(one.root)
    one.page.tab.keyboard.press("Shift+ArrowLeft")
    one.root.get_by_role("button", name="Put points at the handle").press("Enter")
    one.page.changed(before, lambda: pixels(one.root))
    one.press("Run")
    one.until(lambda: one.step() > 20)
    assert one.root.evaluate(CLEAR_AND_DRAW_AT_ONCE)  # an empty read-out would let the page jump
    one.until(lambda: one.step() == 0)


def test_without_points_nothing_is_trained(bench):
    one = bench(data="your own points", running=True)
    one.page.tab.wait_for_timeout(300)
    assert one.step() == 0 and one.value("speed, WebAssembly") == "paused"
    assert (one.value("loss"), one.value("KL")) == ("no points yet", "\u2013")


def test_it_runs_from_the_start_where_it_is_told_to(bench):
    for _ in range(3):  # the first picture of the worker is still on its way then
        one = bench(data="digits", running=True)
        one.until(lambda one=one: one.step() > 3)
        assert one.root.get_by_role("button", name="Pause", exact=True).is_visible()


def test_digits_learn_in_the_page(bench):
    one = bench(data="digits", beta=0.5)
    start = one.number("loss")
    one.press("Run")
    one.until(lambda: one.step() > 300)
    assert one.number("loss") < 0.7 * start


@pytest.mark.parametrize("kernel", KERNELS)
def test_it_says_which_kernel_trains(bench, kernel):
    one = bench(data="ring", kernel=kernel, running=True)
    one.until(lambda: one.value(f"speed, {kernel}").endswith("steps/s"))


@pytest.mark.parametrize("case", browser.CASES)
def test_while_it_trains_the_page_keeps_drawing(chromium, case):
    """How fast is asked by `make benchmark`: it depends on what else the machine does."""
    found = browser.measure(chromium, case, frames=30)
    assert found["steps"] > 0 and 0 < found["median"] <= found["slowest"]
