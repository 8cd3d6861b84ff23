"""What can be judged in under a minute: lint, format, and the unit tests that are not marked slow.

python -m tools.check                    before each commit
python -m tools.check 05_latent_space    one chapter: its rules, and each of its cells under nbval
"""

import sys

from .page import find_chapter
from .test import FORMAT, JAVASCRIPT, LINT, NBVAL, UNITS, run_all

QUICK = [*UNITS, "-m", "not slow", "--durations=5", "--durations-min=2"]


def main(arguments: list[str]) -> int:
    if not arguments:
        return run_all({"lint": LINT, "format": FORMAT, "JavaScript": JAVASCRIPT, "unit tests": QUICK})
    (name,) = arguments
    path = find_chapter(name, ".ipynb")
    rules = ["-m", "pytest", "tests/test_notebooks.py", "-k", name]
    return run_all({"lint": [*LINT[:-1], str(path)], "rules": rules, "chapter": ["-m", "pytest", *NBVAL, str(path)]})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
