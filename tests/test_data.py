"""Data: shapes, ranges, seeds, both sources of digits, and what happens when a file or the network fails."""

import gzip
import io
import os
import socket
import struct
import time
import urllib.error
import zlib
from pathlib import Path

import pytest
import torch

from vae_utils import data
from vae_utils.data import digits as digits_module


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """No folder of the user, no network, and no memory of an earlier call."""
    monkeypatch.delenv("VAE_DATA", raising=False)
    monkeypatch.setenv("VAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(digits_module, "_answering_mirror", lambda: None)
    digits_module._say_once.cache_clear()
    digits_module._fetch_mnist.cache_clear()


def idx(values):
    """The bytes of an idx file that holds a uint8 tensor."""
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + bytes(values.flatten().tolist())


@pytest.fixture
def small_mnist(monkeypatch, tmp_path):
    """A folder in torchvision's layout with 40 training and 20 test images, declared to be all of MNIST."""
    generator = torch.Generator().manual_seed(3)
    raw = tmp_path / "folder" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    declared = {}
    for part, count in (("train", 40), ("t10k", 20)):
        images = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
        for name, values in (
            (f"{part}-images-idx3-ubyte", images),
            (f"{part}-labels-idx1-ubyte", torch.arange(count, dtype=torch.uint8) % 10),
        ):
            content = idx(values)
            (raw / name).write_bytes(content)
            declared[name] = (len(content), zlib.crc32(content))
    monkeypatch.setattr(digits_module, "MNIST_FILES", declared)
    monkeypatch.setattr(digits_module, "MNIST_SIZES", {True: 40, False: 20})
    monkeypatch.setenv("VAE_DATA", str(raw.parent.parent))
    return raw


def test_mnist_is_read_from_the_named_folder(small_mnist, capsys):
    train, test = data.load_digits(), data.load_digits(train=False, source="mnist")
    assert (train.source, test.source) == ("mnist", "mnist")
    assert train.x.shape == (40, 784) and test.x.shape == (20, 784)
    raw = torch.tensor(list((small_mnist / "train-images-idx3-ubyte").read_bytes()[16:])).reshape(40, 784)
    assert torch.equal((train.x * 255).round().long(), raw)
    assert torch.equal(train.y, torch.arange(40) % 10)
    assert capsys.readouterr().out == "Digits: MNIST, real handwriting, 28x28.\n"


def test_mnist_choice_of_n_is_seeded_and_keeps_labels_with_images(small_mnist):
    every = data.load_digits()
    some, again, other = (data.load_digits(n=15, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(some.x, again.x) and not torch.equal(some.x, other.x)
    for x, y in zip(some.x, some.y, strict=True):
        assert every.y[(every.x == x).all(1)].tolist() == [y.item()]
    assert len({tuple(x.tolist()) for x in some.x}) == 15


@pytest.mark.skipif(not Path("../shared/data/MNIST/raw").is_dir(), reason="MNIST is not beside the checkout")
def test_the_real_mnist(monkeypatch):
    monkeypatch.setenv("VAE_DATA", "../shared/data")
    test = data.load_digits(train=False)
    assert test.source == "mnist" and test.x.shape == (10_000, 784)
    assert test.x.dtype == torch.float32 and test.y.dtype == torch.int64
    assert test.x.min() == 0 and test.x.max() == 1
    assert torch.bincount(test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.parametrize("damage", [lambda content: content[:-7], lambda content: content[:-1] + b"!", lambda _: b""])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_damaged_file_is_named_and_never_used(small_mnist, capsys, damage, name):
    path = small_mnist / name
    path.write_bytes(damage(path.read_bytes()))
    for train in (True, False):
        assert data.load_digits(train=train, n=10).source == "bundled"
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and name in lines[0] and "corrupt" in lines[0]
    assert lines[1].startswith("Digits: MNIST is not at hand; these are 1,797 real scans")
    with pytest.raises(FileNotFoundError, match=name):
        data.load_digits(source="mnist")


def test_a_missing_folder_falls_back_and_insisting_names_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("VAE_DATA", str(tmp_path / "nowhere"))
    assert data.load_digits(n=5).source == "bundled"
    assert data.load_digits(n=5).source == "bundled"
    assert capsys.readouterr().out.count("\n") == 1
    with pytest.raises(FileNotFoundError, match=r"nowhere.*no server answered"):
        data.load_digits(source="mnist")


def test_a_missing_network_costs_seconds_at_most(monkeypatch):
    monkeypatch.undo()
    digits_module._fetch_mnist.cache_clear()
    monkeypatch.setattr(digits_module, "CONTACT_SECONDS", 0.2)

    def hang(*arguments, **options):
        time.sleep(30)
        raise OSError("the name has no address")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    start = time.monotonic()
    assert digits_module._answering_mirror() is None
    assert time.monotonic() - start < 3


def test_mnist_is_fetched_checked_and_kept(small_mnist, monkeypatch, tmp_path):
    monkeypatch.setenv("VAE_DATA", "")
    monkeypatch.setattr(digits_module, "_answering_mirror", lambda: "https://mirror.invalid/")
    asked = []

    def serve(address, timeout):
        asked.append(address)
        return open_gzip(small_mnist / Path(address).stem)

    monkeypatch.setattr(digits_module.urllib.request, "urlopen", serve)
    fetched = data.load_digits(source="mnist")
    assert len(asked) == 4 and fetched.x.shape == (40, 784)
    assert sorted(path.name for path in (tmp_path / "cache/MNIST/raw").iterdir()) == sorted(digits_module.MNIST_FILES)
    data.load_digits(source="mnist")
    assert len(asked) == 4


def open_gzip(path):
    return io.BytesIO(gzip.compress(path.read_bytes()))


@pytest.mark.parametrize(
    "answer",
    [b"<html>please log in</html>", gzip.compress(b"short"), gzip.compress(b"x" * 99)[:-9]],
    ids=["no gzip", "too few bytes", "cut off"],  # gzip writes the time: without names, two workers may disagree
)
def test_a_bad_answer_of_the_server_leaves_nothing_behind(monkeypatch, tmp_path, answer):
    monkeypatch.setattr(digits_module, "_answering_mirror", lambda: "https://mirror.invalid/")
    monkeypatch.setattr(digits_module.urllib.request, "urlopen", lambda address, timeout: io.BytesIO(answer))
    assert data.load_digits(n=3).source == "bundled"
    assert list((tmp_path / "cache/MNIST/raw").iterdir()) == []


def test_a_server_that_refuses_is_reported(monkeypatch):
    def refuse(address, timeout):
        raise urllib.error.URLError("refused")

    monkeypatch.setattr(digits_module, "_answering_mirror", lambda: "https://mirror.invalid/")
    monkeypatch.setattr(digits_module.urllib.request, "urlopen", refuse)
    with pytest.raises(FileNotFoundError, match="refused"):
        data.load_digits(source="mnist")


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


def test_the_user_cache_is_the_default(monkeypatch, tmp_path):
    monkeypatch.delenv("VAE_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        data.load_digits(source="mnist")
    assert os.path.join(str(tmp_path), ".cache", "vae_utils") in str(caught.value)
