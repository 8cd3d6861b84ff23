"""What training remembers, and what it does unless told otherwise."""

import math

import numpy as np
import pytest
import torch
from rates import rates_of
from refusal import refuses
from torch import nn

from vae_utils import training
from vae_utils.models import mlp_vae
from vae_utils.objectives import Terms, elbo
from vae_utils.training import fit

TERMS = ("loss", "elbo", "reconstruction", "kl", "beta")


def data(n=50):
    return torch.rand(n, 6, generator=torch.Generator().manual_seed(0))


def small():
    return mlp_vae(6, 2, hidden=(4,))


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


class TestHistory:
    def history(self, rows):
        history = training.History(steps_per_epoch=2)
        for row in rows:
            history.record(dict(zip(TERMS, row, strict=True)))
        return history

    def test_each_term_has_its_place(self):
        history = self.history([(1.0, 2.0, 3.0, 4.0, 5.0), (10.0, 20.0, 30.0, 40.0, 50.0)])
        for number, term in enumerate(TERMS, start=1):
            assert history[term].tolist() == [number, 10 * number]

    def test_what_is_printed(self):
        assert repr(self.history([])) == "History(0 steps, empty)"
        rows = [(0.0, -float(step), 0.0, 0.25 + step, 1.0) for step in range(5)]
        assert repr(self.history(rows)) == "History(5 steps, elbo -4.0, kl 4.2)"
        assert repr(self.history(rows[:4])) == "History(4 steps, elbo -2.5, kl 2.8)"

    def test_begins_with_nothing(self):
        history = self.history([])
        assert len(history) == 0 and history.seconds == 0 and history.interrupted is False
        with pytest.raises(KeyError, match="term: got 'loss', expected one of"):
            history["loss"]

    def test_the_first_step_decides_what_is_recorded(self):
        history = training.History(steps_per_epoch=2)
        history.record({"critic": 1.0, "maker": 2.0})
        assert history.terms == ("critic", "maker") and repr(history) == "History(1 steps, critic 1.0, maker 2.0)"
        for wrong in ({"critic": 1.0}, {"maker": 1.0}, {"maker": 2.0, "critic": 1.0}):
            refuses(lambda w=wrong: history.record(w), "record", f"{tuple(wrong)}", "('critic', 'maker')", ValueError)
        history = training.History(steps_per_epoch=2)
        history.record({"first": 1.0, "second": 2.0, "third": 3.0})
        assert repr(history) == "History(1 steps, first 1.0, second 2.0)"  # no more than two


class TestDefaults:
    def test_batches_of_128(self):
        seen = []

        def watched(model, batch, y, beta):
            seen.append(len(batch))
            return elbo(model, batch, beta=beta)

        fit(small(), data(300), steps=2, objective=watched, progress=False)
        assert seen == [128, 128]

    def test_the_seed_is_zero(self):
        first, second = small(), small()
        fit(first, data(), epochs=2, progress=False), fit(second, data(), epochs=2, seed=0, progress=False)
        assert torch.equal(weights(first), weights(second))

    def test_one_cycle_is_two_halves_of_a_cosine(self):
        """From lr / 25 up to lr in the first 3/10, then down to lr / 250,000, which is reached after the last step."""
        steps, lr = 40, 0.01
        top = 0.3 * (steps + 1) - 1
        step = np.arange(steps)
        up, down = np.cos(np.pi * step / top), np.cos(np.pi * (step - top) / (steps - top))
        least = lr / 25 / 1e4
        rising, falling = lr + (lr / 25 - lr) * (1 + up) / 2, least + (lr - least) * (1 + down) / 2
        rates = rates_of(small(), data(), steps=steps, lr=lr)
        np.testing.assert_allclose(rates, np.where(step <= top, rising, falling), rtol=1e-6)


class TestShapes:
    def test_rows_may_have_any_shape(self):
        model = nn.Linear(3, 1)
        seen = []

        def objective(model, x, y, beta):
            seen.append(tuple(x.shape))
            value = -model(x).square().sum((1, 2))
            return Terms(value, value, torch.zeros_like(value), None)

        fit(model, torch.rand(6, 2, 3), steps=2, batch_size=3, objective=objective, progress=False)
        assert seen == [(3, 2, 3), (3, 2, 3)]

    def test_less_than_nothing_is_refused(self):
        refuses(lambda: fit(small(), data(), epochs=2, lr=-1.0), "lr", "-1.0", "> 0", ValueError)
        refuses(lambda: fit(small(), data(), epochs=-1), "epochs", "-1", "> 0", ValueError)
        refuses(lambda: fit(small(), data(), epochs=2, beta=math.nan), "beta", "nan", ">= 0", ValueError)
