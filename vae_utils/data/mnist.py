"""MNIST from a folder or fetched: its four files, each compared with what is known of it before anything is used."""

import functools
import gzip
import io
import os
import threading
import time
import urllib.request
import zlib
from pathlib import Path

import torch

from ..storage import cache_folder, put_in_place

# name -> (bytes, CRC-32) of the uncompressed files
FILES = {
    "train-images-idx3-ubyte": (47_040_016, 0xE9F4D8B3),
    "train-labels-idx1-ubyte": (60_008, 0xE0CB4AD2),
    "t10k-images-idx3-ubyte": (7_840_016, 0x91373BDF),
    "t10k-labels-idx1-ubyte": (10_008, 0x4AB9EFF9),
}
SIZES = {True: 60_000, False: 10_000}
IMAGES_START, LABELS_START = 16, 8  # bytes before the first pixel and the first label
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
CONTACT_SECONDS, READ_SECONDS, FETCH_SECONDS = 3.0, 5.0, 120.0
MOST_BYTES = 1 << 26  # more than the largest of the files


def find_mnist():
    """(the four files by name, as bytes, or None when there are none; a list of what stood in the way).

    Looks into the folder that VAE_DATA names, then into the cache folder, then fetches. In the list a
    FileNotFoundError says that nothing is there, any other OSError that what is there cannot be used.
    """
    problems, named = [], os.environ.get("VAE_DATA")
    if named:
        try:
            return _files(Path(os.path.expanduser(named))), problems
        except OSError as problem:
            problems.append(OSError(f"VAE_DATA={named!r}: {problem}"))
    cache = cache_folder()
    try:
        return _files(cache), problems
    except OSError as problem:
        problems.append(problem)
    try:
        if wrong := _fetch(cache / "MNIST" / "raw"):
            raise FileNotFoundError(f"it could not be fetched: {wrong}")
        return _files(cache), problems
    except OSError as problem:
        return None, [*problems, problem]


def pictures_and_labels(files, train):
    """Grey levels (N, 784) from 0 to 255 and labels (N,), both uint8, of one part of the four files."""
    part = "train" if train else "t10k"
    images, labels = (bytearray(files[f"{part}-{kind}-ubyte"]) for kind in ("images-idx3", "labels-idx1"))
    images = torch.frombuffer(images, dtype=torch.uint8, offset=IMAGES_START)
    return images.reshape(-1, 784), torch.frombuffer(labels, dtype=torch.uint8, offset=LABELS_START)


def _files(root):
    """The four files by name, as bytes, from root/MNIST/raw, root/raw or root. Raises OSError that names a bad one."""
    if not os.path.isdir(root):
        raise FileNotFoundError(f"there is no folder {root}")
    folders = [root / "MNIST" / "raw", root / "raw", root]
    found = (folder for folder in folders if any(os.path.exists(path_of(folder, name)) for name in FILES))
    folder = next(found, folders[0])
    return {name: _content(path_of(folder, name), name) for name in FILES}


def path_of(folder, name):
    """Of the file, or of the file packed by gzip where there is only that."""
    path, packed = folder / name, folder / f"{name}.gz"
    return packed if os.path.exists(packed) and not os.path.exists(path) else path


def _content(path, name):
    """The bytes of one of the four files. Raises FileNotFoundError or OSError that says what is wrong with it."""
    try:
        with path.open("rb") as file:
            return _checked(gzip.open(file) if path.suffix == ".gz" else file, name)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is not there") from None
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        raise OSError(f"{path} is corrupt or cut short: {error}") from None
    except OSError as error:
        raise OSError(f"{path} cannot be read: {error.strerror}") from None


def _checked(file, name):
    size, checksum = FILES[name]
    content = file.read(size + 1)
    if (len(content), zlib.crc32(content)) != (size, checksum):
        raise ValueError("its contents are not those of MNIST; other sets in this layout are read by data.load_idx")
    return content


@functools.cache
def _fetch(folder):
    """Fetch into folder what is not there; returns what went wrong, or an empty string. Tried once in a process."""
    try:
        mirror = _answering_mirror()
        if mirror is None:
            return "no server answered"
        until = time.monotonic() + FETCH_SECONDS
        for name in FILES:
            if not _is_sound(folder, name):
                with put_in_place(folder / name) as partial:
                    partial.write_bytes(_fetched(f"{mirror}{name}.gz", name, until))
    except Exception as error:  # whatever a server answers, no reader shall be stopped by it
        return f"{type(error).__name__}: {error}"
    return ""


def _is_sound(folder, name):
    try:
        return bool(_content(folder / name, name))
    except OSError:
        return False


def _answering_mirror():
    """The first server that answers in time. In a thread, because looking up a name cannot be given a time limit."""
    found = []

    def ask():
        for mirror in MIRRORS:
            request = urllib.request.Request(f"{mirror}{next(iter(FILES))}.gz", method="HEAD")
            try:
                with urllib.request.urlopen(request, timeout=CONTACT_SECONDS):
                    found.append(mirror)
                    return
            except Exception:
                continue

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(2 * CONTACT_SECONDS)
    return found[0] if found else None


def _fetched(address, name, until):
    """The unpacked and checked contents of the file at the address. Raises any error that a bad answer leads to."""
    packed = bytearray()
    with urllib.request.urlopen(address, timeout=READ_SECONDS) as response:
        while part := response.read(1 << 16):
            packed += part
            if time.monotonic() > until:
                raise TimeoutError(f"{address} took more than {FETCH_SECONDS:.0f} s")
            if len(packed) > MOST_BYTES:
                raise ValueError(f"{address} sends too much")
    return _checked(gzip.open(io.BytesIO(packed)), name)
