"""Every check passes a good value on, as a plain number or tensor, and names a bad one in one style."""

import math

import numpy as np
import pytest
import torch
from refusal import refuses

from vae_utils import randomness
from vae_utils.arguments import (
    in_unit_range,
    non_negative,
    one_each,
    positive,
    real_number,
    real_numbers,
    share,
    whole_number,
)


@pytest.mark.parametrize("value", [1, np.int64(1), 10**30])
def test_a_whole_number_is_passed_on_as_an_int(value):
    assert whole_number(value, "n") == value and type(whole_number(value, "n")) is int


def test_a_whole_number_stays_between_its_limits():
    assert [whole_number(n, "n", least=0, most=3) for n in range(4)] == [0, 1, 2, 3]
    for n in (-1, 4):
        refuses(lambda n=n: whole_number(n, "n", least=0, most=3), "n", str(n), ">= 0 and <= 3", ValueError)
    refuses(lambda: whole_number(0, "n"), "n", "0", "a whole number >= 1", ValueError)
    for wrong in (True, 1.0, "1", None, torch.ones(1)):
        refuses(lambda wrong=wrong: whole_number(wrong, "n"), "n", repr(wrong), "a whole number >= 1", TypeError)


def test_a_real_number_is_passed_on_as_a_float():
    for value in (2, 2.0, np.float32(2)):
        assert type(real_number(value, "lr", lambda lr: lr > 1, "> 1")) is float
    refuses(lambda: real_number(1, "lr", lambda lr: lr > 1, "> 1"), "lr", "1", "a number > 1", ValueError)


@pytest.mark.parametrize(
    ("check", "inside", "outside", "expected"),
    [
        (positive, (1e-9, 1, 1e9), (0, -1e-9), "a number > 0"),
        (non_negative, (0, 1e-9, 1e9), (-1e-9,), "a number >= 0"),
        (share, (1e-9, 0.5, 1), (0, -0.5, 1 + 1e-9), "a number in (0, 1]"),
    ],
)
def test_a_number_keeps_to_its_range(check, inside, outside, expected):
    assert [check(value, "rate") for value in inside] == list(inside)
    for wrong in (*outside, math.nan, math.inf, -math.inf):
        refuses(lambda wrong=wrong: check(wrong, "rate"), "rate", repr(wrong), expected, ValueError)
    for wrong in (False, "0", None, torch.ones(1)):
        refuses(lambda wrong=wrong: check(wrong, "rate"), "rate", repr(wrong), expected, TypeError)
    refuses(lambda: check(None, "rate", "or a word"), "rate", "None", "a number or a word", TypeError)


def test_several_numbers_are_passed_on_as_a_tensor():
    def check(values):
        return real_numbers(values, "coins", lambda coin: (coin > 0) & (coin < 1), "in (0, 1)")

    for good in ([0.25, 0.5], (0.25, 0.5), np.array([0.25, 0.5]), torch.tensor([0.25, 0.5])):
        assert check(good).tolist() == [0.25, 0.5] and check(good).dtype == torch.float32
    for wrong in ([], [0.5, 1], [math.nan]):
        refuses(lambda wrong=wrong: check(wrong), "coins", repr(wrong), "one or more numbers in (0, 1)", ValueError)
    for wrong in (0.5, ["a"], None, [[0.5]]):
        refuses(lambda wrong=wrong: check(wrong), "coins", repr(wrong), "one or more numbers in (0, 1)", TypeError)


def test_a_tensor_keeps_to_the_unit_range():
    for good in (torch.tensor([0.0, 0.5, 1.0]), torch.tensor([]), torch.tensor(1.0, dtype=torch.float64)):
        assert in_unit_range(good, "x") is good
    for wrong, got in ([0.5, 1.5], "values from 0.5 to 1.5"), ([-0.5, 1.0], "from -0.5 to 1"), ([math.nan], "NaN"):
        refuses(lambda wrong=wrong: in_unit_range(torch.tensor(wrong), "x"), "x", got, "[0, 1]", ValueError)
    for wrong, got in (torch.tensor([0, 1]), "int64"), ([0.5], "list"):
        refuses(lambda wrong=wrong: in_unit_range(wrong, "x"), "x", got, "float tensor in [0, 1]", TypeError)


@pytest.mark.parametrize("start", [randomness.generator_at, lambda seed: randomness.seeded(seed).__enter__()])
def test_a_seed_is_a_whole_number_that_torch_can_hold(start):
    before = torch.random.get_rng_state()
    for seed in (-1, 2**63):
        refuses(lambda seed=seed: start(seed), "seed", str(seed), ">= 0 and <= 9223372036854775807", ValueError)
    refuses(lambda: start(0.5), "seed", "0.5", "a whole number", TypeError)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_generator_starts_where_its_seed_says():
    largest = 2**63 - 1
    first, again, other = (torch.rand(3, generator=randomness.generator_at(seed)) for seed in (largest, largest, 0))
    assert torch.equal(first, again) and not torch.equal(first, other)
    with randomness.seeded(largest):
        assert torch.equal(torch.rand(3), first)


@pytest.mark.parametrize("uniform", [False, True])
def test_noise_is_drawn_where_its_generator_is_and_brought_to_the_device_of_like(uniform):
    like = torch.empty(3, device="meta", dtype=torch.float64)
    noise = randomness.standard_noise((2, 3), like, generator=randomness.generator_at(0), uniform=uniform)
    assert noise.device.type == "meta" and noise.shape == (2, 3) and noise.dtype == torch.float64
    assert randomness.standard_noise((2, 3), like, uniform=uniform).device.type == "meta"


@pytest.mark.parametrize("generator", [3, "cpu", torch.Generator])
def test_a_seed_is_no_generator(generator):
    def noise():
        return randomness.standard_noise((2,), torch.zeros(2), generator=generator)

    refuses(noise, "generator", repr(generator), "a torch.Generator or None", TypeError)


def test_what_is_drawn_on_the_cpu_is_handed_over_as_it_was_made():
    @randomness.drawn_on_the_cpu
    def make(word, at=0):
        return torch.rand(2, generator=randomness.generator_at(at)), word

    x, word = make("a word", at=1)
    assert word == "a word" and torch.equal(x, torch.rand(2, generator=randomness.generator_at(1)))
    with torch.device("meta"):
        assert make("a word")[0].device.type == "meta" and torch.empty(0).device.type == "meta"


def test_one_number_for_each_example():
    column = torch.tensor([[1.0], [2.0], [3.0]])
    assert torch.equal(one_each(column, "f", 3), column[:, 0]) and torch.equal(
        one_each(column[:, 0], "f", 3), column[:, 0]
    )
    for wrong in (column.T, column[:2], column[:1], column[..., None], column[0, 0], torch.ones(3, 2)):
        refuses(lambda wrong=wrong: one_each(wrong, "f", 3), "f", str(tuple(wrong.shape)), "(3,) or (3, 1)", ValueError)
    refuses(lambda: one_each(column.long(), "f", 3), "f", "int64", "(3,)", TypeError)
