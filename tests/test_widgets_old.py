"""The widgets under ipywidgets 7.7, the version of Colab, in an environment of its own with a real kernel."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest
from jupyter_client import KernelManager

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".cache" / "ipywidgets7"
PACKAGES = ["ipywidgets==7.7.5", "anywidget==0.11.0", "ipykernel==6.29.5", "numpy>=1.26"]

CODE = """
import sys, ipywidgets
sys.path.insert(0, {root!r})
from vae_utils import widgets
w = widgets.KL(mu=0.5)
display(w)
heard = []
w.observe(heard.append, "mu")
w.mu = 2.25
w.live().set_state({{"mu": -1.5}})
print(ipywidgets.__version__, w.mu, heard, "torch" in sys.modules)
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


def test_a_widget_is_shown_and_heard_under_ipywidgets_7(old_python, tmp_path):
    manager = KernelManager()
    manager.kernel_spec.argv = [str(old_python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager.start_kernel(cwd=tmp_path)
    client = manager.client()
    client.start_channels()
    messages = []
    try:
        client.wait_for_ready(60)
        client.execute_interactive(CODE.format(root=str(ROOT)), timeout=60, output_hook=messages.append)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    kinds = {message["msg_type"] for message in messages}
    assert "error" not in kinds, messages
    opened = [message["content"]["data"]["state"] for message in messages if message["msg_type"] == "comm_open"]
    (state,) = [state for state in opened if "_esm" in state]
    assert state["_model_module"] == "anywidget" and state["mu"] == 0.5 and "export default" in state["_esm"]
    shown = next(m["content"]["data"] for m in messages if m["msg_type"] == "display_data")
    assert "application/vnd.jupyter.widget-view+json" in shown and "text/html" not in shown
    printed = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")
    assert printed.strip() == "7.7.5 -1.5 [2.25, -1.5] False"
