"""The executed chapters to take along: their outputs, the menus that lead to them, and how a version publishes them."""

import base64
import html
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import nbformat
import pytest
import yaml

from vae_book import results
from vae_utils import __version__, plots, widgets
from vae_utils.surroundings import for_a_static_page

ROOT = Path(__file__).resolve().parent.parent
PLACE = "https://me.github.io/book/chapters/03_kl.html"


def figure() -> str:
    shape, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, 1], color=plots.COLORS["kl"])
    with for_a_static_page():
        return plots.show(shape, alt="A line & its <slope>.", caption="It *rises*.")._repr_html_()


def drawing(shown: str) -> ElementTree.Element:
    """The one image, read as a browser would that knows nothing of the page around it."""
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', shown)
    return ElementTree.fromstring(base64.b64decode(data))


def test_a_figure_is_an_image_that_needs_no_trust():
    shown = results.without_page(figure(), PLACE)
    assert drawing(shown).tag.endswith("svg") and "<svg" not in shown
    assert 'alt="A line &amp; its &lt;slope&gt;."' in shown and 'width="192"' in shown
    assert shown.endswith("<p><em>It <em>rises</em>.</em></p>")


def test_a_widget_is_its_still_and_says_where_it_moves():
    with for_a_static_page():
        shown = results.without_page(widgets.KL().to_html(), PLACE)
    assert drawing(shown).tag.endswith("svg") and "<script" not in shown and len(shown) < 40_000
    assert html.escape(widgets.KL().sentence) in shown and f'href="{PLACE}#widget-kl"' in shown


def test_a_widget_without_a_still_keeps_its_sentence():
    shown = '<div class="vae-widget" id="w-1" data-widget="front_map">'
    shown += "<noscript><p>A &lt; b. This figure moves when</p></noscript>"
    assert results.without_page(shown, PLACE).startswith("<p>A &lt; b. It moves <a href=")
    assert "#widget-front-map" in results.without_page(shown, PLACE)


def test_other_html_stays():
    assert results.without_page("<table>1</table>", PLACE) == "<table>1</table>"


def executed():
    cells = [nbformat.v4.new_markdown_cell("# T"), nbformat.v4.new_code_cell("1"), nbformat.v4.new_code_cell("2")]
    stream = {"output_type": "stream", "name": "stdout", "text": "one\n"}
    value = {"output_type": "execute_result", "metadata": {}, "execution_count": 9, "data": {"text/html": figure()}}
    return results.with_results(nbformat.v4.new_notebook(cells=cells), [[stream], [value]], PLACE)


def test_a_notebook_gets_its_outputs_counts_and_is_valid():
    made = executed()
    nbformat.validate(made)
    _, first, second = made.cells
    assert first.outputs[0].text == "one\n" and (first.execution_count, second.execution_count) == (1, 2)
    assert second.outputs[0].execution_count == 2 and "data:image/svg+xml" in second.outputs[0].data["text/html"]
    assert [cell.source for cell in made.cells] == ["# T", "1", "2"]


OPTIONS = {
    "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    "repository_url": "https://github.com/me/book",
    "repository_branch": "v1",
}


def menus(name: str, launch: bool = True) -> dict:
    buttons = [{"type": "group", "label": "download-buttons", "buttons": [{"text": ".ipynb"}, {"text": ".pdf"}]}]
    buttons += (
        [{"type": "group", "label": "launch-buttons", "buttons": [{"text": "Colab", "url": "u"}]}] if launch else []
    )
    context = {
        "header_buttons": [*buttons, {"type": "javascript", "label": "full"}],
        "pathto": lambda path, _: f"../{path}",
    }
    env = SimpleNamespace(vae_output_keys={"chapters/03_kl": "k", "chapters/lab": "l"})
    app = SimpleNamespace(env=env, config=SimpleNamespace(html_theme_options=OPTIONS))
    results.offer(app, name, "", context, None)
    return {group["label"]: [(b["text"], b.get("url")) for b in group["buttons"]] for group in buttons}


def test_the_menus_offer_both():
    colab = "https://colab.research.google.com/github/me/book/blob/results-v1/03_kl.ipynb"
    assert menus("chapters/03_kl") == {
        "download-buttons": [(".ipynb", None), (".ipynb, with results", "../results/03_kl.ipynb"), (".pdf", None)],
        "launch-buttons": [("Colab", "u"), ("Colab, with results", colab)],
    }
    assert len(menus("chapters/03_kl", launch=False)["download-buttons"]) == 3


@pytest.mark.parametrize("name", ["chapters/lab", "chapters/glossary"])
def test_what_is_no_chapter_has_no_results(name):
    assert [len(buttons) for buttons in menus(name).values()] == [2, 1]


@pytest.mark.skipif(not shutil.which("git") or os.name == "nt", reason="runs the lines of the workflow in a shell")
def test_the_workflow_puts_them_where_colab_is_sent(tmp_path):
    steps = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text(encoding="utf8"))["jobs"]["deploy"]["steps"]
    publish = next(index for index, step in enumerate(steps) if "git push" in step.get("run", ""))
    assert "deploy-pages" in steps[publish + 1]["uses"], "no page leads to a branch that is not there yet"

    (tmp_path / "html" / "results").mkdir(parents=True)
    (tmp_path / "html" / "results" / "03_kl.ipynb").write_text("{}")
    with tarfile.open(tmp_path / "artifact.tar", "w") as archive:
        archive.add(tmp_path / "html", ".")
    subprocess.run(["git", "init", "--quiet", "--bare", "remote"], cwd=tmp_path, check=True)
    environment = os.environ | {"REMOTE": str(tmp_path / "remote"), "GITHUB_REF_NAME": f"v{__version__}"}
    command = ["bash", "-e", "-c", steps[publish]["run"]]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)

    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))
    branch = results.in_colab(OPTIONS | {"repository_branch": config["repository"]["branch"]}, "03_kl.ipynb").split(
        "/"
    )[-2]
    listed = ["git", "--git-dir=remote", "ls-tree", "--name-only", branch]
    assert subprocess.run(listed, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == "03_kl.ipynb\n"
