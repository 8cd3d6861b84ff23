"""Chapters as text and back: nothing lost, nothing kept that should not be, and the same bytes every time."""

import nbformat
import pytest

import vae_utils
from tools import notebook as script
from tools.fork import current_address

PERCENT = """\
# %% [markdown]
# # A title
#
# $$ a = b \\tag{1.1} $$

# %% tags=["setup"]
SETUP

# %%
x = 1 + 1
print("not kept")

# %% tags=["nbval-check-output"]
print(round(x, 3))
x

# %% [markdown] tags=["note"]
# The end, with `code` and <details>.

# %% tags=["hide-cell"]
# Solution 1.1
def double(z):
    return 2 * z
"""


@pytest.fixture
def percent(tmp_path):
    path = tmp_path / "source.py"
    path.write_text(PERCENT, encoding="utf-8")
    return path


@pytest.fixture
def notebook(tmp_path, percent):
    path = tmp_path / "03_title.ipynb"
    script.main("from-percent", str(percent), str(path))
    return path


def read(path):
    return nbformat.read(path, as_version=4)


def test_text_becomes_a_clean_valid_notebook(notebook):
    book = read(notebook)
    nbformat.validate(book)
    assert [cell.cell_type for cell in book.cells] == ["markdown", "code", "code", "code", "markdown", "code"]
    assert [cell.id for cell in book.cells] == [f"03-{i:02d}" for i in range(6)]
    assert book.cells[0].source.startswith("# A title") and r"\tag{1.1}" in book.cells[0].source
    assert book.cells[2].source == 'x = 1 + 1\nprint("not kept")'
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in book.cells)
    assert set(book.metadata) == {"kernelspec", "language_info"}
    assert book.cells[2].metadata == {} and book.cells[4].metadata == {"tags": ["note"]}
    assert book.cells[3].metadata == {"tags": ["nbval-check-output", "keep_output"]}


def test_the_setup_cell_is_filled_from_the_one_template(notebook):
    cell = read(notebook).cells[1]
    assert cell.source == script.setup_source() and cell.metadata["tags"] == ["setup", "hide-cell"]
    assert f'"git+{current_address(script.ROOT)}@v{vae_utils.__version__}"' in cell.source
    compile(cell.source, "setup", "exec")


def test_there_and_back_is_the_same(tmp_path, notebook):
    text, again = tmp_path / "text.py", tmp_path / "again" / "03_title.ipynb"
    again.parent.mkdir()
    script.main("to-percent", str(notebook), str(text))
    assert "SETUP" in text.read_text(encoding="utf-8").splitlines()
    assert "find_spec" not in text.read_text(encoding="utf-8")
    script.main("from-percent", str(text), str(again))
    assert again.read_bytes() == notebook.read_bytes()


def test_cleaning_twice_changes_nothing(notebook):
    before = notebook.read_bytes()
    script.main("clean", str(notebook))
    assert notebook.read_bytes() == before


def dirty(path, outputs):
    book = read(path)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = list(outputs), 7
            cell.metadata["collapsed"] = True
    book.metadata["widgets"] = {"state": {}}
    nbformat.write(book, path)


def test_cleaning_removes_what_an_editor_left(notebook):
    before = notebook.read_bytes()
    dirty(notebook, [])
    script.main("clean", str(notebook))
    assert notebook.read_bytes() == before


def test_only_checked_outputs_are_kept_and_never_an_error(notebook):
    dirty(
        notebook,
        [
            nbformat.v4.new_output("stream", name="stdout", text="2\n"),
            nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=7, metadata={"a": 1}),
            nbformat.v4.new_output("error", ename="E", evalue="e", traceback=["e"]),
        ],
    )
    script.main("clean", str(notebook))
    book = read(notebook)
    nbformat.validate(book)
    kept = [cell for cell in book.cells if cell.get("outputs")]
    assert [cell.id for cell in kept] == ["03-03"]
    assert [output.output_type for output in kept[0].outputs] == ["stream", "execute_result"]
    assert kept[0].outputs[1].metadata == {}
    assert kept[0].execution_count == 7
    assert all(cell.execution_count is None for cell in book.cells if cell.cell_type == "code" and cell not in kept)


@pytest.mark.slow
def test_run_executes_and_keeps_the_checked_output(notebook, capsys):
    script.main("run", str(notebook))
    outputs = {cell.id: cell.outputs for cell in read(notebook).cells if cell.get("outputs")}
    assert [*outputs] == ["03-03"]
    assert outputs["03-03"][0].text == "2\n" and outputs["03-03"][1].data == {"text/plain": "2"}
    once = notebook.read_bytes()
    script.main("run", str(notebook))
    assert notebook.read_bytes() == once
    assert "run: " in capsys.readouterr().out


def test_an_unknown_command_shows_the_usage():
    with pytest.raises(SystemExit, match="from-percent"):
        script.main("help")
