"""The judge of the tests: a mutant that no test sees is said to survive, one that a test sees is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import mutation

SOURCE = "def double(z, by=2):\n    return by * z\n\n\ndef unseen(z):\n    return z + 1\n"
TEST = "from vae_utils.fake import double\n\n\ndef test_double():\n    assert double(3) == 6\n"
TRY = """
import sys
from pathlib import Path
import vae_utils
from tools import mutation
mutation.ROOT = Path(sys.argv[1])
vae_utils.__path__[:] = [str(mutation.ROOT / "vae_utils")]
module, source = sys.argv[2:]
mutation.judge(lambda trials: print(trials.survives(module, source), trials.noticed), [module])
"""


@pytest.fixture
def root(tmp_path):
    for module in ("fake.py", "folder/__init__.py", "folder/part.py"):
        (tmp_path / "vae_utils" / module).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "vae_utils" / module).write_text(SOURCE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_fake.py").write_text(TEST)
    (tmp_path / "tests" / "test_folder.py").write_text(TEST.replace(".fake", ".folder"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "old", "new", "expected"),
    [
        ("fake", "", "", "True []"),
        ("fake", "by * z", "by + z", "False ['tests/test_fake.py::test_double']"),
        ("fake", "by=2", "by=3", "False ['tests/test_fake.py::test_double']"),
        ("fake", "z + 1", "z - 1", "True []"),
        ("folder/__init__", "by * z", "by + z", "False ['tests/test_folder.py::test_double']"),
    ],
)
def test_a_mutant_survives_unless_a_test_fails(root, module, old, new, expected):
    command = [sys.executable, "-c", TRY, str(root), module, SOURCE.replace(old, new) if old else SOURCE]
    done = subprocess.run(command, cwd=mutation.ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == expected, done.stderr


def test_a_folder_stands_for_its_modules(root, monkeypatch):
    monkeypatch.setattr(mutation, "ROOT", root)
    assert mutation.modules("folder") == ["folder/__init__", "folder/part"]
    assert mutation.modules("folder/part") == ["folder/part"]
    assert mutation.modules("fake") == ["fake"]
    with pytest.raises(SystemExit, match="other: expected a module or a folder"):
        mutation.modules("other")


def test_the_tests_of_a_module_come_before_those_of_its_folder(monkeypatch, tmp_path):
    (tmp_path / "tests").mkdir()
    for name in ("models", "models_linear", "training"):
        (tmp_path / "tests" / f"test_{name}.py").write_text("")
    monkeypatch.setattr(mutation, "ROOT", tmp_path)
    stages = [[Path(path).name for path in stage] for stage in mutation.suites("models/linear")]
    assert stages == [["test_models_linear.py", "test_models.py"], ["test_training.py"]]
