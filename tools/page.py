"""Builds one chapter alone into _build/page-NAME, to look at it: python -m tools.page 02_elbo"""

import sys
from pathlib import Path

from .build import ROOT, jupyter_book


def find_chapter(name: str, *suffixes: str) -> Path:
    for suffix in suffixes:
        if (path := ROOT / "chapters" / f"{name}{suffix}").is_file():
            return path
    known = ", ".join(sorted(p.stem for p in (ROOT / "chapters").glob("*.ipynb")))
    raise SystemExit(f"no chapter {name!r}; there are: {known}")


def build(name: str) -> Path:
    find_chapter(name, ".ipynb", ".md")
    out = ROOT / "_build" / f"page-{name}"
    out.mkdir(parents=True, exist_ok=True)
    toc = out / "_toc.yml"
    toc.write_text(f"format: jb-book\nroot: chapters/{name}\n", encoding="utf8")
    if not jupyter_book("--toc", toc, "--path-output", out):
        raise SystemExit(1)
    return out / "_build" / "html" / "chapters" / f"{name}.html"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(f"\nopen {build(sys.argv[1])}")
