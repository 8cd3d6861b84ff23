"""Widgets in JupyterLab with a real kernel: Python moves each control, and each control is seen in Python."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from test_widgets_live import press
from visit import PATIENCE
from widget_page import CONTROLS, name_of, readout

from vae_utils import widgets
from vae_utils.widgets.parts.fields import Choice, Flag, Number, Whole

pytest.importorskip("jupyterlab")
pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
NAMES = [name for name in widgets.__all__ if name != "Widget"]
# Fields that describe what was packed, or how it starts, which no reader turns.
PACKED = {
    "ClassStyle": {"activation", "rounding"},
    "CodebookPainter": {"activation", "hidden", "rounding", "rounding_nats"},
    "CollapseFilm": {"steps", "ceiling"},
    "FactorSliders": {"activation", "rounding"},
    "FrontMap": {"activation", "rounding", "wander"},
    "Ladder": {"activation", "rounding"},
    "LatentDiffusion": {"activation"},
    "LatentExplorer": {"activation", "rounding"},
    "PriorWorkshop": {"activation", "rounding"},
}
# Fields that a button turns, or only Python.
WITHOUT_CONTROL = {
    "CodebookPainter": {"fills"},
    "ForwardReverse": {"draw"},
    "ImportanceBound": {"draw", "log_evidence"},
    "Lab": {"kernel", "running"},
    "Ladder": {"top", "bottom"},
    "LatentDiffusion": {"first"},
    "Playground": {"kernel", "running", "seed"},
    "PriorWorkshop": {"draw"},
    "Reparameterization": {"seed"},
    "SideBySide": {"running", "seed"},
}
# Lists that a reader turns, too.
LISTS = {
    "CodebookPainter": {"cells", "held"}, "ForwardReverse": {"centers"}, "Lab": {"code"}, "PriorWorkshop": {"centers"},
}  # fmt: skip
KNOTS = {f"knot_{i}" for i in range(1, 6)}  # seen where the map is bent by hand; the read-out speaks of one place alone
SEARCH = """async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code, store_history: false });
  let printed = "";
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") printed += content.text;
    if (header.msg_type === "error") printed += `${content.ename}: ${content.evalue}`;
  };
  await future.done;
  return printed.trim();
}"""
SHOW = """async (code) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = 0;
  content.widgets[0].model.sharedModel.setSource(code);
  await window.jupyterapp.commands.execute("notebook:run-cell");
}"""
VALUES = """(root) => [...root.querySelectorAll(".vae-body input, .vae-body select, [role=slider]")].map((e) =>
  e.getAttribute("aria-valuetext") ?? (["radio", "checkbox"].includes(e.type) ? e.checked : e.value))"""


class Notebook:
    """An open notebook of one cell: `show(code)` runs it there, `ask(code)` returns what it prints."""

    def __init__(self, page):
        self.page = page

    def ask(self, code):
        return self.page.evaluate(SEARCH, code)

    def show(self, code):
        self.page.evaluate(SHOW, code)
        return self.page.locator(".jp-CodeCell .jp-OutputArea").first

    def widget(self, code):
        """The widget that `code` makes as `w`, shown and alive."""
        root = self.show(f"from vae_utils import widgets\nw = {code}\nw").locator(".vae-widget")
        root.locator(".vae-readout > *").first.wait_for()
        return root

    def state(self, names):
        return json.loads(self.ask(f"import json; print(json.dumps({{n: getattr(w, n) for n in {sorted(names)!r}}}))"))

    def until(self, true):
        """What `true()` returns, as soon as it is true; or what it returned at last, when patience is over."""
        end = time.monotonic() + PATIENCE
        while not (answer := true()) and time.monotonic() < end:
            self.page.wait_for_timeout(60)
        return answer


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that has one notebook, and nothing of this machine's own settings."""
    folder = tmp_path_factory.mktemp("lab")
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")], metadata=metadata)
    nbformat.write(book, folder / "live.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    private = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    settings = {"ServerApp.token": "", "ServerApp.password": "", "ServerApp.port": port, "ServerApp.root_dir": folder}
    settings |= {"ServerApp.allow_root": True, "ServerApp.open_browser": False, "LabApp.expose_app_in_browser": True}
    command = [sys.executable, "-m", "jupyter", "lab", *(f"--{name}={value}" for name, value in settings.items())]
    environment = {k: v for k, v in os.environ.items() if k != "VAE_BOOK"} | private
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    address = f"http://127.0.0.1:{port}"
    wait_for(address, folder / "server.log")
    yield f"{address}/lab/tree/live.ipynb"
    server.terminate()
    server.wait(20)


def wait_for(address, log):
    for _ in range(120):
        try:
            json.load(urllib.request.urlopen(f"{address}/api", timeout=2))
            return
        except OSError:
            time.sleep(0.5)
    pytest.fail(log.read_text())


@pytest.fixture(scope="module")
def notebook(chromium, lab):
    """The one open notebook of this file, with its kernel at rest."""
    context = chromium.new_context(viewport={"width": 1200, "height": 1000})
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.content?.widgets?.length")
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'")
    yield Notebook(page)
    context.close()


def made(name):
    kind = getattr(widgets, name)
    return getattr(kind, "example", kind)(), f"widgets.{name}{'.example' * hasattr(kind, 'example')}()"


def turned(name):
    """The fields of a widget that a reader or Python turns, by name."""
    kinds = (Number, Whole, Choice, Flag)
    fields = {n: field for n, field in getattr(widgets, name).fields().items() if isinstance(field, kinds)}
    return {n: field for n, field in fields.items() if n not in PACKED.get(name, ())}


def other(widget, name, field):
    """A value that the field may take, and that the page cannot mistake for the one it has."""
    now = getattr(widget, name)
    if isinstance(field, Flag):
        return not now
    if isinstance(field, Choice):
        return field.options[0] if now != field.options[0] else field.options[1]
    if (name, widget.module) == ("row", "lab"):  # there may be no more than 30
        return 7
    if (name, widget.module) in {("beta", "beta_sweep"), ("step", "beta_sweep")}:  # only trained ones are shown
        return type(now)((widget.betas if name == "beta" else widget.steps)[0])
    low, high = field.low, min(field.high, field.low + 40)
    return type(now)(round(low + (0.25 if now > (low + high) / 2 else 0.75) * (high - low), 2))


@pytest.mark.parametrize("name", NAMES)
def test_python_moves_every_control_and_readout(notebook, name):
    widget, code = made(name)
    root = notebook.widget(code)
    for field, kind in turned(name).items():
        value = "by hand" if (name, field) == ("Transformation", "map") else other(widget, field, kind)
        before, words = root.evaluate(VALUES), readout(root)
        assert notebook.ask(f"w.{field} = {value!r}") == ""
        if field not in KNOTS:
            assert notebook.until(lambda: readout(root) != words), f"{field} = {value!r} leaves the read-out as it was"  # noqa: B023
        if field not in WITHOUT_CONTROL.get(name, ()):
            moved = notebook.until(lambda: root.evaluate(VALUES) != before)  # noqa: B023
            assert moved, f"{field} = {value!r} leaves every control as it was"
        assert notebook.state([field]) == {field: value}


def turn(page, control):
    """Use one control with keys alone."""
    if control.evaluate("e => e.tagName === 'FIELDSET'"):
        control = control.query_selector("input:checked")
    control.focus()
    press(page, control)


@pytest.mark.parametrize("name", NAMES)
def test_every_control_is_seen_in_python(notebook, name):
    _, code = made(name)
    root = notebook.widget(code)
    fields = turned(name)
    every = {*fields, *LISTS.get(name, ())}
    notebook.ask(f"heard = set(); w.observe(lambda change: heard.add(change.name), names={sorted(fields)!r})")
    changed = set()
    for control in root.locator(CONTROLS).element_handles():  # handles: a choice may hide other controls
        if control.evaluate("e => e.tagName === 'BUTTON' && e.getAttribute('role') !== 'slider'"):
            continue
        before = notebook.state(every)
        turn(notebook.page, control)
        assert notebook.until(lambda: notebook.state(every) != before), f"{name_of(control)!r} is not seen in Python"  # noqa: B023
        notebook.page.wait_for_timeout(60)
        after = notebook.state(fields)
        changed |= {n for n in fields if after[n] != before[n]}
    assert changed == set(fields) - WITHOUT_CONTROL.get(name, set())
    assert changed <= set(json.loads(notebook.ask("print(json.dumps(sorted(heard)))")))


def test_the_readout_stands_in_boxes_whatever_jupyterlab_does_to_lists(notebook):
    boxes = notebook.widget("widgets.KL()").evaluate(
        """root => [...root.querySelectorAll(".vae-readout > div")].map((box) => {
          const [outer, inner] = [box, box.querySelector("dd")].map((element) => element.getBoundingClientRect());
          return [outer.left, outer.top, outer.right - inner.right, outer.bottom - inner.bottom];
        })"""
    )
    assert len({(left, top) for left, top, *_ in boxes}) == len(boxes) == 4
    assert all(room >= 0 for _, _, *inside in boxes for room in inside)


def test_the_typed_number_arrives_and_a_wrong_value_is_refused(notebook):
    root = notebook.widget("widgets.KL(mu=0.5)")
    field = root.get_by_label("\u03bc, mean of q, as a number")
    assert field.input_value() == "0.5"
    assert "KL(q\u2016p) in nats" in readout(root)
    notebook.ask("heard = []; w.observe(lambda change: heard.append(change.new), names='mu'); w.mu = 2.25")
    assert notebook.until(lambda: field.input_value() == "2.25")
    assert root.locator("input[type=range]").first.input_value() == "2.25"
    field.fill("-1.5")
    field.press("Enter")
    root.locator("input[type=range]").first.press("ArrowRight")
    assert notebook.until(lambda: notebook.ask("print(w.mu, heard[-1])") == "-1.49 -1.49")
    assert "mu: got 99, expected a number from -4 to 4" in notebook.ask("w.mu = 99")
    assert field.input_value() == "-1.49"


def test_the_playground_trains_under_a_kernel_and_python_can_stop_it(notebook):
    root = notebook.widget("widgets.Playground(data='digits')")

    def step():
        words = readout(root).split("\n")
        return int(words[words.index("step") + 1])

    root.get_by_role("button", name="Run", exact=True).click()
    assert notebook.until(lambda: step() > 30)
    assert notebook.state(["running"]) == {"running": True}
    notebook.ask("w.running = False")
    root.get_by_role("button", name="Run", exact=True).wait_for()
    assert notebook.until(lambda: "paused" in readout(root))


def retraining():
    """The cell of chapter 4 that makes the control, after what it needs of the cells before it."""
    chapter = nbformat.read(ROOT / "chapters" / "04_reparameterization.ipynb", as_version=4)
    sources = [cell.source for cell in chapter.cells if cell.cell_type == "code"]

    def cell(words):
        (found,) = [source for source in sources if words in source]
        return found

    needed = [cell("\nimport ipywidgets"), cell("x, arm = "), cell("\ndef terms(").split("\n")[0]]
    return "\n".join([*needed, cell("def arms(").split("\n\n\n")[0], cell("def live_control")])


def test_the_kernel_retrains_at_the_beta_of_the_reader(notebook):
    output = notebook.show(retraining())
    slider = output.get_by_role("slider").first
    slider.wait_for()
    for _ in range(3):
        slider.press("ArrowRight")
    assert notebook.until(lambda: output.locator(".widget-readout").first.inner_text() != "1.00")
    beta = output.locator(".widget-readout").first.inner_text()
    output.get_by_role("button", name="Train with this beta").click()
    bar = output.locator(".progress-bar")
    assert notebook.until(lambda: float(bar.evaluate("e => parseFloat(e.style.width)")) > 1)
    picture = output.locator("svg").first
    picture.wait_for()
    assert bar.evaluate("e => e.style.width") == "100%"
    assert float(beta) > 1
    assert f"at beta {float(beta):.2f}" in output.inner_text()
