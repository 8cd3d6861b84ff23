"""The repository's address stands in _config.yml; everywhere else it is written by one command."""

import re
import shutil
from pathlib import Path

import pytest

from tools import fork

ROOT = Path(__file__).resolve().parent.parent
NEW = "https://github.com/Somebody/my-own.book"


@pytest.fixture
def copy(tmp_path) -> Path:
    for pattern in fork.PATTERNS:
        for path in ROOT.glob(pattern):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(exist_ok=True)
            shutil.copy(path, target)
    return tmp_path


def own_addresses(root: Path) -> dict[str, set[str]]:
    """Addresses on GitHub that name a repository of the owner or of the name in force."""
    owner, name = fork.ADDRESS.fullmatch(fork.current_address(root)).groups()
    pattern = re.compile(rf"github\.com/(?:{re.escape(owner)}/[\w.-]+|[\w-]+/{re.escape(name)})")
    files = [path for p in fork.PATTERNS for path in root.glob(p)]
    return {path.name: set(pattern.findall(path.read_text(encoding="utf8"))) for path in files}


def test_every_mention_is_the_address_in_force():
    address = fork.current_address(ROOT).removeprefix("https://")
    found = own_addresses(ROOT)
    assert found["README.md"] and found["CITATION.cff"]
    for name, mentions in found.items():
        assert {m.removesuffix(".git") for m in mentions} <= {address}, name


def test_a_fork_leaves_no_trace_of_the_old_address(copy):
    old = fork.current_address(copy)
    changed = fork.fork(copy, NEW)
    assert fork.current_address(copy) == NEW
    for path in (p for pattern in fork.PATTERNS for p in copy.glob(pattern)):
        text = path.read_text(encoding="utf8")
        assert old not in text and fork.site_address(old) not in text, path.name
    notebooks = {path.name for path in (ROOT / "chapters").glob("*.ipynb")}
    assert notebooks <= {path.name for path in changed}
    assert "https://somebody.github.io/my-own.book" in (copy / "README.md").read_text(encoding="utf8")


def test_there_and_back_is_the_identity(copy):
    before = {path: path.read_text(encoding="utf8") for pattern in fork.PATTERNS for path in copy.glob(pattern)}
    fork.fork(copy, NEW)
    fork.fork(copy, fork.current_address(ROOT))
    assert {path: path.read_text(encoding="utf8") for path in before} == before


@pytest.mark.parametrize("address", ["", "me/my-book", "https://example.org/a/b", "https://github.com/me"])
def test_a_wrong_address_is_refused(copy, address):
    with pytest.raises(SystemExit, match="expected an address such as"):
        fork.fork(copy, address)
