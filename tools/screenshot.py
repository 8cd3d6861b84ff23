"""Pictures of a built page, light, dark and on a phone.

python -m tools.screenshot 02_elbo pictures/                     the page of a chapter, in full
python -m tools.screenshot 02_elbo pictures/ --element .vae-figure   the first such element
python -m tools.screenshot PATH/TO/page.html pictures/ --only dark
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHELL = "/usr/bin/chromium-headless-shell"  # Chromium without its windows, where each tab is much cheaper
BROWSERS = (
    SHELL, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/opt/google/chrome/chrome",
)  # fmt: skip
VIEWS = {"light": (1280, 900, "light"), "dark": (1280, 900, "dark"), "phone": (360, 740, "light")}
PAGE_LIMIT = 16000  # pixels: Chromium draws no taller picture


def browser_path() -> str | None:
    return next((path for path in BROWSERS if Path(path).is_file()), None)


def find_page(name: str) -> Path:
    if Path(name).is_file():
        return Path(name).resolve()
    places = [ROOT / "_build" / f"page-{name}" / "_build" / "html", ROOT / "_build" / "html"]
    pages = [p for place in places if (p := place / "chapters" / f"{name}.html").is_file()]
    if not pages:
        raise SystemExit(f"no built page for {name!r}: run `make page CHAPTER={name}` first")
    return max(pages, key=lambda p: p.stat().st_mtime)


def picture(browser: Browser, page: Path, view: str, target: Path, element: str | None, scroll: int | None) -> None:
    width, height, scheme = VIEWS[view]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    tab = context.new_page()
    tab.goto(page.as_uri(), wait_until="load")
    tab.evaluate("window.MathJax?.startup?.promise")
    tab.wait_for_timeout(400)
    if element:
        tab.locator(element).first.screenshot(path=target)
    elif scroll is not None:
        tab.evaluate(f"window.scrollTo(0, {scroll})")
        tab.wait_for_timeout(200)
        tab.screenshot(path=target)
    else:
        tall = min(PAGE_LIMIT, tab.evaluate("document.documentElement.scrollHeight"))
        tab.set_viewport_size({"width": width, "height": tall})
        tab.screenshot(path=target)
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", help="a chapter's name or a built .html file")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--element", help="a CSS selector: only the first element that it finds")
    parser.add_argument("--scroll", type=int, help="one screen, this many pixels from the top")
    parser.add_argument("--only", choices=VIEWS)
    options = parser.parse_args()
    page = find_page(options.page)
    if browser_path() is None:
        raise SystemExit("no Chromium found in " + ", ".join(BROWSERS))
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        for view in [options.only] if options.only else VIEWS:
            target = options.folder / f"{page.stem}-{view}.png"
            picture(browser, page, view, target, options.element, options.scroll)
            print(target)


if __name__ == "__main__":
    main()
