"""Every file that a page asks for: the concept colors, a small MathJax, and nothing that the theme only might need."""

import hashlib
import importlib.util
import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

MATHJAX_FILES = (
    "tex-chtml.js",
    "a11y/assistive-mml.js",
    "input/tex/extensions/*.js",
    "output/chtml/fonts/woff-v2/*.woff",
)
MATHJAX_UNUSED = {"all-packages.js", "bussproofs.js", "mhchem.js"}
MATHJAX_CONFIG = {
    "loader": {"load": ["a11y/assistive-mml"]},
    # The menu would offer parts of MathJax that are not on this site.
    "options": {"enableMenu": False},
}
SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>\s*", re.DOTALL)
ICON_LINK = re.compile(r"<link\b[^>]*/fontawesome/[^>]*>\s*")
# The theme's title and contents for paper have no number, and would stand in every result of the search.
PAPER_HEAD = re.compile(r'<div id="jb-print-docs-body".*?(?=<div id="searchbox">)', re.DOTALL)
# A folded cell says on its button what it holds; this label would be read out in its place.
FOLD_LABEL = '<summary aria-label="Toggle hidden content">'
THEME_ICONS = re.compile(r"@font-face\{[^{}]*Font Awesome[^{}]*\}|(?<=[};/])[^{};/]*\.fa-[^{}]*\{[^{}]*\}")
REPLACED = ("fontawesome", "searchtools.js", "language_data.js", "searchindex.js")
UNUSED_FILES = (
    "**/*.map",
    "searchtools.js",
    "language_data.js",
    "scripts/fontawesome.js*",
    "vendor/fontawesome",
    "sphinx-thebe.*",
    "*webpack-macros.html",
)


def color_css() -> str:
    from vae_utils.plots import COLORS, DARK_COLORS

    def block(selector: str, colors: dict[str, str]) -> str:
        lines = "".join(f"  --vae-{concept}: {value};\n" for concept, value in colors.items())
        return f"{selector} {{\n{lines}}}\n"

    return block(":root", COLORS) + block('html[data-theme="dark"]', DARK_COLORS)


def write_colors(app: Sphinx, config) -> None:
    folder = Path(app.doctreedir) / "colors"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "colors.css").write_text(color_css(), encoding="utf8")
    config.html_static_path = [*config.html_static_path, str(folder)]
    app.add_css_file("colors.css", priority=400)
    config.mathjax3_config = MATHJAX_CONFIG
    config.vae_static_key = static_key([Path(app.confdir, place) for place in config.html_static_path])


def static_key(folders: list[Path]) -> str:
    """Sphinx copies a changed style only if a page has changed, too; this key is a setting of every page."""
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def room_for_static(app: Sphinx) -> None:
    """The theme copies its logo even after a failed build, and would make a file of a folder that is not there yet."""
    static = Path(app.outdir) / "_static"
    if static.is_file():
        static.unlink()
    static.mkdir(parents=True, exist_ok=True)


def drop_thebe(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    for kind in ("css_files", "script_files"):
        context[kind] = [f for f in context.get(kind, []) if "thebe" not in str(getattr(f, "filename", f))]


def clean_page(html: str) -> str:
    """Drops what loads thebe and the icon font, scripts that stand on the page twice, and what the book does better."""
    seen = set()

    def keep(match: re.Match) -> str:
        script = match[0].strip()
        head = script.partition("</script>")[0]
        opening = head.partition(">")[0]
        unused = "thebe" in head[:300].lower() or "kernelName" in head[:60] or any(name in opening for name in REPLACED)
        if unused or (script in seen and "application/" not in head[:60]):
            return ""
        seen.add(script)
        return match[0]

    for unwanted in (ICON_LINK, PAPER_HEAD):
        html = unwanted.sub("", html)
    return SCRIPT.sub(keep, html.replace(FOLD_LABEL, "<summary>"))


def copy_mathjax(static: Path) -> None:
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    source = Path(package.origin).parent / "static" / "mathjax"
    for pattern in MATHJAX_FILES:
        for path in source.glob(pattern):
            target = static / "mathjax" / path.relative_to(source)
            if path.name not in MATHJAX_UNUSED and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def trim_theme(static: Path) -> None:
    for pattern in UNUSED_FILES:
        for path in static.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in static.glob("styles/*.css"):
        css = path.read_text(encoding="utf8")
        path.write_text(re.sub(r"/\*# sourceMappingURL.*?\*/", "", THEME_ICONS.sub("", css)), encoding="utf8")
    for path in static.glob("scripts/*.js"):
        script = path.read_text(encoding="utf8")
        path.write_text(re.sub(r"//# sourceMappingURL=.*", "", script), encoding="utf8")


def finish(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    copy_mathjax(out / "_static")
    trim_theme(out / "_static")
    for path in out.rglob("*.html"):
        html = path.read_text(encoding="utf8")
        cleaned = clean_page(html)
        if cleaned != html:
            path.write_text(cleaned, encoding="utf8")


def setup(app: Sphinx) -> None:
    app.add_config_value("vae_static_key", "", "html", (str,))
    app.connect("config-inited", write_colors)
    app.connect("builder-inited", room_for_static)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", finish, priority=900)
