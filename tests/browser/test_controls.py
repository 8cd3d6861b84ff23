"""Every control that stands around the text, pressed as a reader presses it, on a phone, a tablet and a desktop."""

import pytest
import yaml
from playwright.sync_api import expect
from test_pages import CHAPTERS, ROOT

PAGE = "chapters/06_posterior_collapse"
PHONE, TABLET, DESKTOP = 360, 768, 1440
HEADER = ".bd-header-article"

pytestmark = pytest.mark.browser


class Reader:
    """Presses with a finger or with a mouse."""

    def __init__(self, tab, touch: bool):
        self.tab, self.touch = tab, touch

    def press(self, place, **options):
        found = self.tab.locator(f"{place} >> visible=true") if isinstance(place, str) else place
        found.tap(**options) if self.touch else found.click(**options)

    def press_beside(self):
        self.tab.touchscreen.tap(self.tab.viewport_size["width"] - 5, 880)

    def press_escape(self):
        self.tab.keyboard.press("Escape")

    def can_press(self, links):
        """Each one is there, inside the window, and nothing lies over it."""
        for link in links.all():
            link.scroll_into_view_if_needed()
            expect(link).to_be_in_viewport()
            self.press(link, trial=True)


def chapters_menu(reader: Reader, button: str):
    links = reader.tab.locator("nav.bd-links a")
    expect(links).to_have_count(len(CHAPTERS) + 1)
    if reader.touch:
        for close in (reader.press_escape, reader.press_beside):
            expect(links.first).not_to_be_in_viewport()
            reader.press(button)
            reader.can_press(links)
            close()
    else:
        reader.can_press(links)
        reader.press(button)
    expect(links.first).not_to_be_in_viewport()
    if not reader.touch:
        reader.press(button)
        reader.can_press(links)


def contents_menu(reader: Reader, button: str):
    links = reader.tab.locator("nav.page-toc a")
    expect(links.first).not_to_be_in_viewport()
    reader.press(button)
    reader.can_press(links)
    third = links.nth(2)
    heading = reader.tab.locator(f"{third.get_attribute('href')} > h2")
    expect(heading).not_to_be_in_viewport()
    reader.press(third)
    expect(links.first).not_to_be_in_viewport()
    expect(heading).to_be_in_viewport()
    reader.press(heading, trial=True)


def dropdown(reader: Reader, button: str, entries: int):
    links = reader.tab.locator(f"{button} + .dropdown-menu :is(a, button)")
    expect(links).to_have_count(entries)
    expect(links.first).to_be_hidden()
    reader.press(button)
    reader.can_press(links)
    reader.press(button if reader.touch else "h1 >> nth=-1")
    expect(links.first).to_be_hidden()


def launch_menu(reader: Reader, button: str):
    dropdown(reader, button, entries=2)


def download_menu(reader: Reader, button: str):
    dropdown(reader, button, entries=3)
    reader.tab.evaluate("window.print = () => document.body.classList.add('printed')")
    reader.press(button)
    reader.press(".btn-download-pdf-button")
    expect(reader.tab.locator("body.printed")).to_be_attached()
    reader.press("h1 >> nth=-1")


def repository(reader: Reader, button: str):
    address = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))["repository"]["url"]
    expect(reader.tab.locator(button)).to_have_attribute("href", address)
    reader.press(button, trial=True)


def full_screen(reader: Reader, button: str):
    for state in (True, False):
        reader.press(button)
        reader.tab.wait_for_function(f"Boolean(document.fullscreenElement) === {str(state).lower()}")


def color_mode(reader: Reader, button: str):
    root = reader.tab.locator("html")
    papers = {}
    for mode, theme in (("dark", "dark"), ("light", "light"), ("auto", "light")):
        reader.press(button)
        expect(root).to_have_attribute("data-mode", mode)
        expect(root).to_have_attribute("data-theme", theme)
        papers[mode] = reader.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert papers["dark"] != papers["light"] == papers["auto"]
    reader.tab.locator(f"{button} >> visible=true").evaluate("(e) => { e.blur(); e.focus(); }")  # asks for its label
    label = reader.tab.locator(".tooltip.show")  # another may still be fading
    expect(label).to_be_attached()
    expect(label).to_be_visible(visible=not reader.touch)


def search(reader: Reader, button: str):
    field = reader.tab.locator(":is(#pst-search-dialog, .search-button__search-container) input[name=q]")
    expect(field).to_be_hidden()
    reader.press(button)
    expect(field).to_be_focused()
    expect(field).to_be_in_viewport()
    reader.press_escape()
    expect(field).to_be_hidden()


def code_switch(reader: Reader, button: str):
    codes = reader.tab.locator(".bd-article .code-fold pre")
    for state in ("true", "false"):
        reader.press(button)
        expect(reader.tab.locator(button)).to_have_attribute("aria-checked", state)
        expect(codes.first).to_be_visible(visible=state == "true")


PROMISES = {
    ".primary-toggle": chapters_menu,
    ".code-switch": code_switch,
    ".dropdown-launch-buttons > button": launch_menu,
    ".btn-source-repository-button": repository,
    ".dropdown-download-buttons > button": download_menu,
    ".btn-fullscreen-button": full_screen,
    ".theme-switch-button": color_mode,
    ".search-button__button": search,
    ".secondary-toggle": contents_menu,
}
SIDES = "(all) => all.map((e) => e.getBoundingClientRect()).map((box) => [box.left, box.right])"
MIDDLES = "(all) => all.map((e) => e.getBoundingClientRect()).map((box) => box.top + box.height / 2)"
NAMES = "(all, names) => all.map((e) => names.filter((name) => e.matches(name)).join() || e.outerHTML)"


@pytest.mark.parametrize("width", [PHONE, TABLET, DESKTOP])
def test_every_button_around_the_text_keeps_its_promise(visit, addresses, width):
    touch = width < DESKTOP
    opened = visit(f"{addresses['http']}/{PAGE}.html", width=width, has_touch=touch, is_mobile=touch)
    place = HEADER if touch else f":is({HEADER}, .bd-sidebar-primary)"
    shown = opened.tab.locator(f"{place} button:visible, {HEADER} a:visible").evaluate_all(NAMES, list(PROMISES))
    hidden = {PHONE: ".btn-fullscreen-button", DESKTOP: ".secondary-toggle"}.get(width)
    assert sorted(shown) == sorted(name for name in PROMISES if name != hidden)
    middles = opened.tab.locator(f"{HEADER} [class*=' fa-']:visible").evaluate_all(MIDDLES)
    assert max(middles) - min(middles) < 1
    (left, right), *links = opened.tab.locator("#where-next > p:first-of-type, .prev-next-area > a").evaluate_all(SIDES)
    assert (min(links)[0], max(links)[1]) == (left, right)
    reader = Reader(opened.tab, touch)
    for name in shown:
        PROMISES[name](reader, f"{place} {name}")
    assert opened.troubles == []


MARKED = "nav.page-toc a.active"
SECTIONS_ABOVE = """() => [...document.querySelectorAll('.bd-article section > :is(h2, h3)')]
    .filter((h) => h.getBoundingClientRect().top < 0.3 * innerHeight).at(-1).firstChild.textContent"""


def copies(reader: Reader, cell):
    reader.press(cell)
    reader.press(cell.locator(".copybtn"))
    reader.tab.wait_for_function("navigator.clipboard.readText()")
    code = cell.locator("pre").evaluate("(pre) => pre.textContent.trim()")
    assert reader.tab.evaluate("navigator.clipboard.readText()").strip() == code


def unfolds(reader: Reader, fold):
    heights = [fold.bounding_box()["height"]]
    for is_open in (True, False):
        reader.press(fold.locator("> summary"))
        expect(fold).to_have_js_property("open", is_open)
        heights.append(fold.bounding_box()["height"])
    closed, unfolded, again = heights
    assert unfolded > closed + 20 and again == closed


def goes_back_to_the_top(reader: Reader):
    button = reader.tab.locator("#pst-back-to-top")
    reader.tab.evaluate("scrollTo(0, 6000)")
    reader.tab.wait_for_function("scrollY === 6000")
    expect(button).to_be_hidden()
    reader.tab.evaluate("scrollBy(0, -400)")
    reader.press(button)
    reader.tab.wait_for_function("scrollY === 0")
    expect(button).to_be_hidden()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_what_stands_in_the_text_can_be_pressed(visit, addresses, width):
    touch = width < DESKTOP
    rights = ["clipboard-read", "clipboard-write"]
    opened = visit(
        f"{addresses['http']}/{PAGE}.html", width=width, has_touch=touch, is_mobile=touch, permissions=rights
    )
    tab, reader = opened.tab, Reader(opened.tab, touch)
    reader.press(".code-switch")
    copies(reader, tab.locator(".bd-article .code-fold > .cell_input").nth(1))
    reader.press(".code-switch")
    for kind in ("details:not(.hide)", ".code-fold", ".tag_hide-input > details", ".tag_hide-cell > details"):
        unfolds(reader, tab.locator(f".bd-article {kind}").first)
    if touch:  # on a wide screen the contents stand beside the text
        goes_back_to_the_top(reader)
    else:
        contents_follow(reader)
    reader.press("#summary a.reference[href='#formula-6-3']")
    expect(tab.locator("#formula-6-3")).to_be_in_viewport()
    reader.press(".prev-next-area .left-prev")
    tab.wait_for_url("**/05_latent_space.html")
    assert opened.troubles == []


def contents_follow(reader: Reader):
    tab = reader.tab
    links = tab.locator("nav.page-toc a")
    for link in links.all():
        reader.press(link)
        expect(tab.locator(MARKED)).to_have_text([link.inner_text()])
        expect(tab.locator(f"{link.get_attribute('href')} > :is(h2, h3)")).to_be_in_viewport()
    for height in (9_000, 2_500, 6_000):
        tab.evaluate(f"scrollTo(0, {height})")
        tab.wait_for_function(f"scrollY === {height}")
        expect(tab.locator(MARKED)).to_have_text([tab.evaluate(SECTIONS_ABOVE)])
    tab.evaluate("scrollTo(0, 0)")
    expect(tab.locator(MARKED)).to_have_count(0)


def test_the_color_of_the_sidebar_runs_to_the_edge(visit, addresses):
    opened = visit(f"{addresses['http']}/{PAGE}.html", width=2200)
    left = opened.tab.locator(".bd-sidebar-primary").bounding_box()["x"]
    assert left > 100
    edge, inside, text = (
        opened.tab.screenshot(clip={"x": x, "y": 300, "width": 1, "height": 1}) for x in (0, left + 8, left + 300)
    )
    assert edge == inside != text


def test_the_keyboard_finds_a_word_and_its_page(visit, addresses):
    opened = visit(f"{addresses['http']}/{PAGE}.html", width=DESKTOP)
    tab = opened.tab
    launch = tab.locator(f"{HEADER} .dropdown-launch-buttons > button")
    for key, shown in (("Enter", True), ("Escape", False)):
        launch.press(key)
        expect(tab.locator(".dropdown-launch-buttons a").first).to_be_visible(visible=shown)
    expect(launch).to_be_focused()
    tab.keyboard.press("Control+k")
    tab.keyboard.type("perplexity")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search.html?q=perplexity")
    result = tab.locator("#search-results li a").first
    expect(tab.locator("#search-results li .context").first).to_contain_text("perplexity", ignore_case=True)
    result.press("Enter")
    tab.wait_for_url("**/chapters/*.html*")
    expect(tab.locator(".bd-article")).to_contain_text("perplexity", ignore_case=True)
    assert opened.troubles == []
