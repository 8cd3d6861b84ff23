"""The widgets where readers meet them: on every built page, by http and by file address, light and dark.

That they fit a phone and that axe finds nothing is asked of the whole page, in test_pages.py.
"""

from pathlib import Path

import pytest
from test_widgets_live import BAD_WORDS, first_input, operate
from widget_page import CHROMIUM, open_page, pixels, readout, seen

from vae_utils import widgets

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    page.relative_to(ROOT / "_build" / "html").as_posix()
    for page in sorted((ROOT / "_build" / "html").glob("chapters/*.html"))
    if 'data-widget="' in page.read_text(encoding="utf-8")
]


def opened_widgets(page):
    page.page.wait_for_function(
        """() => { const all = [...document.querySelectorAll(".vae-widget[data-widget]")];
          return all.length && all.every((w) => w.querySelector(".vae-readout > *")); }""",
        timeout=30_000,
    )
    page.settle()
    return page.page.locator(".vae-widget[data-widget]").all()


def test_every_widget_of_the_package_stands_in_a_chapter(site):
    text = "".join((site / page).read_text(encoding="utf-8") for page in PAGES)
    modules = {getattr(widgets, name).module for name in widgets.__all__ if name != "Widget"}
    assert not [module for module in modules if f'data-widget="{module}"' not in text]


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", PAGES)
def test_the_widgets_of_a_page_mount_and_answer(chromium, addresses, name, scheme):
    with open_page(chromium) as page:
        page.page.goto(f"{addresses[scheme]}/{name}")
        for root in opened_widgets(page):
            assert not any(word in readout(root) for word in BAD_WORDS)
            root.scroll_into_view_if_needed()
            before = seen(root)
            operate(page.page, first_input(root))
            assert page.changed(before[0], lambda root=root: pixels(root))
            assert page.changed(before[1], lambda root=root: readout(root))
        page.check()


@pytest.mark.parametrize("name", PAGES)
def test_the_widgets_follow_the_theme_of_the_page(chromium, addresses, name):
    with open_page(chromium) as page:
        page.page.goto(f"{addresses['file']}/{name}")
        roots = opened_widgets(page)
        before = [pixels(root) for root in roots]
        page.page.evaluate("document.documentElement.dataset.theme = 'dark'")
        for root, light in zip(roots, before, strict=True):
            assert page.changed(light, lambda root=root: pixels(root))
