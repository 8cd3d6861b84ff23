"""Sets in the layout of MNIST: read as they are, and refused with the name of the file where they are not whole."""

import gzip
import struct

import pytest
import torch
from refusal import refuses

from vae_utils import data
from vae_utils.data import idx as module
from vae_utils.data import mnist


def idx(values, kind=8):
    return struct.pack(f">HBB{values.ndim}I", 0, kind, values.ndim, *values.shape) + bytes(values.flatten().tolist())


IMAGES = {part: torch.arange(n * 6, dtype=torch.uint8).mul(3).view(n, 3, 2) for part, n in (("train", 7), ("t10k", 4))}
LABELS = {"train": torch.tensor([0, 25, 3, 3, 9, 1, 255], dtype=torch.uint8), "t10k": torch.arange(4).to(torch.uint8)}


def write(folder, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for part in IMAGES:
        for name, values in (("images-idx3", IMAGES[part]), ("labels-idx1", LABELS[part])):
            content = idx(values)
            path = folder / f"{part}-{name}-ubyte{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("below", [".", "raw"])
@pytest.mark.parametrize(("train", "part"), [(True, "train"), (False, "t10k")])
def test_pictures_and_labels_are_those_of_the_files(tmp_path, packed, below, train, part):
    write(tmp_path / below, packed)
    x, y, source = data.load_idx(tmp_path, train=train)
    assert source == "folder" and x.dtype == torch.float32 and y.dtype == torch.int64
    assert torch.equal((x * 255).round().to(torch.uint8), IMAGES[part].flatten(1)) and x.max() <= 1
    assert torch.equal(y, LABELS[part].long())


def test_a_choice_is_seeded_and_keeps_labels_with_pictures(tmp_path):
    write(tmp_path)
    every = data.load_idx(tmp_path)
    some, again, other = (data.load_idx(str(tmp_path), n=5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(some.x, again.x) and not torch.equal(some.x, other.x)
    assert len({tuple(row.tolist()) for row in some.x}) == 5
    for row, label in zip(some.x, some.y, strict=True):
        assert every.y[(every.x == row).all(1)].tolist() == [label]


DAMAGE = {
    "cut short": (lambda content: content[:-1], "promises 42 bytes and holds 41"),
    "too long": (lambda content: content + b"?", "holds more"),
    "no header": (lambda content: content[:9], "first bytes"),
    "of floats": (lambda content: content[:2] + b"\x0d" + content[3:], "first bytes"),
    "endless": (lambda content: content[:4] + b"\xff" * 12 + content[16:], "are the limit"),
    "empty": (lambda content: b"", "first bytes"),
    "a page": (lambda content: b"<!DOCTYPE html><html></html>", "first bytes"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", DAMAGE)
def test_a_file_that_is_not_whole_is_named(tmp_path, kind, packed):
    write(tmp_path, packed)
    damage, words = DAMAGE[kind]
    path = tmp_path / f"train-images-idx3-ubyte{'.gz' if packed else ''}"
    content = damage(idx(IMAGES["train"]))
    path.write_bytes(gzip.compress(content) if packed else content)
    refuses(lambda: data.load_idx(tmp_path), "folder", f"{path}, which cannot be used (", "idx format", ValueError)
    refuses(lambda: data.load_idx(tmp_path), "folder", words, error=ValueError)
    assert len(data.load_idx(tmp_path, train=False).x) == 4


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: b"?" * 30])
def test_a_packed_file_that_is_damaged_is_named(tmp_path, damage):
    path = write(tmp_path, packed=True) / "train-labels-idx1-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    refuses(lambda: data.load_idx(tmp_path), "folder", str(path), "idx format", ValueError)


def test_labels_must_be_as_many_as_pictures(tmp_path):
    write(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS["t10k"]))
    refuses(lambda: data.load_idx(tmp_path), "folder", "7 pictures and 4 labels for train", "a label for each")
    for name in ("images-idx3", "labels-idx1"):
        (tmp_path / f"t10k-{name}-ubyte").write_bytes(idx(torch.empty((0, 3, 2)[: 3 if "3" in name else 1])))
    refuses(lambda: data.load_idx(tmp_path, train=False), "folder", "0 pictures and 0 labels", "one or more")


def test_what_is_not_there_is_named(tmp_path):
    refuses(lambda: data.load_idx(tmp_path), "folder", "train-images-idx3-ubyte is not", ".gz", FileNotFoundError)
    refuses(lambda: data.load_idx(tmp_path / "gone"), "folder", "not there", "files of a set", FileNotFoundError)
    refuses(lambda: data.load_idx(7), "folder", "7", error=TypeError)


def test_bad_arguments(tmp_path):
    write(tmp_path)
    refuses(lambda: data.load_idx(tmp_path, train=1), "train", "1", "True or False", TypeError)
    for n in (0, 8, 2.5):
        refuses(lambda n=n: data.load_idx(tmp_path, n=n), "n", repr(n), "<= 7")
    refuses(lambda: data.load_idx(tmp_path, seed=-1), "seed", "-1")


def test_the_limit_is_that_of_a_real_set():
    assert module.MOST_BYTES > 697_932 * 28 * 28  # the largest part of EMNIST


def test_they_come_out_on_the_default_device_as_the_digits_do(tmp_path):
    write(tmp_path)
    with torch.device("meta"):
        found = data.load_idx(tmp_path, n=3)
    assert {found.x.device.type, found.y.device.type} == {"meta"} and found.x.shape == (3, 6)


def test_where_mnist_is_looked_for_another_set_is_told_how_to_be_read(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VAE_DATA", str(write(tmp_path)))
    monkeypatch.setenv("VAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "_answering_mirror", lambda: None)
    mnist._fetch.cache_clear()
    assert data.load_digits(n=3).source == "bundled"
    assert "not those of MNIST; other sets in this layout are read by data.load_idx" in capsys.readouterr().out
