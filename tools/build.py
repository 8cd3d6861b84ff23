"""Executes the chapters and builds the website; warnings are errors.

python -m tools.build           what has changed
python -m tools.build --fresh   every page is read again, so that no warning is overlooked
"""

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "_build" / "html" / "index.html"


def jupyter_book(*arguments: object) -> bool:
    """Runs `jupyter-book build`; says whether it went well, without the traceback of Jupyter Book itself."""
    from jupyter_book.cli.main import main as command

    try:
        command([str(a) for a in ("build", ROOT, "--quiet", *arguments)], standalone_mode=False)
    except RuntimeError:
        print("\nThe book was not built; the cause stands above.")
        return False
    return True


def main(arguments: list[str]) -> int:
    started = time.perf_counter()
    fresh = ["--all"] if "--fresh" in arguments else []
    built = jupyter_book("--warningiserror", "--keep-going", *fresh)
    if built:
        print(f"\nThe book was built in {time.perf_counter() - started:.0f} s: {PAGE}")
        print("Open that file in a browser, or run `make serve` and go to http://localhost:8000")
    return 0 if built else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
