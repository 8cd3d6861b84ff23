"""The line under a title: what it counts and how it says it."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from vae_book import cells, execution, facts, text

RUN = {"cpu_seconds": 68.4, "machine": "a slow one, 2 cores", "digits": "scans"}


def page(words: int) -> nodes.document:
    document = new_document("page")
    document += nodes.section("", nodes.title("", "A title"))
    document[0] += nodes.paragraph("", "word " * words)
    return document


def test_prose_counts_code_does_not():
    document = page(100)
    code = "code " * 500
    document[0] += [nodes.literal_block(code, code), nodes.math_block("", "a b c")]
    document[0] += [text.Box(kind=kind) for kind in ("exercise", "myth", "myth", "note")]
    document[0] += nodes.raw("", '<figure class="vae-figure"><figcaption></figcaption></figure>', format="html")
    cells.give_addresses(document, "chapters/01_name")
    counted = {"words": 102, "formula": 1, "figure": 1, "widget": 0, "exercise": 1, "myth": 2}
    assert facts.count(document) == counted


@pytest.mark.parametrize(("words", "formulas", "expected"), [(10, 0, 5), (3000, 0, 15), (3000, 30, 20), (4600, 0, 25)])
def test_minutes_to_read(words, formulas, expected):
    assert facts.minutes({"words": words, "formula": formulas, "figure": 0, "widget": 0}) == expected


@pytest.mark.parametrize(("seconds", "said"), [(9.6, "10 s"), (59.7, "1 min 0 s"), (68.4, "1 min 8 s")])
def test_durations(seconds, said):
    assert facts.duration(seconds) == said


def test_the_line_says_the_measured_time_and_the_machine():
    counted = {"words": 3000, "formula": 0, "figure": 0, "widget": 1, "exercise": 3}
    assert facts.in_words(counted, RUN) == (
        "15 minutes to read · 1 widget · 3 exercises · the code ran in 1 min 8 s on one core (a slow one, 2 cores)"
    )


def test_a_run_keeps_the_words_of_its_machine():
    record = execution.run_record([[]], 0.0, 12.34)
    assert record["cpu_seconds"] == 12.3
    assert record["machine"].endswith(" cores") and len(record["machine"]) > 10


def test_only_the_agreed_words_make_a_section_optional():
    document = new_document("page")
    for words in (facts.OPTIONAL, "Optional reading."):
        document += nodes.section("", nodes.title("", "T"), nodes.paragraph("", "", nodes.emphasis("", words)))
    facts.mark_optional(document)
    assert [section[1]["classes"] for section in document] == [["optional"], []]


def test_the_start_page_says_once_what_the_pages_show_a_run_of():
    said = facts.about_runs([RUN, RUN])
    assert "ran in 2 min 17 s on one core (a slow one, 2 cores)." in said and "1,797 real scans" in said
    assert facts.about_runs([RUN, RUN | {"digits": "MNIST"}]).endswith("Their digits: MNIST.")
