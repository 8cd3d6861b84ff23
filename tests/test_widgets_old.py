"""The widgets under ipywidgets 7.7, the version of Colab, in an environment of its own with a real kernel."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from jupyter_client import KernelManager

from vae_utils import widgets
from vae_utils.widgets.parts.fields import Array, Choice, Flag, Number, Whole

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".cache" / "ipywidgets7"
NAMES = [name for name in widgets.__all__ if name != "Widget"]
PACKAGES = ["ipywidgets==7.7.5", "anywidget==0.11.0", "ipykernel==6.29.5", "numpy>=1.26"]

CODE = """
import json, sys, ipywidgets
sys.path.insert(0, {root!r})
sys.path.append({borrowed!r})  # scikit-learn, the source of the playground's digits, is all that is missing
from vae_utils import widgets
from vae_utils.widgets.parts.fields import Choice, Flag, Number, Whole

def other(now, field):
    if isinstance(field, Flag):
        return not now
    if isinstance(field, Choice):
        return next(option for option in field.options if option != now)
    return type(now)(field.low if now != field.low else field.low + 1)

for name in {names!r}:
    kind = getattr(widgets, name)
    w = getattr(kind, "example", kind)()
    display(w)
    for n, field in w.fields().items():
        if not isinstance(field, (Number, Whole, Choice, Flag)):
            continue
        heard, now = [], getattr(w, n)
        w.observe(lambda change: heard.append(change.new), names=n)
        new = other(now, field)
        setattr(w, n, new)
        w.live().set_state({{n: now}})
        print(json.dumps([name, n, heard == [new, now], getattr(w, n) == now]))
print(json.dumps(ipywidgets.__version__))
"""


@pytest.fixture(scope="module")
def old_python():
    """The Python of an environment with ipywidgets 7.7, made once and kept."""
    python = HOME / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if (HOME / "ready").is_file() and (HOME / "ready").read_text() == repr(PACKAGES):
        return python
    venv.create(HOME, with_pip=True, clear=True)
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"ipywidgets 7.7 cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    (HOME / "ready").write_text(repr(PACKAGES))
    return python


@pytest.fixture(scope="module")
def messages(old_python, tmp_path_factory):
    """Everything that an old kernel says while it shows each widget, and sets each field from both sides."""
    manager = KernelManager()
    manager.kernel_spec.argv = [str(old_python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager.start_kernel(cwd=tmp_path_factory.mktemp("old"))
    client = manager.client()
    client.start_channels()
    heard = []
    try:
        client.wait_for_ready(60)
        code = CODE.format(root=str(ROOT), borrowed=sysconfig.get_path("platlib"), names=NAMES)
        client.execute_interactive(code, timeout=120, output_hook=heard.append)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert not [m["content"] for m in heard if m["msg_type"] == "error"]
    return heard


def lines(messages):
    text = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")
    return [json.loads(line) for line in text.splitlines()]


def states(messages):
    """Each widget's first state, with the paths of what travelled beside it as raw bytes."""
    opened = [m["content"]["data"] for m in messages if m["msg_type"] == "comm_open"]
    opened = [data for data in opened if "_esm" in data["state"]]
    return dict(zip(NAMES, [(d["state"], {tuple(p) for p in d["buffer_paths"]}) for d in opened], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_widget_is_shown_under_ipywidgets_7(messages, name):
    state, raw = states(messages)[name]
    assert state["_model_module"] == "anywidget"
    assert "export default" in state["_esm"]
    assert ("worker_source" in state) == bool(getattr(widgets, name).worker)
    fields = getattr(widgets, name).fields()
    assert set(fields) <= set(state)
    assert {(n, "data") for n, field in fields.items() if isinstance(field, Array)} == raw
    shown = [m["content"]["data"] for m in messages if m["msg_type"] == "display_data"][NAMES.index(name)]
    assert "application/vnd.jupyter.widget-view+json" in shown


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_heard_from_both_sides_under_ipywidgets_7(messages, name):
    kinds = (Number, Whole, Choice, Flag)
    wanted = [n for n, field in getattr(widgets, name).fields().items() if isinstance(field, kinds)]
    assert [line[1:] for line in lines(messages)[:-1] if line[0] == name] == [[n, True, True] for n in wanted]
    sent = {key for m in messages if m["msg_type"] == "comm_msg" for key in m["content"]["data"].get("state", ())}
    assert set(wanted) <= sent


def test_the_old_version_is_the_one_tried(messages):
    assert lines(messages)[-1] == "7.7.5"
