"""What the cells of a chapter call: the check of an exercise, and a tick for a claim. One line, and nothing raises.

For a class, `report` keeps the verdicts in a file.
"""

import torch

from .exercises import exercise, report
from .exercises.exercise import blank
from .exercises.verdicts import CROSS, DOTS, TICK
from .exercises.words import described

__all__ = ["check_true", "exercise", "report"]


def check_true(condition, name, hint=""):
    """Print a tick if the condition holds."""
    hint = f" Hint: {hint}" if hint else ""
    if blank(condition):
        return print(f"{DOTS} {name}: not filled in yet.")
    try:
        holds = bool(torch.as_tensor(condition, device="cpu").all())
    except Exception:
        return print(f"{CROSS} {name}: got {described(condition)}, expected True or False.{hint}")
    print(f"{TICK} {name}" if holds else f"{CROSS} {name}: not yet.{hint}")
