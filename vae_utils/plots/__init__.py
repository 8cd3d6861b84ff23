"""Every figure style of the book in one place. Functions take arrays and know no model."""

from .diagram import graph
from .figure import Figure, show
from .look import CLASS_COLORS, COLORS, DARK_COLORS, INK, NARROW, SMALLEST, WIDTH, use_style
from .pictures import as_array, decoded_map, ellipse, image_grid, latent_grid, latent_scatter, square_images

__all__ = [
    "CLASS_COLORS",
    "COLORS",
    "DARK_COLORS",
    "INK",
    "NARROW",
    "SMALLEST",
    "WIDTH",
    "Figure",
    "as_array",
    "decoded_map",
    "ellipse",
    "graph",
    "image_grid",
    "latent_grid",
    "latent_scatter",
    "show",
    "square_images",
    "use_style",
]
