"""Runs every check of the book, and counts: the last line sums what passed, failed and was skipped."""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = ["-m", "pytest", "-n", "2", "--dist", "loadfile"]
CHAPTERS = sorted(str(p) for p in (ROOT / "chapters").glob("*.ipynb"))


def run(title: str, arguments: list[str], results: Path) -> Counter:
    """One step in its own process. A step without a report of its own counts as one test."""
    print(f"\n== {title}", flush=True)
    started = time.perf_counter()
    report = results / f"{title.replace(' ', '-')}.xml"
    if "pytest" in arguments:
        arguments = [*arguments, f"--junitxml={report}"]
    code = subprocess.run([sys.executable, *arguments], cwd=ROOT).returncode
    counts = read_report(report) if report.is_file() else Counter(passed=int(code == 0))
    if code != 0 and not counts["failed"]:
        counts["failed"] += 1
    print(f"== {title}: {line(counts)} in {time.perf_counter() - started:.0f} s", flush=True)
    return counts


def read_report(path: Path) -> Counter:
    counts = Counter()
    for suite in ET.parse(path).getroot().iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        counts.update(failed=failed, skipped=skipped, passed=int(suite.get("tests", 0)) - failed - skipped)
    return counts


def line(counts: Counter) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in ("passed", "failed", "skipped"))


def main() -> int:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    total = Counter()
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        total += run("lint", ["-m", "ruff", "check", "--quiet", "."], results)
        total += run("unit tests", [*PYTEST, "tests", "--ignore=tests/browser"], results)
        if CHAPTERS:
            nbval = ["--nbval-lax", "--nbval-current-env", *CHAPTERS]
            total += run("chapters", [*PYTEST, *nbval], results)
        total += run("website", ["-m", "tools.build", "--fresh"], results)
        total += run("website in a browser", [*PYTEST, "tests/browser"], results)
    print(f"\n{line(total)}")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
