"""What a chapter calls, and what it prints: a tick, an open mark, or a cross and what differs."""

import importlib
import importlib.util

from .exercise import OPEN
from .report import note

TICK, CROSS, DOTS = "✓", "✗", "…"
_failed: dict[str, int] = {}


def exercise(number, *answers):
    """Judge the answers to exercise `number`, such as "3.2"; prints one line and raises nothing on their account.

    The first wrong answer is told what differs; from the second on the hint is printed too. For a class the verdict is
    kept as well (`report`); where that fails, a second line says so. Raises ValueError for a number that no chapter
    has, TypeError for another count of answers than the exercise asks for.
    """
    task = find(number)
    if len(answers) != task.blanks:
        raise TypeError(f"answers: got {len(answers)}, expected {task.blanks} for exercise {number}")
    name, problem = f"Exercise {number}, {task.name}", task.problem(*answers)
    if problem is OPEN:
        return print(f"{DOTS} {name}: not filled in yet.")
    if problem is None:
        _failed.pop(number, None)
        print(f"{TICK} {name}")
    else:
        _failed[number] = _failed.get(number, 0) + 1
        hint = f" Hint: {task.hint}" if task.hint and _failed[number] > 1 else ""
        print(f"{CROSS} {name}: {problem}.{hint}")
    _record(number, passed=problem is None)


def _record(number, passed):
    """For a class, where a file is named for it; a report that cannot be written stops nobody."""
    try:
        note(number, passed)
    except OSError as error:
        print(f"{CROSS} Not reported. {error}")


def find(number):
    """The exercise of this number. Raises ValueError where there is none."""
    chapter = str(number).partition(".")[0]
    module = f"{__package__}.chapter_{chapter}"
    known = importlib.import_module(module).EXERCISES if importlib.util.find_spec(module) else {}
    if number not in known:
        raise ValueError(
            f"number: got {number!r}, expected {', '.join(known) or 'an exercise of the book, such as 3.2'}"
        )
    return known[number]
