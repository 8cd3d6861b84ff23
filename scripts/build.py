"""Executes the chapters and builds the website; warnings are errors.

    python scripts/build.py           what has changed
    python scripts/build.py --fresh   every page is read again, so that no warning is overlooked
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "_build" / "html" / "index.html"


def build(fresh: bool = False) -> int:
    program = Path(sys.executable).with_name("jupyter-book")
    command = [str(program), "build", ".", "--warningiserror", "--keep-going", "--quiet"]
    return subprocess.run([*command, "--all"] if fresh else command, cwd=ROOT).returncode


def main(arguments: list[str]) -> int:
    started = time.perf_counter()
    code = build(fresh="--fresh" in arguments)
    if code == 0 and PAGE.is_file():
        print(f"\nThe book was built in {time.perf_counter() - started:.0f} s: {PAGE}")
        print("Open that file in a browser, or run `make serve` and go to http://localhost:8000")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
