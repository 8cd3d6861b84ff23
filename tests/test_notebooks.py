"""The rules of a chapter, so that it reads the same on the website, in JupyterLab and in Colab."""

import ast
import importlib
import re
from collections import Counter
from pathlib import Path

import matplotlib
import nbformat
import pytest
import yaml

from tools import notebook as notebook_script
from vae_utils import widgets

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "chapters").glob("[0-9][0-9]_*.ipynb"))
CELL_LINES = 25
VISIBLE_CELLS = range(12, 26)
PROSE_WORDS = range(1200, 3901)
MATH = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
DIRECTIVE = re.compile(r"^\s*(?::::|```|~~~)\s*\{|\{[a-z:-]+\}`|^\([\w-]+\)=\s*$|^%% ", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(")
EXERCISE = re.compile(r"^> \*\*Exercise (\d+\.\d+)\.?\*\*", re.MULTILINE)
SOLUTION = re.compile(r"# (?:@title )?Solution (\d+\.\d+)\b")


class Chapter:
    def __init__(self, path: Path):
        self.path = path
        self.number = int(path.stem[:2])
        self.notebook = nbformat.read(path, as_version=4)
        self.code = [c for c in self.notebook.cells if c.cell_type == "code"]
        self.markdown = [c for c in self.notebook.cells if c.cell_type == "markdown"]
        self.text = "\n\n".join(c.source for c in self.markdown)
        self.prose = CODE.sub(" ", MATH.sub(" ", self.text))

    def tags(self) -> list[str]:
        return re.findall(r"\\tag\{([^}]*)\}", self.text)

    def solutions(self) -> dict[str, nbformat.NotebookNode]:
        return {m[1]: c for c in self.code if (m := SOLUTION.match(c.source))}

    def visible(self) -> list[nbformat.NotebookNode]:
        """Cells of the argument: no setup, no solution, and no exercise, which stands just before its solution."""
        order = self.notebook.cells
        blanks = set()
        for solution in self.solutions().values():
            before = [c for c in order[: order.index(solution)] if c.cell_type == "code"]
            blanks.add(before[-1].id)
        return [c for c in self.code if "hide-cell" not in cell_tags(c) and c.id not in blanks]


def cell_tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def calls(cell, names: tuple[str, ...]) -> list[ast.Call]:
    return [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Call) and ast.unparse(n.func) in names]


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request) -> Chapter:
    return Chapter(request.param)


def test_is_clean(chapter):
    written = nbformat.writes(chapter.notebook)
    name = chapter.path.stem.split("_")[0]
    cleaned = nbformat.writes(notebook_script.clean(nbformat.from_dict(chapter.notebook), name))
    assert written == cleaned, f"run `python -m tools.notebook run {chapter.path.relative_to(ROOT)}`"


def test_keeps_only_checked_text_outputs(chapter):
    for cell in chapter.code:
        checked = "nbval-check-output" in cell_tags(cell)
        assert bool(cell.outputs) == checked, f"{cell.id}: cells tagged nbval-check-output keep outputs, no other"
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert set(output.get("data", {})) <= {"text/plain"}, f"{cell.id}: keep text only"
            assert not re.search(r"0x[0-9a-f]{6,}", str(output)), f"{cell.id}: a memory address differs in each run"


def test_begins_with_title_and_the_one_setup_cell(chapter):
    assert chapter.notebook.cells[0].source.startswith("# ")
    assert len(re.findall(r"^# ", chapter.text, re.MULTILINE)) == 1, "one title a chapter"
    first = chapter.code[0]
    assert first.source == notebook_script.setup_source()
    assert cell_tags(first) == ["setup", "hide-cell"]


def test_is_plain_markdown(chapter):
    for cell in chapter.markdown:
        raw = MATH.sub(" ", cell.source)
        assert not DIRECTIVE.search(raw), f"{cell.id}: JupyterLab and Colab would show this raw: {cell.source[:80]!r}"


def test_columns_of_tables_are_named_in_words(chapter):
    """A reader of screens hears the name of a column with each cell; a formula alone has no sound."""
    for header in re.findall(r"^(\|.*\|)\n\|[ :-]+\|", chapter.text, re.MULTILINE):
        for name in re.split(r"(?<!\\)\|", header.strip("|")):
            assert re.search(r"\w", MATH.sub(" ", name)), f"a column without words: {header}"


def test_formulas_are_numbered_in_order(chapter):
    expected = [f"{chapter.number}.{i + 1}" for i in range(len(chapter.tags()))]
    assert chapter.tags() == expected


def test_mentioned_formulas_exist(chapter):
    chapters = [Chapter(path) for path in CHAPTERS]
    known = {tag for other in chapters for tag in other.tags()}
    numbers = {str(other.number) for other in chapters}
    mentioned = {m for m in re.findall(r"\((\d+\.\d+)\)", chapter.prose) if m.split(".")[0] in numbers}
    assert mentioned <= known


def test_display_formulas_that_break_lines_say_how(chapter):
    for formula in re.findall(r"\$\$(.*?)\$\$", chapter.text, re.DOTALL):
        if r"\\" in formula:
            assert r"\begin{" in formula, f"a line break needs an environment such as aligned: {formula[:60]!r}"


def test_cells_are_short(chapter):
    for cell in chapter.code:
        assert len(cell.source.splitlines()) <= CELL_LINES, f"{cell.id}: {cell.source[:60]!r}"


def test_size(chapter):
    unfolded = [c for c in chapter.visible() if "hide-input" not in cell_tags(c)]
    assert len(unfolded) in VISIBLE_CELLS, f"{len(unfolded)} code cells that stand open"
    assert len(chapter.markdown) >= len(chapter.visible()), "at least as many Markdown cells as code cells"
    assert len(chapter.prose.split()) in PROSE_WORDS, f"{len(chapter.prose.split())} words"


def test_hides_plumbing_only(chapter):
    for cell in chapter.code:
        if "hide-input" in cell_tags(cell):
            assert not re.search(r"\.backward\(|optimizer\.step\(|nn\.Module\)", cell.source), f"{cell.id} hides a loop"


def test_figures_have_alternative_text_and_a_caption(chapter):
    for cell in chapter.code:
        assert "plt.show" not in cell.source, f"{cell.id}: end in plots.show(fig, alt=..., caption=...)"
        for call in calls(cell, ("plots.show", "plots.graph", "show", "graph")):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            positional = len(call.args) >= 3
            assert positional or {"alt", "caption"} <= set(given), f"{cell.id}: alt and caption"
    assert all(alt.strip() for alt in IMAGE.findall(chapter.text))


def test_exercises_have_check_hint_and_solution(chapter):
    exercises = EXERCISE.findall(chapter.text)
    assert len(exercises) >= 3
    assert exercises == [f"{chapter.number}.{i + 1}" for i in range(len(exercises))]
    solutions = chapter.solutions()
    assert sorted(solutions) == sorted(exercises)
    for number, cell in solutions.items():
        assert "hide-cell" in cell_tags(cell), number
        assert "checks." in cell.source, f"solution {number} calls no check"
    assert chapter.text.count("<details>") >= len(exercises), "each exercise has a hint"
    assert chapter.text.count("<details>") == chapter.text.count("</details>")


def test_every_exercise_has_its_answer_in_the_package(chapter):
    known = importlib.import_module(f"vae_utils.exercises.chapter_{chapter.number}").EXERCISES
    assert list(known) == EXERCISE.findall(chapter.text)


def stubs(chapter) -> dict[str, list]:
    """The code cells between the box of an exercise and its solution."""
    order, found = chapter.notebook.cells, {}
    for number, solution in chapter.solutions().items():
        end = order.index(solution)
        start = max(i for i, c in enumerate(order[:end]) if number in EXERCISE.findall(c.source))
        found[number] = [c for c in order[start:end] if c.cell_type == "code"]
    return found


def is_blank(node: ast.stmt) -> bool:
    """`name = ...`, `a, b = ..., ...`, a function of nothing but its docstring and ..., an import, or the check."""
    if isinstance(node, ast.FunctionDef):
        return all(isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) for part in node.body)
    if isinstance(node, ast.Assign):
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        return all(isinstance(v, ast.Constant) and v.value is Ellipsis for v in values)
    return isinstance(node, ast.Expr) and ast.unparse(node.value).startswith("checks.exercise(")


def test_exercises_keep_their_secret(chapter):
    """The blank cell holds blanks and the one line that checks them; the solution is folded, and shows its tick."""
    for number, cells in stubs(chapter).items():
        assert len(cells) == 1, f"exercise {number}: one cell for the answer"
        statements = ast.parse(cells[0].source).body
        assert all(map(is_blank, statements)), f"exercise {number}: {ast.unparse(statements)[:200]}"
        check = cells[0].source.strip().splitlines()[-1]
        assert check.startswith(f'checks.exercise("{number}", ')
        solution = chapter.solutions()[number]
        assert solution.source.startswith(f"{notebook_script.SOLUTION} {number}\n")
        assert check in solution.source.splitlines()
        assert f"✓ Exercise {number}, " in "".join(output.get("text", "") for output in solution.outputs)


def test_has_a_myth_a_summary_and_a_way_on(chapter):
    headings = " ".join(re.findall(r"^#+ (.*)$", chapter.text, re.MULTILINE)).lower()
    assert "> **Myth" in chapter.text
    assert "summary" in headings
    assert "where next" in headings


def test_a_myth_is_a_claim_in_italics_and_then_a_verdict(chapter):
    boxes = re.findall(r"^> \*\*Myth\b.*(?:\n> .*)*", chapter.text, re.MULTILINE)
    for box in boxes:
        words = " ".join(box.replace("\n> ", " ").split())
        assert re.match(r"> \*\*Myth\.\*\* \*[^*]+[.?!]\"?\* \S[^.?!]*", words), words


def test_links_to_files_exist(chapter):
    check_links(chapter.path, chapter.text)


def check_links(path: Path, text: str) -> None:
    for target in LINK.findall(CODE.sub(" ", text)):
        if not target.startswith(("http://", "https://", "#", "mailto:")):
            assert (path.parent / target.partition("#")[0]).is_file(), f"{path.name} links to {target}"


def test_runs_anywhere(chapter):
    for cell in chapter.code:
        assert not re.search(r"^\s*[!%](?!pip )", cell.source, re.MULTILINE), f"{cell.id}: no magics but %pip"
        assert not re.search(r"[\"'](?:\.\./|/work|/tmp|/home|~/)", cell.source), f"{cell.id}: a path of one machine"


@pytest.mark.parametrize("wrong", ["0.5", "0", "2.5"])
def test_a_size_that_the_chapter_was_not_written_for_is_refused_at_once(chapter, wrong):
    for cell in chapter.code:
        if re.search("^QUALITY = 1 ", cell.source, re.MULTILINE):
            said = f"QUALITY: got {wrong}, expected a whole number >= 1"
            with matplotlib.rc_context(), pytest.raises((TypeError, ValueError), match=said):
                exec(cell.source.replace("QUALITY = 1 ", f"QUALITY = {wrong} "), {})


PAGES = (
    "README.md",
    *(
        f"chapters/{name}.md"
        for name in "index phenomena benchmarks ruler glossary notation cheat_sheet myths teachers".split()
    ),
)


@pytest.mark.parametrize("path", [ROOT / page for page in PAGES], ids=lambda path: path.name)
def test_links_of_the_pages_exist(path):
    check_links(path, path.read_text(encoding="utf8"))


NUMBERS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
TYPED = re.compile(rf"\b({'|'.join(NUMBERS)}|[1-9]\d+) (chapters|widgets|exercises|myths)\b", re.IGNORECASE)


def counted() -> dict[str, int]:
    text = "".join(path.read_text(encoding="utf8") for path in CHAPTERS)
    boxes = {"exercises": len(re.findall(r"> \*\*Exercise \d", text)), "myths": text.count("> **Myth")}
    return {"chapters": len(CHAPTERS), "widgets": len(widgets.__all__) - 1, **boxes}


def test_how_much_is_inside_is_typed_only_where_it_is_right():
    """The website counts by itself; a file that is read as it is cannot."""
    found = {}
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "pyproject.toml", *(ROOT / "chapters").iterdir()]:
        for number, kind in TYPED.findall(" ".join(path.read_text(encoding="utf8").split())):
            typed = int(number) if number.isdigit() else 10 + NUMBERS.index(number.lower())
            assert typed == counted()[kind.lower()], f"{path.name}: {number} {kind}"
            found[path.name, kind] = typed
    assert found["README.md", "chapters"] == len(CHAPTERS)


def test_every_chapter_is_in_the_contents_and_on_the_map():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    listed = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    assert listed == [
        "chapters/lab",
        *(f"chapters/{path.stem}" for path in CHAPTERS),
        "chapters/phenomena",
        "chapters/benchmarks",
        "chapters/ruler",
        "chapters/glossary",
        "chapters/notation",
        "chapters/cheat_sheet",
        "chapters/myths",
        "chapters/teachers",
    ]
    index = (ROOT / "chapters" / "index.md").read_text(encoding="utf8")
    mapped = Counter(LINK.findall(index))
    assert mapped["lab.ipynb"] and all(mapped[path.name] for path in CHAPTERS)
