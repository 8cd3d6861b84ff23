"""Builds one chapter alone into _build/page-NAME, to look at it: python -m tools.page 02_elbo"""

import sys
from pathlib import Path

from .build import ROOT, jupyter_book


def build(name: str) -> Path:
    source = ROOT / "chapters" / name
    if not any(source.with_suffix(suffix).is_file() for suffix in (".ipynb", ".md")):
        known = ", ".join(sorted(p.stem for p in (ROOT / "chapters").glob("*.ipynb")))
        raise SystemExit(f"no chapter {name!r}; there are: {known}")
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
