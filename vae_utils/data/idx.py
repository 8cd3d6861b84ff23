"""Any set in the layout of MNIST, such as Fashion-MNIST or KMNIST: files that say how long they are."""

import gzip
import struct
import zlib

import torch

from ..arguments import whole_number
from ..randomness import drawn_on_the_cpu, generator_at
from .digits import Digits
from .folder import folder_of
from .mnist import path_of

MOST_BYTES = 1 << 31  # of one file: more is a mistake, or meant to fill the memory


@drawn_on_the_cpu
def load_idx(folder, train=True, n=None, seed=0):
    """Pictures and labels of a set in the layout of MNIST as `Digits`: x (N, H W) in [0, 1], y (N,), source "folder".

    folder: the one that holds train-images-idx3-ubyte, train-labels-idx1-ubyte and the same for t10k, packed as .gz or
    not, or the one above it, where that is called raw (as torchvision lays it out). Only the two files that are asked
    for are read; none is compared with anything, for these may be any pictures.
    n: how many, a random choice by `seed`; None: all, in their own order.
    Raises TypeError or ValueError for bad train, n or seed, FileNotFoundError or NotADirectoryError for a folder or a
    file that is not there, and ValueError that names the file where it is not of this layout, damaged or cut short.
    """
    if not isinstance(train, bool):
        raise TypeError(f"train: got {train!r}, expected True or False")
    generator, part, folder = generator_at(seed), "train" if train else "t10k", folder_of(folder, "the files of a set")
    images = _content(folder, f"{part}-images-idx3-ubyte")
    labels = _content(folder, f"{part}-labels-idx1-ubyte")
    if len(images) != len(labels) or not len(images):
        got = f"{folder} with {len(images)} pictures and {len(labels)} labels for {part}"
        raise ValueError(f"folder: got {got}, expected a label for each of one or more pictures")
    if n is not None:
        chosen = torch.randperm(len(labels), generator=generator)[: whole_number(n, "n", most=len(labels))]
        images, labels = images[chosen], labels[chosen]
    return Digits(images.flatten(1).float().div_(255), labels.to(torch.int64), "folder")


def _content(folder, name):
    """The numbers in the file, uint8, in its own shape. Raises FileNotFoundError or ValueError that names it."""
    path = path_of(folder / "raw", name)
    path = path if path.exists() else path_of(folder, name)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _numbers(file, 3 if "idx3" in name else 1)
    except FileNotFoundError:
        raise FileNotFoundError(f"folder: got {folder}, where {name} is not, expected that file, or its .gz") from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise ValueError(f"folder: got {path}, which cannot be used ({said}), expected a file of idx format") from None


def _numbers(file, dims):
    """What stands behind the header: two zeros, 8 for bytes, the number of dimensions, and each of them in 4 bytes."""
    header = file.read(4 + 4 * dims)
    if len(header) < 4 + 4 * dims or header[:4] != bytes([0, 0, 8, dims]):
        raise ValueError(f"its first bytes are not those of bytes in {dims} dimensions")
    shape = struct.unpack(f">{dims}I", header[4:])
    size = torch.Size(shape).numel()
    if size > MOST_BYTES:
        raise ValueError(f"it promises {size:,} bytes, {MOST_BYTES:,} are the limit")
    content = bytearray(file.read(size + 1))
    if len(content) != size:
        raise ValueError(f"it promises {size:,} bytes and holds {'more' if len(content) > size else len(content)}")
    return torch.frombuffer(content, dtype=torch.uint8).view(shape) if size else torch.empty(shape, dtype=torch.uint8)
