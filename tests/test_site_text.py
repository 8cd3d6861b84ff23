"""Boxes, formula tags and links, on small documents."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

from vae_book import assets, text

ROOT = Path(__file__).resolve().parent.parent


def quote(*children) -> nodes.document:
    document = new_document("chapter")
    document += nodes.block_quote("", nodes.paragraph("", "", *children))
    return document


@pytest.mark.parametrize(
    ("label", "kind", "ids"),
    [("Note.", "note", []), ("Myth:", "myth", []), ("Exercise 2.1.", "exercise", ["exercise-2-1"])],
)
def test_a_bold_beginning_makes_a_box(label, kind, ids):
    document = quote(nodes.Text(""), nodes.strong("", label), nodes.Text(" and more"))
    text.make_boxes(document)
    assert isinstance(document[0], text.Box)
    assert (document[0]["kind"], document[0]["ids"]) == (kind, ids)
    assert document.astext() == f"{label} and more"


@pytest.mark.parametrize(
    "children",
    [(nodes.Text("Note. "), nodes.strong("", "bold")), (nodes.strong("", "Nothing"),), (nodes.emphasis("", "Note."),)],
    ids=["bold later", "another word", "not bold"],
)
def test_other_quotations_stay(children):
    document = quote(*children)
    text.make_boxes(document)
    assert type(document[0]) is nodes.block_quote


def test_a_light_drawing_gets_a_dark_twin_and_both_stand_in_the_page(tmp_path):
    for mode in ("light", "dark"):
        (tmp_path / f"a-{mode}.svg").write_text(f"<svg>{mode}</svg>\n")
    document = new_document("page")
    pictures = nodes.image(uri="a-light.svg", alt='one\n"two"'), nodes.image(uri="b.svg", alt="b")
    document += nodes.paragraph("", "", *pictures)
    text.add_dark_twins(document, tmp_path)
    light, dark, other = document[0]
    assert light.astext() == (
        '<span class="drawing only-light" role="img" aria-label="one &quot;two&quot;"><svg>light</svg></span>'
    )
    assert "only-dark" in dark.astext() and "<svg>dark</svg>" in dark.astext() and other["uri"] == "b.svg"


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("so ", ", and", ["so ", "x,", " and"]),
        ("see (", "). More", ["see ", "(x).", " More"]),
        ("", "-axis", ["x-", "axis"]),
    ],
)
def test_no_line_breaks_between_a_formula_and_its_punctuation(before, after, kept):
    document = new_document("page")
    document += nodes.paragraph("", "", nodes.Text(before), nodes.math("", "x"), nodes.Text(after))
    text.keep_punctuation(document)
    pieces = [child.astext() for child in document[0].children if child.astext()]
    assert pieces == kept
    (together,) = document.findall(nodes.inline)
    assert together["classes"] == ["unbroken"] and together.astext() in kept


def test_a_formula_between_words_stays_as_it_is():
    document = new_document("page")
    document += nodes.paragraph("", "", nodes.Text("the "), nodes.math("", "x"), nodes.Text(" axis"))
    text.keep_punctuation(document)
    assert [type(child) for child in document[0].children] == [nodes.Text, nodes.math, nodes.Text]


def test_a_page_keeps_one_of_each_script_and_none_of_thebe():
    wanted = '<script src="a.js"></script>'
    html = (
        f'{wanted}{wanted}<script async="async" src="sphinx-thebe.js"></script><script>kernelName = "python3"</script>'
        '<script defer src="_static/scripts/fontawesome.js?digest=1"></script><script src="searchindex.js"></script>'
        "<script>const THEBE_JS_URL = 1</script>"
    )
    assert assets.clean_page(html) == wanted


def test_a_module_of_a_widget_is_kept_even_twice():
    module = '<script type="application/json">{"same": 1}</script>'
    assert assets.clean_page(module * 2) == module * 2


def test_a_page_keeps_one_title_and_the_names_of_its_folded_cells():
    text = '<div id="searchbox"></div><details><summary><p>Show the code</p></summary></details>'
    paper = '<div id="jb-print-docs-body" class="onlyprint"><h1>Title</h1><div>Contents</div></div>'
    labelled = text.replace("<summary>", '<summary aria-label="Toggle hidden content">')
    assert assets.clean_page(paper + labelled) == text


def test_a_changed_style_is_a_changed_setting_of_every_page(tmp_path):
    style = tmp_path / "fonts" / "book.css"
    style.parent.mkdir()
    keys = []
    for rule in ("p {}", "p {}", "a {}"):
        style.write_text(rule)
        keys.append(assets.static_key([tmp_path]))
    assert keys[0] == keys[1] != keys[2]


def test_colors_are_those_of_the_figures():
    from vae_utils.plots import COLORS, DARK_COLORS

    light, dark = assets.color_css().split('html[data-theme="dark"]')
    assert all(f"--vae-{name}: {value};" in light for name, value in COLORS.items())
    assert all(f"--vae-{name}: {value};" in dark for name, value in DARK_COLORS.items())


def test_the_formulas_that_pages_hold_are_written_for_the_cards(tmp_path):
    env, app = SimpleNamespace(), SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path)
    app.env = env
    for name, tag in (("chapters/01_a", "1.1"), ("chapters/02_b", "2.1")):
        document = new_document(name)
        document += nodes.math_block("", f"{name[-1]} < \\beta \\tag{{{tag}}}")
        text.collect_tags(env, name, document)
    text.forget_tags(app, env, "chapters/02_b")
    (tmp_path / "_static").mkdir()
    text.write_formulas(app, None)
    written = (tmp_path / "_static" / "formulas.js").read_text()
    assert written == 'window.vaeFormulas = {"1.1":"a < \\\\beta"};\n'
