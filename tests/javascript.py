"""Calls a function of one of the widgets' modules from Python: under Node where it is, in Chromium otherwise."""

import json
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NODE = shutil.which("node")

CALL = """import { readFileSync } from "node:fs";
const { path, name, argument } = JSON.parse(readFileSync(0, "utf8"));
const result = await (await import(path))[name](argument);
process.stdout.write(JSON.stringify(result));"""


class Files(SimpleHTTPRequestHandler):
    def guess_type(self, path):
        return "text/javascript" if str(path).endswith(".mjs") else super().guess_type(path)

    def log_message(self, *arguments):
        """Say nothing."""


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
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    from widget_page import CHROMIUM, FLAGS

    if CHROMIUM is None:
        pytest.skip("neither Node nor Chromium on this machine")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(ROOT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with playwright.sync_playwright() as started:
        page = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS).new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/tests/js/")
        code = "async ([path, name, argument]) => (await import(path))[name](argument)"
        result = page.evaluate(code, [f"/{path}", name, argument])
    server.shutdown()
    return result
