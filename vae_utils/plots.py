"""Every figure style of the book in one place. Functions take arrays and know no model.

One color per concept, everywhere. On the website the colors are CSS variables with a variant for dark mode.
"""

import base64
import hashlib
import html
import io
import math
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from .arguments import positive, whole_number

COLORS = {
    "data": "#5f6368",
    "prior": "#0067a5",
    "posterior": "#b04a00",
    "likelihood": "#00734f",
    "kl": "#a0307a",
    "elbo": "#806000",
    "evidence": "#5b3fa8",
}
DARK_COLORS = {
    "data": "#b4bac2",
    "prior": "#6cb8ee",
    "posterior": "#ff9e5e",
    "likelihood": "#4fd1a5",
    "kl": "#f09ad0",
    "elbo": "#e6c84c",
    "evidence": "#b9a5ff",
}
# Ten classes, told apart by hue and lightness; figures also write the class beside its points.
CLASS_COLORS = (
    "#3b6fb6", "#d9822b", "#3f9b57", "#c43d4b", "#8560b8", "#8c5a3c", "#d36ba6", "#6f7680", "#a8a12b", "#2ba6b5",
)  # fmt: skip
INK = "#1f2328"
WIDTH = 7.2  # inches: the column of the page
NARROW = 5.2  # inches: one panel, which a phone hardly has to shrink
SMALLEST = 0.47  # of its size: so a figure as wide as the column fits a phone; below that it scrolls

_STYLE = {
    "figure.figsize": (WIDTH, 3.2),
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "none",
    "savefig.dpi": 144,
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.prop_cycle": mpl.cycler(color=list(COLORS.values())),
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.family": "sans-serif",
    "font.size": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "image.cmap": "gray",
    "svg.fonttype": "none",
    "svg.hashsalt": "vae_utils",
}


def use_style():
    """Make the book's style the default of matplotlib in this session."""
    mpl.rcParams.update(_STYLE)


class Figure:
    """A finished figure: inline SVG with alternative text and a caption, readable on light and dark pages."""

    def __init__(self, svg, alt, caption):
        self.svg, self.alt, self.caption = svg, alt, caption

    def _repr_mimebundle_(self, include=None, exclude=None):
        text = f"[Figure: {self.alt}]" + (f" {self.caption}" if self.caption else "")
        return {"text/html": self._repr_html_(), "text/plain": text}

    def _repr_html_(self):
        caption = f"<figcaption>{_inline(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure class="vae-figure"><div class="vae-scroll" tabindex="0">{self.svg}</div>{caption}</figure>'


def show(fig, alt, caption=""):
    """Close a matplotlib figure and return it as a `Figure` to display.

    alt: what a reader who cannot see it must know. caption: the message in a sentence (`code` and *emphasis* allowed).
    Raises ValueError for an empty alt.
    """
    if not (isinstance(alt, str) and alt.strip()):
        raise ValueError(f"alt: got {alt!r}, expected a sentence that says what the figure shows")
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    width = fig.get_figwidth() * 72
    plt.close(fig)
    return Figure(_portable_svg(buffer.getvalue(), alt, width), alt, caption)


def _portable_svg(svg, alt, width):
    """Strip what a page does not need, give ids a unique prefix, and let the page choose the colors."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)", _small_png, svg)
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    prefix = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    used = set(re.findall(r"(?:href=\"#|url\(#)([^\"\)]+)", svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r"(href=\"#|url\(#)([^\"\)]+)", rf"\1{prefix}-\2", svg)
    for name, color in COLORS.items():
        svg = re.sub(color, f"var(--vae-{name}, {color})", svg, flags=re.I)
    svg = re.sub(INK, "currentColor", svg, flags=re.I)
    view = re.search(r'viewBox="[^"]+"', svg)[0]
    style = f"width:100%;max-width:{width:.0f}pt;min-width:{SMALLEST * width:.0f}pt;height:auto"
    opening = f'<svg {view} role="img" aria-label="{html.escape(alt, quote=True)}" style="{style}" '
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    return opening + names + svg[svg.index(">") + 1 :].strip()


def _small_png(match, colors=32):
    """The same bitmap with a palette: a third of the bytes, and no difference that an eye would see."""
    picture = Image.open(io.BytesIO(base64.b64decode(match[1]))).convert("RGBA")
    buffer = io.BytesIO()
    picture.quantize(colors, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _inline(text):
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)


def as_array(values):
    """A numpy array of a tensor, array or sequence."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def square_images(x):
    """(N, D) or (N, s, s) -> (N, s, s). Raises ValueError when D is not a square."""
    x = as_array(x)
    if x.ndim == 3 and x.size:
        return x
    side = math.isqrt(x.shape[-1]) if x.ndim == 2 else -1
    if side < 1 or side * side != x.shape[-1] or not x.size:
        raise ValueError(f"x: got shape {x.shape}, expected (N, D) with D a square, or (N, s, s), and N >= 1")
    return x.reshape(-1, side, side)


def image_grid(x, columns=10, ax=None, gap=1, vmin=0.0, vmax=1.0):
    """Draw images (N, D) or (N, s, s) as one grid of `columns`; returns the axes. Missing places stay empty."""
    whole_number(columns, "columns")
    whole_number(gap, "gap", least=0)
    images = square_images(x)
    rows = math.ceil(len(images) / columns)
    h, w = images.shape[1:]
    canvas = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap), np.nan)
    for i, image in enumerate(images):
        top, left = (i // columns) * (h + gap), (i % columns) * (w + gap)
        canvas[top : top + h, left : left + w] = image
    ax = plt.gca() if ax is None else ax
    ax.imshow(canvas, vmin=vmin, vmax=vmax, interpolation="nearest")
    ax.set_axis_off()
    return ax


def latent_scatter(z, y, ax=None, limit=None, size=4, label=True):
    """Scatter of a 2-D latent space (N, 2), colored by class y (N,), each class named at the median of its points."""
    z, y = _points(z, "z"), as_array(y)
    if y.shape != z.shape[:1]:
        raise ValueError(f"y: got shape {y.shape}, expected {z.shape[:1]}, one class for each point")
    ax = plt.gca() if ax is None else ax
    for value in np.unique(y):
        points = z[y == value]
        color = CLASS_COLORS[int(value) % len(CLASS_COLORS)]
        ax.scatter(*points.T, s=size, color=color, alpha=0.6, linewidths=0, rasterized=True)
        if label:
            _halo_text(ax, np.median(points, axis=0), str(int(value)), color)
    ax.set_aspect("equal")
    if limit:
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax


def _points(values, name):
    values = as_array(values)
    if values.ndim != 2 or values.shape[1] != 2:
        raise ValueError(f"{name}: got shape {values.shape}, expected (N, 2)")
    return values


def _halo_text(ax, position, text, color):
    box = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": color, "linewidth": 1.2}
    ax.text(*position, text, color="#101010", ha="center", va="center", fontsize=9, fontweight="bold", bbox=box)


def decoded_map(images, ax=None, extent=2.0):
    """Draw images decoded on a regular grid of a 2-D latent space: images (n * n, D), row by row from the top."""
    images = square_images(images)
    positive(extent, "extent")
    n = math.isqrt(len(images))
    if n * n != len(images):
        raise ValueError(f"images: got {len(images)} of them, expected a square number")
    h, w = images.shape[1:]
    canvas = images.reshape(n, n, h, w).transpose(0, 2, 1, 3).reshape(n * h, n * w)
    ax = plt.gca() if ax is None else ax
    ax.imshow(canvas, vmin=0, vmax=1, extent=(-extent, extent, -extent, extent), interpolation="nearest")
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax


def latent_grid(n=15, extent=2.0):
    """The points of a regular n x n grid over [-extent, extent]^2, row by row from the top: (n * n, 2) float32."""
    whole_number(n, "n")
    positive(extent, "extent")
    steps = np.linspace(-extent, extent, n)
    across, down = np.meshgrid(steps, steps[::-1])
    return np.stack([across.ravel(), down.ravel()], 1).astype(np.float32)


def training_curves(history, terms=("reconstruction", "kl", "elbo"), ax=None):
    """The terms of a training history against steps, in nats per example; the colors are those of the concepts."""
    ax = plt.gca() if ax is None else ax
    colors = {"reconstruction": "likelihood", "loss": "data", "beta": "prior"}
    for term in terms:
        values = history[term]
        width = max(1, len(values) // 100)
        smooth = np.convolve(values, np.ones(width) / width, mode="valid")
        ax.plot(np.arange(len(smooth)) + width, smooth, color=COLORS[colors.get(term, term)], label=term)
    ax.set(xlabel="step", ylabel="nats per example")
    ax.legend()
    return ax


def ellipse(mu, sigma, ax=None, color=COLORS["posterior"], **style):
    """The one-sigma ellipse of a diagonal Gaussian in 2-D: mu (2,), sigma (2,)."""
    mu, sigma = _points([as_array(mu)], "mu")[0], _points([as_array(sigma)], "sigma")[0]
    ax = plt.gca() if ax is None else ax
    style = {"fill": False, "linewidth": 1.2, **style}
    return ax.add_patch(mpl.patches.Ellipse(mu, *(2 * sigma), color=color, **style))


_SHAPES = {
    "box": "square,pad=0.5",
    "circle": "circle,pad=0.45",
    "round": "round,pad=0.5,rounding_size=0.4",
    "plain": "square,pad=0.1",
}


def _check_graph(nodes, edges):
    for name, (*_, kind, concept) in nodes.items():
        if kind not in _SHAPES:
            raise ValueError(f"nodes: got {name!r} of kind {kind!r}, expected one of {[*_SHAPES]}")
        if concept is not None and concept not in COLORS:
            raise ValueError(f"nodes: got {name!r} of concept {concept!r}, expected None or one of {[*COLORS]}")
    for start, end, *_ in edges:
        if start not in nodes or end not in nodes:
            raise ValueError(f"edges: got {start!r} -> {end!r}, expected names among {[*nodes]}")


def graph(nodes, edges, alt, caption="", width=WIDTH, height=2.2):
    """A diagram in the book's vocabulary, as a `Figure`.

    nodes: name -> (x, y, text, kind, concept), x and y in [0, 1], kind "box" (deterministic), "circle" (sampled),
    "round" (learned) or "plain" (words alone); concept: a key of COLORS or None.
    edges: (from, to, text, kind), kind "solid", "dashed" or "gradient" (dashed, bent below when it runs to the left).
    """
    _check_graph(nodes, edges)
    fig, ax = plt.subplots(figsize=(width, height))
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_axis_off()
    placed = {}
    for name, (x, y, text, kind, concept) in nodes.items():
        color = COLORS.get(concept, INK)
        edge = "none" if kind == "plain" else color
        style = {"boxstyle": _SHAPES[kind], "facecolor": "none", "edgecolor": edge, "linewidth": 1.5}
        placed[name] = ax.text(x, y, text, ha="center", va="center", color=color, bbox=style)
    fig.canvas.draw()
    for start, end, text, kind in edges:
        ends = {"patchA": placed[start].get_bbox_patch(), "patchB": placed[end].get_bbox_patch()}
        arrow = {"arrowstyle": "-|>", "color": INK, "linestyle": kind, "shrinkA": 3, "shrinkB": 3, **ends}
        if kind == "gradient":
            arrow |= {"linestyle": "dashed", "connectionstyle": "arc3,rad=-0.45"}
        a, b = placed[start].get_position(), placed[end].get_position()
        ax.annotate("", xy=b, xytext=a, arrowprops=arrow)
        if text:
            middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
            ax.annotate(text, middle, xytext=(0, 5), textcoords="offset points", ha="center", va="bottom", fontsize=9)
    return show(fig, alt, caption)
