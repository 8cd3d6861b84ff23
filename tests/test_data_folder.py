"""Pictures of one's own: exact levels, shape, color, and a hostile folder of which nothing is loaded."""

import os
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from refusal import refuses

from vae_utils import data
from vae_utils.data import folder as module


def gray(*shape, seed=0, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def write(path, levels, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels).save(path, **settings)


def test_levels_order_and_names_are_those_of_the_files(tmp_path):
    first, second, third = (gray(6, 4, seed=seed) for seed in range(3))
    write(tmp_path / "b.png", second)
    write(tmp_path / "sub" / "a.bmp", third)
    write(tmp_path / "a.PNG", first)
    for ignored in ("notes.txt", ".hidden.png", ".cache/c.png"):
        (tmp_path / ignored).parent.mkdir(exist_ok=True)
        (tmp_path / ignored).write_text("no picture", encoding="utf8")
    images = data.load_images(tmp_path, (6, 4))
    assert images.files == ["a.PNG", "b.png", "sub/a.bmp"] and images.x.dtype == torch.float32
    assert torch.equal(images.x, torch.from_numpy(np.stack([first, second, third]).reshape(3, 24) / np.float32(255)))


def test_colors_are_planes_one_after_the_other(tmp_path):
    levels = gray(4, 5, 3)
    write(tmp_path / "a.png", levels)
    (row,) = data.load_images(str(tmp_path), (4, 5)).x
    assert torch.equal(row, torch.from_numpy(levels.transpose(2, 0, 1).reshape(60) / np.float32(255)))
    (luma,) = data.load_images(tmp_path, (4, 5), color=False).x
    weights = torch.tensor([0.299, 0.587, 0.114])
    torch.testing.assert_close(luma, (row.view(3, 20) * weights[:, None]).sum(0), atol=0.6 / 255, rtol=0)


def test_gray_in_color_is_three_times_the_same(tmp_path):
    write(tmp_path / "a.png", gray(4, 4))
    one, three = (data.load_images(tmp_path, 4, color=color).x for color in (False, True))
    assert torch.equal(three, one.repeat(1, 3)) and torch.equal(data.load_images(tmp_path, 4).x, one)


@pytest.mark.parametrize("color", [False, True])
def test_sixteen_bits_keep_their_levels(tmp_path, color):
    levels = gray(5, 5, dtype=np.uint16)
    write(tmp_path / "a.png", levels)
    x = data.load_images(tmp_path, 5, color=color).x
    expected = torch.from_numpy(levels.astype(np.float32) / 65535).reshape(1, 25).repeat(1, 3 if color else 1)
    torch.testing.assert_close(x, expected, atol=1e-6, rtol=0)


def test_a_picture_is_cut_at_its_middle_and_scaled(tmp_path):
    levels = np.full((8, 24), 255, np.uint8)
    levels[:, 8:16] = 51
    write(tmp_path / "wide.png", levels)
    write(tmp_path / "tall.png", levels.T.copy())
    x = data.load_images(tmp_path, 2).x
    torch.testing.assert_close(x, torch.full((2, 4), 0.2))
    wide = data.load_images(tmp_path, (2, 6)).x.view(2, 2, 6)[1]
    assert wide.mean(0)[[0, 2, 5]] == pytest.approx([1, 0.2, 1], abs=0.1)


def test_what_is_transparent_lies_on_white(tmp_path):
    levels = np.zeros((2, 2, 4), np.uint8)
    levels[0, 0, 3], levels[1, 1, 3] = 255, 51
    write(tmp_path / "a.png", levels)
    (row,) = data.load_images(tmp_path, 2, color=False).x
    torch.testing.assert_close(row, torch.tensor([0, 1, 1, 0.8]), atol=1e-3, rtol=0)


def test_a_photograph_stands_as_its_camera_was_held(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    levels = gray(3, 5)
    write(tmp_path / "a.png", levels, exif=exif)
    (row,) = data.load_images(tmp_path, (5, 3)).x
    assert torch.equal(row, torch.from_numpy(np.rot90(levels, -1).reshape(15) / np.float32(255)))


def huge_png(width, height):
    """A few bytes that promise a picture without end."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def whole(path, **settings):
    write(path, gray(32, 32), **settings)
    return path.read_bytes()


HOSTILE = {
    "empty.png": (lambda path: b"", "empty"),
    "text.jpg": (lambda path: b"this is no picture", "no picture"),
    "script.png": (lambda path: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "no picture"),
    "short.png": (lambda path: whole(path)[:-300], "damaged: "),
    "short.jpg": (lambda path: whole(path)[:-200], "damaged: "),
    "altered.png": (lambda path: whole(path)[:60] + b"\0\0\0\0" + whole(path)[64:], "damaged: "),
    "huge.png": (lambda path: huge_png(9000, 9000), "9000 x 9000 pixels"),
    "bomb.png": (lambda path: huge_png(60_000, 60_000), "more than 64,000,000 pixels"),
    "two lines.tif": (lambda path: b"II*\0\xff\xff\xff\xff", "no picture"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("color", [None, False])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_used_is_named_and_nothing_is_loaded(tmp_path, name, color):
    write(tmp_path / "a.png", gray(4, 4))
    content, words = HOSTILE[name]
    (tmp_path / name).write_bytes(content(tmp_path / name))
    refuses(lambda: data.load_images(tmp_path, 4, color), "folder", f"{name} ({words}", "whole pictures", ValueError)


def test_more_kinds_of_files_that_cannot_be_used(tmp_path):
    os.mkfifo(tmp_path / "a pipe.png")
    (tmp_path / "broken link.png").symlink_to(tmp_path / "nowhere.png")
    still = [Image.fromarray(gray(4, 4, seed=seed)) for seed in range(3)]
    still[0].save(tmp_path / "film.gif", save_all=True, append_images=still[1:])
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "numbers.tif")
    with pytest.raises(ValueError) as caught:
        data.load_images(tmp_path, 4)
    for words in ("a pipe.png (no ordinary file)", "broken link.png (no", "film.gif (3 frames", "numbers.tif (pixels"):
        assert words in str(caught.value)


@pytest.mark.parametrize("color", [None, True])
def test_pictures_of_a_kind_that_is_not_read_are_not_passed_over(tmp_path, color):
    """Half a folder of a telephone's pictures would look like a whole one."""
    write(tmp_path / "a.png", gray(4, 4))
    (tmp_path / "IMG_1.HEIC").write_bytes(b"whatever it is")
    refuses(lambda: data.load_images(tmp_path, 4, color), "folder", "IMG_1.HEIC (HEIC is not read", "whole", ValueError)


def test_of_a_photograph_with_a_second_one_behind_it_the_first_counts(tmp_path):
    first, second = (Image.new("RGB", (16, 16), color) for color in ("white", "black"))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert Image.open(tmp_path / "a.jpg").format == "MPO"
    assert data.load_images(tmp_path, 4).x.min() > 0.99


def test_many_files_that_cannot_be_used_are_counted(tmp_path):
    for number in range(module.NAMED + 3):
        (tmp_path / f"{number}.png").touch()
    refuses(lambda: data.load_images(tmp_path, 4), "folder", "0.png (empty), 1.png", error=ValueError)
    refuses(lambda: data.load_images(tmp_path, 4), "folder", "4.png (empty) and 3 more", error=ValueError)


def test_gray_and_color_together_ask_for_a_choice(tmp_path):
    write(tmp_path / "g.png", gray(4, 4))
    write(tmp_path / "c.png", gray(4, 4, 3))
    refuses(lambda: data.load_images(tmp_path, 4), "folder", "in color (c.png) and in gray (g.png)", "color=True")
    assert data.load_images(tmp_path, 4, color=True).x.shape == (2, 48)
    assert data.load_images(tmp_path, 4, color=False).x.shape == (2, 16)


def test_a_folder_that_is_none_is_refused(tmp_path):
    (tmp_path / "notes.txt").touch()
    refuses(lambda: data.load_images(tmp_path, 4), "folder", "1 files and no picture", ".png", ValueError)
    refuses(lambda: data.load_images(tmp_path / "gone", 4), "folder", "not there", error=FileNotFoundError)
    refuses(lambda: data.load_images(tmp_path / "notes.txt", 4), "folder", "a file", error=NotADirectoryError)
    refuses(lambda: data.load_images(3, 4), "folder", "3", error=TypeError)
    refuses(lambda: data.load_images("a" * 5000, 4), "folder", "not there", error=FileNotFoundError)


def test_links_to_folders_lead_in_no_circle(tmp_path):
    write(tmp_path / "a.png", gray(4, 4))
    (tmp_path / "again").symlink_to(tmp_path)
    assert data.load_images(tmp_path, 4).files == ["a.png"]


def test_pictures_that_no_memory_holds_are_refused_with_their_folder_and_size(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / f"{name}.png").touch()

    def full(*shape, **settings):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(module.torch, "empty", full)
    words = f"(1000, 2000) for 3 pictures in {tmp_path}, 0.1 GB"
    refuses(lambda: data.load_images(tmp_path, (1000, 2000), True), "size", words, "smaller size", MemoryError)


def test_a_long_folder_shows_how_far_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "LONG", 3)
    monkeypatch.delenv("VAE_BOOK", raising=False)

    def said(**settings):
        data.load_images(tmp_path, 4, **settings)
        return capsys.readouterr().err

    for name in "ab":
        write(tmp_path / f"{name}.png", gray(4, 4))
    assert said() == "" and f"{tmp_path.name}: 100%" in said(progress=True)
    write(tmp_path / "c.png", gray(4, 4))
    assert "3/3" in said() and said(progress=False) == ""
    monkeypatch.setenv("VAE_BOOK", "1")
    assert said() == ""
    refuses(lambda: data.load_images(tmp_path, 4, progress=1), "progress", "1", "True, False or None", TypeError)


@pytest.mark.parametrize("size", [0, 2.5, "4", (4,), (4, 0), 5000, (4, 4, 3), True])
def test_a_bad_size_is_refused(tmp_path, size):
    refuses(lambda: data.load_images(tmp_path, size), "size", expected="whole number")


@pytest.mark.parametrize("color", [1, "RGB", 0])
def test_a_bad_color_is_refused(tmp_path, color):
    refuses(lambda: data.load_images(tmp_path, 4, color), "color", expected="True, False or None", error=TypeError)


def test_pictures_lie_on_the_cpu(tmp_path):
    """As where a reader has made an accelerator the default device; "meta" stands for it."""
    write(tmp_path / "a.png", gray(4, 4))
    with torch.device("meta"):
        assert data.load_images(tmp_path, 4).x.device.type == "cpu"
