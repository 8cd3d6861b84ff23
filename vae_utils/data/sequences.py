"""Sequences of bits whose hidden cause, and whose exact log-likelihood, are known."""

import math

import torch

from ..arguments import real_numbers, whole_number
from ..randomness import drawn_on_the_cpu, generator_at

COINS = (0.1, 0.35, 0.65, 0.9)


@drawn_on_the_cpu
def coin_sequences(n, length=32, coins=COINS, seed=0):
    """Pick one of several coins, throw it `length` times: x float32 (n, length) of 0 and 1, and which coin, int64 (n,).

    coins: the probability of a 1 for each coin, each in (0, 1). Raises TypeError or ValueError for bad arguments.
    """
    n, length = whole_number(n, "n"), whole_number(length, "length")
    chances, generator = _chances(coins), generator_at(seed)
    which = torch.randint(len(chances), (n,), generator=generator)
    throws = torch.rand(n, length, generator=generator)
    return (throws < chances[which].unsqueeze(1)).float(), which


def coin_evidence(x, coins=COINS):
    """The exact log p(x) = log mean_c prod_t c^x_t (1 - c)^(1 - x_t) of sequences x (n, length): (n,), nats."""
    chances = _chances(coins).to(x.device)
    ones = x.sum(-1, keepdim=True)
    per_coin = ones * chances.log() + (x.shape[-1] - ones) * (1 - chances).log()
    return per_coin.logsumexp(-1) - math.log(len(chances))


def _chances(coins):
    return real_numbers(coins, "coins", lambda chance: (chance > 0) & (chance < 1), "in (0, 1)")
