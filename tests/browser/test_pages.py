"""Every built page, by http and from the disk, with all other hosts blocked."""

import gzip
from pathlib import Path
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
import yaml

import vae_utils

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
CHAPTERS = [entry["file"] for part in TOC.get("parts", []) for entry in part["chapters"]]
NOTEBOOKS = [page for page in CHAPTERS if (ROOT / f"{page}.ipynb").is_file()]
PAGES = [TOC["root"], *CHAPTERS, "search"]
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
PAGE_BYTES = 1_500_000

pytestmark = pytest.mark.browser

TYPESET = """() => ({
    formulas: document.querySelectorAll('span.math, div.math').length,
    typeset: document.querySelectorAll(':is(span, div).math:has(mjx-container)').length,
    cut: [...document.querySelectorAll('span.math')].filter((e) => getComputedStyle(e).overflowY !== 'visible').length,
    broken: [...document.querySelectorAll('mjx-merror, [data-mjx-error]')].map((e) => e.textContent),
})"""
SPILLING = """() => {
    const root = document.documentElement;
    const inScroller = (e) => { for (; e && e !== document.body; e = e.parentElement)
        if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(e).overflowX)) return true; };
    const wide = [...document.querySelectorAll('.bd-article *')].filter((e) =>
        e.getBoundingClientRect().right > root.clientWidth + 1 && !inScroller(e));
    return {page: root.scrollWidth, screen: root.clientWidth,
            wide: wide.slice(0, 5).map((e) => e.outerHTML.slice(0, 120))};
}"""

STUCK = """() => [...document.querySelectorAll('.bd-article *')].filter((e) => {
    const style = getComputedStyle(e);
    return ['auto', 'scroll'].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1 && e.clientWidth
        && e.tabIndex < 0 && !e.querySelector('a, button, input, [tabindex="0"]');
}).map((e) => e.outerHTML.slice(0, 120))"""
OUTSIDE = """(all) => all.map((e) => [e.dataset.widget, e.getBoundingClientRect()])
    .filter(([, box]) => box.left < 0 || box.right > document.documentElement.clientWidth).map(([name]) => name)"""


def each_light(pages):
    return pytest.mark.parametrize("light", pages, indirect=True)


def each_dark(pages):
    return pytest.mark.parametrize("dark", pages, indirect=True)


def each_phone(pages):
    return pytest.mark.parametrize("phone", pages, indirect=True)


@each_light(PAGES)
def test_page_is_whole(light):
    check_whole(light)


@each_dark(PAGES)
def test_page_is_whole_from_the_disk_and_in_the_dark(dark):
    check_whole(dark)


def check_whole(opened):
    found = opened.tab.evaluate(TYPESET)
    opened.check()
    assert found["broken"] == []
    assert found["cut"] == 0
    assert found["typeset"] == found["formulas"]


@each_phone(PAGES)
def test_page_fits_a_phone_and_what_scrolls_is_reached_by_keyboard(phone):
    phone.alive()
    found = phone.tab.evaluate(SPILLING)
    assert found["wide"] == []
    assert found["page"] <= found["screen"]
    assert phone.tab.evaluate(STUCK) == []
    outside = phone.tab.locator(".vae-widget[data-widget]").evaluate_all(OUTSIDE)
    assert outside == []


@each_light(CHAPTERS)
def test_page_is_light_to_load(light, site):
    light.tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    light.settle()
    paths = {site / urlsplit(address).path.lstrip("/") for address in light.loaded}
    sizes = {path: len(gzip.compress(path.read_bytes(), 6)) for path in paths if path.is_file()}
    heaviest = sorted(((size, path.name) for path, size in sizes.items()), reverse=True)[:6]
    assert 100_000 < sum(sizes.values()) <= PAGE_BYTES, heaviest


@each_dark(PAGES)
def test_dark_mode_follows_the_system_and_the_button(dark):
    root = dark.tab.locator("html")
    assert root.get_attribute("data-theme") == "dark"
    night = dark.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    button = dark.tab.locator(".theme-switch-button:visible").first
    for _ in range(3):
        button.click()
        if root.get_attribute("data-theme") == "light":
            break
    assert root.get_attribute("data-theme") == "light"
    assert dark.tab.evaluate("getComputedStyle(document.body).backgroundColor") != night
    while root.get_attribute("data-mode") != "auto":
        button.click()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_the_text(visit, addresses, scheme):
    opened = visit(f"{addresses[scheme]}/search.html?q=posterior")
    opened.tab.locator("#search-results li").first.wait_for()
    assert opened.tab.locator("#search-results li").count() >= 1
    assert opened.troubles == []


def test_first_page_leads_to_the_last(visit, addresses):
    opened = visit("about:blank")
    opened.tab.goto(f"{addresses['file']}/index.html")
    opened.tab.wait_for_url("**/chapters/index.html")
    for chapter in CHAPTERS:
        opened.tab.locator("a.right-next").click()
        opened.tab.wait_for_url(f"**/{chapter}.html", wait_until="domcontentloaded")
    assert opened.tab.locator("a.right-next").count() == 0


@each_light(NOTEBOOKS)
def test_chapter_can_be_run_and_kept(light, site):
    page = urlsplit(light.tab.url).path[1:].removesuffix(".html")
    name, version = f"{Path(page).name}.ipynb", f"v{vae_utils.__version__}"
    links = light.tab.locator(".article-header-buttons a").evaluate_all("all => all.map((a) => a.href)")
    colab = [
        link.partition("/blob/")[2] for link in links if link.startswith("https://colab.research.google.com/github/")
    ]
    notebooks = [link for link in links if link.endswith(name) and "127.0.0.1" in link]
    executed = Path(page).name[0].isdigit()
    assert colab == [f"{version}/{page}.ipynb", f"results-{version}/{name}"][: 1 + executed]
    assert len(notebooks) == 1 + executed
    source, *results = (site / urlsplit(link).path.lstrip("/") for link in notebooks)
    assert source.read_bytes() == (ROOT / f"{page}.ipynb").read_bytes()
    assert results == [site / "results" / name][:executed]


COLORS = ["color-contrast", "link-in-text-block"]  # the rules that a theme can break


@each_light(PAGES[:-1])
def test_axe_finds_nothing_in_the_light(light):
    check_axe(light)


@each_dark(PAGES[:-1])
def test_axe_finds_no_color_at_fault_in_the_dark(dark):
    check_axe(dark, runOnly=COLORS)


def check_axe(opened, **options):
    opened.alive()
    opened.tab.evaluate(AXE.read_text(encoding="utf8"))
    # What lies inside a picture with a name is for the eye alone, and some pictures have ten thousand parts.
    violations = opened.tab.evaluate(
        """(options) => axe.run({include: ['.bd-article'], exclude: ['svg[role=img] > *']}, options).then((result) =>
            result.violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 150))]))""",
        {"resultTypes": ["violations"], "selectors": False, "preload": False, **options},
    )
    assert violations == []
