"""Installs the pinned packages into the environment that runs this, and says all the while what it waits for.

python -m tools.install              what requirements.txt says
python -m tools.install ADDRESS      PyTorch from the package index at ADDRESS, for a CPU-only build: no CUDA
"""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
HEARTBEAT = 20  # seconds of silence
LARGE = re.compile(r"(?:Downloading|Using cached) (?:\S*/)?([\w.]+?)-\d\S* \(([\d.]+ (?:GB|MB))\)")
CUDA = re.compile(r"^(?:nvidia-|cuda-|triton\b)")
TORCH = re.compile(r"^(?:torch|torchvision)==")


def without_cuda(lines: list[str]) -> tuple[list[str], list[str]]:
    """The pins of PyTorch, and those of all other packages but the CUDA libraries that PyTorch brings along."""
    torch = [line for line in lines if TORCH.match(line)]
    return torch, [line for line in lines if not (TORCH.match(line) or CUDA.match(line))]


def said(line: str) -> str | None:
    """What to show of a line of pip's: large downloads, and the two long silences after them."""
    if found := LARGE.search(line):
        name, size = found.groups()
        return f"  {name}, {size}" if "GB" in size or float(size.split()[0]) >= 20 else None
    if line.startswith("Installing collected packages"):
        return f"  installing {line.count(',') + 1} packages"
    return line.rstrip() if line.startswith(("ERROR", "error:")) else None


def run(arguments: list[str]) -> None:
    """pip with these arguments. Raises SystemExit with pip's own last words when it fails."""
    process = subprocess.Popen(
        [*PIP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    )
    done, last, started = threading.Event(), ["starting"], time.monotonic()

    def beat() -> None:
        while not done.wait(HEARTBEAT):
            print(f"  ... {time.monotonic() - started:.0f} s, at: {last[0][:90]}", flush=True)

    threading.Thread(target=beat, daemon=True).start()
    words = []
    for line in process.stdout:
        words = [*words[-30:], line]
        last[0] = line.strip() or last[0]
        if shown := said(line):
            print(shown, flush=True)
    done.set()
    if process.wait() != 0:
        raise SystemExit("".join(words) + "The packages were not installed; the cause stands above.")


def main(arguments: list[str]) -> None:
    if not arguments:
        run(["-r", "requirements.txt"])
    else:
        torch, others = without_cuda((ROOT / "requirements.txt").read_text(encoding="utf8").splitlines())
        run([*(line.replace(" ;", ";") for line in torch), "--index-url", arguments[0]])
        pins = ROOT / ".venv" / "requirements-without-cuda.txt"
        pins.write_text("\n".join(others) + "\n", encoding="utf8")
        run(["-r", str(pins)])
    run(["--no-deps", "--no-build-isolation", "--editable", "."])


if __name__ == "__main__":
    main(sys.argv[1:])
