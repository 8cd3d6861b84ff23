"""Diagrams of boxes and arrows, in one vocabulary."""

import matplotlib.pyplot as plt

from .figure import show
from .look import COLORS, INK, WIDTH

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
