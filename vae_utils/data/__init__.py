"""Data as tensors in memory: digits, faces from five numbers, line segments and points in the plane."""

from vae_utils.data.digits import Digits, load_digits, load_digits_8x8
from vae_utils.data.face import FACE_FACTORS, faces, render_faces
from vae_utils.data.points import binarize, clusters, line_segments, ring, two_moons, two_spirals

__all__ = [
    "FACE_FACTORS",
    "Digits",
    "binarize",
    "clusters",
    "faces",
    "line_segments",
    "load_digits",
    "load_digits_8x8",
    "render_faces",
    "ring",
    "two_moons",
    "two_spirals",
]
