"""The page of the phenomena: its arithmetic, its text, its links, and one step of each experiment."""

import math
import re
from pathlib import Path

import nbformat
import pytest
import torch

from experiments import phenomena
from vae_utils.randomness import seeded
from vae_utils.training import Run

ROOT = Path(__file__).resolve().parent.parent
NAMES = [phenomenon.run.__name__ for phenomenon in phenomena.PHENOMENA]


def fake(seed):
    return {"ramp": torch.tensor(2.0 * seed, requires_grad=True), "draw": torch.randn(()), "count": 3}


FAKE = phenomena.PHENOMENA[0]._replace(run=fake, claim="a claim", measured="in nats")


def test_repeats_with_three_seeds():
    before = torch.get_rng_state()
    numbers, seconds = phenomena.repeat(FAKE)
    assert numbers["ramp"] == pytest.approx((2.0, 2.0))  # 0, 2, 4
    assert numbers["count"] == (3.0, 0.0)
    assert seconds >= 0
    assert torch.equal(torch.get_rng_state(), before)


def test_noise_depends_on_the_seed_alone():
    first, second = (phenomena.repeat(FAKE)[0]["draw"] for _ in range(2))
    assert first == second
    draws = [torch.randn((), generator=torch.Generator().manual_seed(seed)).item() for seed in (0, 1, 2)]
    mean = sum(draws) / 3
    spread = math.sqrt(sum((draw - mean) ** 2 for draw in draws) / 2)
    assert first == pytest.approx((mean, spread), abs=1e-6)


@pytest.mark.parametrize(
    ("mean", "spread", "text"),
    [
        (37.7654, 1.234, "37.8 ± 1.2"),
        (146.8, 25.0, "146.8 ± 25.0"),
        (1.2345, 0.0456, "1.234 ± 0.046"),
        (1.2355, 0.1456, "1.24 ± 0.15"),
        (0.01, 0.00001, "0.010 ± 0.000"),
        (-0.0571, 0.0123, "−0.057 ± 0.012"),
        (-0.0001, 0.0123, "0.000 ± 0.012"),
        (4.0, 0.0, "4 ± 0"),
        (0.889, 0.0, "0.889 ± 0.000"),
    ],
)
def test_numbers_as_text(mean, spread, text):
    assert phenomena.written(mean, spread) == text


def test_a_row_of_the_table():
    cells = phenomena.row(FAKE, {"at β = 4": (1.25, 0.25), "b": (3.0, 0.5)}, 12.4).split(" | ")
    assert cells[0].startswith("| a claim<br>[5: ")
    numbers = "at β&nbsp;=&nbsp;4: **1.25&nbsp;±&nbsp;0.25**<br>b: **3.00&nbsp;±&nbsp;0.50**"
    assert cells[1:] == [f"*in nats*<br>{numbers}", "12&nbsp;s |"]


def test_the_page_has_every_row_and_only_these():
    lines = [line for line in phenomena.PAGE.read_text(encoding="utf8").splitlines() if line.startswith("|")]
    assert "\n".join(lines[:2]) == phenomena.HEAD
    assert len(lines) == 2 + len(phenomena.PHENOMENA)
    for line, phenomenon in zip(lines[2:], phenomena.PHENOMENA, strict=True):
        empty = phenomena.row(phenomenon, {}, 0.0)
        assert line.startswith(empty[: empty.rindex(" | ")]), "run `make phenomena`"
        number = r"−?\d+(\.\d+)?&nbsp;±&nbsp;\d+(\.\d+)?"
        assert re.search(rf"(<br>[^*|]+: \*\*{number}\*\*)+ \| \d+&nbsp;s \|$", line)


@pytest.fixture(scope="module")
def one_step(tmp_path_factory):
    """Every training stops after its first step, and what is kept on disk goes into an empty folder."""
    batches = Run.__iter__

    def first_batch(run):
        run.total = 1
        return batches(run)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "__iter__", first_batch)
        patch.setenv("VAE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.slow
@pytest.mark.parametrize("phenomenon", phenomena.PHENOMENA, ids=NAMES)
def test_an_experiment_runs_and_finds_what_the_page_shows(phenomenon, one_step):
    with seeded(0):
        numbers = phenomenon.run(0)
    assert all(math.isfinite(mean) for mean, _ in phenomena.summarize([numbers, numbers]).values()), numbers
    start = phenomena.row(phenomenon, {}, 0.0).split("<br>")[0]
    (line,) = (line for line in phenomena.PAGE.read_text(encoding="utf8").splitlines() if line.startswith(start))
    shown = re.findall(r"<br>([^*|]+): \*\*", line)
    assert shown == [phenomena.unbroken(name) for name in numbers], "run `make phenomena`"


def test_the_text_above_the_table_is_the_script_s():
    text = phenomena.PAGE.read_text(encoding="utf8")
    minutes = re.search(r"in about (\d+) minutes", text)
    assert text.startswith(phenomena.page([], 60 * int(minutes[1])).rstrip())


@pytest.mark.parametrize("phenomenon", phenomena.PHENOMENA, ids=NAMES)
def test_links_lead_to_a_section(phenomenon):
    from myst_parser.mdit_to_docutils.base import default_slugify as slugify

    chapter = nbformat.read(ROOT / "chapters" / f"{phenomenon.chapter}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in chapter.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^##{1,2} (.*)$", text, re.MULTILINE)
    anchor = re.search(r"#(.*)\)$", phenomena.section(phenomenon))[1]
    assert [slugify(heading) for heading in headings].count(anchor) == 1


def test_a_heading_that_is_gone_is_named():
    with pytest.raises(ValueError, match=r"05_latent_space: 0 headings contain 'no such words'"):
        phenomena.section(FAKE._replace(heading="no such words"))


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)
