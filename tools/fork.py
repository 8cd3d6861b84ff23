"""Writes the address of your copy wherever the repository's address stands.

python -m tools.fork https://github.com/me/my-book
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?")
PATTERNS = ("_config.yml", "README.md", "CITATION.cff", "pyproject.toml", "chapters/*.ipynb", "chapters/*.md")


def current_address(root: Path) -> str:
    config = (root / "_config.yml").read_text(encoding="utf8")
    found = re.search(r"^repository:\n(?:[ \t]+.*\n)*?[ \t]+url:[ \t]*(\S+)", config, re.MULTILINE)
    if not found:
        raise SystemExit("_config.yml: expected `url:` under `repository:`")
    return found[1]


def site_address(address: str) -> str:
    owner, name = ADDRESS.fullmatch(address).groups()
    return f"https://{owner.lower()}.github.io/{name}"


def fork(root: Path, new: str) -> list[Path]:
    """Returns the files that changed."""
    if not ADDRESS.fullmatch(new):
        raise SystemExit(f"got {new!r}, expected an address such as https://github.com/me/my-book")
    old = current_address(root)
    new = "https://github.com/" + "/".join(ADDRESS.fullmatch(new).groups())
    changed = []
    for path in sorted(p for pattern in PATTERNS for p in root.glob(pattern)):
        text = path.read_text(encoding="utf8")
        written = re.sub(re.escape(old) + r"(?![\w-])", new, text).replace(site_address(old), site_address(new))
        written = written.replace(colab_path(old), colab_path(new))
        if written != text:
            path.write_text(written, encoding="utf8")
            changed.append(path)
    return changed


def colab_path(address: str) -> str:
    return "colab.research.google.com/github/" + "/".join(ADDRESS.fullmatch(address).groups()) + "/"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    for changed_path in fork(ROOT, sys.argv[1]):
        print(f"wrote {changed_path.relative_to(ROOT)}")
