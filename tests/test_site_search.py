"""What the search knows of a page, and the glossary from which it has its synonyms."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from docutils import nodes
from docutils.utils import new_document

from vae_book import search, terms

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = (ROOT / "chapters" / "glossary.md").read_text(encoding="utf8")
LINE = re.compile(
    r"^- \*\*(?P<term>[^*]+)\*\*(?: \(also (?P<also>[^)]*)\))?: (?P<said>.*) \[Chapter \d+\]\((?P<file>.*)\)$"
)
TERMS = [LINE.match(line) for line in GLOSSARY.splitlines() if line.startswith("- ")]


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        (r"\log p(x \mid z)", "log p(x | z)"),
        (r"\mathcal{N}(\mu, \sigma^2)", "N(μ, σ^2)"),
        (r"\sqrt{d} \ge 2", "√d ≥ 2"),
        (r"\big[\,x\,\big]", "[x]"),
    ],
)
def test_formulas_in_plain_type(tex, plain):
    assert search.plain_formula(tex) == plain


def test_a_section_is_its_own_words_without_code_outputs_and_displays():
    document = new_document("page")
    inner = nodes.section("", nodes.title("", "Inner"), nodes.paragraph("", "deep"), ids=["inner"])
    outer = nodes.section("", nodes.title("", "Outer"), ids=["outer"])
    outer += nodes.paragraph("", "", nodes.Text("if "), nodes.math("", r"\beta > 1"), nodes.Text(", then"))
    outer += [nodes.literal_block("code", "code"), nodes.math_block("", "E = mc^2")]
    outer += nodes.raw("", "<figure><svg>axis</svg><figcaption>A <em>hill</em>.</figcaption></figure>", format="html")
    outer += nodes.bullet_list(
        "", nodes.list_item("", nodes.paragraph("", "one")), nodes.list_item("", nodes.Text("two"))
    )
    document += outer
    outer += inner
    assert search.sections(document) == [
        {"heading": "Outer", "id": "", "text": "if β > 1, then A hill. one two"},
        {"heading": "Inner", "id": "inner", "text": "deep"},
    ]


def test_terms_have_names_and_addresses():
    line = nodes.paragraph(
        "", "", nodes.strong("", "KL"), nodes.Text(" (also "), nodes.emphasis("", "relative entropy")
    )
    line += [nodes.Text("): not "), nodes.emphasis("", "symmetric")]
    document = new_document("page")
    document += nodes.bullet_list("", nodes.list_item("", line))
    (term,) = search.name_terms(document)
    assert term["names"] == ["KL", "relative entropy"] and term["id"] == "term-kl" and "symmetric" in term["text"]


def test_every_line_of_the_glossary_is_whole_and_in_its_place():
    assert len(TERMS) >= 50 and all(TERMS)
    terms = [term["term"].lower() for term in TERMS]
    assert terms == sorted(terms) and len(set(terms)) == len(terms)


def chapter_text(name: str) -> str:
    notebook = nbformat.read(ROOT / "chapters" / name, as_version=4)
    return " ".join(" ".join(cell.source for cell in notebook.cells).lower().split())


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term["term"])
def test_the_chapter_of_a_term_speaks_of_it(term):
    names = [term["term"], *re.findall(r"\*([^*]+)\*", term["also"] or "")]
    chapter = chapter_text(term["file"])
    assert any(name.lower() in chapter for name in names), names


TERM = {"names": ["KL divergence", "KL", "relative entropy"], "id": "term-kl", "text": "KL: a surplus. Chapter 3"}
ENTROPY = {"names": ["entropy"], "id": "term-entropy", "text": "entropy: a mean."}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("the KL divergence of", "KL divergence"),
        ("Entropy is", "Entropy"),
        ("the cross-entropy is", None),
        ("Relative entropy is", "Relative entropy"),
        ("weakly KLing", None),
    ],
)
def test_the_first_whole_use_of_a_word_is_found(text, name):
    match = terms.pattern([TERM, ENTROPY]).search(text)
    assert (match and match[0]) == name


def test_a_name_stands_for_its_own_term_before_another_s():
    other = {"names": ["surprise", "entropy"], "id": "term-surprise", "text": ""}
    assert terms.by_name([ENTROPY, other])["entropy"] is ENTROPY
    assert terms.by_name([other, TERM])["relative entropy"] is TERM


SECTIONS = [
    ("The trick", "4. Reparameterization", "The reparameterization trick lets a gradient pass.", "section"),
    ("Eight remedies", "6. Posterior collapse", "Annealing and free bits keep the KL up.", "section"),
    ("Forward and reverse", "3. The KL divergence", "Which side comes first decides.", "section"),
    ("Amortization", "2. The ELBO", "One encoder for all leaves an amortization gap.", "section"),
    ("KL divergence", "C. Glossary", "KL divergence (also relative entropy): a mean surplus.", "word"),
]
NAMES = [["KL divergence", "KL", "relative entropy"], ["free bits"], ["reparameterization trick", "reparametrization"]]


def found(question: str) -> list[str]:
    keys = ("heading", "where", "text", "kind")
    index = {"sections": [dict(zip(keys, section, strict=True)) for section in SECTIONS], "names": NAMES}
    script = "const {search} = require(process.argv[1]); const [index, question] = JSON.parse(process.argv[2]);"
    script += "console.log(JSON.stringify(search(index, question).found.map((s) => s.heading)))"
    command = ["node", "-e", script, str(ROOT / "site" / "static" / "search.js"), json.dumps([index, question])]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node; the browser's tests search the built site")
@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("free bits", "Eight remedies"),
        ("reparametrisation", "The trick"),
        ("reparametrization", "The trick"),
        ("amortisation gap", "Amortization"),
        ("amortized", "Amortization"),
        ("KL", "KL divergence"),
        ("relative entropy", "KL divergence"),
        ("which sides come first", "Forward and reverse"),
        ("flux capacitor", None),
    ],
)
def test_the_search_knows_endings_spellings_and_synonyms(question, first):
    assert (found(question) or [None])[0] == first
