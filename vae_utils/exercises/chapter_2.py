"""The exercises of chapter 2."""

EXERCISES = {}
