"""The experiments of the chapters as functions of a seed, by topic; `make phenomena` repeats them."""
