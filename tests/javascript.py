"""Calls a function of one of the widgets' modules from Python: under Node where it is, in Chromium otherwise."""

import atexit
import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from file_server import served

ROOT = Path(__file__).resolve().parent.parent
NODE = shutil.which("node")

ANSWER = """import { createInterface } from "node:readline";
const answer = async ({ path, name, argument }) => (await import(path))[name](argument);
for await (const order of createInterface({ input: process.stdin })) {
  const said = await answer(JSON.parse(order)).then((result) => ({ result }), (error) => ({ error: error.stack }));
  process.stdout.write(`${JSON.stringify(said)}\\n`);
}"""


def call(path: str, name: str, argument):
    """The JSON result of the exported function `name(argument)` of the module at `path`, relative to the repository."""
    return _in_node(path, name, argument) if NODE else _in_chromium(path, name, argument)


@functools.cache
def _node(asker: int):
    """One process answers all calls of one that asks, a line each, until its input is closed."""
    command = [NODE, "--input-type=module", "-e", ANSWER]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process


def _in_node(path, name, argument):
    order = json.dumps({"path": (ROOT / path).as_uri(), "name": name, "argument": argument})
    node = _node(os.getpid())
    print(order, file=node.stdin, flush=True)
    said = json.loads(node.stdout.readline())
    assert "result" in said, said.get("error")
    return said["result"]


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
