"""Widgets without a page: fields, payload, bundler; and the JavaScript, linted and unit-tested under Node."""

import base64
import functools
import html
import json
import pickle
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from xml.etree import ElementTree

import ipywidgets
import javascript
import nbformat
import numpy as np
import pytest
import traitlets
from nbconvert import HTMLExporter
from refusal import refuses

from vae_utils import widgets
from vae_utils.widgets.parts import bundle, fields, host, quantized

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "vae_utils" / "widgets"
JS_TESTS = sorted((ROOT / "tests" / "js").glob("*.test.mjs"))
SLOW_JS_TESTS = [path for path in JS_TESTS if "export const slow = {" in path.read_text(encoding="utf8")]
NAMES = [name for name in widgets.__all__ if name != "Widget"]


@functools.cache
def page_of(name):
    host._copies.clear()
    return make(name).to_html()


def make(name):
    """The widget called `name` with its defaults, or its own small example."""
    kind = getattr(widgets, name)
    return getattr(kind, "example", kind)()


class Probe(host.Widget):
    module = "kl"
    sentence = "A <probe>."
    beta = fields.Number(1.0, 0, 16)
    size = fields.Whole(2, 1, 9)
    kind = fields.Choice("ring", ("ring", "moons"))
    on = fields.Flag(False)
    points = fields.Array("float32", (None, 2))
    shades = fields.Array("uint8", (None,))
    classes = fields.Array("uint8", (None,), high=9)
    row = fields.Numbers([0, 0, 0], (3,), 0, 255)
    drawing = fields.Numbers([], (None, 2), -3, 3, most=4)
    words = fields.Words(2, 3)
    ARRAYS = ("points", "shades", "classes")

    def __init__(self, points=((0, 1), (2, 3)), shades=(), classes=(), words=("a", "b"), **values):
        super().__init__(points=points, shades=shades, classes=classes, words=words, **values)


NUMBER, WHOLE, POINTS = "a number from 0 to 16", "a whole number from 1 to 9", "finite numbers of shape (n, 2)"
BAD = [
    ("beta", -0.1, ValueError, "-0.1", NUMBER),
    ("beta", float("nan"), ValueError, "nan", NUMBER),
    ("beta", float("inf"), ValueError, "inf", NUMBER),
    ("beta", "4", TypeError, "'4'", NUMBER),
    ("beta", True, TypeError, "True", NUMBER),
    ("beta", None, TypeError, "None", NUMBER),
    ("size", 2.5, TypeError, "2.5", WHOLE),
    ("size", 10, ValueError, "10", WHOLE),
    ("kind", "spirals", ValueError, "'spirals'", "ring, moons"),
    ("kind", ["ring"], TypeError, "['ring']", "ring, moons"),
    ("on", 1, TypeError, "1", "True or False"),
    ("points", [[1, 2, 3]], ValueError, "shape (1, 3)", POINTS),
    ("points", [[1, 2], [3]], TypeError, "[[1, 2], [3]]", POINTS),
    ("points", [[1, np.nan]], ValueError, "NaN", POINTS),
    ("points", [[1, 1e39]], ValueError, "1e+39", POINTS),
    ("points", [["a", "b"]], TypeError, "dtype", POINTS),
    ("shades", [256], ValueError, "values from 256 to 256", "whole numbers from 0 to 255 of shape (n,)"),
    ("shades", [-1, 3], ValueError, "values from -1 to 3", "whole numbers from 0 to 255"),
    ("shades", [3, 0.5], ValueError, "0.5", "whole numbers from 0 to 255"),
    ("classes", [3, 10], ValueError, "values from 3 to 10", "whole numbers from 0 to 9"),
    ("row", "abc", TypeError, "'abc'", "numbers from 0 to 255 of shape (3,)"),
    ("row", [0, 1], ValueError, "shape (2,)", "numbers from 0 to 255 of shape (3,)"),
    ("row", [0, float("nan"), 1], ValueError, "nan", "numbers from 0 to 255 of shape (3,)"),
    ("row", [0, 256, 1], ValueError, "256", "numbers from 0 to 255 of shape (3,)"),
    ("drawing", [[0, 0]] * 5, ValueError, "shape (5, 2)", "at most 4"),
    ("drawing", [[0, 4]], ValueError, "4", "numbers from -3 to 3 of shape (n, 2)"),
    ("words", ["a"], ValueError, "['a']", "2 to 3 different words"),
    ("words", list("abcd"), ValueError, "'d'", "2 to 3 different words"),
    ("words", ["a", "a"], ValueError, "['a', 'a']", "2 to 3 different words"),
    ("words", "ab", TypeError, "'ab'", "2 to 3 different words"),
    ("words", ["a", 1], TypeError, "['a', 1]", "2 to 3 different words"),
    ("words", 2, TypeError, "2", "2 to 3 different words"),
]


@pytest.mark.parametrize("name, value, error, got, expected", BAD)
def test_a_bad_value_is_refused_by_name_and_changes_nothing(name, value, error, got, expected):
    probe = Probe()
    before = repr(getattr(probe, name))
    refuses(lambda: setattr(probe, name, value), name, got, expected, error)
    refuses(lambda: Probe(**{name: value}), name, got, expected, error)
    refuses(lambda: setattr(probe, name, value), name, error=traitlets.TraitError)
    assert repr(getattr(probe, name)) == before


GOOD = [
    ("beta", np.float32(4), 4.0), ("beta", 3, 3.0), ("size", 2.0, 2), ("size", np.int64(3), 3), ("on", np.True_, True),
    ("shades", [0, 255], [0, 255]), ("shades", np.array([7.0]), [7]), ("classes", [True, False], [1, 0]),
    ("row", [0, 1.5, 255], [0, 1.5, 255]), ("row", np.arange(3), [0, 1, 2]), ("drawing", [], []),
    ("drawing", ((0.5, -3),), [[0.5, -3]]), ("words", ("b", "a", "c"), ["b", "a", "c"]),
]  # fmt: skip


@pytest.mark.parametrize("name, value, stored", GOOD)
def test_a_good_value_is_stored_in_one_form(name, value, stored):
    got = getattr(Probe(**{name: value}), name)
    assert np.array_equal(got, stored) and json.dumps(got if name not in Probe.ARRAYS else got.tolist())
    assert type(got) in (float, int, bool, list, np.ndarray)


def test_an_unknown_and_a_missing_field_are_named():
    refuses(lambda: Probe(gamma=1), "gamma", "a value", "beta, size", TypeError)
    refuses(lambda: Probe().observe(print, names="gamma"), "names", "'gamma'", "beta, size", ValueError)
    refuses(lambda: Probe().observe(print, names=["beta", "gamma"]), "names", "'gamma'", "beta", ValueError)
    refuses(widgets.BetaSweep, "betas", "nothing", "numbers of shape (n,)", TypeError)


def test_observers_hear_only_their_field():
    probe, heard = Probe(), []
    probe.observe(heard.append, names="beta")
    probe.beta = 4
    probe.size = 3
    probe.beta = 4.0
    assert [(change.name, change.old, change.new) for change in heard] == [("beta", 1.0, 4.0)]
    assert probe.size == 3
    probe.unobserve(heard.append, names="beta")
    probe.beta = 5
    assert len(heard) == 1


def test_a_field_can_be_linked_to_another_widget_and_to_a_slider():
    first, second = Probe(beta=3), Probe()
    slider = ipywidgets.FloatSlider(min=0, max=16)
    traitlets.link((first, "beta"), (slider, "value"))
    traitlets.dlink((first, "beta"), (second, "beta"), lambda beta: beta / 2)
    assert (slider.value, second.beta) == (3, 1.5)
    slider.value = 8
    assert (first.beta, second.beta) == (8, 4)
    first.beta = 2
    assert (slider.value, second.beta) == (2, 1)
    first.live().beta = 6  # as if moved on the page
    assert (slider.value, second.beta) == (6, 3)


def test_a_list_of_one_widget_is_not_that_of_another():
    Probe().row.append(4)
    assert Probe().row == [0, 0, 0]


def test_a_shown_widget_can_be_copied_and_pickled():
    probe = Probe(beta=3)
    probe.live()
    for copy in (deepcopy(probe), pickle.loads(pickle.dumps(probe))):
        copy.beta = 5
        assert (probe.beta, probe.live().beta, copy.beta) == (3, 3, 5)
        assert copy.live() is not probe.live() and np.array_equal(copy.points, probe.points)


def test_both_hosts_send_the_same_arrays():
    points = np.arange(6, dtype=np.float64).reshape(3, 2)
    probe = Probe(points)
    page = json.loads(json.dumps(probe._payload(host._text)))["points"]
    wire = probe._payload(host._wire)["points"]
    assert page["dtype"] == wire["dtype"] == "float32" and page["shape"] == wire["shape"] == [3, 2]
    assert host.base64.b64decode(page["data"]) == wire["data"] == points.astype("<f4").tobytes()


def test_the_page_is_deterministic_and_copies_have_their_own_ids():
    host._copies.clear()
    first, second = Probe().to_html(), Probe().to_html()
    host._copies.clear()
    assert Probe().to_html() == first
    ids = [re.search(r'id="([^"]+)"', page)[1] for page in (first, second)]
    assert ids[0] != ids[1] and first.replace(ids[0], ids[1]) == second
    assert Probe(beta=2).to_html().split(ids[0][:-2])[0] != first.split(ids[0][:-2])[0]


def test_nothing_in_the_payload_can_close_the_script():
    class Loud(Probe):
        note = fields.Choice("</script><!-- <script>", ("</script><!-- <script>",))

    page = Loud().to_html()
    assert page.count("<script>") == 1 and page.count("</script>") == 1 and "<!--" not in page
    assert "A &lt;probe&gt;." in page


def test_the_book_gets_html_alone_and_a_kernel_a_live_view(monkeypatch):
    monkeypatch.setenv("VAE_BOOK", "1")
    assert set(Probe()._repr_mimebundle_()) == {"text/html", "text/plain"}
    monkeypatch.delenv("VAE_BOOK")
    data, _ = Probe()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data and "<script" not in data["text/html"]


@functools.cache
def shown(name):
    """The widget and its bundle, drawn once."""
    widget = make(name)
    return widget, widget._repr_mimebundle_()


@functools.cache
def exporter(**settings):
    """Its templates are read once."""
    return HTMLExporter(**settings)


def exported(bundle, **settings):
    """The page that nbconvert makes of a saved notebook with this widget in it."""
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("w", outputs=[output])])
    return exporter(**settings).from_notebook_node(notebook)[0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("trusted", [True, False])
def test_a_saved_notebook_keeps_a_picture_where_no_kernel_runs(name, trusted):
    widget, bundle = shown(name)
    page = exported(bundle, sanitize_html=not trusted)
    (picture,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    svg = ElementTree.fromstring(base64.b64decode(picture))
    assert svg.tag.endswith("svg") and svg.get("aria-label") and "background:#fff" in svg.get("style")
    assert widget.sentence in html.unescape(page)


def test_an_exported_notebook_is_alive_where_the_book_is_said_to_be_built(monkeypatch):
    monkeypatch.setenv("VAE_BOOK", "1")
    page = exported(Probe()._repr_mimebundle_())
    assert re.search(r'<div [^>]*id="vae-kl-', page) and "mount(...[" in page


def test_a_live_widget_follows_python_and_python_follows_it():
    probe, heard = Probe(), []
    probe.observe(lambda change: heard.append(change.new), names="beta")
    live = probe.live()
    assert live is probe.live()
    probe.beta = 4
    assert live.beta == 4.0
    live.beta = 7
    assert probe.beta == 7.0
    for wild in (99, float("nan"), "8", None, [1]):
        live.beta = wild
        assert probe.beta == 7.0 and live.beta == 7.0
    live.row = [1, 2, 3]
    assert probe.row == [1, 2, 3]
    live.row = [1, 2]
    assert probe.row == [1, 2, 3] == live.row
    assert heard == [4.0, 7.0]


@pytest.mark.parametrize("name", NAMES)
def test_every_widget_bundles_into_one_module_that_fetches_nothing(name, tmp_path):
    kind = getattr(widgets, name)
    source = bundle.bundle(kind.module)
    assert len(re.findall(r"^export default", source, re.MULTILINE)) == 1
    assert not re.search(r"^import\b|\bfetch\(|https?://", source, re.MULTILINE)
    assert kind.sentence and kind.__doc__
    if kind.worker:
        assert "export" not in re.findall(r"^\w+", bundle.bundle(kind.worker), re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_widget_keeps_its_html_small_and_the_same(name):
    first = page_of(name)
    host._copies.clear()
    assert make(name).to_html() == first
    assert len(first) < 1_500_000
    assert "<noscript><p>" in first


ASKED = re.compile(r"""\b(?:ui|model)\.(get|set|on|limits|constant)\("(\w+)"|\b(name): "(\w+)", label""")
OURS = {"limits", "constants", "worker_source", "start"}


@pytest.mark.parametrize("name", NAMES)
def test_every_name_that_the_module_asks_for_is_a_field(name):
    kind = getattr(widgets, name)
    modules = [kind.module, *(part for part in bundle.imports(kind.module) if not part.startswith("parts/"))]
    asked = [match for module in modules for match in ASKED.findall(bundle.read(f"{module}.mjs"))]
    assert asked or kind.module == "face"  # whose names are the factors of face_drawing.mjs
    for what, field, other, control in asked:
        allowed = kind.constants if what == "constant" else kind.fields()
        assert (field or control) in {*allowed, *(OURS if what == "get" else ())}, (what or other, field or control)


def test_the_folder_holds_the_widgets_and_nothing_else():
    here = {path.name for path in FOLDER.iterdir() if path.is_file()}
    modules = [getattr(widgets, name).module for name in NAMES]
    assert here == {"__init__.py", *(f"{module}{suffix}" for module in modules for suffix in (".py", ".mjs"))}


def test_the_bundler_follows_addresses_through_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "FOLDER", tmp_path)
    (tmp_path / "a" / "deep-er").mkdir(parents=True)
    (tmp_path / "top.mjs").write_text('import { f } from "./a/one.mjs";\nexport default f();\n')
    (tmp_path / "a" / "one.mjs").write_text(
        'import { g as h } from "./deep-er/two.mjs";\nexport const f = () => h();\n'
    )
    (tmp_path / "a" / "deep-er" / "two.mjs").write_text('import { k } from "../../k.mjs";\nexport const g = () => k;\n')
    (tmp_path / "k.mjs").write_text("export const k = 3;\n")
    assert bundle.imports("top") == ["k", "a/deep-er/two", "a/one"]
    source = bundle.bundle.__wrapped__("top")
    assert "const { g: h } = module_a_deep_er_two;" in source and "import" not in source


def test_the_bundler_names_a_line_it_does_not_know(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "FOLDER", tmp_path)
    (tmp_path / "odd.mjs").write_text("export { a };\n")
    with pytest.raises(ValueError, match=r"odd\.mjs"):
        bundle.bundle.__wrapped__("odd")


def test_the_fallback_colors_are_those_of_the_figures():
    from vae_utils import plots

    css = (FOLDER / "parts" / "widget.css").read_text()
    for colors in (plots.COLORS, plots.DARK_COLORS):
        for concept, color in colors.items():
            assert f"--w-{concept}: var(--vae-{concept}, {color});" in css
    for i, color in enumerate(plots.CLASS_COLORS):
        assert f"--w-class-{i}: {color};" in css


def test_widgets_import_without_torch():
    load = "from vae_utils import widgets as w; [getattr(w, n) for n in w.__all__]"
    code = f"import sys; {load}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_line_of_javascript_is_too_long():
    files = [*FOLDER.rglob("*.mjs"), *(ROOT / "tests" / "js").glob("*.mjs")]
    lines = [(path, i, line) for path in files for i, line in enumerate(path.read_text().splitlines(), 1)]
    assert lines and not [f"{path.name}:{i}" for path, i, line in lines if len(line) > 120]


@functools.cache
def javascript_results(part):
    """What every JavaScript test of a part, "tests" or "slow", says, by file: all of them run in one process."""
    if javascript.NODE is None:
        pytest.skip("no Node here: the browser tests run these instead")
    files = JS_TESTS if part == "tests" else SLOW_JS_TESTS
    command = [javascript.NODE, ROOT / "tests" / "js" / "run.mjs", part, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def judge(results):
    failed = {result["name"]: result["error"] for result in results if result["error"]}
    assert results and not failed, "\n\n".join(f"{name}: {error}" for name, error in failed.items())


@pytest.mark.parametrize("file", [path.name for path in JS_TESTS])
def test_javascript_units(file):
    judge(javascript_results("tests")[file])


@pytest.mark.slow
@pytest.mark.parametrize("file", [path.name for path in SLOW_JS_TESTS])
def test_slow_javascript_units(file):
    judge(javascript_results("slow")[file])


@pytest.mark.parametrize("name", NAMES)
def test_without_javascript_a_sentence_and_a_still_figure_remain(name):
    remains = page_of(name).split("<noscript>")[1].split("</noscript>")[0]
    assert getattr(widgets, name).sentence in html.unescape(remains)
    assert '<svg viewBox="0 0' in remains and 'role="img" aria-label=' in remains


def test_what_is_packed_for_the_page_unpacks_to_the_rounded_layers():
    rng = np.random.default_rng(0)
    nets = [[(rng.normal(size=(3, 2)), rng.normal(size=3))], [(rng.normal(size=(4, 3)), rng.normal(size=4))]]
    packed = quantized.flat(*nets)
    for net, layers in zip(nets, quantized.unpack([[2, 3], [3, 4]], **packed), strict=True):
        for (weight, bias), (original, same) in zip(layers, net, strict=True):
            assert np.abs(weight - original).max() <= np.abs(original).max() / 127 and np.array_equal(bias, same)
