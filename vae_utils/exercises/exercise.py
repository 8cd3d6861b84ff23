"""Three kinds of exercise. Each says how many blanks it has, and `problem(*answers)`: None, OPEN, or what is wrong."""

import dis
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch

from .slips import Trial, named_slip, number_slip
from .words import described, shown, signature_names

OPEN = object()  # the blank is as it was


class Function(NamedTuple):
    """Write a function: it is held against `reference` on each of the tuples of inputs that `cases()` returns.

    `slips`: the words of a mistake, and a function that makes it; the first that agrees with the reader's is named.
    """

    name: str
    reference: Callable
    cases: Callable[[], list[tuple]]
    hint: str = ""
    slips: Mapping[str, Callable] = MappingProxyType({})
    tolerance: float = 1e-4
    blanks: int = 1

    def problem(self, candidate):
        if blank(candidate):
            return OPEN
        trials = []
        for inputs in self.cases():
            answer, trouble = call(candidate, inputs)
            if trouble is not None:
                return trouble
            trials.append(Trial(inputs, numbers(answer), numbers(self.reference(*copied(inputs)))))
            if trials[-1].answer is None:
                return f"your function returns {described(answer)}, expected {shown(trials[-1].expected)}"
        wrong = next((trial for trial in trials if not trial.right(self.tolerance)), None)
        if wrong is None:
            return None
        slip = named_slip(candidate, self, trials)
        return _difference(self.reference, wrong) + (f": {slip}" if slip else "")


class Numbers(NamedTuple):
    """Find numbers: `values` has the words for each and its value.

    `slips`: the words of a mistake, and the numbers it leads to (None for those that it leaves right).
    """

    name: str
    values: dict[str, float]
    hint: str = ""
    slips: Mapping[str, tuple] = MappingProxyType({})
    tolerance: float = 0.0051  # two decimals

    @property
    def blanks(self):
        return len(self.values)

    def problem(self, *answers):
        if any(map(blank, answers)):
            return OPEN
        for place, (answer, (words, value)) in enumerate(zip(answers, self.values.items(), strict=True)):
            got = numbers(answer)
            if got is None or got.numel() != 1:
                return f"{words} is {described(answer)}, expected a number"
            got = float(got)
            if not abs(got - value) <= self.tolerance:
                own = [text for text, wrong in self.slips.items() if _near(got, wrong, place, self.tolerance)]
                slip = own[0] if own else number_slip(got, value, self.tolerance)
                return f"{words} is not {got:.4g}" + (f": {slip}" if slip else "")
        return None


class Judged(NamedTuple):
    """A question with more than one right answer: `judge(*answers)` returns None, or words on what is wrong."""

    name: str
    judge: Callable
    hint: str = ""
    blanks: int = 1

    def problem(self, *answers):
        if any(map(blank, answers)):
            return OPEN
        words, trouble = call(self.judge, answers, whose="your answer")
        return trouble if trouble is not None else words


def blank(answer):
    """Whether this is what stood in the cell: ..., None, a tuple with one of them, or a function without a body."""
    if answer is None or answer is Ellipsis:
        return True
    if isinstance(answer, tuple | list):
        return any(map(blank, answer))
    return _has_no_body(answer)


NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "POP_TOP", "COPY_FREE_VARS", "MAKE_CELL"}


def _has_no_body(answer):
    code = getattr(answer, "__code__", None)
    if code is None:
        return False
    steps = list(dis.get_instructions(code))
    loaded = {step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")}
    return {step.opname for step in steps} <= NOTHING and loaded <= {None, Ellipsis}


ADVICE = (
    ("only one element tensors", "math functions take one number; those of torch, such as torch.log, take tensors"),
    ("positional argument", "keep the arguments as they were in the cell"),
    ("floating point", "`.float()` makes numbers with a point of whole ones, and of True and False"),
)


def call(function, arguments, whose="your function"):
    """(what it returns, None), or (None, what is wrong): it raised, or it has a body and returns nothing."""
    try:
        answer = function(*copied(arguments))
    except Exception as problem:
        if isinstance(problem, NotImplementedError) and not str(problem):  # torch's own, of a mean of bools, has words
            return None, OPEN
        advice = next((f" ({words})" for part, words in ADVICE if part in str(problem)), "")
        return None, f"{whose} raised {type(problem).__name__}: {str(problem).rstrip('.')}{advice}"
    if whose == "your function" and blank(answer):
        return None, "your function returns nothing: is the `return` missing?"
    return answer, None


def copied(arguments):
    """The same inputs, so that a function that writes into one spoils no other call."""
    return tuple(a.clone() if isinstance(a, torch.Tensor) else a for a in arguments)


def numbers(value):
    """A float64 tensor on the CPU, or None where the value holds no numbers."""
    try:
        if isinstance(value, tuple | list) and value:
            return torch.stack([numbers(part) for part in value])
        return torch.as_tensor(value, device="cpu").detach().to(torch.float64)
    except Exception:
        return None


def _near(got, wrong, place, tolerance):
    value = wrong[place] if isinstance(wrong, tuple | list) else wrong
    return value is not None and abs(got - value) <= tolerance


def _difference(reference, trial):
    """The first place that is wrong, with its input and both values."""
    if trial.answer.shape != trial.expected.shape:
        return f"your function returns {shown(trial.answer)}, expected {shown(trial.expected)}"
    place = trial.worst()
    inputs = trial.inputs_at(place, signature_names(reference))
    got, right = trial.answer[place].item(), trial.expected[place].item()
    return f"for {inputs} you return {got:.4g}, right is {right:.4g}"
