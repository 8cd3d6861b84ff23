"""Every control that stands around the text, pressed as a reader presses it, on a phone, a tablet and a desktop."""

import pytest
from playwright.sync_api import expect
from test_pages import CHAPTERS

PAGE = "chapters/06_posterior_collapse"
PHONE, TABLET, DESKTOP = 360, 768, 1440
HEADER = ".bd-header-article"

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)


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
    dropdown(reader, button, entries=1)


def download_menu(reader: Reader, button: str):
    dropdown(reader, button, entries=2)
    reader.tab.evaluate("window.print = () => document.body.classList.add('printed')")
    reader.press(button)
    reader.press(".btn-download-pdf-button")
    expect(reader.tab.locator("body.printed")).to_be_attached()
    reader.press("h1 >> nth=-1")


def repository(reader: Reader, button: str):
    expect(reader.tab.locator(button)).to_have_attribute("href", "https://github.com/vae-book/vae-book")
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
    label = reader.tab.locator(".tooltip")
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


PROMISES = {
    ".primary-toggle": chapters_menu,
    ".dropdown-launch-buttons > button": launch_menu,
    ".btn-source-repository-button": repository,
    ".dropdown-download-buttons > button": download_menu,
    ".btn-fullscreen-button": full_screen,
    ".theme-switch-button": color_mode,
    ".search-button__button": search,
    ".secondary-toggle": contents_menu,
}
NAMES = "(all, names) => all.map((e) => names.filter((name) => e.matches(name)).join() || e.outerHTML)"


@pytest.mark.parametrize("width", [PHONE, TABLET, DESKTOP])
def test_every_button_around_the_text_keeps_its_promise(visit, addresses, width):
    touch = width < DESKTOP
    opened = visit(f"{addresses['http']}/{PAGE}.html", width=width, has_touch=touch, is_mobile=touch)
    place = HEADER if touch else f":is({HEADER}, .bd-sidebar-primary)"
    shown = opened.tab.locator(f"{place} button:visible, {HEADER} a:visible").evaluate_all(NAMES, list(PROMISES))
    assert sorted(shown) == sorted(name for name in PROMISES if touch or name != ".secondary-toggle")
    reader = Reader(opened.tab, touch)
    for name in shown:
        PROMISES[name](reader, f"{place} {name}")
    assert opened.troubles == []
