"""How fast the widgets that train do so in a browser, and what they leave the page of its frames.

python -m benchmarks.browser    both kernels in turn, three times each; wants a quiet machine
"""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.screenshot import FLAGS, browser_path
from vae_utils import widgets
from vae_utils.widgets.playground import KERNELS

CASES = {
    "spirals": lambda kernel: widgets.Playground(data="spirals", kernel=kernel),
    "digits": lambda kernel: widgets.Playground(data="digits", kernel=kernel),
    "digits 28x28": lambda kernel: widgets.Lab(pixels="28", hidden="128", likelihood="Bernoulli", kernel=kernel),
}
ROUNDS = 3
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


def measure(browser, case, kernel=KERNELS[0], frames=240):
    """While one of CASES trains: {"steps": a second, "median": of a frame in ms, "slowest": in ms}."""
    return measure_widget(browser, CASES[case](kernel), frames)


def measure_widget(browser, widget, frames=240):
    """The same of any widget with a Run button whose read-out tells the step."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "widget.html"
        path.write_text(widget.to_html(), encoding="utf8")
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


def middle(found, name):
    return statistics.median(measured[name] for measured in found)


def main():
    if browser_path() is None:
        raise SystemExit("no Chromium was found: nothing is measured")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        for case in CASES:
            rounds = [{kernel: measure(browser, case, kernel) for kernel in KERNELS} for _ in range(ROUNDS)]
            for kernel in KERNELS:
                found = [measured[kernel] for measured in rounds]
                print(
                    f"{case}, {kernel}: {middle(found, 'steps'):.0f} steps a second, "
                    f"a frame takes {middle(found, 'median'):.1f} ms, the slowest {middle(found, 'slowest'):.0f} ms"
                )
            fast, plain = ([measured[kernel]["steps"] for measured in rounds] for kernel in KERNELS)
            ratios = sorted(a / b for a, b in zip(fast, plain, strict=True))
            print(f"{case}: {ratios[0]:.1f} to {ratios[-1]:.1f} times as fast by {KERNELS[0]}")
        found = [measure_widget(browser, widgets.SideBySide(budget=4000), frames=120) for _ in range(ROUNDS)]
        print(
            f"GAN and VAE, ring: {middle(found, 'steps'):.0f} steps a second, "
            f"a frame takes {middle(found, 'median'):.1f} ms, the slowest {middle(found, 'slowest'):.0f} ms"
        )


if __name__ == "__main__":
    main()
