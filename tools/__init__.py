"""What builds, tests and edits the book: `python -m tools.NAME`, mostly called by the Makefile."""
