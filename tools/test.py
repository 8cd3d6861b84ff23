"""Runs every check of the book, and counts: the last line sums what passed, failed and was skipped.

python -m tools.test     all of it: what `make test` does
python -m tools.check    what can be judged in under a minute: `make check`
"""

import resource
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from vae_utils.surroundings import one_thread

ROOT = Path(__file__).resolve().parent.parent
PYTEST = ["-m", "pytest", "-p", "tools.failures"]
TWO = [*PYTEST, "-n", "2", "--dist", "loadfile"]
SLOW_FIRST = [*TWO, "--no-loadscope-reorder"]  # else the files with few tests would be the last
BROWSER = [*PYTEST, "-n", "3", "--dist", "loadgroup"]  # a test and its browser wait for one another
NBVAL = ["-p", "tools.nbval_outputs", "--nbval-lax", "--nbval-current-env"]
LINT = ["-m", "ruff", "check", "--quiet", "."]
FORMAT = ["-m", "ruff", "format", "--check", "--quiet", "."]
JAVASCRIPT = ["oxlint", "-c", "tests/js/oxlint.json", "--deny-warnings", "vae_utils/widgets", "tests/js", "site/static"]
UNITS = [*SLOW_FIRST, "-p", "no:nbval", "tests", "--ignore=tests/browser"]
COUNTED = ("passed", "failed", "skipped")


class Step(NamedTuple):
    """What is run, each in a process of its own, and what came of it."""

    title: str
    counts: Counter
    seconds: float
    cpu_seconds: float


def run(title: str, arguments: list[str], results: Path) -> Step:
    """A step without a report of its own counts as one test."""
    print(f"\n== {title}", flush=True)
    started, spent = time.perf_counter(), cpu_of_children()
    report = results / f"{title.replace(' ', '-')}.xml"
    if "pytest" in arguments:
        arguments = [*arguments, f"--junitxml={report}"]
    code = subprocess.run(command(arguments), cwd=ROOT).returncode
    counts = read_report(report) if report.is_file() else Counter(passed=int(code == 0))
    if code != 0 and not counts["failed"]:
        counts["failed"] += 1
    step = Step(title, counts, time.perf_counter() - started, cpu_of_children() - spent)
    print(f"== {title}: {line(counts)} in {step.seconds:.0f} s", flush=True)
    return step


def command(arguments: list[str]) -> list[str]:
    """Python with these arguments, unless they begin with the name of a program beside it."""
    first, *rest = arguments
    return [sys.executable, *arguments] if first.startswith("-") else [str(Path(sys.executable).parent / first), *rest]


def cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def read_report(path: Path) -> Counter:
    counts = Counter()
    for suite in ET.parse(path).getroot().iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        counts.update(failed=failed, skipped=skipped, passed=int(suite.get("tests", 0)) - failed - skipped)
    return counts


def line(counts: Counter) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in COUNTED)


def table(steps: list[Step]) -> str:
    rows = [f"{'step':24}" + "".join(f"{name:>10}" for name in (*COUNTED, "seconds", "of CPU"))]
    for step in steps:
        numbers = [*(step.counts[name] for name in COUNTED), round(step.seconds), round(step.cpu_seconds)]
        rows.append(f"{step.title:24}" + "".join(f"{number:>10}" for number in numbers))
    return "\n".join(rows)


def run_all(plan: dict[str, list[str]]) -> int:
    """Runs the steps by their titles, whatever fails; the exit status."""
    one_thread()
    with tempfile.TemporaryDirectory() as folder:
        steps = [run(title, arguments, Path(folder)) for title, arguments in plan.items()]
    total = sum((step.counts for step in steps), Counter())
    print(f"\n{table(steps)}\n\n{line(total)}")
    return 1 if total["failed"] else 0


def main() -> int:
    chapters = sorted(str(path) for path in (ROOT / "chapters").glob("*.ipynb"))
    plan = {
        "lint": LINT,
        "format": FORMAT,
        "JavaScript": JAVASCRIPT,
        "unit tests": UNITS,
        "chapters": [*TWO, *NBVAL, *chapters],
        "website": ["-m", "tools.build", "--fresh"],
        "website in a browser": [*BROWSER, "tests/browser"],
    }
    return run_all(plan)


if __name__ == "__main__":
    sys.exit(main())
