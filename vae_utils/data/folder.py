"""Pictures in a folder of your own, brought to one size. What cannot be used is named, and then nothing is."""

import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from ..arguments import whole_number
from ..surroundings import on_a_static_page

FORMATS = {
    ".bmp": "BMP", ".gif": "GIF", ".jfif": "JPEG", ".jpeg": "JPEG", ".jpg": "JPEG", ".pgm": "PPM", ".png": "PNG",
    ".ppm": "PPM", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP",
}  # fmt: skip
UNREAD = (".avif", ".heic", ".heif", ".jp2", ".jxl")  # pictures, too: a folder of half of them would look whole
MOST_PIXELS = 64_000_000  # of one file: more is a mistake, or meant to fill the memory
MOST_SIDE = 4096
NAMED = 5
LONG = 500  # files from which on a bar shows how far it is
GRAY = ("1", "L", "LA", "I;16", "I;16L", "I;16B", "I;16N")
COLOR = ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")


class Images(NamedTuple):
    """x: float32 (N, C H W) in [0, 1], C = 1 or 3 planes one after the other.  files: N names, from the folder on."""

    x: torch.Tensor
    files: list[str]


def load_images(folder, size, color=None, progress=None):
    """All pictures in `folder` and the folders in it, as `Images`, in the order of their names.

    size: pixels a side, or (height, width). A picture of another shape is cut at its middle, then scaled.
    color: True for three planes, False for gray levels; None takes the pictures as they are, where all are alike.
    What is transparent lies on white; 16 bits keep their levels; a photograph stands as its camera was held, and counts
    alone where a telephone has put a second picture behind it. Files with other endings than those of pictures, and
    hidden ones, are passed over. `x.view(-1, C, height, width)` has shape.
    progress: whether a bar shows how far it is; None shows it for 500 files and more.

    Raises TypeError or ValueError for bad size or color, FileNotFoundError or NotADirectoryError for a bad folder, and
    ValueError, with names, where it holds no pictures, gray and colored ones with color=None, or a file that is empty,
    damaged, no picture, of many frames, of 32 bits, of more than 64 million pixels, or of a kind such as HEIC that is
    not read, and MemoryError where the memory does not hold them at this size. It is all of them or none.
    """
    height, width = _height_and_width(size)
    if not (color is None or isinstance(color, bool)):
        raise TypeError(f"color: got {color!r}, expected True, False or None")
    folder = folder_of(folder)
    files = _files(folder)
    progress = _progress(progress, files)
    if color is None:
        color = _all_in_color(folder, files)
    x, troubles = _room(folder, len(files), 3 if color else 1, height, width), []
    for row, name in zip(x, tqdm(files, desc=folder.name, unit="files", disable=not progress), strict=True):
        try:
            row.copy_(_planes(folder / name, color, height, width))
        except _Unusable as trouble:
            troubles.append(f"{name} ({trouble})")
    _refuse(folder, troubles)
    return Images(x.flatten(1), files)


class _Unusable(Exception):
    """Why a file is no picture that can be used."""


def _progress(progress, files):
    if not (progress is None or isinstance(progress, bool)):
        raise TypeError(f"progress: got {progress!r}, expected True, False or None")
    return len(files) >= LONG and not on_a_static_page() if progress is None else progress


def _room(folder, n, planes, height, width):
    """(n, planes, height, width), not yet filled. Raises MemoryError that names the folder, the size and the bytes."""
    try:
        return torch.empty(n, planes, height, width, device="cpu")
    except (RuntimeError, MemoryError):
        much = f"{4 * n * planes * height * width / 1e9:,.1f} GB"
        got = f"{height, width} for {n:,} pictures in {folder}, {much} that the memory does not hold"
        raise MemoryError(f"size: got {got}, expected a smaller size, or fewer pictures") from None


def _height_and_width(size):
    pair = size if isinstance(size, tuple | list) else (size, size)
    if len(pair) != 2:
        raise ValueError(f"size: got {size!r}, expected a whole number, or (height, width)")
    return [whole_number(side, "size", most=MOST_SIDE) for side in pair]


def folder_of(folder, holds="pictures"):
    """Its path. Raises TypeError, FileNotFoundError or NotADirectoryError for what is no folder."""
    if not isinstance(folder, str | os.PathLike):
        raise TypeError(f"folder: got {folder!r}, expected the name of a folder")
    path = Path(os.path.expanduser(folder))
    if not os.path.exists(path):  # false, too, for a name that is too long to be one; Path.exists would raise
        raise FileNotFoundError(f"folder: got {path}, which is not there, expected a folder with {holds}")
    if not path.is_dir():
        raise NotADirectoryError(f"folder: got {path}, which is a file, expected a folder with {holds}")
    return path


def _files(folder):
    """The names of all pictures, by their endings; links to folders are not followed."""
    found, others = [], 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and path.suffix.lower() in {*FORMATS, *UNREAD}:
                found.append(path.relative_to(folder).as_posix())
            else:
                others += 1
    if not found:
        got, endings = f"{folder} with {others} files and no picture", ", ".join(FORMATS)
        raise ValueError(f"folder: got {got}, expected files that end in {endings}")
    return sorted(found)


def _all_in_color(folder, files):
    """Whether the pictures have color, where that is one for all."""
    kinds, troubles = {}, []
    for name in files:
        try:
            with _opened(folder / name) as picture:
                kinds.setdefault(picture.mode in COLOR, name)
        except _Unusable as trouble:
            troubles.append(f"{name} ({trouble})")
    _refuse(folder, troubles)
    if len(kinds) > 1:
        got = f"{folder} with pictures in color ({kinds[True]}) and in gray ({kinds[False]})"
        raise ValueError(f"folder: got {got}, expected one kind, or a choice: color=True or color=False")
    return True in kinds


def _refuse(folder, troubles):
    if troubles:
        more = f" and {len(troubles) - NAMED} more" if len(troubles) > NAMED else ""
        got = f"{folder} with files that cannot be used: {', '.join(troubles[:NAMED])}{more}"
        raise ValueError(f"folder: got {got}; expected whole pictures alone")


@contextmanager
def _opened(path):
    """The picture, not yet read: it is looked at before memory is taken for it. Raises _Unusable, also from within."""
    if not path.is_file():
        raise _Unusable("no ordinary file")
    if path.suffix.lower() in UNREAD:
        raise _Unusable(f"{path.suffix[1:].upper()} is not read, save it as JPEG or PNG")
    with _named(), path.open("rb") as file:
        if path.stat().st_size == 0:
            raise _Unusable("empty")
        picture = Image.open(file, formats=sorted({*FORMATS.values()}))
        if trouble := _trouble(picture):
            raise _Unusable(trouble)
        yield picture


def _trouble(picture):
    width, height = picture.size
    if width * height > MOST_PIXELS:
        return f"{width} x {height} pixels, {MOST_PIXELS:,} are the limit"
    if getattr(picture, "is_animated", False) and picture.format != "MPO":  # of an MPO the first is the photograph
        return f"{picture.n_frames} frames, not one"
    if picture.mode not in GRAY + COLOR:
        return f"pixels of the kind {picture.mode}, not of 8 or 16 bits"
    return None


@contextmanager
def _named():
    """Whatever a decoder raises becomes _Unusable: those of damaged files raise all kinds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file is used or refused, and the limit of pixels is our own
            yield
    except _Unusable:
        raise
    except Image.DecompressionBombError:
        raise _Unusable(f"more than {MOST_PIXELS:,} pixels") from None
    except Image.UnidentifiedImageError:
        raise _Unusable("no picture") from None
    except PermissionError:
        raise _Unusable("not to be read by you") from None
    except Exception as error:
        raise _Unusable(f"damaged: {str(error)[:60] or type(error).__name__}") from None


def _planes(path, color, height, width):
    """(C, height, width) in [0, 1]."""
    with _opened(path) as picture:
        plain = _plain(ImageOps.exif_transpose(picture), color)
        fitted = _middle(plain, width / height).resize((width, height), Image.Resampling.BICUBIC)
    levels = torch.from_numpy(np.asarray(fitted, dtype=np.float32) / 255).clamp_(0, 1)
    return levels.movedim(-1, 0) if levels.ndim == 3 else levels.expand(3 if color else 1, -1, -1)


def _plain(picture, color):
    """Levels from 0 to 255, without transparency."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray(np.asarray(picture, dtype=np.float32) / 257)
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return picture.convert("RGB" if color else "L")


def _middle(picture, ratio):
    """The largest part of this ratio of width to height. Cut before it is scaled: nothing beside it shines in."""
    width, height = picture.size
    wide, high = max(1, min(width, round(height * ratio))), max(1, min(height, round(width / ratio)))
    left, top = (width - wide) // 2, (height - high) // 2
    return picture.crop((left, top, left + wide, top + high))
