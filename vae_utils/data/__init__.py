"""Data as tensors in memory: digits, your own pictures, faces from five numbers, lines and points in the plane."""

from vae_utils.data.digits import Digits, load_digits, load_digits_8x8
from vae_utils.data.face import FACE_FACTORS, faces, render_faces
from vae_utils.data.folder import Images, load_images
from vae_utils.data.idx import load_idx
from vae_utils.data.points import binarize, line_segments, ring, two_moons, two_spirals
from vae_utils.data.sequences import COINS, coin_evidence, coin_sequences

__all__ = [
    "COINS",
    "FACE_FACTORS",
    "Digits",
    "Images",
    "binarize",
    "coin_evidence",
    "coin_sequences",
    "faces",
    "line_segments",
    "load_digits",
    "load_digits_8x8",
    "load_idx",
    "load_images",
    "render_faces",
    "ring",
    "two_moons",
    "two_spirals",
]
