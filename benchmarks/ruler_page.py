"""Writes chapters/ruler.md from benchmarks/ruler.json: python -m benchmarks.ruler_page"""

import math
import re
import statistics
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from vae_utils import plots
from vae_utils.surroundings import for_a_static_page

from .densities import LEVELS, PIXELS
from .page import figure, plus_minus
from .ruler import BATCH, DRAWS, EVERY, HIDDEN, LATENT, NOTHING_KNOWN, ROWS, SAMPLES, SIZES, STEPS, TEST, VALID, results

PAGE = Path(__file__).resolve().parent.parent / "chapters" / "ruler.md"
KINDS = {"exact": "exact", "samples": f"bound,\N{NO-BREAK SPACE}{SAMPLES}", "bound": "bound"}
KIND_COLORS = {"exact": "evidence", "samples": "posterior", "bound": "elbo"}

INTRODUCTION = """# One ruler

Every chapter measures its models on pictures of its own. Here all kinds of model in this book lie on **one**
ruler: the same pictures, the same question, the same unit. How probable are handwritten digits that the model
has never seen?

The pictures are the 1,797 scans that come with
[scikit-learn](https://scikit-learn.org/stable/datasets/toy_dataset.html), 8 by 8 pixels, each with one of
{levels} levels of gray. In one random order for all, {test} of them are the test, {valid} say when to stop, and
the rest is there to learn from. The hands that wrote the test wrote training pictures too: this is no test on
strangers.

Each number is $\\log p(x)$, or a bound on it from below, in **nats for a test picture; higher is better**.
Pixels are counted in levels, so $p(x)$ is a true probability for every row, at most 1. No density can cheat: a
Gaussian says how probable the *box* around a level is, tails and all. A model to which all levels are alike
says $-64 \\log {levels} = -{nothing:.1f}$.

**Predict.** Counting how often each pixel has each level is the first row. Which rows will it beat? And which
row will be at the top?
"""

NOTE = """Nats: the mean over the seeds ± its standard error; rows without a ± have nothing that a seed could
change. Above the VAE: each test picture held against itself, ± the standard error over the pictures. Kind:
exact, a bound by {samples} samples of $z$, or a bound. Single draws: the plain ELBO of those with many samples.
Bits a pixel: nats over $-64 \\log 2$, lower is better. Parameters include the encoder's. CPU seconds: training
alone, on a busy machine: an upper limit."""

SEEN = """**Seen.** At the top is {best}, {range:.1f} nats above {worst}; it {second}. It saves {saved:.0f} nats on
knowing nothing, and needs {bits:.2f} bits a pixel.

- Lines and tables: pPCA {ppca}, and factor analysis {factors}. From there to networks: the VAE {vae}.
- One thing about the VAE changed: IWAE {iwae}, the mixture prior {mog}, the VampPrior {vamp}, and the VAE of
  two levels {two}.
- Other kinds of model: the autoregressive one {ar}, diffusion {diffusion}. Latent diffusion ends {latent} the
  ELBO of the VAE under it.
- Three warnings: with its levels left free the VAE {free}, the VQ-VAE {vq}, and diffusion that is blind to
  levels {blind}.

**Why.** *pPCA* has one $\\sigma$ for all pixels. In the corners, which are black in nearly every scan, it has
to be as doubtful as in the middle; counting is not. *Factor analysis* is the same model with a $\\sigma$ for
each pixel, and that is the difference. A VAE changes the means *and* the sigmas with $z$.

*Levels left free* is the likelihood that can say anything, and with few pictures that is too much: those that it
has learned from are {free_heart:.1f} nats better than those held out; for the plain VAE the difference is
{vae_heart:.1f}. So the other VAEs here have the Gaussian cut into levels. The *VQ-VAE* has that likelihood and
learns by heart all the same, by {vq_heart:.1f} nats: no noise blurs its codes, and a prior that knows the order
of the symbols knows it best for strings that it has read.

The *kind* of number matters. For the VAE, {samples} samples instead of single draws are worth {loose:.2f} nats,
for IWAE {looser:.2f}, as its own bound forgives bad draws ([chapter 9](09_evaluation.ipynb)). Diffusion, latent
diffusion and the VQ-VAE have no such second look. Their $\\log p(x)$ may be higher than what stands here: a
bound that is above another model's $\\log p(x)$ proves something, a bound that is below does not.

*Diffusion* is at its place because its guess knows that pixels have levels: it says how probable each level is,
as a decoder does, and Bayes' rule adds what the noisy pixel says of itself. The usual guess, one number a
pixel, pays at every level of noise where the gray levels can already be told apart, to a network that does not
know them. That is the difference between two rows with the same bound, the same data, as many
steps and layers as wide. In [chapter 13](13_diffusion.ipynb) the pixels have noise on them and no levels, so
nothing of this shows.

A better *prior* wins what $\\mathcal{{N}}(0, I)$ loses, (11.1), if it is learned with the rest. *Latent
diffusion* comes when the VAE is done, and is itself a bound on its $\\log p(z)$.
"""

HOW = """## How each row is made

{steps} steps of Adam at one cycle of the learning rate, batches of {batch} (autoregressive: 64). After every
{every} steps the {valid} held-out pictures are scored, and the best weights are kept. Learning rates and sizes
were chosen among a few by the same {valid} pictures, never by the test; nobody searched for long.

- **Independent pixels**: counts, one added to each. **Mixture**: {tables} such tables, by EM.
- **pPCA**: {pca_factors} factors in closed form. **Factor analysis**: {factors}, by EM. Both are fitted as
  densities, then cut into levels.
- **VAE**: 64-{hidden}-{latent}-{hidden}-64, ReLU. Its likelihood is a Gaussian, with mean and $\\sigma$ of each
  pixel from the decoder, cut into levels. **Levels left free**: a probability for each of the {levels} levels
  of each pixel instead.
- **IWAE** trains the VAE by {k} samples. The **mixture prior** has {gaussians} Gaussians, the **VampPrior**
  {pseudo_inputs} pseudo-inputs. **Two levels**: {latent} and {half} numbers, drawn from the top. All of them
  have the likelihood of the VAE, so each row changes one thing. They are scored by {samples} samples of $z$ for
  each picture.
- **VQ-VAE**: {slots} slots of {codes} codes, a commitment of {pull:g}; afterwards a recurrent network learns the
  codes in order. Its bound takes one string of codes where the sum would run over all.
- **Autoregressive**: {levels} logits for each pixel from the {reach} rows above it and the pixels to its left;
  one small network for all places.
- **Diffusion**: log SNR from {first:g} to −7, endlessly many levels, {draws} draws of the noise for each
  picture. **Blind to levels**: the linear guess of chapter 13 with a network, log SNR from {first_blind:g}.
- **Latent diffusion**: the VAE of this table, at rest, and such a model of its codes, (13.11).
"""

NOT_SHOWN = """**Not shown.** That this is the order for larger pictures, more of them, or longer training: with
few pictures the models that hold back are favored. Nor is it shown which model draws the best pictures: that is another
ruler ([chapter 9](09_evaluation.ipynb)).

`make ruler` trains what is missing from `benchmarks/ruler.json` and writes this page; nothing on it is typed by
hand.
"""


SAID = {
    "mixture": "the mixture", "vae": "the VAE", "mixture-prior": "the VAE with a mixture prior",
    "vamp": "the VAE with the VampPrior", "two-levels": "the VAE of two levels", "vq": "the VQ-VAE",
    "autoregressive": "the autoregressive model", "free": "the VAE with its levels left free",
}  # fmt: skip
PAIRS = {
    "ppca": ("ppca", "independent"), "factors": ("factors", "ppca"), "vae": ("vae", "mixture"),
    "mog": ("mixture-prior", "vae"), "vamp": ("vamp", "vae"), "two": ("two-levels", "vae"), "iwae": ("iwae", "vae"),
    "ar": ("autoregressive", "vae"), "diffusion": ("diffusion", "vae"), "free": ("free", "vae"), "vq": ("vq", "vae"),
    "blind": ("blind-diffusion", "diffusion"),
}  # fmt: skip


def mean(entries, key="nats"):
    return statistics.mean(entry[key] for entry in entries.values())


def spread(entries, key="nats"):
    """The standard error of the mean over the seeds; None for one."""
    values = [entry[key] for entry in entries.values()]
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None


def seeds(known, name):
    return known[name]["seeds"]


def nats(known, name):
    return mean(seeds(known, name))


def bits(value):
    return -value / (PIXELS * math.log(2))


def table(known):
    lines = [
        "| model | nats | above the VAE | kind | single draws | bits a pixel | parameters | CPU\N{NO-BREAK SPACE}s |"
    ]
    lines += ["|---|--:|--:|---|--:|--:|--:|--:|"]
    return "\n".join(lines + [line(known, name) for name in known])


def number(value, digits=2):
    return f"{value:.{digits}f}".replace("-", "−")


def line(known, name):
    entries, row = seeds(known, name), ROWS[name]
    one, error = next(iter(entries.values())), spread(entries)
    cells = (
        row.title,
        number(mean(entries)) if error is None else plus_minus(mean(entries), error),
        "" if name == "vae" or "vae" not in known else plus_minus(*gap(known, name, "vae")),
        KINDS[row.kind],
        number(mean(entries, "elbo")) if row.kind == "samples" else "",
        f"{bits(mean(entries)):.2f}",
        f"{one['parameters']:,}",
        f"{mean(entries, 'seconds'):.1f}",
    )
    return f"| {' | '.join(cells)} |"


def bars(known):
    fig, ax = plt.subplots(figsize=(plots.NARROW, 0.3 * len(known) + 0.9))
    least, ranked = min(nats(known, name) for name in known) - 3, sorted(known, key=lambda name: -nats(known, name))
    for place, name in enumerate(ranked):
        value, kind = nats(known, name), ROWS[name].kind
        ax.barh(place, value - least, left=least, height=0.7, color=plots.COLORS[KIND_COLORS[kind]], alpha=0.55)
        found = [entry["nats"] for entry in seeds(known, name).values()]
        ax.plot(found, [place] * len(found), "o", color=plots.INK, ms=3.5)
        ax.text(max(found) + 0.7, place, number(value, 1), va="center", fontsize=9)
    ax.set(yticks=range(len(known)), yticklabels=[ROWS[name].title for name in ranked], xlabel="nats a picture")
    ax.set_xlim(least, max(nats(known, name) for name in known) + 6)
    ax.invert_yaxis()
    kinds = {
        KINDS[ROWS[name].kind].replace(str(SAMPLES), f"{SAMPLES} samples"): KIND_COLORS[ROWS[name].kind]
        for name in known
    }
    handles = [plt.Rectangle((0, 0), 1, 1, color=plots.COLORS[color], alpha=0.55) for color in kinds.values()]
    ax.legend(
        handles,
        kinds,
        loc="lower center",
        bbox_to_anchor=(0.3, 1),
        ncols=len(kinds),
        columnspacing=1.0,
        handlelength=1.2,
    )
    alt = "Bars of nats a picture, one for each model, colored by the kind of number, with a dot for each seed: " + (
        "; ".join(f"{ROWS[name].title} {nats(known, name):.1f}" for name in ranked) + "."
    )
    caption = "The table, sorted: longer is better. A dot is a seed; the color says what kind of number it is."
    return figure(fig, alt, caption)


def gap(known, one, other):
    """How many nats `one` has above `other`, with its standard error over the pictures: each with itself."""
    differences = np.subtract(known[one]["pictures"], known[other]["pictures"])
    return differences.mean(), differences.std(ddof=1) / len(differences) ** 0.5


def versus(known, one, other):
    """In words: how `one` stands to `other` on the same pictures."""
    nats, error = gap(known, one, other)
    if abs(nats) < 2 * error:
        return f"cannot be told apart from {named(other)} ({plus_minus(nats, error)} nats)"
    return f"is {plus_minus(abs(nats), error)} nats {'above' if nats > 0 else 'below'} {named(other)}"


def named(name):
    return SAID.get(name, ROWS[name].title)


def seen(known):
    ranked = sorted(known, key=lambda name: -nats(known, name))
    best, second, worst = ranked[0], ranked[1], ranked[-1]
    said = {key: versus(known, *pair) for key, pair in (PAIRS | {"second": (best, second)}).items()}
    return SEEN.format(
        best=named(best), range=nats(known, best) - nats(known, worst), worst=named(worst), samples=SAMPLES,
        saved=nats(known, best) - NOTHING_KNOWN, bits=bits(nats(known, best)), latent=above_the_bound(known),
        loose=looseness(known, "vae"), looser=looseness(known, "iwae"), free_heart=by_heart(known, "free"),
        vae_heart=by_heart(known, "vae"), vq_heart=by_heart(known, "vq"), **said,
    )  # fmt: skip


def by_heart(known, name):
    """How much better a row likes pictures that it has learned from than those held out, in nats."""
    return mean(seeds(known, name), "learned_from") - mean(seeds(known, name), "held_out")


def looseness(known, name):
    """What single draws leave of the bound by many samples."""
    return nats(known, name) - mean(seeds(known, name), "elbo")


def above_the_bound(known):
    """Latent diffusion beside the VAE under it, both by single draws: the same posterior, another prior."""
    gain = nats(known, "latent-diffusion") - mean(seeds(known, "vae"), "elbo")
    return f"{abs(gain):.2f} nats {'above' if gain > 0 else 'below'}"


def page(known):
    """The whole page; of a row that was not run it says so."""
    missing = [row.title for name, row in ROWS.items() if name not in known]
    with plt.rc_context(), for_a_static_page():
        plots.use_style()
        parts = [INTRODUCTION.format(test=TEST, valid=VALID, nothing=-NOTHING_KNOWN, levels=LEVELS)]
        parts += [f"Not run yet: {', '.join(missing)}.\n"] if missing else []
        if known:
            parts += [table(known), "", NOTE.format(samples=SAMPLES), "", bars(known), ""]
        if not missing:
            parts += [seen(known)]
        parts += [HOW.format(steps=f"{STEPS:,}", batch=BATCH, every=EVERY, valid=VALID, latent=LATENT, hidden=HIDDEN,
                             half=LATENT // 2, samples=SAMPLES, draws=DRAWS, levels=LEVELS, **SIZES)]  # fmt: skip
        parts += [NOT_SHOWN, made_on(known)] if known else []
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def made_on(known):
    minutes = sum(entry["seconds"] for name in known for entry in seeds(known, name).values()) / 60
    machines = sorted({row["machine"] for row in known.values()})
    return f"*Trained in {minutes:.0f} minutes of processor time in all: {'; '.join(machines)}.*\n"


def main():
    PAGE.write_text(page(results()), encoding="utf8")
    print(f"{PAGE.name} is written")


if __name__ == "__main__":
    main()
