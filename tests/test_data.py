"""Digits drawn from the bundled scans: shapes, ranges, seeds, bad arguments."""

import pytest
import torch

from vae_utils import data
from vae_utils.data import digits as digits_module


@pytest.fixture(autouse=True)
def no_line_was_said_before():
    digits_module._say_once.cache_clear()


def test_bundled_digits(capsys):
    train, test = data.load_digits(source="bundled"), data.load_digits(train=False, source="bundled")
    assert train.x.shape == (12_000, 784) and test.x.shape == (2_000, 784)
    assert train.x.dtype == torch.float32 and train.y.dtype == torch.int64
    assert train.x.min() >= 0 and train.x.max() <= 1
    assert set(train.y.tolist()) == set(test.y.tolist()) == set(range(10))
    place = torch.arange(28) - 13.5
    images = train.x.reshape(-1, 28, 28)
    for axis in (1, 2):
        center = (images.sum(axis) * place).sum(1) / images.sum((1, 2))
        assert center.mean().abs() < 0.2 and center.abs().max() < 3
    assert capsys.readouterr().out.count("\n") == 1


def test_no_scan_is_in_both_parts():
    """Without jitter every drawing of a scan is the same picture, so pictures in both parts would be shared scans."""
    still = torch.eye(2).mul(1.12).repeat(2000, 1, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits_module, "_jitter", lambda n, generator: still[:n])
        train, test = (data.load_digits(train=part, source="bundled", n=2000) for part in (True, False))
    pictures = [{tuple(x.tolist()) for x in part.x} for part in (train, test)]
    assert len(pictures[0] | pictures[1]) > 1700
    assert not pictures[0] & pictures[1]


def test_bundled_digits_follow_the_seed():
    first, again, other = (data.load_digits(source="bundled", n=50, seed=seed) for seed in (4, 4, 5))
    assert torch.equal(first.x, again.x) and torch.equal(first.y, again.y)
    assert not torch.equal(first.x, other.x)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": "kaggle"}, ValueError, "source: got 'kaggle', expected .*'bundled'"),
        ({"source": None}, ValueError, "source: got None"),
        ({"n": 0}, ValueError, "n: got 0, expected a whole number >= 1 and <= 60000"),
        ({"n": 60_001}, ValueError, "n: got 60001, expected .* <= 60000"),
        ({"n": 10_001, "train": False}, ValueError, "n: got 10001, expected .* <= 10000"),
        ({"n": 2.5}, TypeError, "n: got 2.5, expected a whole number"),
        ({"n": True}, TypeError, "n: got True, expected a whole number"),
        ({"seed": -1}, ValueError, "seed: got -1, expected a whole number >= 0"),
        ({"seed": "one"}, TypeError, "seed: got 'one', expected a whole number"),
        ({"train": "yes"}, TypeError, "train: got 'yes', expected True or False"),
    ],
)
def test_load_digits_names_a_bad_argument(arguments, error, message):
    with pytest.raises(error, match=message):
        data.load_digits(**{"source": "bundled", **arguments})


def test_scans():
    scans = data.load_digits_8x8()
    assert scans.x.shape == (1797, 64) and scans.y.shape == (1797,) and scans.source == "scans"
    assert scans.x.min() == 0 and scans.x.max() == 1
    assert torch.equal((scans.x * 16).round() / 16, scans.x)
