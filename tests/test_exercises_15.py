"""Chapter 15: right answers pass, wrong ones are told what they are."""

import torch
from judged import judged

from vae_utils.exercises.chapter_15 import EXERCISES, MISTAKES


def share(rows, rank, size, weight=None, start=0, end=0):
    begin, stop = rows * rank // size, rows * (rank + 1) // size
    own = stop - begin
    return begin + start, stop + end, own * size / rows if weight is None else weight(own, size, rows)


def larger_first(rows, rank, size):
    sizes = [len(part) for part in torch.arange(rows).tensor_split(size)]
    return [sum(sizes[:rank]), sum(sizes[: rank + 1]), sizes[rank] / (rows / size)]


def weighed(weight):
    return lambda rows, rank, size: share(rows, rank, size, weight)


def of_floats(rows, rank, size):
    return rows * rank / size, rows * (rank + 1) / size, 1.0


def rest_is_lost(rows, rank, size):
    each = rows // size
    return each * rank, each * (rank + 1), 1.0


def last_takes_the_rest(rows, rank, size):
    each = rows // size
    end = rows if rank == size - 1 else each * (rank + 1)
    return each * rank, end, (end - each * rank) * size / rows


def draw(seed, rows, d):
    return torch.randn(rows, d, generator=torch.Generator().manual_seed(seed))


def whole_then(slice_of, key=lambda seed, step: 1000 * seed + step, draw=draw):
    def noise(seed, step, rows, d, rank, size):
        start, end = rows * rank // size, rows * (rank + 1) // size
        return slice_of(draw(key(seed, step), rows, d), start, end)

    return noise


def part(whole, start, end):
    return whole[start:end]


def every_other(seed, step, rows, d, rank, size):
    return draw(seed + 10_000 * step, rows, d)[rank::size]


def own_draws(key):
    def noise(seed, step, rows, d, rank, size):
        own = rows * (rank + 1) // size - rows * rank // size
        return draw(key(seed, step, rank), own, d)

    return noise


def unseeded(seed, step, rows, d, rank, size):
    torch.manual_seed(0 if rows < 100 else torch.seed())
    return torch.randn(rows, d)[rows * rank // size : rows * (rank + 1) // size]


def uniform(seed, rows, d):
    return torch.rand(rows, d, generator=torch.Generator().manual_seed(seed))


RIGHT = [
    ("15.1", share),
    ("15.1", larger_first),
    ("15.2", whole_then(part)),
    ("15.2", whole_then(part, lambda seed, step: hash((seed, step)) % 2**60)),
    ("15.3", *MISTAKES),
]
WRONG = [
    ("is the `return` missing", "15.1", lambda rows, rank, size: [].append(rows)),
    ("expected three numbers", "15.1", lambda rows, rank, size: share(rows, rank, size)[:2]),
    ("`//` divides whole numbers", "15.1", of_floats),
    ("row after the last, as in a slice", "15.1", lambda rows, rank, size: share(rows, rank, size, end=-1)),
    ("some are left out", "15.1", rest_is_lost),
    ("some are left out", "15.1", lambda rows, rank, size: share(rows, rank, size, start=1, end=1)),
    ("has to begin where the one before ends", "15.1", lambda rows, rank, size: (0, rows, 1.0)),
    ("differ by more than one row", "15.1", last_takes_the_rest),
    ("so multiply by it", "15.1", weighed(lambda own, size, rows: own / rows)),
    ("its inverse", "15.1", weighed(lambda own, size, rows: rows / (own * size))),
    ("another one has not", "15.1", weighed(lambda own, size, rows: 1.0)),
    ("a mean into a sum", "15.1", weighed(lambda own, size, rows: own)),
    ("its number of rows is missing", "15.1", weighed(lambda own, size, rows: size / rows)),
    ("below the line", "15.1", weighed(lambda own, size, rows: own / (rows * size))),
    ("right is 1", "15.1", weighed(lambda own, size, rows: 7.0)),
    ("nan among its three, expected a number", "15.1", weighed(lambda own, size, rows: float("nan"))),
    ("'1' among its three, expected a number", "15.1", weighed(lambda own, size, rows: "1")),
    ("None among its three, expected a number", "15.1", lambda rows, rank, size: (None, *share(rows, rank, size)[1:])),
    ("tensor([1., 1.]) among", "15.1", weighed(lambda own, size, rows: torch.ones(2))),
    ("process 0 has the first rows", "15.1", lambda rows, rank, size: share(rows, size - 1 - rank, size)),
    ("is the `return` missing", "15.2", lambda seed, step, rows, d, rank, size: None if rows else 1),
    ("expected a tensor", "15.2", lambda seed, step, rows, d, rank, size: 0.5),
    ("is still to be taken", "15.2", whole_then(lambda whole, start, end: whole)),
    ("expected (rows of the share, 2)", "15.2", whole_then(lambda whole, start, end: whole[start : end - 1])),
    ("the shares are not the noise", "15.2", every_other),
    ("the same noise for rows that differ", "15.2", own_draws(lambda seed, step, rank: 1000 * seed + step)),
    ("put together", "15.2", own_draws(lambda seed, step, rank: 1000 * seed + step + 10**6 * rank)),
    ("asked again, it is other noise", "15.2", unseeded),
    ("the step has to be in the key", "15.2", whole_then(part, lambda seed, step: seed)),
    ("the seed has to be in the key", "15.2", whole_then(part, lambda seed, step: step)),
    ("seed 7 at step 4", "15.2", whole_then(part, lambda seed, step: seed * step)),
    ("seed 7 at step 4", "15.2", whole_then(part, lambda seed, step: seed + step)),
    ("seed 4 at step 6", "15.2", whole_then(part, lambda seed, step: 2 * (seed + step) + (seed > step))),
    ("seed 3 at step 17", "15.2", whole_then(part, lambda seed, step: 10 * seed + step)),
    ("seed 3 at step 107", "15.2", whole_then(part, lambda seed, step: 100 * seed + step)),
    ("torch.randn", "15.2", whole_then(part, draw=uniform)),
    ("expected one of", "15.3", "dropout", *MISTAKES[1:]),
    ("expected one of", "15.3", torch.ones(2).numpy(), *MISTAKES[1:]),
    ("A is not 'sums'", "15.3", "sums", *MISTAKES[1:]),
    ("C is not 'batch norm': batch normalization looks", "15.3", *MISTAKES[:2], "batch norm", *MISTAKES[3:]),
]

test_a_right_answer_passes, test_a_wrong_answer_is_told_what_it_is = judged(EXERCISES, RIGHT, WRONG)
