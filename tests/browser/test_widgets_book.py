"""The widgets where readers meet them: on every built page, by http and by file address, light and dark.

That they fit a phone and that axe finds nothing is asked of the whole page, in test_pages.py.
"""

from pathlib import Path

import pytest
from test_pages import each_dark, each_light
from test_widgets_live import BAD_WORDS, first_input, operate
from widget_page import pixels, readout, seen

from vae_utils import widgets

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    page.relative_to(ROOT / "_build" / "html").with_suffix("").as_posix()
    for page in sorted((ROOT / "_build" / "html").glob("chapters/*.html"))
    if 'data-widget="' in page.read_text(encoding="utf-8")
]


def test_every_widget_of_the_package_stands_in_a_chapter(site):
    text = "".join((site / f"{page}.html").read_text(encoding="utf-8") for page in PAGES)
    modules = {getattr(widgets, name).module for name in widgets.__all__ if name != "Widget"}
    assert not [module for module in modules if f'data-widget="{module}"' not in text]


@each_light(PAGES)
def test_the_widgets_of_a_page_mount_answer_and_follow_its_theme(light):
    check_widgets(light, other_theme="dark")


@each_dark(PAGES)
def test_the_widgets_of_a_page_from_the_disk_mount_answer_and_follow_its_theme(dark):
    check_widgets(dark, other_theme="light")


def check_widgets(page, other_theme):
    roots = page.alive()
    assert roots
    assert page.tab.locator(".vae-solved").count() == 0  # no chapter opens on the answer
    for root in roots:
        assert not any(word in readout(root) for word in BAD_WORDS)
        root.scroll_into_view_if_needed()
        before = seen(root)
        operate(page.tab, first_input(root))
        page.changed(before[0], lambda root=root: pixels(root))
        page.changed(before[1], lambda root=root: readout(root))
    pictures = [pixels(root) for root in roots]
    page.tab.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", other_theme)
    for root, before in zip(roots, pictures, strict=True):
        page.changed(before, lambda root=root: pixels(root))
    page.check()
