"""Trains by two processes, forked from here, which are killed in the middle; then by two others, who go on.

python -m tests.parallel_training FOLDER, where RESULTS.pt is then a dict.
"""

import multiprocessing
import os
import signal
import sys
from functools import partial
from pathlib import Path

import torch
import torch._dynamo  # what DistributedDataParallel would load in each of the processes
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from vae_utils import evaluation
from vae_utils.models import mlp_vae
from vae_utils.objectives import elbo, importance_weighted
from vae_utils.training.parallel import Loss, SharedRun, process_group

X = torch.rand(55, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
HOW = {"steps": 20, "batch_size": 11, "seed": 3, "progress": False, "device": "cpu"}
LR, KILLED_AT = 0.02, 13
weighted = partial(importance_weighted, k=3)


def small(norm=False):
    model = mlp_vae(6, 2, hidden=(4,)).double()
    if norm:
        model.encoder.insert(1, nn.BatchNorm1d(4).double())
    return model


def right(loss_of, group, x, eps, step):
    mine = group.share(len(x))
    return group.weight(len(x)) * loss_of(x[mine], eps=eps[..., mine, :])


def sums(loss_of, group, x, eps, step):
    return len(x) / group.size * right(loss_of, group, x, eps, step)


def plain_means(loss_of, group, x, eps, step):
    mine = group.share(len(x))
    return loss_of(x[mine], eps=eps[mine])


def own_noise(loss_of, group, x, eps, step):
    own = torch.Generator().manual_seed(group.size * step + group.rank)
    return right(loss_of, group, x, torch.randn(eps.shape, generator=own, dtype=eps.dtype), step)


def same_noise(loss_of, group, x, eps, step):
    mine = group.share(len(x))
    return group.weight(len(x)) * loss_of(x[mine], eps=eps[: mine.stop - mine.start])


def past_the_wrapper(loss_of, group, x, eps, step):
    return right(loss_of.module, group, x, eps, step)


SLIPS = (sums, plain_means, own_noise, same_noise, past_the_wrapper)


def train(group, model, objective=elbo, draws=(), loss=right, kill=False, x=X, optimizer=torch.optim.SGD, **how):
    with SharedRun(group, model, x, **HOW | how) as run:
        loss_of = DistributedDataParallel(Loss(model, objective))
        optimizer = optimizer(model.parameters(), lr=LR)
        run.keep(optimizer=optimizer)
        for batch in run:
            if kill and batch.step == KILLED_AT:
                os.kill(os.getpid(), signal.SIGKILL)
            eps = torch.randn(*draws, len(batch.x), 2, dtype=torch.float64)
            value = loss(loss_of, group, batch.x, eps, batch.step)
            run.record(loss=group.mean(value))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    return weights(model), run.history["loss"].tolist(), run.progress


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def log_p(group, model):
    score = partial(evaluation.log_likelihood, model, k=5)
    return group.score(score, X, batch_size=4, seed=1)


def refusal(call):
    try:
        call()
    except ValueError as error:
        return str(error)


def first(folder, group):
    """All that is compared, and then a run that is killed."""
    told = {"elbo": train(group, small()), "adam": train(group, small(), optimizer=torch.optim.Adam)}
    told["importance"] = train(group, small(), weighted, (3,))
    told |= {slip.__name__: train(group, small(), loss=slip) for slip in SLIPS}
    told["batch norm"] = train(group, small(norm=True))
    told["log p"] = log_p(group, small())
    told["mean"] = group.mean(torch.tensor(1.0 + group.rank))
    told["other rows"] = refusal(lambda: train(group, small(), x=X + group.rank))
    alone = folder / f"{group.rank}.pt"
    if group.rank == 1:
        alone.touch()
    told["own checkpoint"] = refusal(lambda: train(group, small(), checkpoint=alone, steps=1))
    torch.save(told, folder / f"first {group.rank}.pt")
    train(group, small(), checkpoint=folder / "run.pt", every=5, kill=True)


def second(folder, group):
    steps = []
    how = {"checkpoint": folder / "run.pt", "every": 5, "callback": lambda step, model: steps.append(step)}
    told = {"resumed": train(group, small(), **how), "steps": steps}
    torch.save(told, folder / f"second {group.rank}.pt")


def one_of_two(work, folder, rank):
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}
    with process_group(meeting=folder / work.__name__) as group:
        work(folder, group)


if __name__ == "__main__":
    folder, context = Path(sys.argv[1]), multiprocessing.get_context("fork")
    for work in (first, second):
        pair = [context.Process(target=one_of_two, args=(work, folder, rank)) for rank in (0, 1)]
        for process in pair:
            process.start()
        for process in pair:
            process.join()
        print([process.exitcode for process in pair])
    with process_group() as group:
        torch.save(log_p(group, small()), folder / "alone.pt")
