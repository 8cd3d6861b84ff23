"""The record of a class: a line for each judged answer where a file is named, nothing by default, and no lost lines."""

import importlib
import json
import os
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from refusal import refuses

from vae_utils import checks
from vae_utils.exercises import Numbers, verdicts

module = importlib.import_module("vae_utils.exercises.report")
RIGHT, WRONG, BLANK = 2.0, 1.0, ...


@pytest.fixture(autouse=True)
def class_of_one(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VAE_REPORT", raising=False)
    task = Numbers("two", {"the number": 2.0})
    monkeypatch.setattr(
        importlib.import_module("vae_utils.exercises.chapter_3"), "EXERCISES", {"3.8": task, "3.9": task}
    )
    monkeypatch.setattr(verdicts, "_failed", {})
    monkeypatch.setattr(module, "_tries", Counter())
    monkeypatch.setattr(module, "_chosen", None)


def lines(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf8").splitlines()]


def test_nothing_is_written_by_default(tmp_path, capsys):
    checks.exercise("3.9", WRONG)
    checks.exercise("3.9", RIGHT)
    assert not list(tmp_path.iterdir()) and capsys.readouterr().out.count("\n") == 2


@pytest.mark.parametrize("named", ["by the variable", "by a call"])
def test_each_judged_answer_is_a_line(tmp_path, monkeypatch, capsys, named):
    path = tmp_path / "class" / "ada.jsonl"
    if named == "by a call":
        assert checks.report(path) == path and path.read_bytes() == b""
    else:
        monkeypatch.setenv("VAE_REPORT", str(path))
    for number, answer in (("3.9", WRONG), ("3.9", BLANK), ("3.8", RIGHT), ("3.9", RIGHT)):
        checks.exercise(number, answer)
    written = lines(path)
    assert [(line["exercise"], line["passed"], line["attempt"]) for line in written] == [
        ("3.9", False, 1), ("3.8", True, 1), ("3.9", True, 2),
    ]  # fmt: skip
    for line in written:
        assert list(line) == ["exercise", "passed", "attempt", "time"]
        since = datetime.now(timezone.utc) - datetime.fromisoformat(line["time"])
        assert line["time"].endswith("+00:00") and timedelta(0) <= since < timedelta(minutes=5)
    assert capsys.readouterr().out.count("\n") == 4, "one line each, as ever"


def test_a_call_goes_before_the_variable_and_none_gives_it_back(monkeypatch):
    monkeypatch.setenv("VAE_REPORT", "everybody.jsonl")
    checks.report("mine.jsonl")
    checks.exercise("3.9", RIGHT)
    assert checks.report(None) is None
    checks.exercise("3.8", RIGHT)
    assert [line["exercise"] for line in lines("mine.jsonl")] == ["3.9"]
    assert [line["exercise"] for line in lines("everybody.jsonl")] == ["3.8"]
    monkeypatch.setenv("VAE_REPORT", "")
    checks.exercise("3.9", RIGHT)
    assert len(lines("everybody.jsonl")) == 1


def test_a_relative_name_is_meant_from_where_it_was_given(tmp_path, monkeypatch):
    path = checks.report("ada.jsonl")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    checks.exercise("3.9", RIGHT)
    assert path == tmp_path / "ada.jsonl" and len(lines(path)) == 1


def test_a_home_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAE_REPORT", "~/ada.jsonl")
    checks.exercise("3.9", RIGHT)
    assert checks.report("~/ada.jsonl") == tmp_path / "ada.jsonl"
    assert len(lines(tmp_path / "ada.jsonl")) == 1


def test_what_stands_there_stays_and_a_line_that_was_cut_off_spoils_no_other(tmp_path):
    path = tmp_path / "ada.jsonl"
    path.write_text('{"exercise": "1.1"}\n{"exercise": "1.', encoding="utf8")
    checks.report(path)
    checks.exercise("3.9", RIGHT)
    checks.exercise("3.8", RIGHT)
    before, cut, first, second = path.read_text(encoding="utf8").splitlines()
    assert (before, cut) == ('{"exercise": "1.1"}', '{"exercise": "1.')
    assert [json.loads(line)["exercise"] for line in (first, second)] == ["3.9", "3.8"]


def test_a_name_that_is_none_is_refused():
    refuses(lambda: checks.report(3), "path", "3", "the name of a file, or None", error=TypeError)


def bad_places(folder):
    (folder / "file").write_text("text", encoding="utf8")
    os.mkfifo(folder / "pipe")
    return {"a folder": folder, "inside a file": folder / "file" / "ada", "a pipe": folder / "pipe"}


@pytest.mark.parametrize("kind", ["a folder", "inside a file", "a pipe"])
def test_a_place_that_cannot_be_written_is_refused_by_a_call_and_said_after_the_verdict(
    tmp_path, monkeypatch, capsys, kind
):
    path = bad_places(tmp_path)[kind]
    refuses(lambda: checks.report(path), "path", str(path), "can be written", error=OSError)
    monkeypatch.setenv("VAE_REPORT", str(path))
    checks.exercise("3.9", RIGHT)
    verdict, trouble = capsys.readouterr().out.splitlines()
    assert verdict == "✓ Exercise 3.9, two"
    assert trouble.startswith(f"✗ Not reported. VAE_REPORT: got {path}, which cannot be written (")


def test_a_null_in_a_name_is_refused():
    refuses(lambda: checks.report("a\0b"), "path", "null", "can be written", error=OSError)


def test_a_file_that_was_refused_takes_no_place(tmp_path):
    checks.report("ada.jsonl")
    refuses(lambda: checks.report(tmp_path), "path", error=OSError)
    checks.exercise("3.9", RIGHT)
    assert len(lines("ada.jsonl")) == 1
