"""One training by several processes: the steps of one process, each of them shared out.

Every process draws the rows and the noise of the whole batch from the same seed and keeps its share of both, and
torch's DistributedDataParallel averages their gradients: then any number of processes is one process, to rounding.

    with process_group() as group, SharedRun(group, model, x, steps=100) as run:
        loss_of = DistributedDataParallel(Loss(model))
        optimizer = torch.optim.Adam(model.parameters())
        run.keep(optimizer=optimizer)
        for batch in run:
            rows, eps = len(batch.x), torch.randn(len(batch.x), latent_dim)
            mine = group.share(rows)
            loss = group.weight(rows) * loss_of(batch.x[mine], eps=eps[mine])
            run.record(loss=group.mean(loss))
            optimizer.zero_grad(), loss.backward(), optimizer.step()

Start it by `torchrun --nproc-per-node 2 FILE.py`; `python FILE.py` is a group of one.
"""

import os
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import torch
import torch.distributed as dist

from ..arguments import float_tensor, labels, one_each, whole_number
from ..objectives import elbo
from ..randomness import generator_at
from .run import Run, file_of


class Group(NamedTuple):
    """Who we are: the number of this process, 0 <= rank < size, and how many there are."""

    rank: int
    size: int

    def share(self, rows):
        """The rows of this process out of a batch of so many, a slice; sizes differ by one at most.

        Raises ValueError for fewer rows than processes: the mean of no rows is no number.
        """
        whole_number(rows, "rows", least=self.size)
        return slice(rows * self.rank // self.size, rows * (self.rank + 1) // self.size)

    def weight(self, rows):
        """What the mean over this share has to be multiplied by, so that the plain mean over the processes is right."""
        mine = self.share(rows)
        return (mine.stop - mine.start) * self.size / rows

    def mean(self, value):
        """The mean over the processes of a tensor of each, without its gradient: the same in all of them."""
        total = value.detach().clone()
        dist.all_reduce(total)
        return total / self.size

    def score(self, score, x, y=None, batch_size=100, seed=0):
        """`score(x, y=..., generator=...)` of every row of x (N, D), such as its log p(x): (N,), in all processes.

        Batches are dealt out to the processes; the noise of one is keyed by the seed and its number, so that it does
        not matter who scores it. Nothing is filled up to equal shares, so no row counts twice.
        Raises TypeError or ValueError for bad x, y, batch_size or seed, and unless `score` gives one float a row.
        """
        float_tensor(x, "x", "(N, D)", least_dims=2)
        labels(y, len(x))
        starts = range(0, len(x), whole_number(batch_size, "batch_size"))
        most = torch.iinfo(torch.int64).max
        seeds = torch.randint(most, (len(starts),), generator=generator_at(seed)).tolist()
        found = x.new_zeros(len(x))
        for start, own_seed in [*zip(starts, seeds, strict=True)][self.rank :: self.size]:
            some = slice(start, start + batch_size)
            given = None if y is None else y[some]
            own = score(x[some], y=given, generator=generator_at(own_seed))
            found[some] = one_each(own, "score", len(x[some])).detach()
        dist.all_reduce(found)
        return found


@contextmanager
def process_group(meeting=None):
    """The `Group` that torchrun has started this process for, a group of one without it; left at the end.

    meeting: a file that all processes see and that is not there yet, to meet by in place of torchrun's address; then
    RANK and WORLD_SIZE in the environment are enough. Each process gets a GPU of its own where there are enough.
    Raises TypeError or ValueError for bad ones of these, FileNotFoundError where the folder of `meeting` is not there.
    """
    size = _from_environment("WORLD_SIZE", 1, least=1)
    group = Group(_from_environment("RANK", 0, least=0, most=size - 1), size)
    alone = {"store": dist.HashStore(), "rank": 0, "world_size": 1, "timeout": timedelta(minutes=1)}
    how = alone if group.size == 1 else {}
    if meeting is not None:
        how = {"init_method": f"file://{_place(meeting)}", "rank": group.rank, "world_size": group.size}
    dist.init_process_group(_backend(), **how)
    try:
        yield group
    finally:
        dist.destroy_process_group()


def _from_environment(name, default, **limits):
    text = os.environ.get(name, str(default))
    return whole_number(int(text) if text.isascii() and text.isdigit() else text, name, **limits)


def _place(meeting):
    """Its whole path. In a folder that is not there torch would wait for five minutes, and then tell nobody why."""
    path = os.path.abspath(file_of(meeting, "meeting"))
    if not os.path.isdir(os.path.dirname(path)):
        raise FileNotFoundError(f"meeting: got {path}, expected a file in a folder that is there")
    return path


class Loss(torch.nn.Module):
    """Minus the mean bound of some rows, in nats per example, as the `forward` of a module.

    DistributedDataParallel averages gradients of what was computed by `forward`, and a VAE's bound calls posterior and
    likelihood. So the module to wrap is the bound. objective: as for `fit`; keywords such as eps are handed on to it.
    """

    def __init__(self, model, objective=elbo):
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, x, y=None, **how):
        return -self.objective(self.model, x, y, **how).elbo.mean()


class SharedRun(Run):
    """A `Run` in which every process of a `Group` sees the rows of the whole batch; arguments as for `Run`.

    Draw all noise from the global state, for the whole batch, as `Run` draws the order of the rows: then the states of
    the processes stay equal. Process 0 writes the checkpoint, and all go on from it.
    Raises ValueError unless all processes have the same rows, the same settings and see the same checkpoint, and
    TypeError unless `group` is one.
    """

    def __init__(self, group, model, x, y=None, **how):
        if not isinstance(group, Group):
            raise TypeError(f"group: got {type(group).__name__}, expected a Group, as process_group gives it")
        super().__init__(model, x, y, **how)
        self.group = group
        self.progress = self.progress and group.rank == 0

    def __iter__(self):
        kept = self.checkpoint is not None and self.checkpoint.is_file()
        told = [None] * self.group.size
        dist.all_gather_object(told, self._settings() | {"a checkpoint to go on from": kept})
        for rank, other in enumerate(told):
            if other != told[0]:
                raise ValueError(f"group: got {other} in process {rank}, expected that of process 0, {told[0]}")
        yield from super().__iter__()

    def _save(self):
        if self.group.rank == 0:
            super()._save()
        dist.barrier()


def _backend():
    """NCCL where each process of this machine can have a GPU of its own, else gloo."""
    if torch.cuda.device_count() < _from_environment("LOCAL_WORLD_SIZE", 1, least=1):
        return "gloo"
    torch.cuda.set_device(_from_environment("LOCAL_RANK", 0, least=0))
    return "cpu:gloo,cuda:nccl"
