"""Assembles the WebAssembly of the widgets from its text.

python -m tools.assemble    writes vae_utils/widgets/parts/simd_code.mjs from simd.wat beside it
"""

import base64
from pathlib import Path

PARTS = Path(__file__).resolve().parent.parent / "vae_utils" / "widgets" / "parts"
TEXT, MODULE = PARTS / "simd.wat", PARTS / "simd_code.mjs"
WIDTH = 104


def module(text: str) -> str:
    """The source of an ES module that holds the WebAssembly of `text`, in base64."""
    import wasmtime

    letters = base64.b64encode(wasmtime.wat2wasm(text)).decode()
    lines = [f'  "{letters[at : at + WIDTH]}",' for at in range(0, len(letters), WIDTH)]
    head = "// simd.wat, assembled by `python -m tools.assemble`: WebAssembly in base64."
    return "\n".join([head, "export const CODE = [", *lines, '].join("");\n'])


if __name__ == "__main__":
    MODULE.write_text(module(TEXT.read_text(encoding="utf8")), encoding="utf8")
