"""One loop: the same seed gives the same result, nothing outside is disturbed, and trouble is named."""

import math

import numpy as np
import pytest
import torch
from rates import rates_of
from refusal import refuses
from torch import nn

from vae_utils import training
from vae_utils.models import LinearVAE, mlp_vae
from vae_utils.objectives import Terms, elbo
from vae_utils.training import fit


def data(n=50, d=6, seed=0):
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed))


def small(seed=0):
    return mlp_vae(6, 2, hidden=(4,), seed=seed)


def train(model=None, x=None, **settings):
    settings = {"epochs": 2, "batch_size": 20, "progress": False, **settings}
    return fit(small() if model is None else model, data() if x is None else x, **settings)


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


class TestLearning:
    @pytest.mark.slow
    def test_a_linear_vae_reaches_its_exact_optimum(self):
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(400, 2, generator=generator) @ torch.randn(2, 6, generator=generator)
        x += 0.5 * torch.randn(400, 6, generator=generator)
        best = LinearVAE(6, 2, sigma="shared").fit_exact(x).log_evidence(x).mean().item()
        model = LinearVAE(6, 2, sigma="shared")
        before = model.log_evidence(x).mean().item()
        history = fit(model, x, steps=600, batch_size=100, lr=0.03, progress=False)
        assert best - 0.1 < model.log_evidence(x).mean().item() <= best + 1e-4
        assert before < best - 1
        assert history["elbo"][-20:].mean() < best + 0.3

    def test_the_loss_is_minus_the_elbo_that_was_weighed(self):
        history = train(beta=0.25)
        np.testing.assert_allclose(history["loss"], -(history["reconstruction"] - 0.25 * history["kl"]), rtol=1e-5)
        np.testing.assert_allclose(history["elbo"], history["reconstruction"] - history["kl"], rtol=1e-6)
        assert (history["beta"] == 0.25).all() and (history["kl"] > 0).all()
        assert (train()["beta"] == 1).all()

    @pytest.mark.parametrize(("idle", "named"), [(3, "0.weight, 1.weight, 2.weight:"), (4, "2.weight, ...:")])
    def test_up_to_three_of_the_untrained_are_named_to_who_called(self, idle, named):
        model = small()
        model.idle = nn.ModuleList(nn.Linear(2, 2, bias=False) for _ in range(idle))
        with pytest.warns(UserWarning, match="no gradient to idle.0.weight, ") as heard:
            fit(model, data(), steps=1, progress=False)
        assert named in str(heard[0].message).replace("idle.", "") and heard[0].filename == __file__

    def test_a_schedule_is_known_by_its_letters(self):
        assert train(schedule="-".join(["one", "cycle"]))["loss"][-1] == train()["loss"][-1]

    def test_beta_follows_its_schedule(self):
        seen = []
        history = train(steps=8, epochs=None, beta=lambda progress: seen.append(progress) or progress / 2)
        assert seen == [step / 8 for step in range(8)]
        np.testing.assert_allclose(history["beta"], np.arange(8) / 16)

    def test_any_objective_will_do(self):
        """Maximizing -(b - x)^2 by hand-made terms moves b to the mean of the data."""

        class Guess(nn.Module):
            def __init__(self):
                super().__init__()
                self.b = nn.Parameter(torch.zeros(6))

        def closeness(model, x, y, beta):
            value = -(model.b - x).square().sum(-1)
            return Terms(value, value, torch.zeros_like(value), None)

        model, x = Guess(), data()
        fit(model, x, steps=300, batch_size=50, lr=0.05, objective=closeness, progress=False)
        torch.testing.assert_close(model.b.data, x.mean(0), atol=2e-3, rtol=0)

    def test_labels_stay_beside_their_rows(self):
        x = data()
        labels = x[:, 0].clone()

        def paired(model, batch, y, beta):
            assert torch.equal(batch[:, 0], y)
            return elbo(model, batch, y, beta=beta)

        train(x=x, y=labels, objective=paired)

    def test_every_row_is_seen_once_an_epoch_in_a_new_order(self):
        seen, x = [], torch.arange(50.0).unsqueeze(1).expand(50, 6).contiguous() / 50

        def watched(model, batch, y, beta):
            seen.append(batch[:, 0])
            return elbo(model, batch, beta=beta)

        train(x=x, objective=watched)
        assert [len(batch) for batch in seen] == [20, 20, 10] * 2
        first, second = torch.cat(seen[:3]), torch.cat(seen[3:])
        assert torch.equal(first.sort().values, x[:, 0]) and torch.equal(second.sort().values, x[:, 0])
        assert not torch.equal(first, second) and not torch.equal(first, x[:, 0])

    @pytest.mark.parametrize(
        ("n", "sizes"),
        [(48, [16, 16, 16]), (51, [16, 16, 16, 3]), (50, [16, 16, 8, 10]), (18, [8, 10]), (17, [8, 9]), (3, [3])],
    )
    def test_a_rest_of_an_eighth_shares_the_rows_of_the_batch_before(self, n, sizes):
        seen = []

        def watched(model, batch, y, beta):
            seen.append(len(batch))
            return elbo(model, batch, beta=beta)

        history = train(x=data(n), batch_size=16, objective=watched)
        assert seen == 2 * sizes and history.steps_per_epoch == len(sizes)


class TestReproducibility:
    def test_same_seed_same_result_twice_in_a_row(self):
        first, second, other = small(), small(), small()
        histories = [train(first), train(second), train(other, seed=1)]
        assert torch.equal(weights(first), weights(second)) and not torch.equal(weights(first), weights(other))
        assert (histories[0]["loss"] == histories[1]["loss"]).all()

    def test_the_global_random_state_stays(self):
        before = torch.random.get_rng_state()
        train()
        assert torch.equal(before, torch.random.get_rng_state())

    def test_a_callback_that_draws_numbers_changes_nothing(self):
        quiet, watched = small(), small()
        train(quiet)
        train(watched, callback=lambda step, model: torch.randn(step + 3))
        assert torch.equal(weights(quiet), weights(watched))

    def test_a_longer_run_takes_other_steps_but_starts_alike(self):
        short, long = train(schedule="constant"), train(schedule="constant", epochs=3)
        assert (short["loss"] == long["loss"][:6]).all()


class TestLength:
    @pytest.mark.parametrize(
        ("length", "steps"),
        [({"epochs": 2}, 6), ({"epochs": 0.5}, 2), ({"epochs": 1.1}, 4), ({"epochs": 1 / 3}, 1), ({"epochs": 1e-3}, 1)],
    )
    def test_epochs_may_be_fractions(self, length, steps):
        history = train(**length)
        assert len(history) == steps == len(history["loss"])
        assert history.steps_per_epoch == 3

    def test_rounding_adds_no_step(self):
        assert 0.07 * 100 > 7
        assert len(train(x=data(100), batch_size=1, epochs=0.07)) == 7

    def test_steps(self):
        assert len(train(epochs=None, steps=4)) == 4
        assert len(train(epochs=None, steps=1)) == 1
        assert len(train(x=data(1), epochs=1)) == 1

    def test_batch_size_may_exceed_the_data(self):
        assert len(train(batch_size=1000, epochs=3)) == 3
        assert len(fit(small(), data(129), epochs=1, progress=False)) == 2

    def test_per_epoch_averages_and_counts_the_last_piece(self):
        history = train(epochs=None, steps=7)
        loss = history["loss"]
        np.testing.assert_allclose(history.per_epoch("loss"), [loss[:3].mean(), loss[3:6].mean(), loss[6]])

    def test_unknown_term(self):
        with pytest.raises(KeyError, match="term: got 'accuracy', expected one of"):
            train()["accuracy"]


class TestLearningRate:
    def test_one_cycle_rises_to_the_peak_and_ends_near_zero(self):
        rates = rates_of(small(), data(), steps=40, lr=0.01)
        peak = rates.argmax()
        assert len(rates) == 40 and rates.max() == pytest.approx(0.01, rel=0.02)
        assert rates[0] == pytest.approx(0.01 / 25) and rates[-1] < 0.01 / 100
        assert (np.diff(rates[: peak + 1]) > 0).all() and (np.diff(rates[peak:]) < 0).all()
        assert 8 <= peak <= 14

    def test_constant(self):
        assert (rates_of(small(), data(), steps=40, lr=0.01, schedule="constant") == 0.01).all()

    def test_default_peak(self):
        assert rates_of(small(), data(), steps=40).max() == pytest.approx(0.002, rel=0.02)


class TestOptimizer:
    def test_it_is_given_the_parameters_and_the_rate(self):
        def optimizer(parameters, lr):
            made.append((list(parameters), lr))
            return torch.optim.SGD(made[0][0], lr=lr, momentum=0.5)

        made, model = [], small()
        train(model, optimizer=optimizer, lr=1e-3)
        ((parameters, lr),) = made
        assert lr == 1e-3 and all(one is two for one, two in zip(parameters, model.parameters(), strict=True))

    def test_a_step_of_plain_gradient_descent(self):
        def half_the_square(model, x, y, beta):
            square = sum((parameter**2).sum() for parameter in model.parameters())
            return elbo(model, x)._replace(elbo=-0.5 * square.expand(len(x)))

        model = small()
        how = {"optimizer": torch.optim.SGD, "lr": 0.25, "schedule": "constant"}
        train(model, epochs=None, steps=1, objective=half_the_square, **how)
        assert torch.allclose(weights(model), 0.75 * weights(small()))

    def test_the_schedule_leaves_the_momentum_of_others_alone_and_moves_adams(self):
        made = []

        def watched(kind, **settings):
            return lambda parameters, lr: made.append(kind(parameters, lr=lr, **settings)) or made[-1]

        train(optimizer=watched(torch.optim.SGD, momentum=0.5))
        train(optimizer=watched(torch.optim.Adam))
        assert made[0].param_groups[0]["momentum"] == 0.5
        assert made[1].param_groups[0]["betas"][0] == pytest.approx(0.95, abs=1e-3)


class TestTrouble:
    @pytest.mark.parametrize("poison", [math.nan, math.inf])
    def test_a_loss_that_is_not_finite_stops_and_names_the_step(self, poison):
        def poisoned(model, x, y, beta):
            terms = elbo(model, x, beta=beta)
            return terms._replace(elbo=terms.elbo * poison) if next(count) == 3 else terms

        count, model = iter(range(100)), small()
        with pytest.raises(FloatingPointError, match=r"at step 3 .*Likely causes: .*learning rate.*NaN in x.*sigma"):
            train(model, objective=poisoned)
        assert not model.training and weights(model).isfinite().all()

    def test_a_nan_in_the_data_is_found(self):
        x = data()
        x[7, 2] = math.nan
        with pytest.raises(FloatingPointError, match="loss is nan"):
            train(x=x)

    def test_ctrl_c_returns_what_was_learned(self, capsys):
        def impatient(step, model):
            if step == 4 and not seen:
                seen.append(step)
                raise KeyboardInterrupt

        seen, stopped, full = [], small(), small()
        history = train(stopped, callback=impatient, schedule="constant")
        train(full, epochs=None, steps=4, schedule="constant")
        assert history.interrupted and len(history) == 4 == len(history["kl"]) and not stopped.training
        assert torch.equal(weights(stopped), weights(full))
        assert "Stopped by hand at step 4 of 6" in capsys.readouterr().out
        assert not train().interrupted

    def test_bad_input(self):
        x = data()
        refuses(lambda: train(x=x.tolist()), "x", "list", "float tensor (N, D)", ValueError)
        refuses(lambda: train(x=x.long()), "x", "torch.int64 (50, 6)", "float tensor (N, D)", ValueError)
        refuses(lambda: train(x=x[:0]), "x", "(0, 6)", "N >= 1", ValueError)
        refuses(lambda: train(x=x[0]), "x", "(6,)", "(N, D)", ValueError)
        refuses(lambda: train(x=x[:, :5]), "x", "(20, 5)", "(..., 6)", ValueError)
        refuses(lambda: train(y=torch.zeros(49)), "y", "49 labels", "50", ValueError)
        refuses(lambda: train(y=[0] * 50), "y", "list", "50 labels", TypeError)
        refuses(lambda: train(steps=3), "epochs, steps", "epochs=2, steps=3", "exactly one", ValueError)
        refuses(lambda: train(epochs=None), "epochs, steps", "None", "exactly one", ValueError)
        refuses(lambda: train(epochs=0), "epochs", "0", "> 0", ValueError)
        refuses(lambda: train(epochs="2"), "epochs", "'2'", "number", TypeError)
        refuses(lambda: train(epochs=None, steps=0), "steps", "0", ">= 1", ValueError)
        refuses(lambda: train(epochs=None, steps=2.5), "steps", "2.5", "whole number", TypeError)
        refuses(lambda: train(batch_size=0), "batch_size", "0", ">= 1", ValueError)
        refuses(lambda: train(batch_size=12.5), "batch_size", "12.5", "whole number", TypeError)
        refuses(lambda: train(lr=0), "lr", "0", "> 0", ValueError)
        refuses(lambda: train(lr="fast"), "lr", "'fast'", "number", TypeError)
        refuses(lambda: train(beta=-1), "beta", "-1", ">= 0", ValueError)
        refuses(lambda: train(beta="1"), "beta", "'1'", "function of progress", TypeError)
        refuses(lambda: train(optimizer="sgd"), "optimizer", "'sgd'", "called as optimizer(par", TypeError)
        for wrong in ("cosine", "a", "z"):
            refuses(lambda w=wrong: train(schedule=w), "schedule", repr(wrong), "'one-cycle' or 'constant'", ValueError)
        refuses(lambda: train(seed=0.5), "seed", "0.5", "whole number", TypeError)
        refuses(lambda: train(object()), "model", "object", "torch module", TypeError)
        refuses(lambda: train(nn.Identity()), "model", "Identity", "with parameters", TypeError)
        refuses(lambda: train(nn.Linear(6, 6)), "model", "Linear without prior", "prior, posterior and", TypeError)
        assert len(train(beta=0)) == 6


class TestSurroundings:
    def test_callback_counts_and_modes(self):
        seen = []
        model = small()
        train(model, callback=lambda step, model: seen.append((step, model.training)))
        assert seen == [(step, True) for step in range(7)]
        assert not model.training

    def test_device_and_dtype_untouched(self):
        model = small().double()
        fit(model, data().double(), epochs=1, progress=False, device="cpu")
        assert all(p.device.type == "cpu" and p.dtype == torch.float64 for p in model.parameters())

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_a_gpu_is_used_and_given_back(self):
        before, model, seen = torch.cuda.get_rng_state(), small(), []
        train(model, callback=lambda step, model: seen.append(next(model.parameters()).device.type))
        assert set(seen) == {"cuda"} and next(model.parameters()).device.type == "cpu"
        assert torch.equal(before, torch.cuda.get_rng_state())

    def test_the_data_is_untouched(self):
        x = data()
        copy = x.clone()
        train(x=x)
        assert torch.equal(x, copy)

    @pytest.mark.parametrize(("asked", "book", "shown"), [(None, "1", False), (None, None, True), (True, "1", True)])
    def test_the_progress_bar_is_off_while_the_book_is_built(self, monkeypatch, capsys, asked, book, shown):
        monkeypatch.delenv("VAE_BOOK", raising=False)
        if book:
            monkeypatch.setenv("VAE_BOOK", book)
        train(progress=asked)
        printed = capsys.readouterr()
        assert ("6/6" in printed.out + printed.err) == shown

    def test_time_is_measured(self):
        assert train().seconds > 0

    def test_the_loop_fits_on_a_page(self):
        import inspect

        assert len(inspect.getsource(training.fit).splitlines()) <= 50
