"""Joins a widget's ES module and the modules it imports into one source, so that nothing is fetched."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.\.?/[\w./-]+)\.mjs";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)
LEFTOVER = re.compile(r"^(?:import\b|export (?!default\b)).*", re.MULTILINE)


def read(name: str) -> str:
    """The source of one module or style sheet of this package: its path below `widgets`, with its suffix."""
    return (FOLDER / name).read_text(encoding="utf-8")


def imports(name: str) -> list[str]:
    """The modules that module `name` needs, deepest first, without itself. Names are paths: "kl", "parts/frame"."""
    found: list[str] = []
    for _, address in IMPORT.findall(read(f"{name}.mjs")):
        other = _resolve(name, address)
        found += [module for module in [*imports(other), other] if module not in found]
    return found


def _resolve(name: str, address: str) -> str:
    """The name of the module that module `name` calls `address`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), address))


def _variable(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name)


def _body(name: str) -> tuple[str, list[str]]:
    source = IMPORT.sub(lambda match: _destructure(match[1], _resolve(name, match[2])), read(f"{name}.mjs"))
    exported = EXPORT.findall(source)
    source = EXPORT.sub("", source)
    if stray := LEFTOVER.search(source):
        raise ValueError(f"{name}.mjs has a line that the bundler does not know: {stray.group()!r}")
    return source, exported


def _destructure(names: str, module: str) -> str:
    names = re.sub(r"(\w+) as (\w+)", r"\1: \2", " ".join(names.split()))
    return f"const {{ {names} }} = {_variable(module)};\n"


@cache
def bundle(name: str) -> str:
    """One self-contained source for module `name`: what it imports comes first, each in a scope of its own.

    The result is an ES module when `name` has a default export and a classic script otherwise (a worker).
    """
    parts = []
    for module in imports(name):
        source, exported = _body(module)
        parts.append(f"const {_variable(module)} = (() => {{\n{source}\nreturn {{ {', '.join(exported)} }};\n}})();\n")
    return "".join(parts) + _body(name)[0]
