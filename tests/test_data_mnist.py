"""MNIST from a folder, from the cache and from a server, and what happens when each of them fails."""

import gzip
import http.client
import io
import os
import pwd
import socket
import struct
import tempfile
import threading
import urllib.error
import zlib
from pathlib import Path

import pytest
import torch

from vae_utils import data
from vae_utils.data import digits, mnist


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """No folder of the user, no network, and no memory of an earlier call."""
    monkeypatch.delenv("VAE_DATA", raising=False)
    monkeypatch.setenv("VAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "_answering_mirror", lambda: None)
    digits._say_once.cache_clear()
    mnist._fetch.cache_clear()


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
    monkeypatch.setattr(mnist, "FILES", declared)
    monkeypatch.setattr(mnist, "SIZES", {True: 40, False: 20})
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


def test_the_built_website_says_it_once_for_all_its_pages(small_mnist, monkeypatch, capsys):
    monkeypatch.setenv("VAE_BOOK", "1")
    data.load_digits()
    data.load_digits(source="bundled", n=5)
    assert capsys.readouterr().out == ""


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
    assert capsys.readouterr().out.count("\n") == 2
    with pytest.raises(FileNotFoundError, match=r"nowhere.*no server answered"):
        data.load_digits(source="mnist")


LAYOUTS = {
    "the folder": lambda raw: raw.parent.parent,
    "MNIST": lambda raw: raw.parent,
    "raw": lambda raw: raw,
    "with a ~": lambda raw: Path("~") / raw.parent.parent.name,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_the_named_folder_may_be_any_of_three_and_the_files_packed(small_mnist, monkeypatch, tmp_path, layout, packed):
    expected = data.load_digits(n=15, seed=1)
    monkeypatch.setenv("HOME", str(tmp_path))
    if packed:
        for name in mnist.FILES:
            (small_mnist / f"{name}.gz").write_bytes(open_gzip(small_mnist / name).getvalue())
            (small_mnist / name).unlink()
    monkeypatch.setenv("VAE_DATA", str(LAYOUTS[layout](small_mnist)))
    found = data.load_digits(n=15, seed=1)
    assert found.source == "mnist" and torch.equal(found.x, expected.x) and torch.equal(found.y, expected.y)


UNUSABLE = {
    "a typo": (lambda raw: f"{raw}s", "there is no folder {raw}s"),
    "quotes": (lambda raw: f'"{raw}"', 'there is no folder "{raw}"'),
    "a space": (lambda raw: f"{raw} ", "there is no folder {raw} "),
    "a stranger's home": (lambda raw: "~nobody-of-that-name", "there is no folder ~nobody-of-that-name"),
    "a file": (lambda raw: raw / "t10k-labels-idx1-ubyte", "there is no folder {raw}/t10k-labels-idx1-ubyte"),
    "an empty folder": (lambda raw: raw / "new", "{raw}/new/MNIST/raw/train-images-idx3-ubyte is not there"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_named_folder_that_does_not_serve_is_named_with_the_reason(small_mnist, monkeypatch, capsys, kind):
    named, reason = UNUSABLE[kind]
    (small_mnist / "new").mkdir()
    monkeypatch.setenv("VAE_DATA", str(named(small_mnist)))
    assert data.load_digits(n=5).source == "bundled"
    said = f"Digits: not used: VAE_DATA={str(named(small_mnist))!r}: {reason.format(raw=small_mnist)}."
    assert capsys.readouterr().out.splitlines()[0] == said


def _flipped(content):
    return content[:10] + bytes(255 - byte for byte in content[10:])


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda _: b"?" * 99, _flipped])
def test_a_damaged_packed_file_is_named_and_one_beside_a_sound_file_is_not_looked_at(small_mnist, capsys, damage):
    path = small_mnist / "t10k-labels-idx1-ubyte"
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(damage(open_gzip(path).getvalue()))
    assert data.load_digits(n=5).source == "mnist"
    path.unlink()
    assert data.load_digits(n=5).source == "bundled"
    assert f"{packed} is corrupt or cut short: " in capsys.readouterr().out


def test_one_file_that_is_missing_or_cannot_be_read_is_named(small_mnist, capsys):
    path = small_mnist / "t10k-labels-idx1-ubyte"
    path.unlink()
    data.load_digits(n=5)
    path.mkdir()
    data.load_digits(n=5)
    said = capsys.readouterr().out
    assert f"{path} is not there." in said and f"{path} cannot be read: Is a directory." in said


def test_the_cache_serves_where_the_named_folder_does_not(small_mnist, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("VAE_CACHE", str(small_mnist.parent.parent))
    monkeypatch.setenv("VAE_DATA", str(tmp_path / "typo"))
    assert data.load_digits(n=5).source == "mnist"
    lines = capsys.readouterr().out.splitlines()
    assert "typo" in lines[0] and lines[1:] == ["Digits: MNIST, real handwriting, 28x28."]


def test_what_torchvision_once_processed_decides_nothing(small_mnist):
    expected = data.load_digits()
    processed = small_mnist.parent / "processed"
    processed.mkdir()
    for name in ("training.pt", "test.pt"):
        torch.save((torch.zeros(40, 28, 28, dtype=torch.uint8), torch.zeros(40, dtype=torch.int64)), processed / name)
    assert torch.equal(data.load_digits().x, expected.x) and torch.equal(data.load_digits().y, expected.y)


def test_nobody_waits_for_a_network_that_is_not_there(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(mnist, "CONTACT_SECONDS", 0.2)
    monkeypatch.setattr(mnist, "MIRRORS", mnist.MIRRORS[:1])  # the thread asks no second one while later tests run
    gave_up, over = threading.Event(), []

    def hang(*arguments, **options):
        gave_up.wait(600)
        over.append(True)
        raise OSError("the name has no address")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    assert mnist._answering_mirror() is None and not over
    gave_up.set()


def test_mnist_is_fetched_checked_and_kept(small_mnist, monkeypatch, tmp_path):
    monkeypatch.setenv("VAE_DATA", "")
    monkeypatch.setattr(mnist, "_answering_mirror", lambda: "https://mirror.invalid/")
    asked = []

    def serve(address, timeout):
        asked.append(address)
        return open_gzip(small_mnist / Path(address).stem)

    monkeypatch.setattr(mnist.urllib.request, "urlopen", serve)
    fetched = data.load_digits(source="mnist")
    assert len(asked) == 4 and fetched.x.shape == (40, 784)
    assert sorted(path.name for path in (tmp_path / "cache/MNIST/raw").iterdir()) == sorted(mnist.FILES)
    data.load_digits(source="mnist")
    assert len(asked) == 4


def open_gzip(path):
    return io.BytesIO(gzip.compress(path.read_bytes()))


def test_only_what_is_not_sound_is_fetched_again(small_mnist, monkeypatch):
    monkeypatch.setenv("VAE_DATA", "")
    monkeypatch.setenv("VAE_CACHE", str(small_mnist.parent.parent))
    monkeypatch.setattr(mnist, "_answering_mirror", lambda: "https://mirror.invalid/")
    damaged, missing = small_mnist / "t10k-labels-idx1-ubyte", small_mnist / "train-images-idx3-ubyte"
    served = {path.name: open_gzip(path) for path in (damaged, missing)}
    damaged.write_bytes(b"no longer what it was")
    missing.unlink()
    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda address, timeout: served.pop(Path(address).stem))
    assert data.load_digits(source="mnist").x.shape == (40, 784) and not served


class Breaks(io.BytesIO):
    """An answer that ends in an error."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def read(self, size=-1):
        raise self.error


ANSWERS = {
    "no gzip": b"<html>please log in</html>",
    "too few bytes": gzip.compress(b"short"),
    "cut off": gzip.compress(b"x" * 99)[:-9],
    "a bomb": gzip.compress(bytes(1 << 24)),
    "nothing": b"",
    "a chunk that is cut": http.client.IncompleteRead(b""),
    "no protocol": http.client.BadStatusLine("?"),
    "a line that is too long": http.client.LineTooLong("header line"),
    "a refusal": urllib.error.URLError("refused"),
    "silence": TimeoutError("timed out"),
    "anything else": RuntimeError("nobody thought of this"),
}


@pytest.mark.parametrize("answer", ANSWERS)  # by name: gzip writes the time, on which two workers may disagree
def test_a_bad_answer_of_the_server_leaves_nothing_behind(monkeypatch, tmp_path, answer):
    content = ANSWERS[answer]
    monkeypatch.setattr(mnist, "_answering_mirror", lambda: "https://mirror.invalid/")
    opened = Breaks(content) if isinstance(content, Exception) else io.BytesIO(content)
    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda address, timeout: opened)
    assert data.load_digits(n=3).source == "bundled"
    assert list((tmp_path / "cache/MNIST/raw").iterdir()) == []


def test_an_answer_that_takes_too_long_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(mnist, "FETCH_SECONDS", -1.0)
    monkeypatch.setattr(mnist, "_answering_mirror", lambda: "https://mirror.invalid/")
    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda address, timeout: io.BytesIO(b"the first of many"))
    with pytest.raises(FileNotFoundError, match=r"TimeoutError: .* took more than"):
        data.load_digits(source="mnist")


def test_an_endless_answer_is_not_read_to_its_end(monkeypatch):
    class Endless(io.BytesIO):
        parts = 0

        def read(self, size=-1):
            self.parts += 1
            return bytes(1 << 16)

    endless = Endless()
    monkeypatch.setattr(mnist, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(mnist, "_answering_mirror", lambda: "https://mirror.invalid/")
    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda address, timeout: endless)
    with pytest.raises(FileNotFoundError, match="sends too much"):
        data.load_digits(source="mnist")
    assert endless.parts == 17


@pytest.mark.parametrize("error", [urllib.error.URLError("refused"), http.client.BadStatusLine("?"), ValueError("?")])
def test_the_first_server_that_answers_is_taken(monkeypatch, error):
    monkeypatch.undo()
    asked = []

    def answer(request, timeout):
        asked.append(request.full_url)
        if len(asked) == 1:
            raise error
        return io.BytesIO()

    monkeypatch.setattr(mnist.urllib.request, "urlopen", answer)
    assert mnist._answering_mirror() == mnist.MIRRORS[1] and asked[0].startswith(mnist.MIRRORS[0])


def test_a_server_that_refuses_is_reported(monkeypatch):
    def refuse(address, timeout):
        raise urllib.error.URLError("refused")

    monkeypatch.setattr(mnist, "_answering_mirror", lambda: "https://mirror.invalid/")
    monkeypatch.setattr(mnist.urllib.request, "urlopen", refuse)
    with pytest.raises(FileNotFoundError, match="refused"):
        data.load_digits(source="mnist")


def test_a_folder_that_cannot_be_written_is_noticed_before_anything_is_sent(monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    monkeypatch.setattr(mnist, "_answering_mirror", lambda: "https://mirror.invalid/")
    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda address, timeout: pytest.fail("asked for a file"))
    assert data.load_digits(n=3).source == "bundled"


def test_the_user_cache_is_the_default(monkeypatch, tmp_path):
    monkeypatch.delenv("VAE_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        data.load_digits(source="mnist")
    assert os.path.join(str(tmp_path), ".cache", "vae_utils") in str(caught.value)


def test_without_a_home_the_digits_are_there_all_the_same(small_mnist, monkeypatch, tmp_path):
    def nobody(number):
        raise KeyError(number)

    for name in ("HOME", "VAE_CACHE"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert data.load_digits(n=5).source == "mnist"
    monkeypatch.delenv("VAE_DATA")
    assert data.load_digits(n=5).source == "bundled"
