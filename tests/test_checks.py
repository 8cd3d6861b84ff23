"""The tick for a claim: one line, and never an exception."""

import numpy as np
import pytest
import torch

from vae_utils.checks import check_true
from vae_utils.exercises.verdicts import CROSS, DOTS, TICK

EMPTY = [..., None, (..., 1.0), [None, None]]


def line(capsys):
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and out.endswith("\n")
    return out.strip()


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
        assert line(capsys) == f"{DOTS} it rises: not filled in yet."


def test_it_is_judged_on_the_cpu(capsys):
    """As where a reader has made an accelerator the default device; "meta" stands for it."""
    with torch.device("meta"):
        check_true([True, True], "it rises")
        assert line(capsys) == f"{TICK} it rises"
