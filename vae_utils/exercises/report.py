"""A record of what was tried, for a class: one line of JSON for each answer that was judged, and nothing by default."""

import json
import os
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

VARIABLE = "VAE_REPORT"
EXPECTED = "expected the name of a file that can be written"
_tries: Counter = Counter()
_chosen: Path | None = None


def report(path):
    """From here on append each judged answer to the file `path`; None: only where VAE_REPORT names a file.

    A line is {"exercise": "3.2", "passed": true, "attempt": 2, "time": "2026-01-31T10:00:00+00:00"}: attempts are
    counted from 1 in each session, blanks are no attempts, the time is UTC. Returns the path. Raises TypeError unless
    `path` is a path or None, OSError where the file cannot be written.
    """
    global _chosen
    if path is None:
        _chosen = None
        return None
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path: got {path!r}, expected the name of a file, or None")
    path = Path(os.path.expanduser(path)).absolute()
    _append(path, b"", "path")
    _chosen = path
    return path


def note(number, passed):
    """Keep that this answer was judged, where a file is named. Raises OSError where it cannot be written."""
    _tries[number] += 1
    path, name = (_chosen, "path") if _chosen else (os.environ.get(VARIABLE), VARIABLE)
    if not path:
        return
    time = datetime.now(timezone.utc).isoformat(timespec="seconds")
    line = {"exercise": number, "passed": passed, "attempt": _tries[number], "time": time}
    _append(Path(os.path.expanduser(path)), json.dumps(line).encode() + b"\n", name)


def _append(path, line, name):
    """One write, so that lines of two notebooks do not mix; a line that was cut off before is left to itself."""
    try:
        if path.exists() and not path.is_file():
            raise OSError("no ordinary file")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            line = b"\n" + line if line and _cut_off(file) else line
            if file.write(line) != len(line):
                raise OSError("no room for a whole line")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise OSError(f"{name}: got {path}, which cannot be written ({why}), {EXPECTED}") from None


def _cut_off(file):
    """Whether the file does not end with the end of a line."""
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"
