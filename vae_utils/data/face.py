"""Faces drawn from five numbers: a decoder written by hand.

The picture is a stack of smooth shapes, painted one over the other. Every pixel is computed on its own from its
coordinates (u, v) and the five factors with + - * /, sqrt, exp, max and clamp alone, so that the same formulas can be
written in any language and give the same picture.

    coordinates   u = 2 (column + 0.5) / size - 1 (to the right),  v = 2 (row + 0.5) / size - 1 (down)
    factor        clamp to [-99, 99], then f -> f / sqrt(1 + (f / 3)^2): about f near 0, never beyond 3
    edge          s = 0.6 / size
    inside        sigmoid(-d / s) for a signed distance d, negative inside
    painting      paper <- paper + alpha (ink - paper), with alpha in [0, 1]
"""

import torch

from ..arguments import whole_number
from ..randomness import drawn_on_the_cpu, generator_at

FACE_FACTORS = ("width", "nose", "hair", "smile", "age")
CHUNK_PIXELS = 1 << 17


class _Canvas:
    """Paper of shape (B, size * size), pixel coordinates of shape (1, size * size), and the shapes a face needs."""

    def __init__(self, size):
        pixel = 2 * (torch.arange(size) + 0.5) / size - 1
        v, u = torch.meshgrid(pixel, pixel, indexing="ij")
        self.u, self.v = u.reshape(1, -1), v.reshape(1, -1)
        self.side = self.u.abs()
        self.edge = 0.6 / size
        self.paper = torch.full_like(self.u, 0.93)

    def paint(self, alpha, ink):
        self.paper = self.paper + alpha * (ink - self.paper)

    def inside(self, distance):
        return torch.sigmoid(-distance / self.edge)

    def stroke(self, x, y, reach, thickness):
        """Coverage of the line y = 0 for |x| < reach, as wide as twice the thickness."""
        return torch.sigmoid((thickness - y.abs()) / self.edge) * torch.sigmoid((reach - x.abs()) / (2 * self.edge))


def _ellipse(x, y, a, b):
    """Signed distance to (x / a)^2 + (y / b)^2 = 1, exact to first order at the outline."""
    f, g = x / a, y / b
    return 0.5 * (f * f + g * g - 1) / torch.sqrt((f / a) ** 2 + (g / b) ** 2 + 1e-6)


def _bump(distance, width):
    return torch.exp(-((distance / width) ** 2))


def _body(canvas):
    canvas.paint(canvas.inside(_ellipse(canvas.u, canvas.v - 1.26, 0.90, 0.40)), 0.58)
    canvas.paint(canvas.inside(_ellipse(canvas.u, canvas.v - 0.74, 0.24, 0.24)), 0.66)


def _head(canvas, half, age, hair_ink):
    """Back hair, ears and the face; returns the signed distance to the face."""
    u, v = canvas.u, canvas.v
    canvas.paint(canvas.inside(_ellipse(u, v + 0.16, half + 0.075, 0.75)), hair_ink)
    canvas.paint(canvas.inside(_ellipse(canvas.side - half - 0.01, v - 0.06, 0.085, 0.14)), 0.72)
    canvas.paint(0.5 * canvas.inside(_ellipse(canvas.side - half - 0.02, v - 0.06, 0.04, 0.085)), 0.58)
    jaw = 1 - (0.15 - 0.04 * age) * torch.sigmoid((v - 0.40) / 0.14)
    face = _ellipse(u / jaw, v, half, 0.82)
    skin = 0.82 - 0.14 * (u / half) ** 4 - 0.06 * torch.sigmoid((v - 0.68) / 0.05)
    canvas.paint(canvas.inside(face), torch.clamp(skin, 0.55, 0.90))
    return face


def _hair(canvas, half, face, age, hair_ink):
    """A fringe combed to one side; age moves the hairline up."""
    across = canvas.u / half + 0.35
    line = -0.50 - 0.05 * age + 0.30 * across * across / torch.sqrt(0.15 + across * across) + 0.10 * across**4 / 3
    lock = 0.05 * _bump(canvas.v + 0.66 - 0.30 * across * across, 0.07)
    canvas.paint(canvas.inside(torch.maximum(face - 0.04, canvas.v - line)), hair_ink + lock)


def _eyes(canvas, age, hair_ink):
    x, y = canvas.side - 0.23, canvas.v + 0.01
    canvas.paint(0.30 * _bump(x, 0.17) * _bump(y, 0.12), 0.62)
    white = _ellipse(x, y, 0.115, 0.080)
    canvas.paint(canvas.inside(white), 0.97)
    canvas.paint(canvas.inside(torch.maximum(_ellipse(x, y, 0.066, 0.070), white)), 0.10)
    for center in (-0.210, 0.250):
        canvas.paint(0.95 * canvas.inside(_ellipse(canvas.u - center, y + 0.025, 0.020, 0.020)), 0.97)
    canvas.paint(0.8 * canvas.stroke(x, y + 0.080 - 3.0 * x * x, 0.13, 0.011), 0.25)
    brow = y + 0.205 - 0.010 * age - 2.2 * (x - 0.01) ** 2 - 0.02 * age * x / 0.14
    canvas.paint(canvas.stroke(x - 0.01, brow, 0.145, 0.022), 0.12 + 0.6 * hair_ink)


def _nose(canvas, nose):
    wide = 0.125 + 0.042 * nose
    x, y = canvas.side, canvas.v - 0.230 - 0.022 * nose
    canvas.paint(0.30 * _bump(x - 0.03 - 0.2 * wide, 0.035) * _bump(y + 0.15, 0.13), 0.55)
    canvas.paint(0.75 * canvas.inside(_ellipse(x, y, wide, 0.75 * wide)), 0.60)
    canvas.paint(0.60 * _bump(x, 0.45 * wide) * _bump(y + 0.25 * wide, 0.35 * wide), 0.92)
    canvas.paint(0.85 * canvas.inside(_ellipse(x - 0.48 * wide, y - 0.32 * wide, 0.24 * wide, 0.17 * wide)), 0.22)


def _mouth(canvas, smile):
    """A line that bends with the smile; a smile above zero opens it and shows teeth."""
    reach, bend = 0.235 + 0.030 * smile, 0.090 * smile
    t = canvas.u / reach
    y = canvas.v - 0.505 - 0.004 * smile
    arc = bend * (0.50 - t * t)
    teeth = torch.maximum(y - arc, 0.1 * bend - 0.55 * bend * t * t - y)
    canvas.paint(canvas.inside(torch.maximum(teeth, canvas.side - reach)), 0.96)
    upper = y - torch.minimum(arc, 0.1 * bend - 0.55 * bend * t * t)
    slope = torch.sqrt(1 + (2 * bend * t / reach) ** 2)
    canvas.paint(0.9 * canvas.stroke(canvas.u, (y - arc) / slope, reach, 0.020), 0.20)
    canvas.paint(0.6 * canvas.stroke(canvas.u, upper, reach, 0.008), 0.25)
    canvas.paint(0.5 * canvas.stroke(canvas.u, y - 0.115 - 0.5 * bend, 0.08, 0.008), 0.60)
    canvas.paint(0.25 * _bump(canvas.side - reach - 0.12, 0.09) * _bump(canvas.v - 0.32, 0.08), 0.62)


def _wrinkles(canvas, age):
    """Forehead lines, bags under the eyes and folds beside the mouth, all as dark as the age."""
    x, u, v = canvas.side - 0.23, canvas.u, canvas.v
    old = torch.sigmoid(1.8 * (age - 0.3))
    for height in (-0.345, -0.275):
        canvas.paint(0.5 * old * canvas.stroke(u, v - height + 0.25 * u * u, 0.22, 0.006), 0.45)
    canvas.paint(0.6 * old * canvas.stroke(x, v - 0.120 + 3.0 * x * x, 0.11, 0.009), 0.48)
    drop = v - 0.30
    fold = canvas.side - 0.20 - 0.35 * drop + 0.5 * drop * drop
    canvas.paint(0.7 * old * _bump(fold, 0.018) * _bump(v - 0.38, 0.10), 0.42)


def _draw(factors, size):
    factors = torch.clamp(factors, -99, 99)
    width, nose, hair, smile, age = (factors / torch.sqrt(1 + (factors / 3) ** 2)).T.unsqueeze(2)
    half, hair_ink = 0.56 + 0.048 * width, 0.45 - 0.14 * hair
    canvas = _Canvas(size)
    _body(canvas)
    face = _head(canvas, half, age, hair_ink)
    _hair(canvas, half, face, age, hair_ink)
    _nose(canvas, nose)
    _eyes(canvas, age, hair_ink)
    _mouth(canvas, smile)
    _wrinkles(canvas, age)
    return torch.clamp(canvas.paper, 0, 1)


def render_faces(factors, size=32):
    """Draw one face for each row of factors.

    factors: (B, 5) real numbers in the order of FACE_FACTORS, meant for N(0, 1) but any finite number draws a face;
    more hair is darker, more age has more wrinkles. Returns (B, size * size) float32 grey levels in [0, 1], row by row.
    Raises TypeError for a size that is no integer, ValueError for wrong shapes, a size under 8 or factors that are
    not finite.
    """
    size = whole_number(size, "size", least=8)
    factors = factors.float() if torch.is_tensor(factors) else torch.tensor(factors, dtype=torch.float32)
    if factors.ndim != 2 or factors.shape[1] != len(FACE_FACTORS):
        raise ValueError(f"factors: got shape {tuple(factors.shape)}, expected (B, {len(FACE_FACTORS)})")
    if not torch.isfinite(factors).all():
        raise ValueError("factors: got NaN or infinity, expected finite numbers (B, 5)")
    rows = max(1, CHUNK_PIXELS // size**2)
    with factors.device:
        return torch.cat([_draw(part, size) for part in factors.split(rows)])


@drawn_on_the_cpu
def faces(n, size=32, seed=0):
    """n faces with their true factors: x (n, size * size) in [0, 1] and factors (n, 5) drawn from N(0, I).

    The same seed gives the same faces. Raises TypeError or ValueError for a bad n, size or seed.
    """
    factors = torch.randn(whole_number(n, "n"), len(FACE_FACTORS), generator=generator_at(seed))
    return render_faces(factors, size), factors
