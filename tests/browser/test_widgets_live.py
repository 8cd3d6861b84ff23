"""Every widget in a real browser, on a page of its own: the same demands on each."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from widget_page import CHROMIUM, controls, name_of, open_page, pixels, readout, seen, write_page

from vae_utils import widgets

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

ROOT = Path(__file__).resolve().parents[2]
NAMES = [name for name in widgets.__all__ if name != "Widget"]
BAD_WORDS = ("NaN", "Infinity", "undefined", "null")


@pytest.fixture(scope="session")
def browser(chromium):
    """The one browser of the whole run: Playwright refuses a second in the same process."""
    return chromium


class Files(SimpleHTTPRequestHandler):
    def guess_type(self, path):
        return "text/javascript" if str(path).endswith(".mjs") else super().guess_type(path)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="session")
def serve():
    """A function that serves a folder and returns its address."""
    servers = []

    def start(folder):
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder))))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()


def html_of(name):
    kind = getattr(widgets, name)
    return getattr(kind, "example", kind)().to_html()


@pytest.fixture
def opened(browser, tmp_path, request):
    """The widget under test on a light page, by file address; its errors are checked at the end."""
    with open_page(browser) as page:
        page.goto(write_page(tmp_path, html_of(request.node.callspec.params["name"])).as_uri())
        yield page
        page.check()


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


MOUNTED = "[...document.querySelectorAll('.vae-widget')].every((w) => w.querySelector('.vae-readout > *'))"
DRAWN = """el => [...el.querySelectorAll("canvas")].every((c) =>
  new Set(c.getContext("2d").getImageData(0, 0, c.width, c.height).data).size > 3)"""


@pytest.mark.parametrize("name", NAMES)
def test_it_mounts_and_says_what_it_shows(opened, name):
    (root,) = opened.widgets()
    assert root.locator("canvas, svg").count() >= 1
    assert not any(word in readout(root) for word in BAD_WORDS)
    assert root.locator("[aria-live=polite]").count() == 1
    opened.page.wait_for_timeout(700)
    assert root.locator("[aria-live=polite]").inner_text()
    assert root.evaluate(DRAWN)


@pytest.mark.parametrize("name", NAMES)
def test_each_control_changes_the_picture_and_the_readout(opened, name):
    (root,) = opened.widgets()
    for i in range(len(controls(root))):
        if i:
            opened.reload()
        control = controls(root)[i]
        words, before = name_of(control), seen(root)
        is_button = control.evaluate("el => el.tagName === 'BUTTON' && el.getAttribute('role') !== 'slider'")
        operate(opened.page, control)
        if is_button:
            assert opened.changed(before, lambda: seen(root)), f"{words!r} does nothing"
        else:
            assert opened.changed(before[0], lambda: pixels(root)), f"{words!r} leaves the picture as it was"
            assert opened.changed(before[1], lambda: readout(root)), f"{words!r} leaves the read-out as it was"


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_alone_reaches_and_operates_everything(opened, name):
    (root,) = opened.widgets()
    wanted = {name_of(control) for control in controls(root)}
    reached = set()
    for step in range(1, 3 * len(wanted) + 3):
        opened.reload()
        for _ in range(step):
            opened.page.keyboard.press("Tab")
        focused = opened.page.locator(":focus")
        if not focused.count() or not focused.evaluate("el => !!el.closest('.vae-body')"):
            break
        group = opened.page.locator("fieldset:has(:focus)")
        words = name_of(group if group.count() else focused)
        reached.add(words)
        before = seen(root)
        press(opened.page, focused)
        assert opened.changed(before, lambda: seen(root)), f"{words!r} does not answer to the keyboard"
    assert wanted <= reached


@pytest.mark.parametrize("name", NAMES)
def test_the_switch_of_theme_redraws(opened, name):
    (root,) = opened.widgets()
    before = pixels(root)
    opened.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert opened.changed(before, lambda: pixels(root))
    opened.page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert opened.changed(None, lambda: None if pixels(root) != before else True)


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


def test_a_page_that_is_hidden_while_its_theme_changes_is_redrawn(browser, tmp_path):
    with open_page(browser) as page:
        page.goto(write_page(tmp_path, "".join(map(html_of, NAMES))).as_uri())
        page.page.wait_for_function(MOUNTED)
        page.settle()
        light = page.page.evaluate(CANVASES)
        page.page.evaluate(DARK_AND_HIDDEN_FOR_A_FRAME)
        page.settle()
        dark = page.page.evaluate(CANVASES)
        assert len(light) == len(dark) > len(NAMES)
        assert not [i for i, (before, after) in enumerate(zip(light, dark, strict=True)) if before == after]
        page.check()


@pytest.mark.parametrize("name", NAMES)
def test_two_copies_do_not_disturb_each_other(browser, tmp_path, name):
    with open_page(browser) as page:
        page.goto(write_page(tmp_path, html_of(name) + html_of(name)).as_uri())
        page.page.wait_for_function(MOUNTED)
        page.settle()
        first, second = page.widgets()
        before = seen(first), seen(second)
        operate(page.page, first_input(second))
        assert page.changed(before[1], lambda: seen(second))
        assert seen(first) == before[0]
        page.check()


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
    (root,) = opened.widgets()
    root.evaluate(WILD)
    opened.settle()
    assert not any(word in readout(root) for word in BAD_WORDS), readout(root)
    values = root.evaluate("el => [...el.querySelectorAll('input[type=text]')].map((i) => i.value)")
    assert all(float(value) == float(value) for value in values)
    before = seen(root)
    operate(opened.page, first_input(root))
    assert opened.changed(before, lambda: seen(root))


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_shows_it_without_scrolling_sideways(browser, tmp_path, name):
    with open_page(browser, width=360, device_scale_factor=3, has_touch=True) as page:
        page.goto(write_page(tmp_path, html_of(name)).as_uri())
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 360
        (root,) = page.widgets()
        assert root.evaluate("el => [...el.querySelectorAll('*')].every((c) => c.getBoundingClientRect().right <= 361)")
        assert root.evaluate("el => [...el.querySelectorAll('canvas')].every((c) => c.width >= 2 * c.clientWidth)")
        page.check()


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(opened, name):
    axe = Path(pytest.importorskip("axe_playwright_python").__file__).parent / "axe.min.js"
    opened.page.evaluate(axe.read_text())
    for theme in ("light", "dark"):
        opened.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        opened.settle()
        found = opened.page.evaluate(
            "axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))"
        )
        assert not found, (theme, json.dumps(found, indent=1)[:2000])


@pytest.mark.parametrize("name", NAMES)
def test_over_http_it_is_the_same(browser, tmp_path, serve, name):
    path = write_page(tmp_path, html_of(name))
    with open_page(browser) as page:
        page.goto(f"{serve(tmp_path)}/{path.name}")
        words = readout(page.widgets()[0])
        page.goto(path.as_uri())
        assert readout(page.widgets()[0]) == words
        page.check()


@pytest.mark.parametrize("name", NAMES)
def test_without_javascript_a_sentence_remains(browser, tmp_path, name):
    with open_page(browser, java_script_enabled=False) as page:
        page.page.goto(write_page(tmp_path, html_of(name)).as_uri())
        assert getattr(widgets, name).sentence in page.page.locator(".vae-widget").inner_text()


def test_the_javascript_units_pass_in_the_browser_too(browser, serve):
    address = serve(ROOT)
    files = sorted((ROOT / "tests" / "js").glob("*.test.mjs"))
    with open_page(browser) as page:
        page.page.goto(f"{address}/tests/js/oxlint.json")
        for path in files:
            results = page.page.evaluate(
                """async (file) => {
                  const { runAll } = await import("/tests/js/check.mjs");
                  return runAll((await import(file)).tests);
                }""",
                f"/tests/js/{path.name}",
            )
            assert results and not [r for r in results if r["error"]], (path.name, results)


def test_with_reduced_motion_the_end_is_shown_at_once(browser, tmp_path):
    with open_page(browser, reduced_motion="reduce") as page:
        page.goto(write_page(tmp_path, widgets.KL(mu=2.0, sigma=0.4).to_html()).as_uri())
        (root,) = page.widgets()
        root.get_by_role("button", name="Find the best q").click()
        page.settle()
        assert "0.000" in readout(root).split("\n")[1]
        page.check()
