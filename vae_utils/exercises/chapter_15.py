"""The exercises of chapter 15."""

import torch

from .exercise import Judged, numbers
from .words import described

SPLITS = ((10, 2), (11, 2), (101, 2), (7, 3), (8, 3), (5, 5))


def shares(share):
    """Exercise 15.1: shares that follow one another, as even as can be, and the weights that make (15.1) true."""
    for rows, size in SPLITS:
        answers = [share(rows, rank, size) for rank in range(size)]
        problem = next(filter(None, map(_no_triple, answers)), None) or _edges(answers, rows, size)
        if problem:
            return problem
    for rows, size in SPLITS:
        for rank in range(size):
            start, end, weight = share(rows, rank, size)
            if not abs(weight - (end - start) * size / rows) <= 1e-6:
                where = f"process {rank} of {size}, {end - start} of {rows} rows"
                return f"{where}: your weight is {float(weight):.4g}{_weight_slip(weight, end - start, size, rows)}"


def _no_triple(answer):
    if answer is None:
        return "your function returns nothing: is the `return` missing?"
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        return (
            f"your function returns {described(answer)}, expected three numbers: first row, row after the last, weight"
        )
    for part in answer:
        number = numbers(part)
        if number is None or number.numel() != 1 or not number.isfinite():
            return f"your function returns {part!r} among its three, expected a number"


def _edges(answers, rows, size):
    starts, ends = [answer[0] for answer in answers], [answer[1] for answer in answers]
    got = f"{rows} rows over {size} processes: your shares are {[*zip(starts, ends, strict=True)]}"
    if any(edge != int(edge) for edge in (*starts, *ends)):
        return f"{got}; a row is whole: `//` divides whole numbers"
    if starts[1:] == [end + 1 for end in ends[:-1]] and ends[-1] == rows - 1:
        return f"{got}; the second number is the row after the last, as in a slice"
    if starts[0] != 0 and sorted(starts)[1:] == sorted(ends)[:-1] and (min(starts), max(ends)) == (0, rows):
        return f"{got}; process 0 has the first rows, and each of the others those that come next"
    if starts[0] != 0 or (ends[-1] < rows and starts[1:] == ends[:-1]):
        return f"{got}; together they have to be rows 0 to {rows - 1}, and some are left out"
    if starts[1:] != ends[:-1] or ends[-1] != rows:
        return f"{got}; each has to begin where the one before ends, and the last to end at {rows}"
    sizes = [end - start for start, end in zip(starts, ends, strict=True)]
    if max(sizes) - min(sizes) > 1:
        return f"{got}; they differ by more than one row"


def _weight_slip(weight, own, size, rows):
    slips = {
        "the library divides by the number of processes, so multiply by it": own / rows,
        "this is its inverse": rows / (own * size),
        "an equal share has the weight 1, another one has not": 1.0,
        "this turns a mean into a sum": float(own),
        "the weight of a row is not the weight of the share: its number of rows is missing": size / rows,
        "the number of processes stands below the line": own / (rows * size),
    }
    near = next((words for words, value in slips.items() if abs(weight - value) < 1e-6), None)
    return f": {near}" if near else f", right is {own * size / rows:.4g}"


def shared_noise(noise):
    """Exercise 15.2: the noise of the whole batch by (seed, step), of which each process has its share."""
    got = noise(3, 7, 11, 2, 0, 2)
    if got is None:
        return "your function returns nothing: is the `return` missing?"
    if not torch.is_tensor(got):
        return f"your function returns {described(got)}, expected a tensor"
    for rows, size in ((11, 2), (7, 3)):
        problem = _parts([noise(3, 7, rows, 2, rank, size) for rank in range(size)], noise(3, 7, rows, 2, 0, 1), rows)
        if problem:
            return problem
    return _keys(noise)


def _parts(parts, whole, rows):
    shapes = [tuple(part.shape) for part in parts]
    if shapes == [(rows, 2)] * len(parts):
        return f"each of {len(parts)} processes gets the noise of all {rows} rows: its own share is still to be taken"
    if any(shape[1:] != (2,) for shape in shapes) or sum(shape[0] for shape in shapes) != rows:
        return (
            f"{rows} rows, d = 2: the shares have shapes {shapes}, expected (rows of the share, 2), {rows} rows in all"
        )
    if torch.equal(torch.cat(parts), whole):
        return None
    if torch.equal(parts[0][:2], parts[1][:2]):
        return "every process has the same noise for rows that differ: draw the whole batch, then slice"
    return "put together, the shares are not the noise of one process: it has to be drawn for the whole batch first"


def _keys(noise):
    def one(seed=3, step=7):
        return noise(seed, step, 400, 3, 1, 2)

    if not torch.equal(one(), one()):
        return "asked again, it is other noise: it must depend on the seed and the step alone, so seed a generator"
    if torch.equal(one(), one(step=8)):
        return "two steps have the same noise: the step has to be in the key"
    if torch.equal(one(), one(seed=4)):
        return "two seeds have the same noise: the seed has to be in the key"
    if torch.equal(one(4, 7), one(7, 4)):
        return "seed 4 at step 7 has the noise of seed 7 at step 4: keep the two apart, as in 1000 * seed + step"
    if torch.equal(one(3, 7), one(4, 6)):
        return "seed 3 at step 7 has the noise of seed 4 at step 6: keep the two apart, as in 1000 * seed + step"
    for steps in (10, 100):
        if torch.equal(one(3, 7 + steps), one(4, 7)):
            return (
                f"seed 3 at step {7 + steps} has the noise of seed 4 at step 7: multiply the seed by more, as in 1000"
            )
    numbers = one().flatten()
    if numbers.mean().abs() > 0.2 or (numbers.std() - 1).abs() > 0.15:
        return f"mean {numbers.mean():.2f} and s.d. {numbers.std():.2f}: the noise of a VAE is N(0, 1), torch.randn"


MISTAKES = ("past the wrapper", "sums", "plain means", "batch norm", "own noise")
WHY = {
    "sums": "a sum takes longer steps, all the same in both copies, and only an optimizer that divides hides it",
    "plain means": "plain means are exact where the shares are equal",
    "own noise": "own noise needs noise, and leaves the copies equal and the run as good",
    "past the wrapper": "past the wrapper the copies drift apart",
    "batch norm": "batch normalization looks at each share by itself, noise or not",
}


def named(*answers):
    """Exercise 15.3: which mistake each of five has made."""
    for who, answer, right in zip("ABCDE", answers, MISTAKES, strict=True):
        if not isinstance(answer, str) or answer not in MISTAKES:
            return f"{who} is {answer!r}, expected one of {', '.join(map(repr, MISTAKES))}"
        if answer != right:
            return f"{who} is not {answer!r}: {WHY[answer]}"


EXERCISES = {
    "15.1": Judged(
        "the share of a process",
        shares,
        hint="a share begins at rows * rank // size, and the weight is its rows times size over all rows",
    ),
    "15.2": Judged(
        "noise that does not know how many share it",
        shared_noise,
        hint="torch.randn(rows, d, generator=torch.Generator().manual_seed(1000 * seed + step)), then slice",
    ),
    "15.3": Judged(
        "five mistakes by what they leave right",
        named,
        hint="ask of each what it leaves right: which batch sizes, which optimizers, which processes",
        blanks=5,
    ),
}
