"""Calls a function of one of the widgets' modules from Python: under Node where it is, in Chromium otherwise."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from file_server import served

ROOT = Path(__file__).resolve().parent.parent
NODE = shutil.which("node")

CALL = """import { readFileSync } from "node:fs";
const { path, name, argument } = JSON.parse(readFileSync(0, "utf8"));
const result = await (await import(path))[name](argument);
process.stdout.write(JSON.stringify(result));"""


def call(path: str, name: str, argument):
    """The JSON result of the exported function `name(argument)` of the module at `path`, relative to the repository."""
    return _in_node(path, name, argument) if NODE else _in_chromium(path, name, argument)


def _in_node(path, name, argument):
    order = json.dumps({"path": (ROOT / path).as_uri(), "name": name, "argument": argument})
    command = [NODE, "--input-type=module", "-e", CALL]
    done = subprocess.run(command, input=order, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _in_chromium(path, name, argument):
    playwright = pytest.importorskip("playwright.sync_api")
    from tools.screenshot import FLAGS, browser_path

    if browser_path() is None:
        pytest.skip("neither Node nor Chromium on this machine")
    with served(ROOT) as address, playwright.sync_playwright() as started:
        page = started.chromium.launch(executable_path=browser_path(), args=FLAGS).new_page()
        page.goto(f"{address}/tests/js/")
        code = "async ([path, name, argument]) => (await import(path))[name](argument)"
        return page.evaluate(code, [f"/{path}", name, argument])
