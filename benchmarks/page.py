"""Writes chapters/benchmarks.md from benchmarks/speed.json and benchmarks/paper.json: python -m benchmarks.page"""

import re
import statistics
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from vae_utils import plots
from vae_utils.surroundings import for_a_static_page

from .iwae import ROWS
from .latents import COMPONENTS, LEVELS, PRIORS
from .paper import BATCH_SIZE, SAMPLES
from .paper import results as paper_results
from .speed import ratios
from .speed import results as speed_results
from .table import signed
from .table import table as paper_table

PAGE = Path(__file__).resolve().parent.parent / "chapters" / "benchmarks.md"
NOT_RUN = "Not run yet."

INTRODUCTION = """# The benchmarks

Two questions about the code of this book. Is it fast: what does an epoch take, against other ways to train the same
network, and against the arithmetic that no way can avoid? And is it right: does a model trained with it reach the
numbers of the paper that everybody compares with?

Nothing on this page is typed by hand. `make benchmark` takes the times of the first four sections on your machine
and writes the page anew, in about five minutes; `make paper ROW=vae-1` trains and scores a row of the paper's
table, in hours.
"""

SPEED = """## How fast is an epoch?

One network for all, 784-400-20-400-784 with ReLU and Bernoulli pixels, 32-bit numbers, Adam, on {rows:,} digits
({source}), with {threads} threads. The ways take turns, {rounds} rounds of one epoch each after a warm-up, so that
a busy moment of the machine hits all of them. Times are medians; ratios are taken within a round, and given as the
median with the least and the greatest in brackets.

- **`fit`** is the loop of this book: all pictures in one tensor, a new order each epoch, Adam in one fused pass.
- **A DataLoader** is how most tutorials do it: a data set of pictures, a transform for each picture, batches put
  together one by one, a loss by hand.
- **pythae** is a library of autoencoders; its trainer gets the same network and the pictures as a tensor.
- **The floor** trains nothing. It computes the matrix products of each step, forward and backward, in buffers that
  are already there, and lets Adam pass over the weights. No loop that uses these products can be faster.
"""

SIZES = """## Does time grow with the data?

Seconds of one epoch of `fit`, batch {batch_size}, for more and more digits; the median of {rounds} rounds.
"""

MEMORY = """## Does memory grow with k?

The importance-weighted bound draws k samples of $z$ for each picture. **Training** needs the gradient through all
of them at once, so its memory has to grow with k (a batch of {training} pictures here). **Scoring**, by
`log_likelihood`, needs no gradient: it takes the samples in chunks of 100 and keeps a running sum ({scoring} pictures
at a time). From k = 100 on, {samples:.0f} times the samples take {memory:.1f} times the memory. Shown is the greatest
memory of the process, above what it had with the model and the pictures loaded: what the allocator keeps back
between two chunks is part of it.
"""

CHAPTERS = """## How long does each chapter run?

Seconds from opening a chapter to its last cell, when the book was built: two chapters side by side, one thread
each.
"""

PAPER = """## Are the numbers those of the paper?

Five rows of table 1 of [Burda, Grosse and Salakhutdinov (2016)](https://arxiv.org/abs/1509.00519), models of MNIST,
with the networks of the paper and our own, shorter training: negative log-likelihood of the 10,000 test images by
5,000 samples each, in nats, lower is better. The ± is the standard error of our NLL over the images; it is no error of
the gap, since both columns are about the same images. [Chapter 9](09_evaluation.ipynb) says what has to be equal
before such numbers may be compared, and what "active units" are.
"""

ROADS = """The paper trained each row for 9.8 million steps of 20 images. Here it was batches of {batch_size} images
and a one-cycle schedule of the learning rate for each stage, on one core, with matrix products in 16-bit numbers
(bfloat16) and all else in 32. Late stages leave Adam for
[Muon](https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html), which steps by the orthogonal matrix
nearest to the averaged gradient of a weight matrix. "One sample drawn by weight" is a saving of the paper: of the k
samples of an image, one is drawn in proportion to its importance weight, and only that one is sent back through the
networks. Its gradient is right on average, and the others need no backward pass. In brackets is what the stage
maximized, as it stood on the training images in its last epoch:
"""

WITH_K = "with k\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{k}"
WEIGHTED = f"the importance-weighted bound {WITH_K}"
KINDS = {
    "elbo": f"the ELBO {WITH_K}",
    "importance": WEIGHTED,
    "resampled": f"{WEIGHTED}, its gradient through one sample drawn by weight",
}

CURVE = """How the first row got there: the same training, one-cycle schedule and all, with fewer epochs. These are
scored by 500 samples for each of the 10,000 images, which reads a few tenths of a nat above 5,000 samples.
"""


BETTER_PRIOR = """## Does a better prior help?

[Tomczak and Welling (2018)](https://arxiv.org/abs/1705.07120) put the VampPrior in the place of N(0, I): a mixture of
the model's own posteriors at {components} learned pseudo-inputs. Here is their comparison with one layer of latent
variables, once more: their network, 784-300-300-40 and back with gated units, trained twice, equally long, from the
same seed. NLL of every twentieth test image, {images:,} in all, by {samples:,} samples each, in nats.

**Compare the gains, not the rows.** The pictures of the paper were turned black and white once and for all (*static*
binarization); ours are drawn anew at every step (*dynamic*), as for the table above. So the two NLLs of a row are about
different data. What may be set side by side is the gain: how many nats the VampPrior takes off the NLL. The ± of ours
is the standard error over the images, each compared with itself; it says nothing of other seeds.
"""

HOW_PRIORS = """Other differences: each model here had {epochs} epochs in batches of {batch_size}, with one cycle of the
learning rate; [the code of the paper](https://github.com/jmtomczak/vae_vampprior) goes on for up to 2,000, in batches
of 100, raises the weight of the KL over the first 100, and stops when a validation set says so. Our pseudo-inputs
start at the first {components} training images and are not kept in [0, 1]; the weights of the mixture are learned, the
paper's are equal. With the VampPrior a step costs more, since the pseudo-inputs, too, go through the encoder. Another
length of training may well give another gain.
"""


TWO_LEVELS = """## Two levels, drawn from the top

The last row of the paper's table has two layers of latent variables, 100 and 50, and draws its posterior from the
bottom: $q(z_1 | x)\\, q(z_2 | z_1)$. The posterior of a *top-down* model is drawn in the order of the prior,
$q(z_2 | x)\\, q(z_1 | z_2, x)$ ([Sønderby and others, 2016](https://arxiv.org/abs/1602.02282)), and its decoder sees
both levels; the sizes are the same.

We had no hours to train one from the start. Ours begins where our row “{start}” ended, with the same $p(x)$ and nearly
the same posterior, and then had {leg}. That is {minutes:.1f} minutes of one core after {hours:.1f} hours, so the table
tells how far it came, and not what such a model can reach: a new cycle of the learning rate alone moves a model away
from where it had come to rest. {beside} On all test images the row it starts from has {nll}, the paper's {paper:.2f};
here it is every twentieth, {images:,} in all, by {samples:,} samples.
"""

WITH_PLAIN = "So beside it stands the plain model, trained on in the same way."
WITHOUT_PLAIN = "The plain model was not trained on in the same way, so that part of the change is not known."


def section(text, write, entry):
    """What `write` makes of the entry; without one, the heading of `text` and that it was not run."""
    return f"{text.splitlines()[0]}\n\n{NOT_RUN}\n" if entry is None else write(entry)


def speed_section(entry):
    by_batch_size = entry["batch_sizes"]
    rounds = max(len(one["seconds"]) for entries in by_batch_size.values() for one in entries.values())
    lines = ["| Way | Batch | Seconds an epoch | Times `fit` | Times the floor |", "|---|--:|--:|--:|--:|"]
    for batch_size, entries in by_batch_size.items():
        lines += [contestant(entries, name, batch_size) for name in entries]
    text = SPEED.format(
        rows=entry["rows"], source=source(entry), threads=entry["machine"]["threads"], rounds=rounds,
    )  # fmt: skip
    return "\n".join([text, *lines, "", speed_figure(by_batch_size), "", verdict(by_batch_size), "", taken(entry)])


def contestant(entries, name, batch_size):
    entry = entries[name]
    if not entry["seconds"]:
        return f"| {entry['title']} | {batch_size} | did not run: {entry.get('error', '')} | | |".replace("\n", " ")
    seconds = statistics.median(entry["seconds"])
    cells = [ratio(entries, name, reference) for reference in ("fit", "floor")]
    return f"| {entry['title']} | {batch_size} | {seconds:.2f} | {cells[0]} | {cells[1]} |"


def ratio(entries, name, reference):
    if name == reference or not entries[reference]["seconds"]:
        return "1" if name == reference else ""
    median, least, most = ratios(entries, name, reference)
    return f"{median:.2f} ({least:.2f} to {most:.2f})"


def verdict(by_batch_size):
    """The ratios that were the goals, in a sentence a batch size."""
    lines = []
    for batch_size, entries in by_batch_size.items():
        if not (entries["fit"]["seconds"] and entries["floor"]["seconds"]):
            continue
        over = {name: ratios(entries, name, "fit")[0] for name in ("loader", "pythae") if entries[name]["seconds"]}
        said = {"loader": "the DataLoader takes {:.2f} times as long", "pythae": "pythae {:.2f} times"}
        others = "; ".join(said[name].format(value) for name, value in over.items())
        lines.append(
            f"At batch {batch_size}, `fit` takes {ratios(entries, 'fit', 'floor')[0]:.2f} times the floor"
            + (f"; {others}." if others else ".")
        )
        if "loader" in over:
            most = ratios(entries, "loader", "floor")[0]
            lines.append(f"A loop that cost nothing more than the floor would be {most:.2f} times as fast as it.")
    return " ".join(lines)


def speed_figure(by_batch_size):
    fig, axes = plt.subplots(1, len(by_batch_size), figsize=(plots.WIDTH, 2.2), sharey=True, squeeze=False)
    short = {"loader": "DataLoader", "pythae": "pythae", "fit": "fit", "floor": "floor"}
    for ax, (batch_size, entries) in zip(axes[0], by_batch_size.items(), strict=True):
        names = [name for name in short if entries[name]["seconds"]]
        seconds = [statistics.median(entries[name]["seconds"]) for name in names]
        colors = [plots.COLORS["posterior" if name == "fit" else "data"] for name in names]
        ax.barh([short[name] for name in names], seconds, color=colors)
        for row, value in enumerate(seconds):
            ax.text(value, row, f" {value:.2f}", va="center")
        ax.set(title=f"batch {batch_size}", xlabel="seconds an epoch", xlim=(0, 1.2 * max(seconds, default=1)))
    axes[0, 0].invert_yaxis()
    caption = "Seconds of one epoch. The bar of the floor is what no loop can save."
    return figure(fig, "Bars of seconds an epoch for a DataLoader, pythae, fit and the floor, by batch size.", caption)


def sizes_section(entry):
    rows, seconds = np.array(entry["rows"]), np.array([statistics.median(times) for times in entry["seconds"]])
    slope, start = np.polyfit(rows, seconds, 1)
    explained = 1 - ((seconds - slope * rows - start) ** 2).sum() / ((seconds - seconds.mean()) ** 2).sum()
    fig, ax = plt.subplots(figsize=(plots.NARROW, 2.6))
    ax.plot(rows, slope * rows + start, color=plots.COLORS["data"], label="straight line")
    ax.plot(rows, seconds, "o", color=plots.COLORS["posterior"], label="measured")
    ax.set(xlabel="digits", ylabel="seconds an epoch", xlim=(0, None), ylim=(0, None))
    ax.legend()
    said = (
        f"{growth(rows, seconds)} A straight line through all of them rises by {1000 * slope:.4f} s per 1,000 digits; "
    )
    said += f"$R^2 = {explained:.4f}$, for a line does not have to be through zero."
    lines = ["| Digits | Seconds an epoch |", "|--:|--:|"]
    lines += [f"| {n:,} | {value:.2f} |" for n, value in zip(rows, seconds, strict=True)]
    text = SIZES.format(batch_size=entry["batch_size"], rounds=len(entry["seconds"][0]))
    picture = figure(
        fig, "Seconds of an epoch against the number of digits, with a straight line.", "One epoch of `fit`."
    )
    return "\n".join([text, *lines, "", picture, "", said, "", taken(entry)])


def growth(rows, seconds):
    """How the time of an epoch grows from the fewest digits to the most."""
    more, longer = rows[-1] / rows[0], seconds[-1] / seconds[0]
    limits = {0.95: "less than linear", 1.05: "linear", 1.5: "a little faster than linear"}
    how = next((words for limit, words in limits.items() if longer <= limit * more), "faster than linear")
    return f"With {more:.3g} times the digits an epoch takes {longer:.3g} times as long: that is {how}."


def memory_section(entry):
    fig, ax = plt.subplots(figsize=(plots.NARROW, 2.6))
    lines = ["| k | Training, MiB | Scoring, MiB |", "|--:|--:|--:|"]
    for kind, color in (("training", "posterior"), ("scoring", "likelihood")):
        marker = {"training": "o", "scoring": "s"}[kind]
        ax.plot(entry[kind]["k"], entry[kind]["mebibytes"], marker=marker, color=plots.COLORS[color], label=kind)
    found = {
        kind: dict(zip(entry[kind]["k"], entry[kind]["mebibytes"], strict=True)) for kind in ("training", "scoring")
    }
    for k in sorted({*found["training"], *found["scoring"]}):
        cells = [f"{found[kind][k]:.0f}" if k in found[kind] else "" for kind in ("training", "scoring")]
        lines.append(f"| {k:,} | {cells[0]} | {cells[1]} |")
    ax.set(xlabel="k, samples of z a picture", ylabel="MiB", xscale="log", ylim=(0, None))
    ax.legend()
    most, scored = max(found["scoring"]), found["scoring"]
    growth = {"samples": most / 100, "memory": scored[most] / scored[100]}
    text = MEMORY.format(training=entry["training"]["rows"], scoring=entry["scoring"]["rows"], **growth)
    alt = "Memory against k on a logarithmic axis: training rises, scoring hardly does from k = 100 on."
    picture = figure(fig, alt, "Training keeps all k samples for the gradient; scoring forgets each chunk.")
    return "\n".join([text, *lines, "", picture, "", taken(entry)])


def chapters_section(entry):
    lines = ["| Chapter | Seconds | Of processor time |", "|---|--:|--:|"]
    for name, times in entry["times"].items():
        number = f"{int(name[:2])}. " if name[:2].isdigit() else ""  # the Lab has none
        link = f"{number}[]({name}.ipynb)"  # the title of that page
        lines.append(f"| {link} | {times['seconds']:.0f} | {times['cpu_seconds']:.0f} |")
    total = {kind: sum(times[kind] for times in entry["times"].values()) for kind in ("seconds", "cpu_seconds")}
    lines.append(f"| all | {total['seconds']:.0f} | {total['cpu_seconds']:.0f} |")
    return "\n".join([CHAPTERS, *lines, "", taken(entry)])


def paper_section(entries):
    rows = {name: entries[name] for name in ROWS if name in entries}
    parts = [PAPER, paper_table(entries), ""]
    if rows:
        parts += [paper_verdict(rows), "", ROADS.format(batch_size=BATCH_SIZE), *roads(rows), ""]
    if entries.get("curve"):
        parts += [CURVE, curve_figure(entries["curve"] + whole_row(entries.get("vae-1"))), ""]
    return "\n".join(parts)


def priors_section(entries):
    rows = {name: entries[name] for name in PRIORS if name in entries}
    if len(rows) < len(PRIORS):
        return f"{BETTER_PRIOR.splitlines()[0]}\n\n{NOT_RUN}\n"
    stage, images = rows["vamp"]["stages"][-1], rows["vamp"]["images"]
    text = BETTER_PRIOR.format(components=COMPONENTS, images=images, samples=SAMPLES)
    how = HOW_PRIORS.format(components=COMPONENTS, batch_size=BATCH_SIZE, epochs=stage["epochs"])
    return "\n".join([text, *priors_table(rows), "", priors_verdict(rows), "", how])


def priors_table(rows):
    lines = ["| prior | ours, dynamic | paper, static | active units of 40 | steps | core minutes |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for entry in rows.values():
        cells = (
            entry["title"], plus_minus(entry["nll"], entry["standard_error"]), f"{entry['paper']:.2f}",
            str(entry["active_units"][0]), f"{entry['steps']:,}", f"{60 * entry['core_hours']:.1f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    gained = rows["vamp"]["gain"]
    ours, papers = plus_minus(gained["nats"], gained["standard_error"]), paper_gain(rows)
    return [*lines, f"| **gain of the VampPrior** | **{ours}** | **{papers:.2f}** | | | |"]


def paper_gain(rows):
    return rows["normal"]["paper"] - rows["vamp"]["paper"]


def plus_minus(value, error):
    return f"{value:.2f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{error:.2f}".replace("-", "−")


def priors_verdict(rows):
    """What the VampPrior gained here and in the paper, in a sentence."""
    gained = rows["vamp"]["gain"]
    nats, error = gained["nats"], gained["standard_error"]
    if abs(nats) < 2 * error:
        return f"Here the two priors cannot be told apart; in the paper the gain is {paper_gain(rows):.2f} nats."
    how = "gains" if nats > 0 else "loses"
    beside = "more than" if nats > paper_gain(rows) + 2 * error else "as much as"
    beside = "less than" if nats < paper_gain(rows) - 2 * error else beside
    return (
        f"The VampPrior {how} {abs(nats):.2f} nats here, {beside} in the paper ({paper_gain(rows):.2f}), "
        f"where both were trained longer."
    )


def levels_section(entries):
    start, rows = LEVELS["top-down"].beside, {name: entries[name] for name in LEVELS if name in entries}
    if "top-down" not in rows or start not in entries:
        return f"{TWO_LEVELS.splitlines()[0]}\n\n{NOT_RUN}\n"
    before, one = entries[start], rows["top-down"]
    last = one["stages"][-1]
    text = TWO_LEVELS.format(
        start=before["title"], nll=plus_minus(before["nll"], before["standard_error"]), paper=before["paper"],
        leg=leg(last), minutes=60 * last["core_hours"], hours=before["core_hours"], images=one["images"],
        samples=SAMPLES, beside=WITH_PLAIN if len(rows) == len(LEVELS) else WITHOUT_PLAIN,
    )  # fmt: skip
    return "\n".join([text, *levels_table([*rows.values()]), "", levels_verdict(rows), ""])


def levels_table(rows):
    lines = ["| posterior | NLL | change | active of 100 below | active of 50 on top |", "|---|--:|--:|--:|--:|"]
    one = rows[0]
    shown = [("from the bottom, where both start", one["nll"] + one["gain"]["nats"], "", one["active_units_beside"])]
    for entry in rows:
        gained = entry["gain"]
        change = plus_minus(-gained["nats"], gained["standard_error"])
        shown.append((entry["title"], entry["nll"], change, entry["active_units"]))
    cells = ((title, f"{nll:.2f}", change, *map(str, units)) for title, nll, change, units in shown)
    return [*lines, *(f"| {' | '.join(row)} |" for row in cells)]


def levels_verdict(rows):
    """Is the top-down model better than the plain one after the same training, or else than where it started?"""
    gained, plain = rows["top-down"]["gain"], rows.get("from-the-bottom", {}).get("gain", {})
    more = gained["nats"] - plain.get("nats", 0.0)
    other = "the plain model after the same training" if plain else "the plain model where it started"
    if abs(more) < 2 * (gained["standard_error"] ** 2 + plain.get("standard_error", 0.0) ** 2) ** 0.5:
        return f"The top-down model cannot be told apart from {other} ({signed(-more)} nats)."
    return f"The top-down model is {abs(more):.2f} nats {'better' if more > 0 else 'worse'} than {other}."


def paper_verdict(rows):
    """Which rows reach the paper, and whether all of them come in its order."""
    gaps = {ROWS[name].title: entry["nll"] - entry["paper"] for name, entry in rows.items()}
    reached = [title for title, gap in gaps.items() if gap <= 0]
    missed = [f"{title} by {gap:.2f} nats" for title, gap in gaps.items() if gap > 0]
    ours, papers = (sorted(rows, key=lambda name, key=key: rows[name][key]) for key in ("nll", "paper"))
    said = f"At or below the paper: {'; '.join(reached) or 'none'}."
    said += f" Above it: {'; '.join(missed)}." if missed else ""
    order = "the order of the paper" if ours == papers else "another order than in the paper"
    return said + (f" Sorted by NLL, the rows come in {order}." if len(rows) > 1 else "")


def roads(rows):
    """How each row was trained, stage by stage; a row that starts from another names it."""
    lines = []
    for name, entry in rows.items():
        row, stages = ROWS[name], entry["stages"]
        own = stages[len(stages) - len(row.stages) :]
        hours = sum(stage["core_hours"] for stage in own)
        lines.append(
            f"- **{row.title}**: {beginning(row)}{', then '.join(map(leg, own))}; {hours:.1f} core hours of its own."
        )
    return lines


def beginning(row):
    if row.start is None:
        return ""
    other, stages = ROWS[row.start[0]], row.start[1]
    at = "ended" if stages == len(other.stages) else f"was after {stages} of its {len(other.stages)} stages"
    return f"from where “{other.title}” {at}, {'a second layer put above the first, ' if row.grow else ''}"


def leg(stage):
    optimizer, kind = stage["optimizer"].capitalize(), KINDS[stage["objective"]].format(**stage)
    epochs = "one epoch" if stage["epochs"] == 1 else f"{stage['epochs']:,} epochs"
    return f"{epochs} of {optimizer} on {kind} ({signed(stage['bound'])})"


def whole_row(entry):
    """The row itself as the last point of its curve; none where it is not there."""
    if entry is None:
        return []
    return [{"epochs": entry["stages"][0]["epochs"], "core_hours": entry["core_hours"], "nll_500": entry["nll_500"]}]


def curve_figure(points):
    fig, ax = plt.subplots(figsize=(plots.NARROW, 2.6))
    hours, values = [point["core_hours"] for point in points], [point["nll_500"] for point in points]
    ax.plot(hours, values, "o-", color=plots.COLORS["evidence"])
    for point, x, y in zip(points, hours, values, strict=True):
        ax.annotate(f"{point['epochs']} epochs", (x, y), xytext=(4, 6), textcoords="offset points")
    ax.set(xlabel="hours of one core", ylabel="NLL, nats, 500 samples", xscale="log")
    ax.margins(x=0.2, y=0.2)
    alt = "NLL of the test images against hours of training, for runs of different lengths: it falls."
    return figure(fig, alt, "The first row, trained for fewer epochs: how the NLL falls with compute.")


def figure(fig, alt, caption):
    """Inline SVG as on every page of the book; without empty lines, which would end a block of HTML in Markdown."""
    lines = plots.show(fig, alt, caption)._repr_html_().splitlines()
    return "\n".join(line for line in lines if line.strip())


def source(entry):
    return {"mnist": "MNIST"}.get(entry["source"], "the bundled scans")


def taken(entry):
    """When, on what, and with which versions."""
    of = entry["machine"]
    versions = [f"Python {of['python']}", f"PyTorch {of['torch']}", f"torchvision {of['torchvision']}"]
    versions += [f"pythae {of['pythae']}"] if of["pythae"] else []
    return f"*Taken on {entry['date']}: {of['processor']}, {of['cores']} cores; {', '.join(versions)}.*\n"


def page(speed, paper):
    """The whole page; what is missing in the two dicts says so."""
    with plt.rc_context(), for_a_static_page():
        plots.use_style()
        parts = [
            INTRODUCTION,
            section(SPEED, speed_section, speed.get("loops")),
            section(SIZES, sizes_section, speed.get("sizes")),
            section(MEMORY, memory_section, speed.get("memory")),
            section(CHAPTERS, chapters_section, speed.get("chapters")),
            paper_section(paper),
            priors_section(paper),
            levels_section(paper),
        ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def main():
    PAGE.write_text(page(speed_results(), paper_results()), encoding="utf8")
    print(f"{PAGE.name} is written")


if __name__ == "__main__":
    main()
