"""The benchmarks: every contestant trains, a failure costs its own numbers alone, the page says what the files say."""

import json
import math
import re
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import contestants, page, speed
from vae_utils.data import load_digits

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def digits():
    return load_digits(source="bundled", n=256).x


@pytest.fixture(scope="module")
def entries(digits):
    some = {name: contestants.CONTESTANTS[name] for name in ("fit", "loader", "floor")}
    return speed.compare(digits, 32, rounds=3, contestants=some)


class TestContestants:
    @pytest.mark.parametrize("name", ["fit", "loader"])
    def test_the_loss_falls(self, entries, name):
        losses = entries[name]["loss"]
        assert len(losses) == 3 and losses[0] > losses[1] > losses[2] > 50

    def test_all_measure_the_same_loss(self, digits):
        """-ELBO of weights that are near zero: every pixel log 2 whatever it is, every KL near 0."""
        expected = 784 * math.log(2)
        for make in (contestants.book, contestants.loader):
            torch.manual_seed(0)
            assert make(digits[:32], 32)() == pytest.approx(expected, rel=0.05)

    def test_the_floor_is_timed_and_learns_nothing(self, entries):
        assert all(seconds > 0 for seconds in entries["floor"]["cpu_seconds"])
        assert entries["floor"]["loss"] == []

    def test_the_floor_has_the_products_of_the_network(self, monkeypatch, digits):
        from vae_utils.models import mlp_vae
        from vae_utils.objectives import elbo

        def products(run):
            with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], record_shapes=True) as seen:
                run()
            shapes = []
            for event in seen.events():
                if event.name in ("aten::mm", "aten::addmm"):
                    matrices = [tuple(shape) for shape in event.input_shapes if len(shape) == 2]
                    shapes.append(matrices[-2:] if event.name == "aten::addmm" else matrices[:2])
            return sorted(math.prod(a) * b[1] for a, b in shapes)

        model, x = mlp_vae(784, 20), digits[:32]
        train = products(lambda: elbo(model, x).elbo.mean().backward())
        assert products(contestants.floor(x, 32)) == train and len(train) == 11

    def test_pictures_come_back_as_they_were(self, digits):
        pictures = contestants.Pictures(digits)
        assert len(pictures) == len(digits)
        torch.testing.assert_close(pictures[7][0].reshape(-1), digits[7], atol=0.5 / 255 + 1e-6, rtol=0)

    def test_a_failure_costs_only_its_own_numbers(self, digits, capsys):
        def late(x, batch_size):
            calls = iter((0.0, 0.0))  # the warm-up, and one round

            def epoch():
                return next(calls)

            return lambda: epoch() if batch_size == 32 else None

        def broken(x, batch_size):
            raise ImportError("no such package")

        contestants = {"fit": ("fit", lambda x, size: lambda: 1.0), "a": ("late", late), "b": ("broken", broken)}
        entries = speed.compare(digits, 32, rounds=3, contestants=contestants)
        assert len(entries["fit"]["seconds"]) == 3 and "error" not in entries["fit"]
        assert len(entries["a"]["seconds"]) == 2 and entries["a"]["error"].startswith("StopIteration")
        assert entries["b"] == {"title": "broken", **speed.nothing_yet(), "error": "ImportError: no such package"}
        assert "broken: ImportError: no such package" in capsys.readouterr().out

    def test_no_round_begins_after_the_time_is_up(self, digits):
        contestants = {"fit": ("fit", lambda x, size: lambda: 1.0)}
        assert len(speed.compare(digits, 32, rounds=5, minutes=0.0, contestants=contestants)["fit"]["seconds"]) == 1

    def test_ratios_are_taken_within_a_round(self):
        entries = {"a": {"seconds": [2.0, 8.0, 3.0]}, "b": {"seconds": [1.0, 2.0, 3.0]}}
        assert speed.ratios(entries, "a", "b") == (2.0, 1.0, 4.0)


def example(title="one", seconds=(1.0, 2.0, 1.5)):
    return {"title": title, "seconds": list(seconds), "cpu_seconds": list(seconds), "loss": []}


def measured():
    about = {"date": "2001-02-03", "machine": {**speed.machine(), "pythae": "0.1.2"}}
    entries = {
        "fit": example("`fit` of this book"), "loader": example("DataLoader", (3.0, 6.0, 6.0)),
        "pythae": {**example("pythae", ()), "error": "ImportError: none"}, "floor": example("floor", (0.5, 1.0, 1.5)),
    }  # fmt: skip
    return {
        "loops": {**about, "rows": 60_000, "source": "mnist", "batch_sizes": {"128": entries}},
        "sizes": {**about, "batch_size": 128, "rows": [10, 20, 30], "seconds": [[1.0], [2.0], [3.0]]},
        "memory": {
            **about,
            "training": {"rows": 128, "k": [1, 10], "mebibytes": [3.0, 30.0]},
            "scoring": {"rows": 100, "k": [1, 100], "mebibytes": [2.0, 91.4]},
        },
        "chapters": {**about, "times": {name: {"seconds": 31.6, "cpu_seconds": 30.2} for name in ("02_elbo", "lab")}},
    }


def without_pictures(text):
    return re.sub(r"<svg.*?</svg>", "<svg/>", text, flags=re.DOTALL)


@pytest.mark.slow
class TestPage:
    def test_it_is_what_the_script_writes(self):
        """Figures aside: their curves are the same, their SVG differs between versions of matplotlib."""
        written = page.page(page.speed_results(), page.paper_results())
        text = page.PAGE.read_text(encoding="utf8")
        assert without_pictures(text) == without_pictures(written), "run `python benchmarks/page.py`"

    def test_numbers_are_those_of_the_file(self):
        text = page.page(measured(), {})
        for row in (
            "| `fit` of this book | 128 | 1.50 | 1 | 2.00 (1.00 to 2.00) |",
            "| DataLoader | 128 | 6.00 | 3.00 (3.00 to 4.00) | 6.00 (4.00 to 6.00) |",
            "| floor | 128 | 1.00 | 0.50 (0.50 to 1.00) | 1 |",
            "| pythae | 128 | did not run: ImportError: none | | |",
            "| 20 | 2.00 |",
            "| 10 | 30 |  |",
            "| 100 |  | 91 |",
            "| 2. [](02_elbo.ipynb) | 32 | 30 |",
            "| [](lab.ipynb) | 32 | 30 |",
        ):
            assert row in text
        assert "`fit` takes 2.00 times the floor; the DataLoader takes 3.00 times as long." in text
        assert "rises by 100.0000 s per 1,000 digits; $R^2 = 1.0000$" in text
        assert "With 3 times the digits an epoch takes 3 times as long: that is linear." in text
        assert "60,000 digits (MNIST)" in without_pictures(text).replace("\n", " ")
        assert text.count("*Taken on 2001-02-03: ") == 4

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (7.0, "7 times as long: that is less than linear"),
            (8.3, "linear"),
            (10.1, "a little faster"),
            (13, "faster"),
        ],
    )
    def test_it_says_how_time_grows(self, seconds, words):
        assert words in page.growth([1000, 8000], [1.0, seconds]).partition("8 times the digits an epoch takes ")[2]

    def test_figures_have_words_and_no_empty_line(self):
        figures = re.findall(r"<figure.*?</figure>", page.page(measured(), {}), re.DOTALL)
        assert len(figures) == 3
        for figure in figures:
            assert re.search(r'role="img" aria-label="[^"]{20,}"', figure) and "<figcaption>" in figure
            assert "\n\n" not in figure and "currentColor" in figure

    def test_what_is_missing_says_so(self):
        text = page.page({}, {})
        assert text.count(page.NOT_RUN) == 6 and text.count("| not run |") == len(page.paper_table({}).splitlines()) - 2
        assert "<figure" not in text

    def test_it_says_which_rows_reach_the_paper_and_how(self):
        def stages(name, hours):
            return [stage._asdict() | {"core_hours": hours, "bound": -89.7} for stage in page.ROWS[name].stages]

        one = {"paper": 86.76, "nll": 86.7, "stages": stages("vae-1", 0.5)}
        fifty = {"paper": 86.35, "nll": 86.45, "stages": stages("vae-1", 9.0) + stages("vae-50", 0.5)}
        said = page.paper_verdict({"vae-1": one, "vae-50": fifty})
        assert said.startswith("At or below the paper: VAE, k = 1. Above it: VAE, k = 50 by 0.10 nats.")
        assert said.endswith("the rows come in the order of the paper.")
        fifty["nll"] = 86.8
        assert "another order than in the paper" in page.paper_verdict({"vae-1": one, "vae-50": fifty})
        assert page.paper_verdict({"vae-50": fifty}).startswith("At or below the paper: none. Above it:")
        first, second = page.roads({"vae-1": one, "vae-50": fifty})
        first, second = first.replace("\N{NO-BREAK SPACE}", " "), second.replace("\N{NO-BREAK SPACE}", " ")
        expected = "- **VAE, k = 1**: 1,200 epochs of Adam on the ELBO with k = 1 (−89.70); 0.5 core hours of its own."
        assert first == expected
        assert second.startswith("- **VAE, k = 50**: from where “VAE, k = 1” ended, 300 epochs of Adam on the ")
        assert "300 epochs of Adam on the ELBO with k = 5 (−89.70), then 8 epochs" in second
        assert ", then 150 epochs of Muon on" in second and second.endswith("(−89.70); 1.5 core hours of its own.")

    def test_a_row_that_left_another_on_its_way_says_so(self):
        row = page.ROWS["vae-1"]
        assert page.beginning(row) == "" and page.beginning(row._replace(start=("vae-1", 1))).endswith("” ended, ")
        assert "” was after 2 of its 3 stages, " in page.beginning(row._replace(start=("iwae-5", 2)))

    def test_the_curve_ends_with_the_whole_row(self):
        point = {"epochs": 10, "core_hours": 0.1, "nll_500": 99.0}
        row = {
            "nll": 86.6, "standard_error": 0.2, "paper": 86.76, "nll_500": 86.9, "nll_500_without_inactive": 86.9,
            "stages": [page.ROWS["vae-1"].stages[0]._asdict() | {"core_hours": 0.7, "bound": -89.7}],
            "core_hours": 0.7, "steps": 1, "active_units": 20,
        }  # fmt: skip
        assert page.whole_row(row) == [{"epochs": 1200, "core_hours": 0.7, "nll_500": 86.9}]
        text = page.page({}, {"curve": [point], "vae-1": row})
        assert text.count("<figure") == 1 and "10 epochs" in text and "1200 epochs" in text
        assert "1200 epochs" not in page.page({}, {"curve": [point]})

    def test_a_run_in_which_all_failed_still_makes_a_page(self):
        broken = measured()
        for entry in broken["loops"]["batch_sizes"]["128"].values():
            entry |= {**speed.nothing_yet(), "error": "RuntimeError: no"}
        assert page.page(broken, {}).count("did not run: RuntimeError: no") == 4


class TestScript:
    def test_one_part_leaves_the_others(self, monkeypatch, tmp_path):
        monkeypatch.setattr(speed, "RESULTS", tmp_path / "speed.json")
        monkeypatch.setitem(speed.PARTS, "sizes", lambda: {"rows": [1]})
        monkeypatch.setitem(speed.PARTS, "memory", lambda: {"k": [2]})
        speed.measure("sizes"), speed.measure("memory")
        kept = json.loads((tmp_path / "speed.json").read_text())
        assert kept["sizes"]["rows"] == [1] and kept["memory"]["k"] == [2]
        assert set(kept["sizes"]["machine"]) >= {"processor", "cores", "threads", "torch"}

    def test_one_failing_part_leaves_the_others(self, monkeypatch, tmp_path, capsys):
        monkeypatch.setattr(speed, "RESULTS", tmp_path / "speed.json")
        monkeypatch.setattr(speed, "CHAPTER_TIMES", tmp_path / "none.json")
        monkeypatch.setattr(sys, "argv", ["speed.py", "chapters", "sizes", "--threads", str(torch.get_num_threads())])
        monkeypatch.setitem(speed.PARTS, "sizes", lambda: {"rows": [1]})
        with pytest.raises(SystemExit, match="failed: chapters"):
            speed.main()
        assert list(speed.results()) == ["sizes"]
        assert "none.json is not there: build the book first" in capsys.readouterr().out

    def test_an_unknown_part_is_named(self, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["speed.py", "colour"])
        with pytest.raises(SystemExit, match="part: got 'colour', expected one of loops, sizes, memory, chapters"):
            speed.main()
