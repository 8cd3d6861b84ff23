"""The exercises without their solutions: nothing told, nothing missing, and the page for teachers does what it says."""

import contextlib
import io
import json
import re
from pathlib import Path

import matplotlib
import nbformat
import pytest

from tools import exercises as script
from tools.notebook import SOLUTION, setup_source
from vae_utils.exercises import verdicts

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "chapters").glob("[0-9][0-9]_*.ipynb"))


def code(cells):
    return [cell.source for cell in cells if cell.cell_type == "code"]


def run(sources, where):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), matplotlib.rc_context():
        for source in sources:
            exec(source, where)
    return said.getvalue()


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request):
    return request.param


def solutions(path):
    """By the line that checks them."""
    found = [source for source in code(nbformat.read(path, as_version=4).cells) if source.startswith(SOLUTION)]
    return {script.CHECK.search(source)[0]: source[: script.CHECK.search(source).end()] for source in found}


def test_a_sheet_is_clean_and_tells_no_solution(chapter):
    sheet = script.sheet(chapter)
    nbformat.validate(sheet)
    first, *rest = code(sheet.cells)
    own = [source for source in code(nbformat.read(chapter, as_version=4).cells) if not source.startswith(SOLUTION)]
    assert first == setup_source() and not any(cell.get("outputs") for cell in sheet.cells)
    assert all(source in own for source in rest if "import " not in source)
    assert not any("Solution" in source for source in rest)
    assert [script.CHECK.search(source)[0] for source in rest if script.CHECK.search(source)] == [*solutions(chapter)]


def test_the_links_of_a_sheet_lead_to_the_website(chapter):
    text = "\n".join(cell.source for cell in script.sheet(chapter).cells if cell.cell_type == "markdown")
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert f"{script.address(chapter.stem)}" in targets
    for target in targets:
        assert target.startswith("https://"), target
        if page := re.search(r"/chapters/(\w+)\.html", target):
            assert (ROOT / "chapters" / f"{page[1]}.ipynb").is_file(), target


@pytest.mark.slow
def test_a_sheet_runs_as_it_is_and_with_the_solutions_all_is_right(chapter, monkeypatch):
    monkeypatch.setattr(verdicts, "_failed", {})
    answers, where = solutions(chapter), {}
    _, *cells = code(script.sheet(chapter).cells)
    blank = [source for source in cells if script.CHECK.search(source)]
    given = [source for source in cells if source not in blank]
    assert run(given[:1] + blank, {}).count("not filled in yet") == len(answers)
    filled = [answers[script.CHECK.search(source)[0]] if source in blank else source for source in cells]
    said = run(filled, where)
    assert said.count("✓ Exercise") == len(answers) and "✗" not in said


def test_a_name_is_sought_where_it_was_last_given():
    notebook = nbformat.v4
    cells = [
        notebook.new_code_cell("import math\nx = 1"),
        notebook.new_code_cell("x = 2"),
        notebook.new_code_cell("y = 5"),
        notebook.new_markdown_cell("x = 4"),
        notebook.new_code_cell('def f(a): return a\nchecks.exercise("1.1", f)'),
        notebook.new_code_cell("def g(a):\n    def h(b): return a + b + x\n    return math.pi + h(a)"),
        notebook.new_code_cell("x = 3"),
    ]
    assert script.stood_on(cells, 6, {"g"}) == {0, 1, 5}
    assert script.stood_on(cells, 7, {"x"}) == {6}
    assert script.stood_on(cells, 7, {"f", "print", "nowhere"}) == set()


def test_what_a_cell_needs_from_elsewhere():
    source = "def f(a, *, b=one):\n    c = [d for d in a]\n    return c + two + len(f.__doc__)\nthree.four = sum(x.y)"
    assert script.free(source) == {"one", "two", "three", "x"}


def test_of_a_cell_of_imports_the_settings_are_left_out():
    source = "import a\nfrom b import (\n    c,\n)\n\nQUALITY = 1  # times\ncheck(QUALITY)\n\n\ndef d():\n    return 1"
    assert script.lean(source, set()) == "import a\nfrom b import (\n    c,\n)"
    assert script.lean(source, {"d"}).endswith("c,\n)\n\n\ndef d():\n    return 1")
    assert script.lean("x = 1\ny = 2", {"x"}) == "x = 1\ny = 2"


def test_formulas_stand_where_they_are_mentioned():
    formulas = {"1.1": "$$ a \\tag{1.1} $$", "1.2": "$$ b \\tag{1.2} $$"}
    text = "Solve (1.1), not (9.9).\n\n<details><summary>Hint</summary>By (1.2) and (1.1).</details>"
    assert script.with_formulas(text, formulas) == (
        "Solve (1.1), not (9.9).\n\n$$ a \\tag{1.1} $$\n\n"
        "<details><summary>Hint</summary>By (1.2) and (1.1).\n\n$$ b \\tag{1.2} $$\n\n</details>"
    )
    assert script.with_formulas("No hint.", formulas) == "No hint."


def test_sheets_are_written_for_the_chapters_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "OUT", tmp_path / "exercises")
    script.main([CHAPTERS[1].stem])
    (written,) = (tmp_path / "exercises").iterdir()
    assert written.name == f"{CHAPTERS[1].stem}_exercises.ipynb"
    assert nbformat.read(written, as_version=4).cells == script.sheet(CHAPTERS[1]).cells
    assert capsys.readouterr().out == f"wrote {written}\n"
    with pytest.raises(SystemExit, match="no chapter '99_none'"):
        script.main(["99_none"])


def test_the_five_lines_of_the_page_read_a_report(tmp_path, monkeypatch):
    page = (ROOT / "chapters" / "teachers.md").read_text(encoding="utf8")
    (lines,) = re.findall(r"```python\n(import json.*?)```", page, re.DOTALL)
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    for name, passed in (("ada", (False, True)), ("bob", (False,))):
        record = [{"exercise": "3.2", "passed": p, "attempt": i + 1, "time": ""} for i, p in enumerate(passed)]
        text = "".join(f"{json.dumps(line)}\n" for line in record)
        (tmp_path / "reports" / f"{name}.jsonl").write_text(text, encoding="utf8")
    assert run([lines], {}).splitlines() == ["ada 2 3.2", "bob 1"]
    assert sum(map(bool, lines.splitlines())) == 5


def test_the_page_names_what_the_lab_can_hide():
    page = (ROOT / "chapters" / "teachers.md").read_text(encoding="utf8")
    (listed,) = re.findall(r"names for `&hide=`: (.*?)\.\n", page, re.DOTALL)
    lab = (ROOT / "vae_utils" / "widgets" / "lab.mjs").read_text(encoding="utf8")
    (knobs,) = re.findall(r"const makeKnobs = .*?return \{ (.*?) \};", lab, re.DOTALL)
    assert re.findall(r"`(\w+)`", listed) == [*knobs.split(", "), "readout", "challenges"]
