"""`make test` counts what ran, says how long each step took, and ends with the one line that CI reads."""

import re

import pytest

from tools import check, test

MIXED = """import pytest
def test_good(): pass
def test_bad(): assert False
@pytest.mark.skip
def test_left_out(): pass
"""


@pytest.mark.slow
def test_the_last_line_sums_all_steps(tmp_path, capfd):
    (tmp_path / "test_mixed.py").write_text(MIXED)
    pytest_step = ["-m", "pytest", "-p", "tools.failures", "-p", "no:cacheprovider", str(tmp_path)]
    plan = {"good": ["-c", "pass"], "bad": ["-c", "raise SystemExit(3)"], "mixed tests": pytest_step}
    assert test.run_all(plan) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1] == "2 passed, 2 failed, 1 skipped"
    steps = [re.split(r" {2,}", line) for line in lines[-6:-2]]
    assert [step[:4] for step in steps] == [
        ["step", "passed", "failed", "skipped"],
        ["good", "1", "0", "0"],
        ["bad", "0", "1", "0"],
        ["mixed tests", "1", "1", "1"],
    ]
    named = [i for i, line in enumerate(lines) if line.startswith("FAILED") and "test_mixed.py::test_bad" in line]
    assert len(named) == 2 and named[0] < min(i for i, line in enumerate(lines) if "FAILURES" in line)


@pytest.mark.slow
def test_a_pytest_that_dies_is_a_failure(tmp_path, capfd):
    (tmp_path / "test_dies.py").write_text("import os\nos._exit(3)\n")
    assert test.run_all({"dies": ["-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)]}) == 1
    assert capfd.readouterr().out.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


def test_all_is_well_with_no_failure(capfd):
    assert test.run_all({"good": ["-c", "pass"]}) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"


def test_a_program_beside_python_is_a_step(tmp_path, capfd):
    (tmp_path / "bad.js").write_text("debugger;\n")
    config = str(test.ROOT / "tests" / "js" / "oxlint.json")
    plan = {"JavaScript": test.JAVASCRIPT, "bad": ["oxlint", "-c", config, "--deny-warnings", str(tmp_path)]}
    assert test.run_all(plan) == 1
    assert capfd.readouterr().out.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_the_check_of_an_unknown_chapter_names_the_known():
    with pytest.raises(SystemExit, match=r"no chapter 'elbo'; there are: .*02_elbo"):
        check.main(["elbo"])


def test_the_quick_check_is_a_part_of_the_whole(monkeypatch):
    plans = []
    for module in (test, check):
        monkeypatch.setattr(module, "run_all", plans.append)
    test.main()
    check.main([])
    whole, part = plans
    assert list(part) == list(whole)[: len(part)]
    assert part["unit tests"][: len(whole["unit tests"])] == whole["unit tests"]
