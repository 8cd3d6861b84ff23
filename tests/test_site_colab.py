"""A rehearsal of Colab: one notebook in an empty folder, big libraries there, the package not."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "chapters").glob("[0-9][0-9]_*.ipynb"))
RUN = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
client = NotebookClient(notebook, timeout=600, kernel_name="python3", extra_arguments=["--log-level=ERROR"])
client.execute()
probe = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import vae_utils; print(vae_utils.__file__)")])
NotebookClient(probe, kernel_name="python3", extra_arguments=["--log-level=ERROR"]).execute()
print(probe.cells[0].outputs[0].text)
"""


def quickest_chapter() -> Path:
    try:
        times = json.loads((ROOT / "_build" / "chapter_times.json").read_text(encoding="utf8"))
    except FileNotFoundError:
        times = {}
    return min(CHAPTERS, key=lambda path: times.get(path.stem, {}).get("cpu_seconds", 1000.0))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, "."]
    subprocess.run(list(map(str, command)), cwd=ROOT, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def colab(tmp_path_factory) -> Path:
    """The Python of an environment with every library but the package, and with a module google.colab."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder, with_pip=True)
    # venv's own setuptools would hide the newer one that PyTorch asks for.
    subprocess.run([folder / "bin" / "python", "-m", "pip", "uninstall", "-qy", "setuptools"], check=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    (packages / "google" / "colab").mkdir(parents=True)
    (packages / "google" / "colab" / "__init__.py").write_text("")
    return folder / "bin" / "python"


def test_the_wheel_holds_the_whole_package(wheel):
    import zipfile

    held = set(zipfile.ZipFile(wheel).namelist())
    source = [p for p in (ROOT / "vae_utils").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    missing = {p.relative_to(ROOT).as_posix() for p in source} - held
    assert missing == set()


@pytest.mark.skipif(os.name == "nt", reason="the layout of the environment is that of Unix")
@pytest.mark.skipif(not CHAPTERS, reason="there is no chapter yet")
def test_the_first_cell_installs_and_the_rest_runs(colab, wheel, tmp_path):
    chapter = quickest_chapter()
    (tmp_path / chapter.name).write_bytes(chapter.read_bytes())
    environment = {**os.environ, "VAE_UTILS_INSTALL": str(wheel), "PIP_NO_INDEX": "1", "IPYTHONDIR": str(tmp_path)}
    environment.pop("PYTHONPATH", None)
    absent = subprocess.run([colab, "-c", "import vae_utils"], cwd=tmp_path, env=environment, capture_output=True)
    assert absent.returncode != 0, "the rehearsal must begin without the package"

    command = [colab, "-c", RUN, chapter.name]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    assert str(colab.parent.parent) in result.stdout, "the chapter ran with another copy of the package"
