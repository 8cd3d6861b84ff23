"""How fast the playground trains in a browser, and what it leaves the page of its frames.

python -m benchmarks.browser    wants a quiet machine; two cores make some 800 and 240 steps a second
"""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.screenshot import FLAGS, browser_path
from vae_utils import widgets

DATA = ("spirals", "digits")
STEP = """(() => {
  const words = document.querySelector(".vae-readout").innerText.split("\\n");
  return Number(words[words.indexOf("step") + 1]);
})()"""
FRAMES = f"""(frames) => new Promise((done) => {{
  const step = () => {STEP};
  const times = [performance.now()], first = step();
  const tick = (now) => {{
    times.push(now);
    if (times.length <= frames) return requestAnimationFrame(tick);
    done({{ gaps: times.slice(1).map((t, i) => t - times[i]), steps: step() - first }});
  }};
  requestAnimationFrame(tick);
}})"""


def measure(browser, data, frames=240):
    """While the playground trains on `data`: {"steps": a second, "median": of a frame in ms, "slowest": in ms}."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "playground.html"
        path.write_text(widgets.Playground(data=data).to_html(), encoding="utf8")
        tab = browser.new_page()
        tab.goto(path.as_uri())
        tab.get_by_role("button", name="Run", exact=True).click()
        tab.wait_for_function(f"{STEP} > 100", timeout=300_000)
        seen = tab.evaluate(FRAMES, frames)
        tab.close()
    seconds = sum(seen["gaps"]) / 1000
    return {
        "steps": seen["steps"] / seconds,
        "median": statistics.median(seen["gaps"]),
        "slowest": max(seen["gaps"]),
    }


def main():
    if browser_path() is None:
        raise SystemExit("no Chromium was found: the playground is not measured")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        for data in DATA:
            found = measure(browser, data)
            print(
                f"playground, {data}: {found['steps']:.0f} steps a second, "
                f"a frame takes {found['median']:.1f} ms, the slowest {found['slowest']:.0f} ms"
            )


if __name__ == "__main__":
    main()
