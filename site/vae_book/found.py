"""What a site has beside its pages: a list of them for machines, a page for those who got lost, a line at the foot."""

import html
from pathlib import Path
from urllib.parse import quote

from sphinx.application import Sphinx

from .heads import base_address

LOST = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>Not found: {title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ max-width: 34rem; margin: 16vh auto 4rem; padding: 0 1.2rem; font: 1.1rem/1.5 Georgia, serif }}
body {{ background: light-dark(#fffdf9, #15191f); color: light-dark(#1f2730, #e8e4db) }}
a {{ color: light-dark(#005a91, #7fc2f2) }}
input, button {{ padding: 0.5rem 0.8rem; font: inherit; color: inherit; background: transparent }}
input, button {{ border: 1px solid currentcolor; border-radius: 0.5rem }}
form {{ display: flex; flex-wrap: wrap; gap: 0.6rem; margin: 1.5rem 0 }}
input {{ flex: 1; min-width: 10rem }}
</style>
</head>
<body>
<main>
<h1>This point is off the map</h1>
<p>No page has this address. It may have moved; the search knows where its words are.</p>
<form action="{base}search.html" role="search">
<input name="q" type="search" aria-label="Search the book" placeholder="free bits" required>
<button>Search</button>
</form>
<p><a href="{base}{start}">{title}, from the beginning</a></p>
</main>
</body>
</html>
"""


def lost_page(base: str, start: str, title: str) -> str:
    """It is shown at any address, so its links need the site's own where that is known."""
    return LOST.format(base=html.escape(f"{base}/" if base else ""), start=start, title=html.escape(title))


def sitemap(addresses: list[str]) -> str:
    lines = "".join(f"<url><loc>{html.escape(address)}</loc></url>\n" for address in addresses)
    opening = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{opening}{lines}</urlset>\n"


def finish(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    out, base = Path(app.outdir), base_address(app)
    start = app.builder.get_target_uri(app.config.root_doc)
    (out / "404.html").write_text(lost_page(base, start, app.config.html_title), encoding="utf8")
    if base:
        pages = [f"{base}/{app.builder.get_target_uri(name)}" for name in sorted(app.env.found_docs)]
        (out / "sitemap.xml").write_text(sitemap(pages), encoding="utf8")
        (out / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {base}/sitemap.xml\n", encoding="utf8")


def add_foot(app: Sphinx, pagename: str, templatename: str, context: dict, document) -> None:
    """Where to cite the book, and where to say what is wrong on this page."""
    options = app.config.html_theme_options
    repository = options.get("repository_url", "").rstrip("/")
    if document is None or not repository:
        return
    cite = f"{repository}/blob/{options.get('repository_branch', 'main')}/CITATION.cff"
    report = f"{repository}/issues/new?title={quote(f'{pagename}: ')}"
    links = {"Cite this book": cite, "Report a mistake on this page": report}
    linked = " · ".join(f'<a href="{html.escape(address)}">{words}</a>' for words, address in links.items())
    context["theme_extra_footer"] = f"<p>{linked}</p>"


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", add_foot)
    app.connect("build-finished", finish, priority=960)  # the theme has no say in it
