"""The exercises' checks: a tick, a kind cross or an open mark, one line, and never an exception."""

import math

import numpy as np
import pytest
import torch

from vae_utils.checks import CROSS, OPEN, TICK, check_function, check_true, check_value


def line(capsys):
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and out.endswith("\n")
    return out.strip()


RIGHT = [
    (1.0, 1.00005),
    (np.float32(2), 2),
    (torch.tensor([1.0, 2.0]), [1, 2]),
    ([torch.tensor([1.0]), torch.tensor([2.0])], np.array([[1.0], [2.0]])),
    (torch.ones(2, requires_grad=True), np.ones(2)),
    (math.inf, math.inf),
    (True, 1),
]
WRONG = [
    (1.0, 1.1, "differs by up to 0.1 (allowed: 0.0001)"),
    (1.0, 1.00011, "differs by up to 0.00011 (allowed: 0.0001)"),
    (math.nan, 1.0, "differs by up to inf"),
    (math.nan, math.nan, "differs by up to inf"),
    (math.inf, -math.inf, "differs by up to inf"),
    (torch.ones(2), torch.ones(3), "got shape (2,), expected shape (3,)"),
    (torch.ones(1), 1.0, "got shape (1,), expected a number"),
    (1.0, torch.ones(2, 2), "got a number, expected shape (2, 2)"),
    ([], [1.0], "got shape (0,), expected shape (1,)"),
    ("abc", 1.0, "got an answer of type str, expected a number"),
    (object(), torch.ones(2), "got an answer of type object, expected shape (2,)"),
    ([[1.0], [1.0, 2.0]], torch.ones(2), "got an answer of type list"),
    (lambda: 1, 1.0, "got an answer of type function"),
    (10**400, 1.0, "got an answer of type int"),
]
EMPTY = [..., None, (..., 1.0), [None, None]]


class TestValue:
    @pytest.mark.parametrize(("answer", "expected"), RIGHT)
    def test_right(self, capsys, answer, expected):
        check_value(answer, expected, "the KL", hint="no")
        assert line(capsys) == f"{TICK} the KL"

    @pytest.mark.parametrize(("answer", "expected", "says"), WRONG)
    def test_wrong(self, capsys, answer, expected, says):
        check_value(answer, expected, "the KL", hint="mind the sign")
        printed = line(capsys)
        assert printed.startswith(f"{CROSS} the KL: {says}") and printed.endswith(" Hint: mind the sign")

    @pytest.mark.parametrize("answer", EMPTY)
    def test_open(self, capsys, answer):
        check_value(answer, 1.0, "the KL", hint="no")
        assert line(capsys) == f"{OPEN} the KL: not filled in yet."

    def test_tolerance(self, capsys):
        check_value(1.0, 1.4, "near", tolerance=0.5)
        assert line(capsys).startswith(TICK)
        check_value(0.0, 0.0, "exact", tolerance=0)
        assert line(capsys).startswith(TICK)
        check_value(1.0, 2.0, "no hint")
        assert "Hint" not in line(capsys)


class TestFunction:
    inputs = ((torch.tensor([1.0, 2.0]),), (torch.tensor([3.0]),))

    def reference(self, z):
        return z.square().sum()

    def test_right(self, capsys):
        check_function(lambda z: (z * z).sum(), self.reference, self.inputs, "square")
        assert line(capsys) == f"{TICK} square"

    @pytest.mark.parametrize(("answer", "expected", "says"), WRONG)
    def test_wrong(self, capsys, answer, expected, says):
        check_function(lambda: answer, lambda: expected, [()], "f", hint="mind the sign")
        printed = line(capsys)
        assert printed.startswith(f"{CROSS} f: {says}") and printed.endswith(" Hint: mind the sign")

    def test_the_last_input_counts_too(self, capsys):
        check_function(lambda z: z.square().sum() + 0.3 * (len(z) == 1), self.reference, self.inputs, "f")
        assert line(capsys) == f"{CROSS} f: differs by up to 0.3 (allowed: 0.0001)."
        check_function(lambda z: z.square().sum() + 0.3, self.reference, self.inputs, "f", tolerance=0.4)
        assert line(capsys).startswith(TICK)

    def test_open(self, capsys):
        def stub(z): ...

        def unfinished(z):
            raise NotImplementedError

        for candidate in (..., None, stub, unfinished, lambda z: ..., lambda z: (z, None)):
            check_function(candidate, self.reference, self.inputs, "f")
            assert line(capsys) == f"{OPEN} f: not filled in yet."

    def test_a_candidate_that_raises(self, capsys):
        check_function(lambda z: 1 / 0, self.reference, self.inputs, "f", hint="divide later")
        assert (
            line(capsys) == f"{CROSS} f: your function raised ZeroDivisionError: division by zero. Hint: divide later"
        )
        check_function(lambda: 1, self.reference, self.inputs, "f")
        assert "TypeError" in line(capsys)


class TestTrue:
    @pytest.mark.parametrize("condition", [True, np.bool_(True), torch.tensor(True), torch.tensor([True, True]), 1])
    def test_holds(self, capsys, condition):
        check_true(condition, "it rises", hint="no")
        assert line(capsys) == f"{TICK} it rises"

    @pytest.mark.parametrize("condition", [False, np.array([True, False]), torch.tensor(0.0)])
    def test_fails(self, capsys, condition):
        check_true(condition, "it rises", hint="sort first")
        assert line(capsys) == f"{CROSS} it rises: not yet. Hint: sort first"

    @pytest.mark.parametrize("condition", ["yes", object()])
    def test_is_no_condition(self, capsys, condition):
        check_true(condition, "it rises", hint="sort first")
        printed = line(capsys)
        assert printed.startswith(f"{CROSS} it rises: got an answer of type ")
        assert printed.endswith("expected True or False. Hint: sort first")

    @pytest.mark.parametrize("condition", EMPTY)
    def test_open(self, capsys, condition):
        check_true(condition, "it rises")
        assert line(capsys) == f"{OPEN} it rises: not filled in yet."


def test_answers_are_compared_on_the_cpu(capsys):
    """As where a reader has made an accelerator the default device; "meta" stands for it."""
    with torch.device("meta"):
        check_value([1.0, 2.0], [1.0, 2.0], "numbers")
        assert line(capsys) == f"{TICK} numbers"
        check_true([True, True], "it rises")
        assert line(capsys) == f"{TICK} it rises"
