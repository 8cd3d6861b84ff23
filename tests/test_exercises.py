"""How answers to the exercises are judged: right ones pass, blanks are seen, the usual slips are named."""

import importlib
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from vae_utils import checks, exercises
from vae_utils.exercises import Function, Judged, Numbers, verdicts
from vae_utils.exercises.exercise import OPEN

Normal = torch.distributions.Normal


def truth(x, mean, sigma):
    """Nats per example."""
    return Normal(mean, sigma).log_prob(x).sum(1)


def clouds():
    x, mean = torch.randn(2, 4, 7, generator=torch.Generator().manual_seed(0))
    return [(x, mean, sigma) for sigma in (0.1, 1.5, 3.0)]


DENSITY = Function(
    "a density", truth, clouds, hint="three terms", slips={"the mean squared": lambda x, m, s: truth(x, m**2, s)}
)


def squared(x, mean):
    return ((x - mean) ** 2).sum(1)


SLIPS = {
    "the sign is turned": lambda x, m, s: -truth(x, m, s),
    "twice what it should be": lambda x, m, s: 2 * truth(x, m, s),
    "half of what it should be": lambda x, m, s: truth(x, m, s) / 2,
    "a mean in place of a sum": lambda x, m, s: Normal(m, s).log_prob(x).mean(1),
    "not yet summed over the last dimension": lambda x, m, s: Normal(m, s).log_prob(x),
    "not yet summed": lambda x, m, s: Normal(m, s).log_prob(x),
    "the batch is summed too": lambda x, m, s: truth(x, m, s).sum(),
    "the batch is averaged too": lambda x, m, s: truth(x, m, s).mean(),
    "the last dimension was kept": lambda x, m, s: truth(x, m, s)[:, None],
    "too large by 7 · ½ log 2π": lambda x, m, s: -squared(x, m) / (2 * s**2) - 7 * math.log(s),
    "too large by the same 0.3": lambda x, m, s: truth(x, m, s) + 0.3,
    "too small by 1": lambda x, m, s: truth(x, m, s) - 1,
    "log2 in place": lambda x, m, s: truth(x, m, s) / math.log(2),
    "log10 in place": lambda x, m, s: truth(x, m, s) / math.log(10),
    "sigma squared is the variance": lambda x, m, s: truth(x, m, s**2),
    "it does not use sigma": lambda x, m, s: truth(x, m, 1.0),
    "it does not use mean": lambda x, m, s: truth(x, 0 * m, s),
    "the same value for every input": lambda x, m, s: torch.full((4,), -7.0),
    "different values; where does the noise": lambda x, m, s: truth(x, m, s) + torch.rand(4),
    "is the `return` missing": lambda x, m, s: [].append(truth(x, m, s)),
    "raised ZeroDivisionError: division by zero": lambda x, m, s: 1 / 0,
    "such as torch.log, take tensors": lambda x, m, s: math.log(x),
    "keep the arguments": lambda x: x,
    "an answer of type str": lambda x, m, s: "much",
    "the mean squared": lambda x, m, s: truth(x, m**2, s),
}


@pytest.mark.parametrize("says", SLIPS)
def test_the_usual_slips_are_named(says):
    assert says in DENSITY.problem(SLIPS[says])


def test_the_first_wrong_value_is_shown_with_its_input():
    scale = Function("spread", lambda mu, logvar: mu + (0.5 * logvar).exp(), lambda: [(torch.ones(2), torch.zeros(2))])
    assert scale.problem(lambda mu, logvar: mu + (0.5 * logvar).exp() - torch.tensor([0.0, 4.25])) == (
        "for mu = 1, logvar = 0 you return -2.25, right is 2"
    )
    swapped = Function("matrix", lambda a: a, lambda: [(torch.arange(6.0).view(2, 3),)])
    assert "it is transposed" in swapped.problem(lambda a: a.T)
    logvars = Function("spread", lambda logvar: (0.5 * logvar).exp(), lambda: [(torch.tensor([1.0, -1.0, 0.3]),)])
    assert "exp(logvar) is the variance" in logvars.problem(lambda logvar: logvar.exp())


def test_right_answers_of_any_kind_pass():
    for right in (truth, lambda x, m, s: truth(x, m, s).numpy(), lambda x, m, s: truth(x, m, s).double().tolist()):
        assert DENSITY.problem(right) is None


def test_nan_is_wrong():
    assert "nan" in DENSITY.problem(lambda x, m, s: truth(x, m, s) * math.nan)


def test_an_answer_that_writes_into_its_input_is_compared_with_the_input_as_it_was():
    assert DENSITY.problem(lambda x, m, s: truth(x.mul_(0), m, s)) is not None


def unfilled(x, mean, sigma): ...


def documented(x, mean, sigma):
    """Nats per example."""


def unfinished(x, mean, sigma):
    raise NotImplementedError


@pytest.mark.parametrize("answer", [..., None, unfilled, documented, unfinished])
def test_a_blank_is_no_mistake(answer):
    assert DENSITY.problem(answer) is OPEN


CHAPTERS = sorted(path.stem for path in Path(exercises.__file__).parent.glob("chapter_*.py"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_blanks_of_every_chapter_are_seen(chapter):
    for exercise in importlib.import_module(f"vae_utils.exercises.{chapter}").EXERCISES.values():
        assert exercise.problem(*[...] * exercise.blanks) is OPEN


BOX = Numbers("best box", {"the width": 3**0.5, "the KL": 0.1765}, hint="derive", slips={"the variance": (1.0, None)})
WRONG = {
    "the width is not 1: the variance": (1.0, 0.18),
    "the width is not 3: the square": (3.0, 0.18),
    "the width is not 1.7: too small": (1.7, 0.1765),
    "the KL is not 0.2: too large": (1.73, 0.2),
    "the KL is not -0.18: the sign is turned": (1.73, -0.18),
    "the KL is not 0.2546: is it log2": (1.73, 0.2546),
    "the KL is not 0.353: twice": (1.73, 0.353),
    "the KL is not nan: it is no number": (1.73, math.nan),
    "the width is an answer of type str, expected a number": ("3", 0.18),
    "the width is an answer of type Tensor, expected a number": (torch.ones(2), 0.18),
}


@pytest.mark.parametrize("says", WRONG)
def test_a_wrong_number_is_told_what_it_is(says):
    assert BOX.problem(*WRONG[says]).startswith(says)


@pytest.mark.parametrize("answers", [(1.73, 0.18), (3**0.5, 0.1765), (np.float32(1.732), torch.tensor([0.1765]))])
def test_two_decimals_are_enough(answers):
    assert BOX.problem(*answers) is None


def test_a_number_that_is_missing_is_a_blank():
    assert BOX.problem(1.73, ...) is OPEN


def test_a_judge_decides_where_many_answers_are_right():
    even = Judged("an even number", lambda n: None if n % 2 == 0 else f"{n} is odd")
    assert even.problem(4) is None and even.problem(3) == "3 is odd" and even.problem(...) is OPEN
    assert even.problem([1]).startswith("your answer raised TypeError")


@pytest.fixture
def chapter_of_one(monkeypatch):
    monkeypatch.setattr(importlib.import_module("vae_utils.exercises.chapter_3"), "EXERCISES", {"3.9": BOX})
    monkeypatch.setattr(verdicts, "_failed", {})


def test_one_line_and_the_hint_comes_second(chapter_of_one, capsys):
    for answers in ((..., ...), (1.7, 0.18), (1.7, 0.18), (1.73, 0.18), (1.7, 0.18)):
        checks.exercise("3.9", *answers)
    problem = "✗ Exercise 3.9, best box: the width is not 1.7: too small."
    assert capsys.readouterr().out.splitlines() == [
        "… Exercise 3.9, best box: not filled in yet.",
        problem,
        f"{problem} Hint: derive",
        "✓ Exercise 3.9, best box",
        problem,
    ]


@pytest.mark.parametrize("number", ["3.8", "99.1", "", 3.9])
def test_a_number_that_no_chapter_has_is_refused(chapter_of_one, number):
    with pytest.raises(ValueError, match=r"^number: got .*, expected "):
        checks.exercise(number, 1.0, 2.0)


def test_another_count_of_answers_is_refused(chapter_of_one):
    with pytest.raises(TypeError, match=r"^answers: got 1, expected 2 for exercise 3\.9"):
        checks.exercise("3.9", 1.0)


def test_answers_are_compared_on_the_cpu():
    """As where a reader has made an accelerator the default device; "meta" stands for it."""
    cases = clouds()
    with torch.device("meta"):
        assert BOX.problem(1.73, torch.tensor(0.18, device="cpu")) is None
        assert Function("a density", truth, lambda: cases).problem(truth) is None


INFINITE = Function("logarithm", lambda x: x.log(), lambda: [(torch.tensor([0.0, 1.0]),)])


def test_infinities_are_equal_to_themselves_alone():
    assert INFINITE.problem(torch.log) is None
    assert "you return inf, right is -inf" in INFINITE.problem(lambda x: -torch.log(x))
