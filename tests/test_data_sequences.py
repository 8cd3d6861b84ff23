"""Bits of coins whose exact probability is a short sum."""

import itertools
import math

import pytest
import torch

from vae_utils import data

LENGTH = 6
EVERY_ROW = torch.tensor(list(itertools.product((0.0, 1.0), repeat=LENGTH)))


class TestCoins:
    def test_the_evidence_adds_up_to_one(self):
        torch.testing.assert_close(data.coin_evidence(EVERY_ROW).logsumexp(0), torch.zeros(()), atol=1e-5, rtol=0)

    def test_one_fair_coin_is_a_half_to_the_n(self):
        expected = torch.full((64,), -LENGTH * math.log(2))
        torch.testing.assert_close(data.coin_evidence(EVERY_ROW, coins=(0.5,)), expected)

    def test_rows_show_their_coins(self):
        x, which = data.coin_sequences(4000, length=50)
        assert x.shape == (4000, 50) and set(x.unique().tolist()) == {0.0, 1.0}
        for c, chance in enumerate(data.COINS):
            assert x[which == c].mean().item() == pytest.approx(chance, abs=0.01)
        assert torch.equal(x, data.coin_sequences(4000, length=50)[0])

    def test_bad_coins_are_named(self):
        for coins in ((), (0.0, 0.5), (0.5, 1.5)):
            with pytest.raises(ValueError, match="coins: got"):
                data.coin_sequences(5, coins=coins)
