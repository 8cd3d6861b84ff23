"""The notation: each number on its page follows from the code beside it, and the code is what the package computes."""

import math
import re
from pathlib import Path

import pytest
import torch

from vae_book import letters
from vae_utils import distributions, objectives

PAGE = (Path(__file__).resolve().parent.parent / "chapters" / "notation.md").read_text(encoding="utf8")
NAMES = {name: getattr(math, name) for name in ("exp", "log", "log2", "prod", "sqrt")}
CONVERSION = re.compile(r"^\| ([^|]+) \| `([^`]+)` \| `([^`]+)` gives (\S+) \|$", re.MULTILINE)
CONVERSIONS = {said: (code, given, result) for said, code, given, result in CONVERSION.findall(PAGE)}
GUESS = re.compile(r"^\| [^|]*`(\w+)` \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)
GUESSES = {name: (x, eps) for name, x, eps in GUESS.findall(PAGE)}


def value(code, **given):
    return eval(code, dict(NAMES), given)


@pytest.mark.parametrize("said", CONVERSIONS)
def test_each_example_follows_from_its_code(said):
    code, given, result = CONVERSIONS[said]
    names = dict(NAMES)
    exec(given, names)
    digits = len(result.partition(".")[2])
    assert f"{eval(code, names):.{digits}f}" == result


def test_every_row_of_the_conversions_is_read():
    rows = [line for line in PAGE.splitlines() if "` gives " in line]
    assert len(rows) == len(CONVERSIONS) == 20
    assert set(GUESSES) == {"x", "eps", "v", "s", "w"}


@pytest.mark.parametrize("log_snr", [-3.0, -0.4, 0.0, 2.5])
def test_the_scales_of_noise_are_those_of_the_package(log_snr):
    alpha, sigma = (number.item() for number in distributions.alpha_sigma(torch.tensor(log_snr, dtype=torch.float64)))
    known = {"alpha": alpha, "sigma": sigma, "alpha_bar": alpha**2, "r": sigma / alpha, "log SNR": log_snr}
    known["t"] = alpha / (alpha + sigma)  # x_t = (1 - t) eps + t x has the same ratio of noise to data
    checked = [said for said in CONVERSIONS if all(name in known for name in said.split(" to "))]
    for said in checked:
        source, target = said.split(" to ")
        given = {source.replace("log SNR", "log_snr"): known[source]}
        assert value(CONVERSIONS[said][0], **given) == pytest.approx(known[target], rel=1e-9, abs=1e-12), said
    assert len(checked) == 9


def test_the_product_of_the_steps_is_that_of_a_chain():
    betas = [0.1, 0.2, 0.3]
    variance, kept = 0.0, 1.0
    for beta in betas:
        variance, kept = (1 - beta) * variance + beta, (1 - beta) * kept
    alpha_bar = value(CONVERSIONS["all betas so far to alpha_bar"][0], betas=betas)
    assert (alpha_bar, 1 - alpha_bar) == pytest.approx((kept, variance))


@pytest.mark.parametrize(("there", "back"), [("nats to bits", "bits to nats")])
def test_there_and_back(there, back):
    assert value(CONVERSIONS[back][0], bits=value(CONVERSIONS[there][0], nats=7.3)) == pytest.approx(7.3)


def test_bits_per_dimension_of_fair_pixels():
    """256 levels that nobody can guess are 8 bits each, by any way."""
    wanted = pytest.approx(8)
    nats = 12 * math.log(256)
    assert value(CONVERSIONS["nats for a picture to bits per dimension"][0], nats=nats, D=12) == wanted
    assert value(CONVERSIONS["bits per dimension to nats for a picture"][0], bits=8, D=12) == pytest.approx(nats)
    code = CONVERSIONS["a log density of pixels in [0, 1], dequantized, to bits per dimension of 256 levels"][0]
    assert value(code, log_p=0.0, D=12) == wanted  # uniform on [0, 1]
    assert value(CONVERSIONS["the same, of pixels in [-1, 1]"][0], log_p=-12 * math.log(2), D=12) == wanted


def test_the_hidden_beta_is_that_of_the_package():
    (code,) = (code for said, (code, *_) in CONVERSIONS.items() if said.startswith("mean square"))
    assert value(code, weight=0.3, D=50) == pytest.approx(objectives.effective_beta(1 / 50, 0.3))


@pytest.mark.parametrize("name", ["x", "eps", "v", "s"])
@pytest.mark.parametrize("log_snr", [-2.0, 1.3])
def test_a_guess_is_translated_as_the_package_does(name, log_snr):
    level = torch.tensor(log_snr, dtype=torch.float64)
    alpha, sigma = distributions.alpha_sigma(level)
    said, z = (torch.randn(5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) for seed in (0, 1))
    source = {"s": "score"}.get(name, name)
    for code, target in zip(GUESSES[name], ("x", "eps"), strict=True):
        got = value(code, **{name: said}, z=z, alpha=alpha, sigma=sigma)
        torch.testing.assert_close(got, distributions.translate(said, z, level, source, target))


def test_the_velocity_gives_back_data_and_noise():
    x, eps, t = 1.7, -0.4, 0.3
    given = {"x_t": (1 - t) * eps + t * x, "w": x - eps, "t": t}
    assert [value(code, **given) for code in GUESSES["w"]] == pytest.approx([x, eps])


@pytest.mark.parametrize("line", [line for line in PAGE.splitlines() if line.startswith("| ") and "](http" in line])
def test_a_paper_is_cited_with_its_year(line):
    cited = re.findall(r"\[([^\]]+)\]\((http[^)]+)\)", line)
    assert all(re.search(r" (19|20)\d\d$", name) or "tutorial" in name for name, _ in cited)


@pytest.mark.parametrize(
    ("formula", "place"),
    [(r"\beta", "beta"), (r"\beta_t", "beta"), (r"\alpha_t^2", "alpha"), (r"\varepsilon", "epsilon"), ("K", "k-and-k"),
     (r"\sigma^2", "sigma"), (r"\sigma_{max}", "sigma"), (r"\beta = 1", None), (r"\mathrm{KL}", None), ("k", None),
     (r"\betah", None), (r"\sigma(x)", None)],
)  # fmt: skip
def test_which_formulas_are_a_letter_alone(formula, place):
    assert letters.place_of(formula) == place


def test_each_letter_that_is_linked_has_a_section():
    headings = {re.sub(r"\W+", "-", line[3:].lower()) for line in PAGE.splitlines() if line.startswith("## ")}
    assert set(letters.LETTERS) <= headings
