"""Chapters as text and back, always clean.

    python -m tools.notebook to-percent chapters/02_elbo.ipynb FILE.py    edit as text
    python -m tools.notebook from-percent FILE.py chapters/02_elbo.ipynb  and back, without outputs
    python -m tools.notebook run chapters/*.ipynb     execute; keep the text outputs that nbval compares
    python -m tools.notebook clean chapters/*.ipynb   the same, without executing

In the text form the setup cell, one form everywhere, is a cell tagged `setup` that holds the word SETUP.
"""

import sys
from pathlib import Path

import jupytext
import nbformat

from vae_utils import __version__

from .fork import current_address

ROOT = Path(__file__).resolve().parent.parent
CHECKED = "nbval-check-output"
KEEP = "keep_output"
SOLUTION = "# @title Solution"
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}  # in JupyterLab, and in Colab
SETUP = """\
import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("vae_utils") is None:  # in Colab, or wherever the package is missing
    address = os.environ.get("VAE_UTILS_INSTALL", "git+{repository}@v{version}")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", address], check=True)"""


def setup_source():
    """A chapter installs the version that it was written with."""
    return SETUP.replace("{repository}", current_address(ROOT)).replace("{version}", __version__)


def clean(notebook, name):
    """Deterministic ids and metadata, the setup cell filled in, and no outputs but the checked ones."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{name}-{number:02d}"
        tags = cell.metadata.get("tags", [])
        if "setup" in tags:
            cell.source, tags = setup_source(), ["setup", "hide-cell"]
        if CHECKED in tags and KEEP not in tags:
            tags = [*tags, KEEP]
        cell.metadata = {"tags": tags} if tags else {}
        if cell.source.startswith(SOLUTION):
            cell.metadata.update(FOLDED)
        if cell.cell_type == "code":
            kept = cell.outputs if CHECKED in tags else []
            cell.outputs = [_as_text(output) for output in kept if output.output_type != "error"]
            cell.execution_count = cell.execution_count if cell.outputs else None
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _as_text(output):
    output.metadata = {} if "data" in output else output.get("metadata")
    if output.metadata is None:
        del output["metadata"]
    return output


def execute(notebook, folder):
    from nbclient import NotebookClient

    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where).execute()
    return notebook


def save(notebook, path):
    nbformat.write(clean(notebook, Path(path).stem.split("_")[0]), path)


def main(command, *paths):
    if command == "to-percent":
        source, target = paths
        notebook = nbformat.read(source, as_version=4)
        for cell in notebook.cells:
            if "setup" in cell.metadata.get("tags", []):
                cell.source, cell.metadata["tags"] = "SETUP", ["setup"]
        jupytext.write(notebook, target, fmt="py:percent")
    elif command == "from-percent":
        source, target = paths
        save(jupytext.read(source, fmt="py:percent"), target)
    elif command in ("run", "clean"):
        for path in paths:
            notebook = nbformat.read(path, as_version=4)
            save(execute(notebook, Path(path).parent) if command == "run" else notebook, path)
            print(f"{command}: {path}")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["help"]))
