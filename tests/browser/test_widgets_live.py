"""Every widget in a real browser, on a page of its own: the same demands on each."""

import json
from pathlib import Path

import pytest
from visit import visiting
from widget_page import controls, name_of, pixels, readout, seen, write_page

from vae_utils import widgets

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
NAMES = [name for name in widgets.__all__ if name != "Widget"]
BAD_WORDS = ("NaN", "Infinity", "undefined", "null")


def html_of(name):
    kind = getattr(widgets, name)
    return getattr(kind, "example", kind)().to_html()


@pytest.fixture(scope="module")
def shown(chromium, tmp_path_factory, request):
    """A widget on a light page, by file address, for all the tests that leave it as it is."""
    path = write_page(tmp_path_factory.mktemp("page"), html_of(request.param))
    with visiting(chromium, path.as_uri(), width=900, height=800) as page:
        page.alive()
        yield page
        page.check()


each_shown = pytest.mark.parametrize("shown", NAMES, indirect=True)


@pytest.fixture
def opened(show, request):
    """The widget under test on a page that no other test has touched."""
    return show(html_of(request.node.callspec.params["name"]))


def operate(page, control):
    """Use one control with the pointer, as its kind asks for."""
    control.scroll_into_view_if_needed()
    kind = control.evaluate("el => el.type ?? el.tagName.toLowerCase()")
    if kind == "range":
        box = control.bounding_box()
        at = control.evaluate("el => (el.value - el.min) / (el.max - el.min)")
        page.mouse.click(box["x"] + box["width"] * (0.75 if at < 0.5 else 0.25), box["y"] + box["height"] / 2)
    elif kind == "text":
        value = float(control.input_value())
        control.fill(str(0.7 * value) if value > 0.5 else str(value + 1))
        control.press("Enter")
    elif kind == "select-one":
        control.select_option(index=1 - min(1, control.evaluate("el => el.selectedIndex")))
    elif kind == "fieldset":
        control.locator("input:not(:checked)").first.check(force=True)
    elif control.get_attribute("role") == "slider":
        box = control.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 25, y - 25, steps=3)
        page.mouse.up()
    else:
        control.click(force=True)


def first_input(root):
    """The first control that holds a value: a slider where there is one."""
    inputs = [control for control in controls(root) if control.evaluate("el => el.tagName !== 'BUTTON'")]
    return min(inputs, key=lambda control: control.get_attribute("type") != "range")


def press(page, control):
    """Use one control with keys alone; it already has the focus."""
    kind = control.evaluate("el => el.type ?? el.tagName.toLowerCase()")
    role = control.get_attribute("role")
    if kind == "range":
        at_end = control.evaluate("el => Number(el.value) >= (Number(el.min) + Number(el.max)) / 2")
        keys = ["ArrowLeft" if at_end else "ArrowRight"] * 12
    elif role == "slider":
        keys = ["Shift+ArrowRight", "ArrowUp"]
    elif kind == "text":
        keys = ["Control+a", "1", "Enter"] if control.input_value() != "1" else ["Control+a", "2", "Enter"]
    elif kind == "select-one":
        keys = ["ArrowUp" if control.evaluate("el => el.selectedIndex") else "ArrowDown"]
    elif kind == "radio":
        keys = ["ArrowRight"]
    elif kind == "checkbox":
        keys = ["Space"]
    else:
        keys = ["Enter"]
    for key in keys:
        page.keyboard.press(key)


DRAWN = """el => [...el.querySelectorAll("canvas")].every((c) =>
  new Set(c.getContext("2d").getImageData(0, 0, c.width, c.height).data).size > 3)"""


@each_shown
def test_it_mounts_and_says_what_it_shows(shown):
    (root,) = shown.alive()
    assert root.locator("canvas, svg").count() >= 1
    assert not any(word in readout(root) for word in BAD_WORDS)
    assert root.locator("[aria-live=polite]").count() == 1
    shown.until(lambda: root.locator("[aria-live=polite]").inner_text())
    assert root.evaluate(DRAWN)


IS_BUTTON = "el => el.tagName === 'BUTTON' && el.getAttribute('role') !== 'slider'"
KEEPS_ITS_PLACE = "el => ['range', 'text'].includes(el.type)"  # others show or hide controls, start or end something


@pytest.mark.parametrize("name", NAMES)
def test_each_control_changes_the_picture_and_the_readout(opened, name):
    (root,) = opened.alive()
    for i in range(len(controls(root))):
        control = controls(root)[i]
        words, before = name_of(control), seen(root)
        is_button, keeps = control.evaluate(IS_BUTTON), control.evaluate(KEEPS_ITS_PLACE)
        operate(opened.tab, control)
        if is_button:
            opened.changed(before, lambda: seen(root), f"{words!r} does nothing")
        else:
            opened.changed(before[0], lambda: pixels(root), f"{words!r} leaves the picture as it was")
            opened.changed(before[1], lambda: readout(root), f"{words!r} leaves the read-out as it was")
        if not keeps:
            opened.reload()


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_alone_reaches_and_operates_everything(opened, name):
    (root,) = opened.alive()
    wanted = {name_of(control) for control in controls(root)}
    reached, step = set(), 0
    opened.tab.keyboard.press("Tab")
    while (focused := opened.tab.locator(":focus")).count() and focused.evaluate("el => !!el.closest('.vae-body')"):
        group = opened.tab.locator("fieldset:has(:focus)")
        words, keeps = name_of(group if group.count() else focused), focused.evaluate(KEEPS_ITS_PLACE)
        reached.add(words)
        before = seen(root)
        press(opened.tab, focused)
        opened.changed(before, lambda: seen(root), f"{words!r} does not answer to the keyboard")
        step += 1
        assert step < 3 * len(wanted) + 3, "the focus goes round in a circle"
        if not keeps:
            opened.reload()
            for _ in range(step):
                opened.tab.keyboard.press("Tab")
        opened.tab.keyboard.press("Tab")
    assert wanted <= reached


@each_shown
def test_the_switch_of_theme_redraws(shown):
    (root,) = shown.alive()
    before = pixels(root)
    shown.tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    shown.changed(before, lambda: pixels(root))
    shown.tab.evaluate("document.documentElement.dataset.theme = 'light'")
    shown.until(lambda: pixels(root) == before)


# JupyterLab hides its shell for one frame when its theme changes; no size is another one afterwards.
DARK_AND_HIDDEN_FOR_A_FRAME = """() => {
  const main = document.querySelector("main");
  document.documentElement.dataset.theme = "dark";
  queueMicrotask(() => {
    main.style.display = "none";
    requestAnimationFrame(() => { main.style.display = ""; });
  });
}"""
# All but the photograph, whose paper is white in every theme.
CANVASES = """() => [...document.querySelectorAll("canvas:not([aria-label='the drawn face'])")]
  .map((canvas) => canvas.toDataURL())"""


def test_a_page_that_is_hidden_while_its_theme_changes_is_redrawn(show):
    page = show("".join(map(html_of, NAMES)))
    light = page.tab.evaluate(CANVASES)
    page.tab.evaluate(DARK_AND_HIDDEN_FOR_A_FRAME)
    page.settle()
    dark = page.tab.evaluate(CANVASES)
    assert len(light) == len(dark) > len(NAMES)
    assert not [i for i, (before, after) in enumerate(zip(light, dark, strict=True)) if before == after]


@pytest.mark.parametrize("name", NAMES)
def test_two_copies_do_not_disturb_each_other(show, name):
    page = show(html_of(name) + html_of(name))
    first, second = page.alive()
    before = seen(first), seen(second)
    operate(page.tab, first_input(second))
    page.changed(before[1], lambda: seen(second))
    assert seen(first) == before[0]


WILD = """async (root) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const random = (() => { let s = 1; return () => (s = (s * 16807) % 2147483647) / 2147483647; })();
  for (const width of ["0px", "1px", "37px", "5000px", ""]) { root.style.width = width; await frame(); await frame(); }
  root.style.display = "none"; await frame(); root.style.display = ""; await frame();
  for (const target of root.querySelectorAll("canvas, [role=slider]")) {
    const box = target.getBoundingClientRect();
    const send = (type, x, y) => target.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerId: 1,
      clientX: x, clientY: y, isPrimary: true, buttons: 1 }));
    target.setPointerCapture = () => {}; target.hasPointerCapture = () => true;
    send("pointerdown", box.x, box.y);
    for (let i = 0; i < 100; i++) {
      send("pointermove", box.x + 4000 * (random() - 0.5), box.y + 4000 * (random() - 0.5));
      if (i % 25 === 0) await frame();
    }
    send("pointerup", box.x, box.y);
  }
  for (const field of root.querySelectorAll("input[type=text]")) {
    for (const text of ["NaN", "", "1e999", "-1e999", "abc", "1,5", "∞", "0x10", "<b>"]) {
      field.value = text; field.dispatchEvent(new Event("change", { bubbles: true })); await frame();
      field.value = text; field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    }
  }
  for (const range of root.querySelectorAll("input[type=range]")) {
    for (const end of [range.min, range.max, range.min]) {
      range.value = end; range.dispatchEvent(new Event("input", { bubbles: true })); await frame();
    }
  }
  for (const list of root.querySelectorAll("select")) {
    for (const option of [...list.options, list.options[0]]) {
      list.value = option.value; list.dispatchEvent(new Event("change", { bubbles: true })); await frame();
    }
  }
  for (const box of root.querySelectorAll("[type=radio], [type=checkbox]")) { box.click(); await frame(); }
  for (const button of root.querySelectorAll("button")) { for (let i = 0; i < 7; i++) button.click(); await frame(); }
}"""


@pytest.mark.parametrize("name", NAMES)
def test_wild_input_breaks_nothing(opened, name):
    (root,) = opened.alive()
    root.evaluate(WILD)
    opened.settle()
    assert not any(word in readout(root) for word in BAD_WORDS), readout(root)
    values = root.evaluate("el => [...el.querySelectorAll('input[type=text]')].map((i) => i.value)")
    assert all(float(value) == float(value) for value in values)
    before = seen(root)
    operate(opened.tab, first_input(root))
    opened.changed(before, lambda: seen(root))


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_shows_it_without_scrolling_sideways(show, name):
    page = show(html_of(name), width=360, device_scale_factor=3, has_touch=True)
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 360
    (root,) = page.alive()
    assert root.evaluate("el => [...el.querySelectorAll('*')].every((c) => c.getBoundingClientRect().right <= 361)")
    assert root.evaluate("el => [...el.querySelectorAll('canvas')].every((c) => c.width >= 2 * c.clientWidth)")


@each_shown
def test_axe_finds_nothing(shown):
    axe = Path(pytest.importorskip("axe_playwright_python").__file__).parent / "axe.min.js"
    shown.tab.evaluate(axe.read_text())
    for theme in ("dark", "light"):
        shown.tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        shown.settle()
        found = shown.tab.evaluate("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))")
        assert not found, (theme, json.dumps(found, indent=1)[:2000])


@each_shown
def test_over_http_it_is_the_same(shown, visit, serve):
    folder, _, name = shown.tab.url.removeprefix("file://").rpartition("/")
    over_http = visit(f"{serve(Path(folder))}/{name}", width=900, height=800)
    assert [readout(root) for root in over_http.alive()] == [readout(root) for root in shown.alive()]
    over_http.check()


@pytest.mark.parametrize("name", NAMES)
def test_without_javascript_a_sentence_remains(chromium, tmp_path, name):
    tab = chromium.new_page(java_script_enabled=False)
    tab.goto(write_page(tmp_path, html_of(name)).as_uri())
    assert getattr(widgets, name).sentence in tab.locator(".vae-widget").inner_text()
    tab.close()


def test_the_javascript_units_pass_in_the_browser_too(visit, serve):
    files = sorted((ROOT / "tests" / "js").glob("*.test.mjs"))
    page = visit(f"{serve(ROOT)}/tests/js/oxlint.json")
    for path in files:
        results = page.tab.evaluate(
            """async (file) => {
              const { runAll } = await import("/tests/js/check.mjs");
              const { tests, slow } = await import(file);
              return runAll({ ...tests, ...slow });
            }""",
            f"/tests/js/{path.name}",
        )
        assert results and not [r for r in results if r["error"]], (path.name, results)


def test_with_reduced_motion_the_end_is_shown_at_once(show):
    page = show(widgets.KL(mu=2.0, sigma=0.4).to_html(), reduced_motion="reduce")
    (root,) = page.alive()
    root.get_by_role("button", name="Find the best q").click()
    page.settle()
    assert "0.000" in readout(root).split("\n")[1]
