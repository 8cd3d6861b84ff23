"""The Lab: everything on one screen, and what a reader does there."""

import re

import pytest
from test_playground_live import Bench
from test_widgets_layout import COLUMN, HEADER, boxes, overlap
from widget_page import pixels, readout, write_page

from vae_utils import widgets

pytestmark = pytest.mark.browser

PAGE = "chapters/lab"
PARTS = "canvas, .vae-rail :is(input, button), .vae-readout > div"
HEADER_OF_PAGE = ".bd-header-article"
SCREENS = [(1100, 700), (1280, 720), (1440, 900), (1920, 1080)]


@pytest.fixture
def bench(show):
    """A function that opens a Lab of these fields."""
    return lambda **values: Bench(show(widgets.Lab(**values).to_html(), width=1280))


@pytest.mark.parametrize("end, count", [("", 7), ("#data=digits&b.beta=4", 9)])
@pytest.mark.parametrize("width, height", SCREENS)
def test_on_its_page_every_plot_and_control_is_on_one_screen(visit, addresses, width, height, end, count):
    opened = visit(f"{addresses['http']}/{PAGE}.html{end}", width=width, height=height)
    (root,) = opened.alive()
    root.get_by_role("button", name="Landscape", exact=True).click()
    opened.until(lambda: max(box["bottom"] for box in boxes(root, PARTS)) <= height, lambda: str(boxes(root, PARTS)))
    parts = boxes(root, PARTS)
    assert opened.tab.evaluate("scrollY") == 0
    assert all(0 <= box["left"] and box["right"] <= width and box["top"] >= 0 for box in parts)
    plots = boxes(root, "canvas")
    assert len(plots) == count and min(box["bottom"] - box["top"] for box in plots) >= 90
    assert min(box["right"] - box["left"] for box in plots) >= 180
    opened.check()


def test_the_menu_of_its_page_is_folded_away_and_comes_back(visit, addresses):
    opened = visit(f"{addresses['http']}/{PAGE}.html", width=1280, height=720)
    opened.alive()
    menu = opened.tab.locator(".bd-sidebar-primary")
    assert not menu.is_visible()
    opened.tab.locator(".bd-header-article .primary-toggle").click()
    opened.until(menu.is_visible)
    opened.check()


@pytest.mark.parametrize("column", [752, 880, 1136])
def test_in_a_column_of_text_nothing_lies_over_another_thing(show, column):
    html = COLUMN.format(header=HEADER, column=column, widget=widgets.Lab().to_html())
    (root,) = show(html, width=1440, height=900).alive()
    parts = [*boxes(root, "canvas, .vae-rail :is(select, button), .vae-readout > div, figcaption, .vae-challenges")]
    assert not [(a, b) for i, a in enumerate(parts) for b in parts[:i] if overlap(a, b)]


def test_every_run_leaves_its_trail_until_it_is_cleared(bench):
    one = bench(data="ring", hidden="16")
    clear = one.root.get_by_role("button", name="Clear trails")
    for beta in ("1", "4"):
        assert clear.is_disabled()
        one.type("\u03b2 of the KL", beta)
        one.press("Run")
        one.until(lambda: one.step() > 20)
        one.press("Pause")
    one.press("Restart")
    one.until(lambda: one.step() == 0)
    one.page.until(clear.is_enabled)
    before = pixels(one.root)
    one.press("Clear trails")
    one.page.changed(before, lambda: pixels(one.root))
    assert clear.is_disabled()


def test_the_timeline_shows_an_earlier_step_and_the_run_goes_on_from_its_end(bench):
    one = bench(data="ring", hidden="16")
    time = one.root.get_by_role("slider", name="step shown")
    one.press("Run")
    one.until(lambda: one.step() > 60)
    one.type("\u03b2 of the KL", "4")
    one.until(lambda: "\u03b2 4 at step" in readout(one.root))
    one.press("Pause")
    one.until(lambda: "paused" in readout(one.root))
    last, now = one.step(), one.value("loss")
    before = pixels(one.root)
    for _ in range(60):
        time.press("Shift+ArrowLeft")
        if one.step() == 0:
            break
    one.until(lambda: one.step() == 0)
    one.page.changed(before, lambda: pixels(one.root))
    assert time.get_attribute("aria-valuetext") == "step 0"
    assert one.number("\u03b2 in force") == 1 and one.value("last change") == "none"
    code = one.root.get_by_role("slider", name="your code")
    code.press("Shift+ArrowLeft")
    one.until(lambda: "0.30, 0.80" in one.value("your code"))
    assert one.step() == 0 and one.root.get_by_role("button", name="Restart").is_enabled()
    for _ in range(60):
        time.press("Shift+ArrowRight")
        if one.step() == last:
            break
    one.until(lambda: one.step() == last and one.value("loss") == now)
    time.press("Shift+ArrowLeft")
    one.until(lambda: one.step() < last)
    one.press("Step")
    one.until(lambda: one.step() == last + 1)
    one.press("Run")
    one.until(lambda: one.step() > last + 1)
    time.press("Shift+ArrowLeft")
    one.until(lambda: one.root.get_by_role("button", name="Run", exact=True).is_visible())


def test_a_drawn_digit_is_trained_on_and_is_in_the_link(linked):
    one = linked("#data=digits&rows=30&n=0")
    one.until(lambda: one.step() == 0)
    start, tab = one.value("loss"), one.page.tab
    one.press("Draw a digit")
    add = one.root.get_by_role("button", name="Add it")
    assert add.is_disabled()
    box = one.root.locator("canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
    blank = pixels(one.root)
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x, y + box["height"] / 2, steps=4)
    tab.mouse.up()
    one.page.changed(blank, lambda: pixels(one.root))
    one.root.get_by_role("slider", name="pen").press("ArrowRight")
    one.press("Add it")
    one.until(lambda: one.value("loss") != start)
    mine = one.value("loss")
    assert not add.is_visible()
    one.press("Step")
    one.until(lambda: one.step() == 1)
    tab.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    one.press("Copy link")
    one.until(lambda: "in the address bar" in readout(one.root))
    other = linked(tab.evaluate("location.hash"))
    other.until(lambda: other.step() == 1)
    assert [other.value(name) for name in ("loss", "KL")] == [one.value(name) for name in ("loss", "KL")]
    other.press("Restart")
    other.until(lambda: other.value("loss") == mine)
    other.press("Remove mine")
    other.until(lambda: other.value("loss") == start)
    other.root.get_by_role("group", name="Data").get_by_label("ring").check(force=True)
    other.until(lambda: not other.root.get_by_role("button", name="Draw a digit").is_visible())
    other.page.check()


def test_a_step_shows_the_gradient_on_its_way_back_until_the_reader_goes_elsewhere(bench):
    one = bench(data="ring", hidden="16")
    strip = one.root.get_by_role("img", name="The machine at this moment")
    look = "canvas => canvas.toDataURL()"
    one.press("Step")
    one.until(lambda: one.step() == 1)
    one.page.settle()
    stepped = strip.evaluate(look)
    one.root.get_by_role("slider", name="step shown").press("ArrowLeft")
    one.until(lambda: one.step() == 0)
    one.page.settle()
    assert strip.evaluate(look) != stepped
    one.press("Step")
    one.until(lambda: one.step() == 2)
    one.press("Restart")
    one.until(lambda: one.step() == 0)
    one.press("Step")
    one.until(lambda: one.step() == 1)
    one.page.until(lambda: strip.evaluate(look) == stepped)


def choose(one, letter):
    one.root.get_by_role("group", name="Knobs of run").get_by_label(letter).check(force=True)


def both(one, name):
    """The numbers of A and of B."""
    return one.value(f"{name}, A / B").split(" / ")


def test_a_second_run_stands_beside_the_first_and_the_knobs_act_on_the_chosen_one(bench):
    one = bench(data="ring", hidden="16", beta=2.0)
    beta = one.root.get_by_label("\u03b2 of the KL, as a number")
    one.press("Run B beside")
    one.until(lambda: both(one, "\u03b2 in force") == ["2.00", "2.00"])
    assert one.root.locator("canvas:visible").count() == 9
    assert len(set(both(one, "loss"))) == len(set(both(one, "KL"))) == 1
    one.type("\u03b2 of the KL", "6")
    one.until(lambda: both(one, "\u03b2 in force") == ["2.00", "6.00"])
    one.press("Run")
    one.until(lambda: one.step() > 100)
    one.press("Pause")
    one.until(lambda: one.value("speed, WebAssembly") == "paused")
    assert float(both(one, "KL")[0]) > float(both(one, "KL")[1]) + 0.3
    choose(one, "A")
    one.until(lambda: beta.input_value() == "2")
    one.type("\u03b2 of the KL", "3")
    one.until(lambda: both(one, "\u03b2 in force") == ["3.00", "6.00"])
    choose(one, "B")
    one.until(lambda: beta.input_value() == "6")
    step = one.step()
    one.press("Step")
    one.until(lambda: one.step() == step + 1)
    one.root.get_by_role("slider", name="step shown").press("ArrowLeft")
    one.until(lambda: one.step() < step + 1)
    one.root.get_by_role("group", name="Latent size").get_by_label("1").check(force=True)
    one.until(lambda: one.step() == 0 and both(one, "\u03b2 in force") == ["3.00", "6.00"])
    one.type("seed", "5")
    one.until(lambda: both(one, "\u03b2 in force") == ["3.00", "6.00"] and one.step() == 0)
    one.press("Put B away")
    one.until(lambda: one.number("\u03b2 in force") == 3 and beta.input_value() == "3")
    two = one.root.get_by_role("group", name="Latent size").get_by_label("2")
    assert one.root.locator("canvas:visible").count() == 7 and two.is_checked()
    one.press("Reset")
    one.until(lambda: beta.input_value() == "2")


def test_reset_puts_b_away_and_gives_the_knobs_of_the_start(bench):
    one = bench(data="ring", hidden="16", beta=2.0)
    one.press("Run B beside")
    one.type("\u03b2 of the KL", "6")
    one.press("Run")
    one.until(lambda: one.step() > 20)
    one.press("Reset")
    one.until(lambda: one.number("\u03b2 in force") == 2 and one.step() == 0)
    assert one.root.get_by_role("button", name="Run B beside").is_visible()
    assert not one.root.get_by_role("group", name="Knobs of run").is_visible()


def test_the_keyboard_chooses_the_run_that_the_knobs_act_on(bench):
    one = bench(data="ring", hidden="16")
    one.root.get_by_role("button", name="Run B beside").press("Enter")
    one.until(lambda: "loss, A / B" in readout(one.root))
    before = pixels(one.root)
    one.root.get_by_role("group", name="Knobs of run").get_by_label("B").press("ArrowLeft")
    one.page.changed(before, lambda: pixels(one.root))
    assert one.root.get_by_role("group", name="Knobs of run").get_by_label("A").is_checked()


def test_a_run_is_the_same_alone_and_beside_another(linked):
    state, wide = "#data=ring&hidden=16&beta=2.5&sigma=0.2&seed=7&n=137", "b.beta=0.5&b.hidden=32&b.latent=1"
    names = ("loss", "\u2212reconstruction", "KL", "held-out loss")
    one = linked(state)
    one.until(lambda: one.step() == 137)
    alone = [one.value(name) for name in names]
    one.page.tab.evaluate("end => location.hash = end", f"{state}&{wide}")
    one.until(lambda: "loss, A / B" in readout(one.root) and one.step() == 137)
    one.until(lambda: one.value("speed, WebAssembly") == "paused")
    second = [both(one, name)[1] for name in names]
    one.press("Put B away")
    one.until(lambda: "loss" in readout(one.root).split("\n"))
    assert [one.value(name) for name in names] == alone and one.step() == 137
    other = linked("#data=ring&hidden=32&latent=1&beta=0.5&sigma=0.2&seed=7&n=137")
    other.until(lambda: other.step() == 137)
    assert second == [f"{other.number(name):.2f}".replace("-", "\u2212") for name in names]


def test_run_b_is_in_the_copied_link(linked):
    one = linked("#data=ring&hidden=16&n=0")
    one.press("Run B beside")
    one.type("\u03b2 of the KL", "3")
    one.press("Step")
    one.until(lambda: one.step() == 1)
    one.page.tab.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    one.press("Copy link")
    one.until(lambda: "in the address bar" in readout(one.root))
    end = one.page.tab.evaluate("location.hash")
    assert end == "#data=ring&hidden=16&beta=1&seed=0&b.beta=3&n=1"
    other = linked(end.replace("&n=1", "&plane=random&n=1"))
    other.until(lambda: other.step() == 1)
    assert other.root.get_by_role("img", name="Landscape of the loss", exact=True).is_visible()
    assert [both(other, name) for name in ("loss", "KL")] == [both(one, name) for name in ("loss", "KL")]
    assert other.root.get_by_role("group", name="Knobs of run").get_by_label("A").is_checked()


def test_the_landscape_of_the_loss_comes_goes_and_follows_both_runs(bench):
    one = bench(data="ring", hidden="16")
    around = one.root.get_by_role("img", name="Landscape of the loss", exact=True)
    beside = one.root.get_by_role("img", name="Landscape of the loss of run B")
    words = one.root.locator("figcaption:visible")
    one.press("Run")
    one.press("Landscape")
    one.page.until(lambda: "Loss around step" in " ".join(words.all_inner_texts()))
    assert not one.root.get_by_role("img", name="Decoded map").is_visible()
    step = one.step()
    one.until(lambda: one.step() > step + 50)
    one.press("Pause")
    one.until(lambda: one.value("speed, WebAssembly") == "paused")
    one.page.until(lambda: f"step {one.step()};" in " ".join(words.all_inner_texts()))
    share = lambda: int(re.search(r"holds (\d+) % of the way", " ".join(words.all_inner_texts()))[1])  # noqa: E731
    assert share() < 60
    one.press("Plane of the way")
    one.page.until(lambda: "holds" in " ".join(words.all_inner_texts()) and share() > 70)
    one.press("Random plane")
    one.page.until(lambda: "holds" in " ".join(words.all_inner_texts()) and share() < 60)
    before = around.evaluate("canvas => canvas.toDataURL()")
    one.type("\u03b2 of the KL", "8")
    one.page.until(lambda: around.evaluate("canvas => canvas.toDataURL()") != before)
    one.press("Run B beside")
    one.page.until(lambda: " ".join(words.all_inner_texts()).count("Loss around step 0") == 2)
    assert beside.is_visible() and not one.root.get_by_role("img", name="Samples", exact=True).is_visible()
    one.press("Hide landscape")
    one.page.until(lambda: not around.is_visible() and not beside.is_visible())
    one.press("Reset")
    one.until(lambda: "loss" in readout(one.root).split("\n"))
    assert one.root.get_by_role("img", name="Decoded map").is_visible()


def test_the_row_in_the_machine_is_one_that_is_trained_on(bench):
    one = bench(data="ring", hidden="16", row=250)
    row = one.root.get_by_label("row x, as a number")
    one.root.get_by_role("group", name="Training rows").get_by_label("30", exact=True).check(force=True)
    one.until(lambda: row.input_value() == "29")
    one.type("row x", "299")
    one.until(lambda: row.input_value() == "29")
    assert one.root.get_by_label("row x", exact=True).get_attribute("max") == "29"


def test_a_code_is_decoded_by_the_net_of_the_moment(bench):
    one = bench(data="ring", hidden="16")
    handle = one.root.get_by_role("slider", name="your code")
    before = pixels(one.root)
    handle.press("Shift+ArrowLeft")
    one.until(lambda: "0.30, 0.80" in one.value("your code"))
    one.page.changed(before, lambda: pixels(one.root))
    one.press("Run")
    one.until(lambda: one.step() > 20)
    handle.press("ArrowUp")
    one.until(lambda: "0.30, 0.85" in one.value("your code"))
    assert one.root.get_by_role("button", name="Pause").is_visible()


def test_bernoulli_has_no_sigma_and_points_no_bernoulli(bench):
    one = bench()
    sigma = one.root.get_by_label("\u03c3 of p(x|z), as a number")
    likelihood = one.root.get_by_role("group", name="Likelihood")
    assert sigma.is_visible()
    start = one.number("loss")
    likelihood.get_by_label("Bernoulli").check(force=True)
    one.until(lambda: one.number("loss") != start)
    assert not sigma.is_visible()
    one.root.get_by_role("group", name="Data").get_by_label("moons").check(force=True)
    one.page.until(sigma.is_visible)
    assert likelihood.get_by_label("Bernoulli").is_disabled()


def test_free_bits_are_felt_at_once(bench):
    one = bench(data="ring", hidden="16", beta=2.0)
    before, kl = one.number("loss"), one.number("KL")
    one.type("free bits, nats", "2")
    one.until(lambda: one.number("loss") > before + 1)
    assert one.number("KL") == kl
    assert "free bits 2 at step 0" in readout(one.root)


def test_before_the_first_point_every_view_says_that_there_is_none(bench):
    one = bench(data="your own points")
    one.page.settle()
    drawn = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"""
    assert [canvas.evaluate(drawn) for canvas in one.root.locator("canvas:visible").all()] == [True] * 7


STATE = "#data=moons&hidden=16&beta=2.5&sigma=0.2&seed=7&row=4&n=123"


@pytest.fixture
def linked(visit, tmp_path):
    """A function that opens a Lab in a fresh browser at the address of its page with this end."""
    page = write_page(tmp_path, widgets.Lab().to_html()).as_uri()
    return lambda end: Bench(visit(page + end, width=1280))


def test_a_link_gives_the_same_run_in_every_browser(linked):
    seen = []
    for _ in range(2):
        one = linked(STATE)
        one.until(lambda one=one: one.step() == 123 and "paused" in readout(one.root))
        one.page.settle()
        seen.append((pixels(one.root), readout(one.root)))
        assert one.root.get_by_role("button", name="Run", exact=True).is_visible()
    assert seen[0] == seen[1]
    assert one.value("link") == "restored" and one.number("\u03b2 in force") == 2.5
    one.press("Step")
    one.until(lambda: one.step() == 124)


def test_the_copied_link_is_the_state_that_it_was_copied_from(linked):
    one = linked("")
    one.root.get_by_role("group", name="Data").get_by_label("ring").check(force=True)
    one.type("\u03b2 of the KL", "3")
    one.press("Restart")
    for step in range(1, 6):
        one.press("Step")
        one.until(lambda step=step: one.step() == step)
    one.page.tab.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    one.press("Copy link")
    one.until(lambda: "in the address bar" in readout(one.root))
    end = one.page.tab.evaluate("location.hash")
    assert end == "#data=ring&beta=3&seed=0&n=5"
    names = ("step", "loss", "KL", "held-out loss")
    wanted = [one.value(name) for name in names]
    other = linked(end)
    other.until(lambda: other.step() == 5)
    assert [other.value(name) for name in names] == wanted


def test_drawn_points_are_in_the_link(linked):
    one = linked("")
    one.root.get_by_role("group", name="Data").get_by_label("your own").check(force=True)
    one.press("Put points at the handle")
    one.press("Step")
    one.until(lambda: one.step() == 1)
    one.page.tab.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    one.press("Copy link")
    one.until(lambda: "in the address bar" in readout(one.root))
    other = linked(one.page.tab.evaluate("location.hash"))
    other.until(lambda: other.step() == 1)
    assert [other.value(name) for name in ("loss", "KL")] == [one.value(name) for name in ("loss", "KL")]


@pytest.mark.parametrize(
    "end", ["#beta=99&color=red&data=ring", "#beta=2&n=0", "#=&&==%%%&n=x", "#points=AAAA&data=your+own+points&n=9"]
)
def test_a_bad_link_breaks_nothing_and_says_what_it_ignored(linked, end):
    one = linked(end)
    one.until(lambda: "step" in readout(one.root))
    line = one.root.locator(".vae-ignored")
    assert line.is_visible() == (one.value("link") == "read in part")
    if "color" in end:
        assert "beta=99, color=red" in line.inner_text() and one.number("\u03b2 in force") == 1
        one.page.tab.evaluate("location.hash = 'data=moons&n=3'")
        one.until(lambda: one.step() == 3)
        assert not line.is_visible()
    one.type("\u03b2 of the KL", "2")
    one.press("Reset")
    one.until(lambda: one.step() == 0 and "link" not in readout(one.root).split("\n"))
    one.page.check()


def test_a_teacher_hides_controls_and_embeds_the_lab_alone(visit, addresses):
    opened = visit(
        f"{addresses['http']}/{PAGE}.html?embed&hide=sigma,rows,challenges,nothing#beta=4&data=ring", width=1100
    )
    (root,) = opened.alive()
    opened.until(lambda: "4.00" in readout(root))
    shown = [box.is_visible() for box in (root.get_by_label("\u03c3 of p(x|z)").first, root.locator(".vae-challenges"))]
    assert shown == [False, False] and root.get_by_label("\u03b2 of the KL").first.is_visible()
    assert not opened.tab.locator(f":is({HEADER_OF_PAGE}, h1, .prev-next-footer) >> visible=true").count()
    assert root.bounding_box()["y"] < 20
    opened.check()
