"""Repeats the main experiments of the chapters with three seeds and writes chapters/phenomena.md.

python -m experiments.phenomena            all of them, some minutes
python -m experiments.phenomena NAME ...   only the functions of these names; nothing is written
"""

import json
import math
import re
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

import torch

from vae_utils.randomness import seeded

from . import (
    adversarial,
    adversarial_digits,
    blur,
    collapse,
    conditional,
    diffusion,
    disentanglement,
    evaluation,
    latent_space,
    latents,
    portraits,
    symbols,
)

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
PAGE = CHAPTERS / "phenomena.md"
SEEDS = (0, 1, 2)


class Phenomenon(NamedTuple):
    """claim: what should be seen.  heading: a part of the section's heading.  run: seed -> {name: number}."""

    chapter: str
    heading: str
    claim: str
    measured: str
    run: callable


FIVE, SIX, SEVEN = "05_latent_space", "06_posterior_collapse", "07_conditional_vae"
EIGHT, NINE, TEN = "08_blurriness", "09_evaluation", "10_disentanglement"
ELEVEN, TWELVE, THIRTEEN = "11_better_latents", "12_vae_and_gan", "13_diffusion"
FOURTEEN = "14_your_own_pictures"
PHENOMENA = (
    Phenomenon(
        FIVE, "three ways to use the space", "Reconstruction alone goes anywhere, the KL keeps codes near the prior",
        "standard deviation of the test codes, the wider of two dimensions", latent_space.three_ways,
    ),
    Phenomenon(
        FIVE, "Two forces", "With the KL, sigma forgets where it began; without it, it falls toward zero",
        "mean posterior $\\sigma$ after 300 steps", latent_space.two_forces,
    ),
    Phenomenon(
        FIVE, "Surplus dimensions", "Surplus dimensions carry next to nothing; how many count as used differs by run",
        "active units of ten offered for four true numbers, and nats", latent_space.surplus_dimensions,
    ),
    Phenomenon(
        FIVE, "Lerp against slerp", "Halfway along a straight line the code is inside the shell, the decoder in doubt",
        "norm of $z$ in 20-D ($\\sqrt{20} = 4.47$), entropy of the pixels in nats", latent_space.thin_shell,
    ),
    Phenomenon(
        FIVE, "rate and distortion", "A larger beta trades rate for distortion",
        "rate $R$ and distortion $D$, nats", latent_space.rate_distortion,
    ),
    Phenomenon(
        SIX, "Collapse by price", "The dearer the letter, the shorter, until it is empty",
        "KL, nats", collapse.collapse_by_price,
    ),
    Phenomenon(
        SIX, "The exact law", "A linear VAE uses the dimensions whose eigenvalue exceeds $\\sigma^2$, no others",
        "six noise levels, six dimensions each", collapse.exact_law,
    ),
    Phenomenon(
        SIX, "needs no letter", "A decoder that sees the whole past hardly reads $z$; the bounds are nearly tied",
        "nats per row", collapse.empty_letter,
    ),
    Phenomenon(
        SIX, "Eight remedies", "Most remedies bring the letter back, at different lengths",
        "$I(x; z)$, nats, full context unless said", collapse.remedies,
    ),
    Phenomenon(
        SIX, "Eight remedies", "From a good start a few of 16 codes live, four would do; from a bad one hardly any",
        "perplexity of the codes; nats per row", collapse.dead_codes,
    ),
    Phenomenon(
        SIX, "learn sigma", "A pixel model that learns its $\\sigma$ says more than one with $\\sigma = 1$",
        "KL, nats", collapse.learned_sigma,
    ),
    Phenomenon(
        SEVEN, "Five models, two sizes", "With $d = 2$ class means come out badly and the standard form obeys at once",
        "digits drawn as asked, percent, as a classifier reads them", conditional.drawn_as_asked,
    ),
    Phenomenon(
        SEVEN, "Five models, two sizes", "With $d = 10$ longer training heals the standard form, not decoder-only",
        "digits drawn as asked, percent, $d = 10$", conditional.training_time,
    ),
    Phenomenon(
        SEVEN, "Five models, two sizes", "The decoder obeys styles from $q(z \\mid x, y)$, less those of $p(z)$",
        "digits drawn as asked, percent, standard form, $d = 10$", conditional.train_and_use,
    ),
    Phenomenon(
        SEVEN, "What is a label worth", "A label is worth most of the $\\log 10 = 2.303$ nats that it can be worth",
        "nats saved, over 300 test digits", conditional.worth_of_a_label,
    ),
    Phenomenon(
        SEVEN, "decoder-only conditioning", "With a blind encoder training leaves the truth and drops the label",
        "nats, at noise $s = 0.15$", conditional.blind_encoder,
    ),
    Phenomenon(
        EIGHT, "if z may say which", "A pixel comes back gray where $\\sigma > 0.5$; below, 200 steps can miss",
        "gray of a decoded 1 minus gray of a decoded 0", blur.gray_pixel,
    ),
    Phenomenon(
        EIGHT, "The mean is not a sample", "Reconstructions of three likelihoods are softer than the data",
        "Laplacian variance, data = 1", blur.soft_means,
    ),
    Phenomenon(
        EIGHT, "balance of the losses", "A smaller $\\sigma$ sharpens the means, and fewer draws are digits",
        "Laplacian variance, data = 1; share of draws", blur.balance,
    ),
    Phenomenon(
        EIGHT, "a perceptual loss", "With as many nats through $z$ a feature loss is no sharper",
        "nats; Laplacian variance, data = 1", blur.feature_loss,
    ),
    Phenomenon(
        EIGHT, "VQ-VAE", "A prior that knows the order of the codes brings variety",
        "share of the test digits that the draws reach", blur.code_prior,
    ),
    Phenomenon(
        EIGHT, "autoregressive decoder", "Pixel by pixel the draws are as sharp as the data, and $z$ says little",
        "Laplacian variance, data = 1; shares", blur.pixel_by_pixel,
    ),
    Phenomenon(
        EIGHT, "All of them on one figure", "Recall falls with blur alone, though the digits are real ones",
        "500 training digits, from as they are to fully averaged", blur.blur_and_recall,
    ),
    Phenomenon(
        NINE, "Many samples instead of one", "The bound with K samples closes in fast if $q$ is wide, slowly if narrow",
        "gap to the exact $\\log p(x)$, nats", evaluation.many_samples,
    ),
    Phenomenon(
        NINE, "The verdict", "Forty dimensions explain digits better than two, and draw better ones for the judge",
        "nats over 100 binarized test digits; samples against 1,000 test digits", evaluation.two_sizes,
    ),
    Phenomenon(
        NINE, "How good are the samples", "Chimeras and forged static come near for the judge, blurred digits do not",
        "against 1,000 test digits", evaluation.impostors,
    ),
    Phenomenon(
        TEN, "Why no likelihood can ask", "A turn of $z$ costs the MIG but no nat, unless $q$ has to stay diagonal",
        "a beta-TCVAE, $\\beta = 16$; nats per face", disentanglement.rotation,
    ),
    Phenomenon(
        TEN, "Who asks for it", "A diagonal $q$ finds causes of unequal strength; among equal ones the seed decides",
        "absolute cosine of the columns of $W$, linear VAE; strengths 4, 1, 0.3 or equal", disentanglement.columns,
    ),
    Phenomenon(
        TEN, "Twelve trainings", "On average it is better to weigh the total correlation; the seed matters as much",
        "MIG; error per pixel, thousandths of white", disentanglement.race,
    ),
    Phenomenon(
        TEN, "A little supervision", "A hundred labels, or pairs without a label, do more than either weight",
        "MIG; error per pixel, thousandths of white; $\\beta = 4$", disentanglement.supervision,
    ),
    Phenomenon(
        ELEVEN, "In eight dimensions", "A prior fitted to the codes afterwards gains most of what joint training gains",
        "$\\log p(x)$ of a test digit above that with $\\mathcal{N}(0, I)$, trained as long; nats",
        latents.learned_priors,
    ),
    Phenomenon(
        ELEVEN, "The spirals of chapter 4", "A mixture over the codes wins nearly all of the marginal KL",
        "nats per fresh point", latents.spirals_mended,
    ),
    Phenomenon(
        ELEVEN, "Who gets the information", "A plain chain has a silent level 3, no silent level 2, and more log p",
        "nats per test digit; level 1 is next to the data", latents.plain_and_residual,
    ),
    Phenomenon(
        ELEVEN, "What does each level decide", "The level that was cheap at first holds more of the digit, long after",
        "residual form, two levels: nats per test digit; shares", latents.who_decides,
    ),
    Phenomenon(
        ELEVEN, "How a codebook learns", "Restart brings all of 256 codes to life; 32 codes have the better bound",
        "how many of 256 the test digits use; ELBO with independent slots, nats", symbols.many_codes,
    ),
    Phenomenon(
        ELEVEN, "How a codebook learns", "A fixed grid uses its 32 codes evenly and is level with the gradient",
        "perplexity; ELBO with two priors over the slots, nats", symbols.fixed_grid,
    ),
    Phenomenon(
        ELEVEN, "One table", "The more a prior knows of the codes, the less they cost; Gaussian numbers stay ahead",
        "nats for a test digit; 32 codes that follow averages", symbols.price_of_codes,
    ),
    Phenomenon(
        TWELVE, "Eight modes", "Momentum loses modes of a ring, with R1 or without; a VAE draws bridges between them",
        "modes found, of 8; share of good samples", adversarial.eight_modes,
    ),
    Phenomenon(
        TWELVE, "Eight modes", "On a grid of 25, too, momentum is what loses the modes, and the losses are level",
        "modes found, of 25; share of good samples; up to twice the steps of the ring", adversarial.grid_of_modes,
    ),
    Phenomenon(
        TWELVE, "On digits", "Matching class means takes variance; made unbiased, it gives it back",
        "a GAN with labels: variance within a class, data = 1; shares", adversarial_digits.class_means,
    ),
    Phenomenon(
        TWELVE, "On digits", "The variance of the features decides whether a VAE-GAN is a VAE",
        "nats; shares of the reconstructions; Laplacian variance, data = 1", adversarial_digits.feature_variance,
    ),
    Phenomenon(
        TWELVE, "On digits", "In a CVAE-GAN the label is obeyed less where the code says more, and the draws vary more",
        "nats; shares of the draws", adversarial_digits.labels_and_codes,
    ),
    Phenomenon(
        THIRTEEN, "With a network", "More of the gap is the levels' doing than the network's, by either loss",
        "gap to the exact $\\log p(x)$, nats; share of good samples", diffusion.learned_bound,
    ),
    Phenomenon(
        THIRTEEN, "Flow matching", "In five steps flow matching gets twice as far as DDIM; in twenty they are near",
        "share of good samples", diffusion.few_steps,
    ),
    Phenomenon(
        THIRTEEN, "Latent diffusion", "The smaller beta, the better decoder, the worse $N(0, I)$; diffusion mends it",
        "Fréchet distance to 2,000 test digits", diffusion.latent_diffusion,
    ),
    Phenomenon(
        THIRTEEN, "The mysterious", "Codes too small for the noise cost most, codes too large less",
        "Fréchet distance to 2,000 test digits, $\\beta = 0.1$", diffusion.scale_of_codes,
    ),
    Phenomenon(
        FOURTEEN, "The encoder", "Codes know what moves many pixels as well as PCA does, nose and smile worse",
        "share of unseen portraits told rightly, from 50 labels", portraits.features,
    ),
    Phenomenon(
        FOURTEEN, "Which pictures", "The average face is likelier than portraits; against PNG, it is odd",
        "area under the ROC curve, portraits against odd pictures", portraits.misled,
    ),
)  # fmt: skip

INTRODUCTION = """# The phenomena over three seeds

One run may be luck. This page repeats, with three seeds, those experiments of chapters 5 to 14 that train a model and
whose outcome a seed can change, and shows what stays. The GAN of chapter 8 is not among them, nor what a chapter
computes exactly.

A seed sets the first weights of every model, the order of the batches and all noise. The data is the same each time:
the scans that come with the book, and pictures that it draws, so nothing has to be downloaded. If your chapters read
MNIST, their numbers differ from these; look for the same direction. Networks and training lengths are those of the
chapters; the digits of chapter 7 are read by a classifier. Where a chapter sweeps a setting, some rows take a few of
its values.

Each number is the mean over the seeds {seeds}, ± the standard deviation between them. Nothing here is typed by hand:
`make phenomena` runs everything again and writes this page, in about {minutes} of one processor core.
"""
HEAD = "| What should be seen | Mean ± spread | Time |\n|---|---|--:|"


def summarize(results: list[dict]) -> dict[str, tuple[float, float]]:
    """One dict of numbers per seed -> {name: (mean, standard deviation with n - 1)}."""
    numbers = {name: [float(torch.as_tensor(result[name]).detach()) for result in results] for name in results[0]}
    return {name: (statistics.fmean(values), statistics.stdev(values)) for name, values in numbers.items()}


def written(mean: float, spread: float) -> str:
    """As many decimals as show two digits of the spread, at least one and at most three; none for equal counts."""
    if spread == 0 and mean == int(mean):
        return f"{mean:.0f} ± 0"
    decimals = 3 if spread < 1e-9 else min(3, max(1, 1 - math.floor(math.log10(spread))))
    text = f"{mean:.{decimals}f} ± {spread:.{decimals}f}"
    return re.sub(r"^-(?=0\.0* )", "", text).replace("-", "−")


def section(phenomenon: Phenomenon) -> str:
    """A link to the section, by the heading that the chapter has now."""
    cells = json.loads((CHAPTERS / f"{phenomenon.chapter}.ipynb").read_text(encoding="utf8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    headings = [h for h in re.findall(r"^##+ (.*)$", text, re.MULTILINE) if phenomenon.heading in h]
    if len(headings) != 1:
        raise ValueError(f"{phenomenon.chapter}: {len(headings)} headings contain {phenomenon.heading!r}, expected one")
    heading = headings[0]
    anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    title = re.sub(r"^\d+\.? ", "", heading)
    return f"[{int(phenomenon.chapter[:2])}: {title}]({phenomenon.chapter}.ipynb#{anchor})"


def unbroken(text: str) -> str:
    """No line ends beside a sign: "β = 4" and "1.25 ± 0.25" stay together."""
    return re.sub(r" ([=±×]) ", r"&nbsp;\1&nbsp;", text)


def row(phenomenon: Phenomenon, numbers: dict[str, tuple[float, float]], seconds: float) -> str:
    values = (f"{unbroken(name)}: **{unbroken(written(*pair))}**" for name, pair in numbers.items())
    measured = "<br>".join((f"*{phenomenon.measured}*", *values))
    return f"| {phenomenon.claim}<br>{section(phenomenon)} | {measured} | {seconds:.0f}&nbsp;s |"


def repeat(phenomenon: Phenomenon) -> tuple[dict[str, tuple[float, float]], float]:
    """What three seeds give, and the processor time of all three in seconds."""
    started, results = time.process_time(), []
    for seed in SEEDS:
        with seeded(seed):
            results.append(phenomenon.run(seed))
    return summarize(results), time.process_time() - started


def page(rows: list[str], seconds: float) -> str:
    minutes = f"{max(1, round(seconds / 60))} minutes"
    seeds = ", ".join(map(str, SEEDS[:-1])) + f" and {SEEDS[-1]}"
    return INTRODUCTION.format(seeds=seeds, minutes=minutes) + "\n" + "\n".join([HEAD, *rows]) + "\n"


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    chosen = [p for p in PHENOMENA if not names or p.run.__name__ in names]
    rows, total = [], 0.0
    for i, phenomenon in enumerate(chosen, 1):
        print(f"{i:2d} of {len(chosen)}: {phenomenon.run.__name__} ... ", end="", flush=True)
        numbers, seconds = repeat(phenomenon)
        print(f"{seconds:.0f} s   " + "; ".join(f"{name} {written(*pair)}" for name, pair in numbers.items()))
        rows.append(row(phenomenon, numbers, seconds))
        total += seconds
    if not names:
        PAGE.write_text(page(rows, total), encoding="utf8")
        print(f"{PAGE.name} is written, {total:.0f} s of processor time")


if __name__ == "__main__":
    main(sys.argv[1:])
