"""Folded code says how much there is; figures and widgets have addresses that stay."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from vae_book import cells

FIGURE = '<figure class="vae-figure"><svg></svg><figcaption>A hill.</figcaption></figure>'
WIDGET = '<div class="vae-widget" id="vae-{0}-1f2e" data-widget="{0}"></div>'


def cell(code: str, **folded) -> nodes.container:
    source = nodes.container("", nodes.literal_block(code, code), nb_element="cell_code_source")
    return nodes.container("", source, nb_element="cell_code", **folded)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("# Solution 2.1\nx = 1", "Show the solution"),
        ("# @title Solution 2.1\nx = 1", "Show the solution"),
        ("import importlib.util\nimport os", "Show the setup"),
        ("x = 1", "code, 1 line"),
        ("x = 1\n\ny = 2\n", "code, 3 lines"),
    ],
)
def test_folded_cells_say_what_they_hold(code, shown):
    document = new_document("page")
    document += cell(code, prompt_show="Show", prompt_hide="Hide")
    cells.fold_code(document)
    assert document[0]["prompt_show"] == shown
    assert document[0]["prompt_hide"] == shown.replace("Show", "Hide")


def test_an_open_cell_gets_a_fold_around_its_code_alone():
    document = new_document("page")
    document += cell("x = 1\ny = 2")
    output = nodes.container("", nb_element="cell_code_output")
    document[0] += output
    cells.fold_code(document)
    fold, last = document[0]
    assert isinstance(fold, cells.CodeFold) and fold["label"] == "code, 2 lines" and last is output
    assert fold[0]["nb_element"] == "cell_code_source"


def addressed(docname: str, *outputs: str) -> list[str]:
    document = new_document("page")
    for html in outputs:
        document += nodes.raw("", html, format="html")
    cells.give_addresses(document, docname)
    return [node.astext() for node in document.findall(nodes.raw)]


def test_figures_are_numbered_by_chapter_and_named_in_their_captions():
    first, other, second = addressed("chapters/06_posterior_collapse", FIGURE, "<p>text</p>", FIGURE)
    assert first.startswith('<figure class="vae-figure" id="figure-6-1"><svg>')
    assert '<figcaption><a class="figure-number" href="#figure-6-1">Figure 6.1.</a> A hill.' in first
    assert 'id="figure-6-2"' in second and other == "<p>text</p>"
    assert addressed("chapters/benchmarks", FIGURE) == [FIGURE]


def test_a_widget_is_found_by_its_name_whatever_its_data():
    first, film, again = addressed("chapters/03_kl", *(WIDGET.format(name) for name in ("kl", "collapse_film", "kl")))
    assert 'id="widget-kl"' in first and 'id="widget-collapse-film"' in film and 'id="widget-kl-2"' in again
    assert WIDGET.format("kl") in first
