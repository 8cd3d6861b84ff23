"""The two tests that every chapter's exercises stand under: right answers pass, wrong ones are told what they are."""

import pytest


def judged(exercises, right, wrong):
    """right: (number, *answers) each.  wrong: (words that must be said, number, *answers) each."""

    @pytest.mark.parametrize("case", right, ids=lambda case: case[0])
    def passes(case):
        number, *answers = case
        assert exercises[number].problem(*answers) is None

    @pytest.mark.parametrize("case", wrong, ids=lambda case: f"{case[1]} {case[0]}")
    def is_told(case):
        words, number, *answers = case
        assert words in exercises[number].problem(*answers)

    return passes, is_told
