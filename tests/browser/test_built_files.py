"""What can be read off the built files without a browser: no broken link, nothing that another host must serve."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
BASE = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))["html"]["baseurl"]
LOADS = {"script": "src", "img": "src", "link": "href", "source": "srcset", "iframe": "src"}


class Page(HTMLParser):
    def __init__(self, path: Path):
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.repeated: list[str] = []
        self.pictures_without_alt: list[str] = []
        self.said: dict[str, str] = {}
        self.feed(path.read_text(encoding="utf8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if name := values.get("id"):
            if name in self.ids:
                self.repeated.append(name)
            self.ids.add(name)
        if tag == "meta" and (name := values.get("property") or values.get("name")):
            self.said[name] = values.get("content", "")
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if values.get(LOADS.get(tag, "")) and values.get("rel") != "canonical":  # that one is said, not loaded
            self.loads.append(values[LOADS[tag]])
        if tag == "img" and values.get("alt") is None:
            self.pictures_without_alt.append(values.get("src", "")[:80])


@cache
def read(path: Path) -> Page:
    return Page(path)


@pytest.fixture
def pages(site) -> dict[Path, Page]:
    return {path: read(path) for path in sorted(site.rglob("*.html"))}


def is_local(address: str) -> bool:
    return not re.match(r"[a-z]+:|//", address)


def test_no_internal_link_is_broken(pages):
    broken = []
    for path, page in pages.items():
        for link in filter(is_local, page.links):
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                broken.append(f"{path.name}: {link}")
            elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in read(target).ids:
                broken.append(f"{path.name}: {link} has no such place")
    assert broken == []


def test_every_file_that_a_page_loads_is_there(pages):
    missing = []
    for path, page in pages.items():
        for address in page.loads:
            if not address.startswith(("data:", "#")):
                assert is_local(address), f"{path.name} loads {address}"
                if not (path.parent / unquote(urlsplit(address).path)).is_file():
                    missing.append(f"{path.name}: {address}")
    assert missing == []


def test_every_file_that_a_style_loads_is_there(site):
    for path in site.rglob("_static/**/*.css"):
        for address in re.findall(r"url\([\"']?([^\"')]+)", path.read_text(encoding="utf8")):
            if not address.startswith(("data:", "#")):
                assert is_local(address), f"{path.name} loads {address}"
                assert (path.parent / urlsplit(address).path).is_file(), f"{path.name} loads {address}"


def test_pictures_have_alternative_text(pages):
    assert {path.name: page.pictures_without_alt for path, page in pages.items() if page.pictures_without_alt} == {}


def test_ids_are_unique(pages):
    chapters = {path: page for path, page in pages.items() if path.parent.name == "chapters"}
    assert chapters
    assert {path.name: page.repeated for path, page in chapters.items() if page.repeated} == {}


def test_each_chapter_can_be_had_with_its_results(site):
    chapters = sorted((ROOT / "chapters").glob("[0-9][0-9]_*.ipynb"))
    assert sorted(path.name for path in (site / "results").iterdir()) == [path.name for path in chapters]
    for path in chapters:
        executed = nbformat.read(site / "results" / path.name, as_version=4)
        nbformat.validate(executed)
        assert [cell.source for cell in executed.cells] == [cell.source for cell in nbformat.read(path, 4).cells]
        shown = [html for cell in executed.cells for html in html_of(cell)]
        assert any("data:image/svg+xml" in html for html in shown)
        assert not any("<script" in html or "<svg" in html for html in shown)
        places = [link for html in shown for link in re.findall(f'href="{BASE}/([^"]+)"', html)]
        page = (site / "chapters" / f"{path.stem}.html").read_text(encoding="utf8")
        assert len(places) == len(re.findall(r'<div class="vae-widget" id="[^"]*" data-widget=', page))
        assert all(urlsplit(place).fragment in read(site / urlsplit(place).path).ids for place in places)


def html_of(cell) -> list[str]:
    return [output.data["text/html"] for output in cell.get("outputs", []) if "text/html" in output.get("data", {})]


def test_theme_is_trimmed(site):
    static = site / "_static"
    assert not list(static.rglob("*.map"))
    assert not list(static.rglob("fontawesome*"))
    assert not list(static.rglob("*thebe*"))
    for path in site.rglob("*.html"):
        html = re.sub(r"[A-Za-z0-9+/=]{80,}", "", path.read_text(encoding="utf8"))  # base64 may spell any word
        found = re.findall(r".{0,40}(?:thebe|fontawesome).{0,40}", html, re.IGNORECASE)
        assert found == [], path.name


def test_a_control_that_needs_a_kernel_is_not_on_the_page(site):
    html = (site / "chapters" / "04_reparameterization.html").read_text(encoding="utf8")
    assert "live kernel" not in html
    assert "Train with this beta" not in html


def test_a_link_to_a_page_is_shown_with_words_and_a_picture_of_its_own(pages, site):
    shown = {path: page.said for path, page in pages.items() if path.parent.name == "chapters"}
    shown[site / "index.html"] = pages[site / "index.html"].said
    for path, said in shown.items():
        assert said["og:title"] and "<" not in said["og:title"] and said["og:description"] == said["description"]
        picture = site / said["og:image"].removeprefix(BASE).lstrip("/")
        with Image.open(picture) as opened:
            assert opened.size == (int(said["og:image:width"]), int(said["og:image:height"])), path
    chapters = [said["og:image"] for path, said in shown.items() if path.name[0].isdigit()]
    assert len(set(chapters)) == len(chapters)


def test_the_map_of_the_site_names_every_page_and_the_lost_one_leads_to_the_search(pages, site):
    listed = re.findall("<loc>(.*)</loc>", (site / "sitemap.xml").read_text(encoding="utf8"))
    chapters = [path.relative_to(site).as_posix() for path in pages if path.parent.name == "chapters"]
    assert sorted(listed) == sorted(f"{BASE}/{name}" for name in chapters)
    assert f"Sitemap: {BASE}/sitemap.xml" in (site / "robots.txt").read_text(encoding="utf8")
    lost = (site / "404.html").read_text(encoding="utf8")
    assert f'action="{BASE}/search.html"' in lost and f'href="{BASE}/chapters/index.html"' in lost


def test_the_foot_of_a_page_says_where_to_cite_and_where_to_report(pages):
    for path, page in pages.items():
        if path.parent.name == "chapters":
            foot = [link for link in page.links if link.endswith("CITATION.cff") or "/issues/new?title=" in link]
            assert len(foot) == 2 and path.stem in foot[1], path
