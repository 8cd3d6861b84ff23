"""The outputs of the chapters, kept under a key made of everything that can change them.

A chapter's outputs come from its code, from the pinned requirements, and from the files of the package that it loaded:
modules, and what a widget is bundled from. Which files those are, the kernel says at the end of a run; so an edit of a
widget executes the chapters that show it, and no other.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode

DATA_SUFFIXES = {".json", ".npz", ".safetensors"}

# Two pieces of code for the kernel, before and after a chapter. They leave no name in the chapter's namespace.
WATCH = """exec('''
import sys
sys._vae_opened = set()
sys.addaudithook(lambda event, arguments: sys._vae_opened.add(str(arguments[0])) if event == "open" else None)
''', {})"""
LOADED = """exec('''
import json, sys
from pathlib import Path
package = sys.modules.get("vae_utils")
root = Path(package.__file__).parent if package else None
files = {getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("vae_utils")}
paths = [Path(file) for file in files | sys._vae_opened if file]
inside = {path.relative_to(root).as_posix() for path in paths if root and path.is_relative_to(root) and path.is_file()}
names = sorted(name for name in inside if not name.endswith(".pyc"))
mnist = any("-idx3-ubyte" in file and Path(file).is_file() for file in sys._vae_opened)
print(json.dumps([str(root), names, "MNIST" if mnist else "scans"]))
''', {})"""


class NotKept(Exception):
    """Outputs that belong to no state of the package as it was at the beginning."""


def digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def contents(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


class OutputStore:
    """One JSON file a run, written by rename, so that several builds may share the folder.

    The name of the file is CODE-LOADED.json: hashes of the code and its ground, and of the files that the run loaded.
    """

    def __init__(self, root: Path):
        self.folder = root / "_build" / ".outputs"
        self.package = root / "vae_utils"
        self.files = {path.relative_to(self.package).as_posix(): contents(path) for path in self.sources()}
        self.ground = self.read_ground(root / "requirements.txt")

    def sources(self) -> Iterable[Path]:
        return (path for path in self.package.rglob("*") if path.is_file() and path.suffix != ".pyc")

    def read_ground(self, requirements: Path) -> str:
        """What every chapter depends on. Data may be read by compiled code, which the kernel does not see."""
        lines = requirements.read_text(encoding="utf8").splitlines() if requirements.is_file() else []
        pins = [line for line in lines if not line.startswith("#")]
        data = [item for item in sorted(self.files.items()) if Path(item[0]).suffix in DATA_SUFFIXES]
        return digest(sys.version, os.environ.get("VAE_DATA", ""), pins, data)

    def code_key(self, notebook: NotebookNode) -> str:
        """Prose does not enter the key, so that an edit of the text runs nothing."""
        return digest(self.ground, [cell.source for cell in code_cells(notebook)])

    def loaded_key(self, loaded: list[str]) -> str:
        return digest([(name, self.files.get(name)) for name in loaded])

    def find(self, notebook: NotebookNode) -> str | None:
        """The key of a kept run of this code with the files as they are now."""
        code = self.code_key(notebook)
        for path in sorted(self.folder.glob(f"{code}-*.json")):
            record = self.load(path.stem)
            if record and path.stem == f"{code}-{self.loaded_key(record['loaded'])}":
                return path.stem
        return None

    def load(self, key: str) -> dict | None:
        try:
            return json.loads((self.folder / f"{key}.json").read_text(encoding="utf8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def save(self, notebook: NotebookNode, loaded: str, record: dict) -> None:
        """Keeps a run; `loaded` is what LOADED printed. NotKept where the kernel had other files than these."""
        root, names, digits = json.loads(loaded)
        if names and Path(root).resolve() != self.package.resolve():
            raise NotKept(f"vae_utils: got {root}, expected {self.package}: run `pip install -e .` here")
        edited = [name for name in names if not self.unchanged(name)]
        if edited:
            raise NotKept(f"{edited[0]} of vae_utils was edited while the chapter ran; build again")
        key = f"{self.code_key(notebook)}-{self.loaded_key(names)}"
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / f"{key}.{os.getpid()}"
        beside.write_text(json.dumps({"loaded": names, "digits": digits, **record}), encoding="utf8")
        beside.replace(self.folder / f"{key}.json")

    def unchanged(self, name: str) -> bool:
        path = self.package / name
        return path.is_file() and contents(path) == self.files.get(name)

    def forget_old(self, keep: int = 60) -> None:
        files = sorted(self.folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
        for path in files[keep:]:
            path.unlink(missing_ok=True)
