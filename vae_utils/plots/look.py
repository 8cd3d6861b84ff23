"""The look of every figure, diagram and widget: one color per concept, everywhere.

On the website the colors are CSS variables with a variant for dark mode. Nothing here needs matplotlib until
`use_style` is called.
"""

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
NARROW = 5.2  # inches: one panel, which fits a phone at two thirds of its size
SMALLEST = 0.75  # of its size: a wider figure scrolls on a phone, rather than be too small to read

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
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.family": "sans-serif",
    "font.size": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "image.cmap": "gray",
    "svg.hashsalt": "vae_utils",
}


def use_style():
    """Make the book's style the default of matplotlib in this session."""
    import matplotlib as mpl

    mpl.rcParams.update(_STYLE | {"axes.prop_cycle": mpl.cycler(color=list(COLORS.values()))})
