"""The key of a chapter's outputs: it follows what a run loaded and all that it stands on; nothing false is kept."""

import json

import nbformat
import pytest

from vae_book.outputs import NotKept, OutputStore

RECORD = {"outputs": [[]]}


@pytest.fixture
def package(tmp_path):
    package = tmp_path / "vae_utils"
    (package / "widgets").mkdir(parents=True)
    (package / "widgets" / "a.mjs").write_text("1")
    (package / "b.py").write_text("1")
    return package


def notebook(code="x = 1", text="words"):
    cells = [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(code)]
    return nbformat.v4.new_notebook(cells=cells)


def store_after_a_run(package, *loaded):
    store = OutputStore(package.parent)
    store.save(notebook(), json.dumps([str(package), loaded, "scans"]), RECORD)
    return store


def found(package, **words):
    return OutputStore(package.parent).find(notebook(**words)) is not None


def test_a_run_is_found_again_whatever_the_prose(package):
    store = store_after_a_run(package, "widgets/a.mjs")
    assert store.load(store.find(notebook())) == {"loaded": ["widgets/a.mjs"], "digits": "scans", **RECORD}
    assert found(package, text="other words")
    assert not found(package, code="x = 2")


def test_it_is_found_while_the_files_that_it_loaded_are_the_same(package):
    store_after_a_run(package, "widgets/a.mjs")
    (package / "b.py").write_text("2")
    assert found(package)
    (package / "widgets" / "a.mjs").write_text("2")
    assert not found(package)
    (package / "widgets" / "a.mjs").write_text("1")
    assert found(package)
    (package / "widgets" / "a.mjs").unlink()
    assert not found(package)


@pytest.mark.parametrize("change", ["data", "requirements", "weights"])
def test_what_every_chapter_stands_on_is_in_the_key(package, monkeypatch, change):
    (package.parent / "requirements.txt").write_text("# made by hand\ntorch==1\n")
    store_after_a_run(package)
    (package.parent / "requirements.txt").write_text("# a comment\ntorch==1\n")
    assert found(package)
    if change == "data":
        monkeypatch.setenv("VAE_DATA", "elsewhere")
    elif change == "requirements":
        (package.parent / "requirements.txt").write_text("torch==2\n")
    else:
        (package / "weights.npz").write_text("1")
    assert not found(package)


def test_outputs_of_an_edited_file_are_not_kept(package):
    store = OutputStore(package.parent)
    (package / "b.py").write_text("2")
    store.save(notebook(), json.dumps([str(package), ["widgets/a.mjs"], "scans"]), RECORD)
    with pytest.raises(NotKept, match=r"b\.py of vae_utils was edited"):
        store.save(notebook(), json.dumps([str(package), ["b.py"], "scans"]), RECORD)


def test_outputs_of_another_copy_of_the_package_are_not_kept(package, tmp_path):
    with pytest.raises(NotKept, match=r"vae_utils: got .*elsewhere, expected"):
        OutputStore(package.parent).save(
            notebook(), json.dumps([str(tmp_path / "elsewhere"), ["b.py"], "scans"]), RECORD
        )


def test_a_broken_record_is_no_record(package):
    store = store_after_a_run(package)
    (path,) = store.folder.iterdir()
    path.write_text('{"outputs": [')
    assert store.find(notebook()) is None
    assert store.load("unknown") is None


def test_the_oldest_runs_are_forgotten(package):
    store = store_after_a_run(package)
    for number in range(5):
        store.save(notebook(f"x = {number}"), json.dumps([str(package), [], "scans"]), RECORD)
    store.forget_old(keep=3)
    assert len(list(store.folder.iterdir())) == 3
