"""Figures that read on light and dark pages, are the same twice, and say what they show."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image
from refusal import refuses

from vae_utils import plots
from vae_utils.plots import CLASS_COLORS, COLORS, DARK_COLORS, INK

mpl.use("agg")
PAPER, DARK_PAPERS = "#ffffff", ("#121212", "#14181e")


@pytest.fixture(autouse=True)
def style():
    with mpl.rc_context():
        plots.use_style()
        yield
    plt.close("all")


def drawing(label="prior", color=COLORS["prior"]):
    fig, ax = plt.subplots()
    ax.plot([0, 1, 2], [0, 1, 0], color=color, label=label)
    ax.fill_between([0, 1], [0, 1], color=COLORS["kl"], alpha=0.3, clip_on=True)
    ax.imshow(np.eye(3), extent=(0, 1, 0, 1))
    ax.set(xlabel="z", title="A density")
    ax.legend()
    return fig


def show(fig=None, alt="A density", caption=""):
    return plots.show(drawing() if fig is None else fig, alt=alt, caption=caption)


def luminance(color):
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


class TestColors:
    def test_contrast_is_computed_as_the_standard_says(self):
        assert contrast("#000000", "#ffffff") == pytest.approx(21)
        assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)

    @pytest.mark.parametrize("concept", COLORS)
    def test_every_concept_is_readable_as_text_on_both_papers(self, concept):
        assert contrast(COLORS[concept], PAPER) >= 4.5
        assert all(contrast(DARK_COLORS[concept], paper) >= 4.5 for paper in DARK_PAPERS)

    def test_one_color_a_concept(self):
        concepts = ["data", "prior", "posterior", "likelihood", "kl", "elbo", "evidence"]
        assert [*COLORS] == [*DARK_COLORS] == concepts
        assert len(set(COLORS.values())) == len(set(DARK_COLORS.values())) == 7
        assert contrast(INK, PAPER) > 12
        assert len(set(CLASS_COLORS)) == 10


class TestShow:
    @pytest.mark.parametrize("alt", ["", "  ", None, 3])
    def test_alternative_text_is_required(self, alt):
        refuses(lambda: show(alt=alt), "alt", repr(alt), "sentence", ValueError)

    def test_a_bitmap_keeps_as_many_colors_as_it_is_given(self):
        def kept(**colors):
            ax = plots.image_grid(np.random.default_rng(0).random((4, 3, 8, 8)), color=True)
            svg = plots.show(ax.figure, alt="Noise", **colors).svg
            encoded = re.search(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)", svg)[1]
            return len(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA").getcolors(1 << 20))

        assert kept() <= 32 < kept(colors=256) <= 256
        for colors in (1, 257, 2.5):
            refuses(lambda colors=colors: kept(colors=colors), "colors", repr(colors), "whole number >= 2")

    def test_the_svg_is_well_formed_and_says_what_it_shows(self):
        figure = show(alt='KL < 0 is "impossible"')
        root = ET.fromstring(figure.svg)
        assert root.tag.endswith("svg") and root.get("role") == "img"
        assert root.get("aria-label") == 'KL < 0 is "impossible"'
        x, y, width, height = map(float, root.get("viewBox").split())
        assert (x, y) == (0, 0) and width > height > 0
        assert "width:100%" in root.get("style") and "height:auto" in root.get("style")

    def test_same_bytes_twice_and_no_date(self):
        first, second = show(), show()
        assert first.svg == second.svg
        assert "metadata" not in first.svg and not re.search(r"20\d\d-\d\d-\d\d", first.svg)
        assert "Matplotlib" not in first.svg

    def test_ids_are_unique_across_two_figures_and_every_reference_is_met(self):
        figures = [show(), show(drawing(color=COLORS["elbo"]))]
        ids = [re.findall(r'\bid="([^"]+)"', figure.svg) for figure in figures]
        assert ids[0] and len(ids[0] + ids[1]) == len(set(ids[0] + ids[1]))
        for figure, own in zip(figures, ids, strict=True):
            references = re.findall(r'(?:href="#|url\(#)([^")]+)', figure.svg)
            assert references and set(references) == set(own)

    def test_ink_and_concepts_follow_the_page(self):
        svg = show().svg
        assert INK not in svg.lower() and "currentColor" in svg
        assert f"var(--vae-prior, {COLORS['prior']})" in svg and f"var(--vae-kl, {COLORS['kl']})" in svg
        bare = re.sub(r"var\(--vae-\w+, #\w{6}\)", "", svg)
        assert not any(color in bare.lower() for color in COLORS.values())

    def test_on_the_page_text_stays_text(self, monkeypatch):
        monkeypatch.setenv("VAE_BOOK", "1")
        svg = show().svg
        assert "<desc>" not in svg
        assert "A density</text>" in svg and "font-size" in svg.replace("font: ", "font-size: ")

    def test_where_a_notebook_is_not_trusted_its_alternative_text_is_left_and_no_letters_of_axes(self, monkeypatch):
        monkeypatch.delenv("VAE_BOOK", raising=False)
        fig = drawing()
        fig.axes[0].set_title("density & <more>")
        page = plots.show(fig, alt="Two hills & a <gap>", caption="What *it* says.")._repr_html_()
        page = re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
        words = re.sub(r"<[^>]*>", " ", page)  # what a sanitizer leaves that drops tags and keeps what is in them
        expected = "Figure: Two hills &amp; a &lt;gap&gt; (It is drawn where the notebook is trusted.) What it says."
        assert " ".join(words.split()) == expected

    def test_nothing_paints_the_paper(self):
        assert not re.search(r"fill: ?#fff", show().svg, re.I)

    @pytest.mark.parametrize(("inches", "smallest"), [(plots.WIDTH, 389), (plots.NARROW, 247), (6, 324)])
    def test_a_phone_shrinks_a_figure_only_so_far(self, inches, smallest):
        fig = drawing()
        fig.set_figwidth(inches)
        assert f"min-width:{smallest}pt" in plots.show(fig, alt="A density").svg

    def test_a_caption_has_true_minus_signs(self):
        page = show(caption="from -2.4 to 3-4, `x[-1]`, a log-density of -.5, 1e-3")._repr_html_()
        assert "from −2.4 to 3-4, <code>x[-1]</code>, a log-density of -.5, 1e-3" in page

    def test_figure_is_closed(self):
        fig = drawing()
        show(fig)
        assert not plt.fignum_exists(fig.number)

    def test_caption_and_plain_text(self):
        figure = show(caption="The `kl` is *never* negative & < 1")
        page = figure._repr_html_()
        assert "<figcaption>The <code>kl</code> is <em>never</em> negative &amp; &lt; 1</figcaption>" in page
        assert figure.svg in page and page.startswith("<figure") and page.endswith("</figure>")
        bundle = figure._repr_mimebundle_()
        assert bundle["text/html"] == page
        assert bundle["text/plain"] == "[Figure: A density] The `kl` is *never* negative & < 1"
        assert "figcaption" not in show()._repr_html_()
        assert show()._repr_mimebundle_()["text/plain"] == "[Figure: A density]"


class TestImages:
    images = np.arange(5 * 4).reshape(5, 4) / 20

    def test_square_images(self):
        for x in (self.images, torch.tensor(self.images), self.images.reshape(5, 2, 2)):
            np.testing.assert_array_equal(plots.square_images(x), self.images.reshape(5, 2, 2))
        assert plots.as_array(torch.ones(2, requires_grad=True)).tolist() == [1, 1]

    @pytest.mark.parametrize("shape", [(5, 3), (4,), (), (0, 4), (5, 0), (1, 2, 2, 2), (0, 2, 2)])
    def test_bad_images(self, shape):
        refuses(lambda: plots.square_images(np.zeros(shape)), "x", f"shape {shape}", "D a square", ValueError)

    def test_image_grid_puts_each_image_in_its_place(self):
        ax = plots.image_grid(self.images, columns=3, gap=1)
        canvas = np.asarray(ax.images[0].get_array().filled(np.nan))
        assert canvas.shape == (2 * 2 + 1, 3 * 2 + 2) and ax.images[0].get_clim() == (0, 1)
        for i, image in enumerate(self.images.reshape(5, 2, 2)):
            top, left = 3 * (i // 3), 3 * (i % 3)
            np.testing.assert_array_equal(canvas[top : top + 2, left : left + 2], image)
        assert np.isfinite(canvas).sum() == 20
        assert not ax.axison
        _, own = plt.subplots()
        assert plots.image_grid(self.images, ax=own, vmin=-1, vmax=2, gap=0) is own
        assert own.images[0].get_clim() == (-1, 2) and own.images[0].get_array().shape == (2, 20)

    def test_a_grid_in_color_puts_planes_together_and_leaves_the_rest_transparent(self):
        images = np.arange(3 * 3 * 4).reshape(3, 3, 2, 2) / 40
        images[2, 0, 0, 0] = 1.5
        for x in (torch.tensor(images), images.reshape(3, 12)):
            canvas = plots.image_grid(x, columns=2, gap=1, color=True).images[-1].get_array()
            assert canvas.shape == (5, 5, 4)
            for i, (top, left) in enumerate([(0, 0), (0, 3), (3, 0)]):
                got = canvas[top : top + 2, left : left + 2]
                np.testing.assert_array_equal(got[..., :3], images[i].clip(0, 1).transpose(1, 2, 0))
            assert canvas[..., 3].sum() == 12 and set(canvas[..., 3].flat) == {0, 1}
        wide = plots.image_grid(np.zeros((1, 3, 2, 5)), color=True).images[-1].get_array()
        assert wide.shape[:2] == (2, 10 * 5 + 9)

    @pytest.mark.parametrize("shape", [(5, 4), (5, 6), (12,), (0, 12), (1, 4, 2, 2), (1, 3, 0, 2)])
    def test_bad_color_images(self, shape):
        refuses(lambda: plots.image_grid(np.zeros(shape), color=True), "x", f"shape {shape}", "3 s s", ValueError)

    def test_decoded_map_runs_from_the_top_row_down(self):
        ax = plots.decoded_map(np.arange(9 * 4).reshape(9, 4), extent=3.0)
        canvas = ax.images[0].get_array()
        np.testing.assert_array_equal(canvas[:2, :4], [[0, 1, 4, 5], [2, 3, 6, 7]])
        assert canvas[-1, -1] == 35 and ax.images[0].get_extent() == [-3, 3, -3, 3]

    def test_latent_grid_is_read_like_a_page(self):
        grid = plots.latent_grid(3, extent=2.0)
        assert grid.dtype == np.float32
        assert grid[[0, 1, 2, 3, 8]].tolist() == [[-2, 2], [0, 2], [2, 2], [-2, 0], [2, -2]]
        assert plots.latent_grid().shape == (225, 2) and abs(plots.latent_grid()).max() == 2

    def test_bad_input(self):
        refuses(lambda: plots.image_grid(self.images, columns=0), "columns", "0", ">= 1", ValueError)
        refuses(lambda: plots.image_grid(self.images, gap=-1), "gap", "-1", ">= 0", ValueError)
        refuses(lambda: plots.image_grid(self.images[:, :3]), "x", "(5, 3)", "square", ValueError)
        refuses(lambda: plots.decoded_map(self.images), "images", "5", "square number", ValueError)
        refuses(lambda: plots.decoded_map(self.images[:4], extent=0), "extent", "0", "> 0", ValueError)
        refuses(lambda: plots.latent_grid(0), "n", "0", ">= 1", ValueError)
        refuses(lambda: plots.latent_grid(3, extent=-1), "extent", "-1", "> 0", ValueError)


class TestLatentSpace:
    z = np.array([[0.0, 1.0], [0.2, 1.2], [0.1, 5.0], [-3.0, -3.0]])
    y = np.array([3, 3, 3, 11])

    def test_every_class_has_its_color_and_its_name_at_the_median(self):
        ax = plots.latent_scatter(self.z, torch.tensor(self.y), limit=6)
        assert [len(points.get_offsets()) for points in ax.collections] == [3, 1]
        for points, color in zip(ax.collections, (CLASS_COLORS[3], CLASS_COLORS[1]), strict=True):
            assert mpl.colors.to_hex(points.get_facecolor()[0]) == color
        assert {text.get_text(): text.get_position() for text in ax.texts} == {"3": (0.1, 1.2), "11": (-3, -3)}
        assert ax.get_xlim() == ax.get_ylim() == (-6, 6)
        _, own = plt.subplots()
        assert plots.latent_scatter(self.z, self.y, ax=own, label=False) is own and not own.texts

    def test_ellipse_is_one_sigma_wide_on_either_side(self):
        patch = plots.ellipse(torch.tensor([1.0, 2.0]), [0.5, 3.0])
        assert (patch.width, patch.height) == (1, 6) and tuple(patch.center) == (1, 2) and not patch.get_fill()

    def test_bad_input(self):
        refuses(lambda: plots.latent_scatter(self.z[:, :1], self.y), "z", "(4, 1)", "(N, 2)", ValueError)
        refuses(lambda: plots.latent_scatter(self.z, self.y[:3]), "y", "(3,)", "(4,)", ValueError)
        for wrong in (np.array(["a", "b", "c", "d"]), np.array([0.2, 0.7, 0.2, 0.7])):
            refuses(lambda y=wrong: plots.latent_scatter(self.z, y), "y", str(wrong.dtype), "whole numbers", TypeError)
        refuses(lambda: plots.ellipse([1.0], [1.0, 1.0]), "mu", "(1, 1)", "(N, 2)", ValueError)
        refuses(lambda: plots.ellipse([1.0, 1.0], 1.0), "sigma", "(1,)", "(N, 2)", ValueError)


class TestCurvesAndDiagrams:
    def test_graph_draws_every_node_and_edge(self, monkeypatch):
        monkeypatch.setenv("VAE_BOOK", "1")
        nodes = {
            "z": (0.1, 0.5, "z", "circle", "prior"),
            "f": (0.5, 0.5, "decoder", "round", "likelihood"),
            "x": (0.9, 0.5, "x", "box", None),
        }
        figure = plots.graph(nodes, [("z", "f", "sample", "solid"), ("f", "x", "", "dashed")], alt="From z to x")
        for text in ("z", "decoder", "x", "sample"):
            assert f">{text}</text>" in figure.svg
        assert "var(--vae-prior" in figure.svg and "var(--vae-likelihood" in figure.svg

    def test_bad_graphs(self):
        node = {"z": (0.1, 0.5, "z", "circle", None)}
        refuses(
            lambda: plots.graph({"z": (0, 0, "z", "oval", None)}, [], "a"), "nodes", "'oval'", "'circle'", ValueError
        )
        refuses(
            lambda: plots.graph({"z": (0, 0, "z", "box", "noise")}, [], "a"), "nodes", "'noise'", "prior", ValueError
        )
        refuses(lambda: plots.graph(node, [("z", "x", "", "solid")], "a"), "edges", "'x'", "['z']", ValueError)
        refuses(lambda: plots.graph(node, [], ""), "alt", "''", "sentence", ValueError)
        assert plots.graph(node, [], "One node").alt == "One node"
