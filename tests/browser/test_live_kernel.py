"""A widget in JupyterLab with a real kernel: Python moves the slider, and the slider is seen in Python."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

pytest.importorskip("jupyterlab")
pytestmark = pytest.mark.browser

CELLS = [
    "from vae_utils import widgets\nw = widgets.KL(mu=0.5)\nheard = []\nw.observe(heard.append, 'mu')\nw",
    "w.mu = 2.25",
    "print('seen', w.mu, heard[-1])",
    "w.mu = 99",
    "print('kept', w.mu)\nwidgets.Playground(data='digits')",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that has one notebook, and nothing of this machine's own settings."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), folder / "live.ipynb")
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


@pytest.fixture
def notebook(chromium, lab):
    """The open notebook's page, with `run(i)` that executes one cell."""
    context = chromium.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.content?.widgets?.length", timeout=90_000)
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'", timeout=90_000
    )

    def run(i):
        page.evaluate(
            """async (i) => {
              window.jupyterapp.shell.currentWidget.content.activeCellIndex = i;
              await window.jupyterapp.commands.execute("notebook:run-cell");
            }""",
            i,
        )

    yield page, run
    context.close()


def output(page, i):
    return page.locator(".jp-CodeCell").nth(i).locator(".jp-OutputArea-output").first


def test_traits_travel_both_ways(notebook):
    page, run = notebook
    run(0)
    widget = page.locator(".vae-widget").first
    field = widget.get_by_label("mu, mean of q, as a number")
    field.wait_for(timeout=60_000)
    assert field.input_value() == "0.5"
    assert "KL(q\u2016p) in nats" in widget.locator(".vae-readout").inner_text()

    run(1)
    page.wait_for_function("document.querySelector('.vae-slider input[type=text]').value === '2.25'")
    assert widget.locator("input[type=range]").first.input_value() == "2.25"

    field.fill("-1.5")
    field.press("Enter")
    widget.locator("input[type=range]").first.press("ArrowRight")
    page.wait_for_timeout(1500)
    run(2)
    output(page, 2).wait_for()
    assert output(page, 2).inner_text().strip() == "seen -1.49 -1.49"

    run(3)
    output(page, 3).wait_for()
    assert "mu must lie between -4 and 4, got 99" in output(page, 3).inner_text()
    assert field.input_value() == "-1.49"


def test_the_playground_trains_under_a_kernel(notebook):
    page, run = notebook
    run(0)
    run(4)
    playground = page.locator(".vae-widget").nth(1)
    playground.get_by_role("button", name="Run", exact=True).click(timeout=60_000)
    page.wait_for_function(
        """() => {
          const shown = document.querySelectorAll(".vae-widget .vae-readout")[1];
          const words = shown?.innerText.split("\\n") ?? [];
          return Number(words[words.indexOf("step") + 1]) > 30;
        }""",
        timeout=60_000,
    )
    playground.get_by_role("button", name="Pause", exact=True).click()
