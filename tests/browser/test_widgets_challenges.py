"""Challenges and the way back: each challenge is reached with the controls that a reader has, none at the start."""

import json

import pytest
from test_widgets_live import NAMES, html_of
from visit import visiting
from widget_page import seen, write_page

from vae_utils import widgets

pytestmark = pytest.mark.browser

MU, SIGMA, BETA = "\u03bc", "\u03c3", "\u03b2"
TICKS = "(root) => [...root.querySelectorAll('.vae-challenges li')].map((li) => li.classList.contains('vae-solved'))"
VALUES = """(root) => [...root.querySelectorAll("input, select")].map((e) =>
  ["radio", "checkbox"].includes(e.type) ? e.checked : e.value)"""


class Hand:
    """What a reader does to a widget, by the names that stand on it."""

    def __init__(self, page):
        self.page = page
        (self.root,) = page.alive()

    def type(self, label, value):
        field = self.root.get_by_label(f"{label}, as a number", exact=True)
        field.fill(str(value))
        field.press("Enter")

    def stop(self, label, position):
        move = "(el, at) => { el.value = at; el.dispatchEvent(new Event('input', { bubbles: true })); }"
        self.root.get_by_label(label, exact=True).evaluate(move, position)

    def select(self, label, value):
        self.root.locator(".vae-select", has_text=label).locator("select").select_option(value)

    def choose(self, group, word):
        self.root.get_by_role("group", name=group).get_by_label(word, exact=True).check(force=True)

    def switch(self, label):
        self.root.get_by_label(label, exact=True).click()

    def press(self, label):
        self.root.get_by_role("button", name=label, exact=True).click()

    def keys(self, label, *keys):
        for key in keys:
            self.root.get_by_role("slider", name=label, exact=True).press(key)

    def draw(self, area):
        box = self.root.locator(f"canvas[aria-label='{area}']").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"]
        self.page.tab.mouse.move(x, y + 0.2 * box["height"])
        self.page.tab.mouse.down()
        self.page.tab.mouse.move(x, y + 0.8 * box["height"], steps=20)
        self.page.tab.mouse.up()

    def ticks(self):
        return self.root.evaluate(TICKS)


def train(hand, steps):
    hand.press("Run")
    words = "(root) => Number(root.querySelector('.vae-readout dd').textContent)"
    hand.page.until(lambda: hand.root.evaluate(words) > steps)
    hand.press("Pause")


def spend(hand):
    """Train until the budget is spent."""
    hand.press("Run")
    hand.page.until(lambda: "budget spent" in hand.root.locator(".vae-readout").inner_text())


TO_REACH = {
    "BetaSweep": [
        [("stop", f"{BETA}, the weight of the KL", 0)],
        [("stop", f"{BETA}, the weight of the KL", 6)],
        [("stop", f"{BETA}, the weight of the KL", 6)],
    ],
    "ClassStyle": [
        [("choose", "Class y", digit) for digit in "0123456789"],
        [("type", "style z\u2081", z) for z in (-3, -1.5, 0, 1.5, 3)],
        [("type", "style z\u2081", 3), ("type", "style z\u2082", 2.9)],
    ],
    "CodebookPainter": [
        [("stop", "cell", 1), ("stop", "its code: turn to paint", 0)],
        [step for k in range(4) for step in (("stop", "cell", k), ("stop", "its code: turn to paint", 7))],
        [("stop", "cell", 3), ("press", "Hold cell 4"), ("press", "Let the prior fill the rest")],
    ],
    "CollapseFilm": [
        [("select", "Remedy", "none"), ("type", "percent of the training", 50)],
        [("select", "Remedy", "free bits, 0.3 each")],
        [("select", "Remedy", "aggressive encoder")],
    ],
    "Critic": [
        [("type", f"{MU}, mean of q", 4.5), ("type", f"{SIGMA}, width of q", 0.3)],
        [("type", "s, strength of the critic", 0.24)],
        [("type", f"{MU}, mean of q", 6), ("type", f"{SIGMA}, width of q", 1)],
    ],
    "ELBO": [
        [("type", f"{MU}, mean of q", -0.95), ("type", f"{SIGMA}, width of q", 0.16)],
        [("type", "x, the height you see", 0), ("type", f"{MU}, mean of q", 0), ("type", f"{SIGMA}, width of q", 0.33)],
        [
            ("type", "x, the height you see", 0.8), ("type", f"{MU}, mean of q", 0),
            ("type", f"{SIGMA}, width of q", 0.55),
        ],
    ],
    "Face": [
        [("type", "age", 2), ("type", "smile", -2)],
        [("press", "Average face"), ("type", "nose size", 2)],
        [("type", "hair darkness", 3), ("type", "face width", 3)],
    ],
    "FactorSliders": [
        [("choose", "Model", "clear"), ("type", "z\u2083", -2)],
        [("choose", "Model", "clear"), ("type", "angle, degrees", 45)],
        [("choose", "Model", "clear"), ("select", "The plane that turns", "2, 5"), ("type", "angle, degrees", -90)],
    ],
    "ForwardReverse": [
        [
            ("choose", "The score", "learned"), ("type", "steps on the way", 50),
            *[("keys", f"center {k}", *["Shift+ArrowUp"]) for k in (3, 4, 5)],
        ],
        [("type", "steps on the way", 5), ("type", f"{SIGMA} of each cluster", 0.6)],
        [("choose", "The way back", "ODE, DDIM"), ("type", "steps on the way", 60)],
    ],
    "FrontMap": [
        [("type", "z\u2081", -1.6), ("type", "z\u2082", 1.2)],
        [("keys", "z", *["Shift+ArrowRight"] * 3, *["Shift+ArrowUp"] * 3)],
    ],
    "ImportanceBound": [
        [("type", "K, how many samples", 2000)],
        [
            ("type", "K, how many samples", 1), ("type", "width of q (1 is right)", 1),
            ("type", f"q's center off by, in {SIGMA}", 0),
        ],
        [
            ("type", "K, how many samples", 1000), ("type", "dimensions of z", 20),
            ("type", "width of q (1 is right)", 0.4),
        ],
    ],
    "KL": [
        [("type", f"{MU}, mean of q", 0), ("type", f"{SIGMA}, width of q", 1)],
        [("choose", "p is", "two bumps"), ("type", f"{MU}, mean of q", 1.8), ("type", f"{SIGMA}, width of q", 0.6)],
        [
            ("choose", "p is", "two bumps"), ("choose", "Direction", "KL(p\u2016q)"),
            ("type", f"{MU}, mean of q", 0), ("type", f"{SIGMA}, width of q", 1.9),
        ],
    ],
    "Lab": [
        [
            ("choose", "Data", "ring"), ("type", f"{BETA} of the KL", 16), ("type", f"{SIGMA} of p(x|z)", 1),
            (train, 310),
        ],
        [
            ("choose", "Data", "ring"), ("type", f"{BETA} of the KL", 16), ("type", f"{SIGMA} of p(x|z)", 1),
            (train, 310), ("type", f"{SIGMA} of p(x|z)", 0.05), (train, 700),
        ],
        [("choose", "Likelihood", "Bernoulli"), ("type", "learning rate", 0.01), (train, 900)],
        [("type", f"{SIGMA} of p(x|z)", 0.2), ("type", f"{BETA} of the KL", 6), (train, 520)],
        [("choose", "Training rows", "30"), (train, 600)],
    ],
    "Ladder": [
        [("press", "New bottoms")] * 3,
        [("choose", "Model", "residual")],
        [("type", "spread of the bottoms", 0)],
    ],
    "LatentDiffusion": [
        [("choose", "Draws from", "codes \u00d7 1"), ("type", "time: 1 noise, 0 codes", 0)],
        [("choose", "Draws from", "codes \u00d7 0.2"), ("type", "time: 1 noise, 0 codes", 1)],
        [("choose", "Draws from", "codes \u00d7 5"), ("type", "time: 1 noise, 0 codes", 1)],
    ],
    "LatentExplorer": [
        [("draw", "drawing area"), ("press", "Send z to its posterior mean")],
        [("keys", "z", *["Shift+ArrowRight"] * 4, *["Shift+ArrowUp"] * 4)],
        [
            ("keys", "start A of the path", *["Shift+ArrowLeft"] * 2),
            ("keys", "end B of the path", *["Shift+ArrowRight"] * 2),
        ],
    ],
    "ObjectiveChooser": [
        [("choose", "Objective", "GAN")],
        [("choose", "Objective", f"{SIGMA} 1")],
        [("choose", "Objective", "GAN")],
    ],
    "Playground": [
        [("select", "Data", "ring"), ("type", f"{BETA}, weight of the KL", 0), (train, 310)],
        [("type", f"{BETA}, weight of the KL", 16), ("type", f"{SIGMA} of the decoder", 1), (train, 310)],
        [("select", "Data", "your own points"), ("press", "Put points at the handle"), (train, 210)],
    ],
    "PriorWorkshop": [
        [("press", "EM step on your own")] * 8,
        [("type", "width, of your own", 0.1)],
        [("choose", "Prior", "VampPrior"), ("select", "component", "2")],
    ],
    "Reparameterization": [
        [("choose", "Cost f", "step")],
        [("choose", "Cost f", "wave")],
        [("type", "latent dimensions", 50)],
    ],
    "SideBySide": [
        [(spend,)],
        [("choose", "Momentum of the GAN's Adam", "0"), (spend,)],
        [("type", "Penalty on the slope", 5), (train, 310)],
    ],
    "TSlider": [
        [("type", "T, levels of noise", 600)],
        [("choose", "Schedule", "cosine")],
        [
            ("type", "T, levels of noise", 2), ("choose", "Schedule", "cosine"),
            ("type", f"{SIGMA} of each of the 8 clusters", 0.4),
        ],
    ],
    "Transformation": [
        [
            ("press", "Straighten the map"), ("keys", "map at z = -1", *["Shift+ArrowDown"]),
            ("keys", "map at z = 1", *["Shift+ArrowUp"]),
        ],
        [("select", "Map", "ranks")],
        [("select", "Map", "fold")],
    ],
    "TwoRanks": [
        [("switch", "past the wrapper: no average")],
        [("switch", "no weight for uneven shares"), ("type", "rows of a batch", 10)],
        [("switch", "sum in place of the mean")],
    ],
}  # fmt: skip


@pytest.fixture
def hand(show):
    return lambda name: Hand(show(html_of(name), width=1100, height=900))


def do(hand, action, *details):
    getattr(hand, action)(*details) if isinstance(action, str) else action(hand, *details)
    hand.page.settle()


def reach(one, actions, number):
    for action in actions:
        do(one, *action)
    one.page.until(lambda: one.ticks()[number], lambda: one.root.locator(".vae-readout").inner_text())
    row = one.root.locator(".vae-challenges li").nth(number)
    assert row.locator(".vae-why").is_visible() and row.inner_text().startswith("Done:")


@pytest.mark.parametrize("name", NAMES)
def test_each_challenge_is_reached_with_the_controls_and_reset_goes_back(hand, name):
    one = hand(name)
    reset = one.root.get_by_role("button", name="Reset", exact=True)
    assert reset.is_disabled()
    assert one.ticks() == [False] * len(TO_REACH[name]) and len(TO_REACH[name]) in (2, 3, 4, 5)
    assert not one.root.locator(".vae-why:visible").count()
    values, start = one.root.evaluate(VALUES), seen(one.root)
    for number, actions in enumerate(TO_REACH[name]):
        reach(one, actions, number)
        reset.press("Enter")
        one.page.until(lambda: one.root.evaluate(VALUES) == values, lambda: json.dumps(one.root.evaluate(VALUES)))
        one.page.until(lambda: seen(one.root) == start)
        assert reset.evaluate("(button) => button === document.activeElement")
    assert all(one.ticks())
    one.page.tab.keyboard.press("Tab")
    one.page.until(reset.is_disabled)


def test_a_challenge_is_spoken_when_it_is_done(hand):
    one = hand("KL")
    reach(one, TO_REACH["KL"][0], 0)
    one.page.until(lambda: "Challenge done: " in one.root.locator("[aria-live]").inner_text())


def test_a_challenge_stays_done_after_a_reload_and_a_reset(hand):
    one = hand("KL")
    for action in TO_REACH["KL"][0]:
        do(one, *action)
    one.page.until(lambda: one.ticks()[0])
    one.press("Reset")
    assert one.ticks() == [True, False, False]
    one.page.reload()
    assert one.ticks() == [True, False, False]


IN_A_SANDBOX = """<iframe sandbox="allow-scripts" style="width: 1000px; height: 800px" srcdoc='{page}'></iframe>"""


def test_in_a_sandbox_without_storage_it_works_all_the_same(visit, tmp_path):
    inner = write_page(tmp_path, html_of("KL")).read_text(encoding="utf-8")
    outer = IN_A_SANDBOX.format(page=inner.replace("&", "&amp;").replace("'", "&#39;"))
    page = visit(write_page(tmp_path, outer).as_uri())
    frame = page.tab.frame_locator("iframe")
    for label, value in ((f"{MU}, mean of q", "0"), (f"{SIGMA}, width of q", "1")):
        field = frame.get_by_label(f"{label}, as a number")
        field.fill(value)
        field.press("Enter")
    frame.locator(".vae-solved").wait_for()
    page.check()


def test_reset_goes_back_to_what_the_widget_was_made_with(show):
    one = Hand(show(widgets.KL(mu=-1.5, target="two bumps").to_html()))
    start = one.root.evaluate(VALUES)
    one.type(f"{MU}, mean of q", 2)
    one.choose("p is", "normal")
    one.press("Find the best q")
    one.press("Reset")
    one.page.until(lambda: one.root.evaluate(VALUES) == start)
    assert one.root.get_by_role("button", name="Find the best q").is_visible()


def test_a_widget_of_the_book_starts_without_ticks(chromium, tmp_path):
    """The fields that chapters choose: none of them is the answer."""
    made = [widgets.KL(mu=1.0, sigma=0.5), widgets.ImportanceBound(width=1.5, latent_dim=16)]
    page_of = write_page(tmp_path, "".join(widget.to_html() for widget in made))
    with visiting(chromium, page_of.as_uri()) as page:
        assert [any(root.evaluate(TICKS)) for root in page.alive()] == [False] * len(made)
