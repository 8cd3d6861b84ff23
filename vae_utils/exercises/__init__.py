"""The exercises of the chapters: what is asked, how an answer is judged, and what is said of a wrong one.

A chapter's blank cell and its solution end in the same line, `checks.exercise("3.2", width, kl)`. What is right, on
which inputs it is tried, and which mistakes are known stand in `chapter_3.py`, so that no cell gives it away:

    EXERCISES = {
        "3.1": Function("KL to any normal", reference, cases, hint="...", slips={"words of a mistake": its_function}),
        "3.2": Numbers("best box", {"the half-width": 3**0.5, "the KL": 0.1765}, slips={"words": (1.0, None)}),
        "4.3": Judged("a calm score function", judge, hint="..."),
    }

`Function` compares with a reference on a few inputs, `Numbers` with numbers (two decimals are enough), `Judged` asks a
function of yours that returns None, or words on what is wrong: for questions with more than one right answer. The usual
slips (a sign, a factor of two, a missing constant, a mean for a sum, a logarithm of another base, sigma for the
variance, noise of its own, an argument that is not used, a missing return) are named without being listed.
"""

from .exercise import Function, Judged, Numbers
from .report import report
from .verdicts import exercise

__all__ = ["Function", "Judged", "Numbers", "exercise", "report"]
