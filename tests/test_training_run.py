"""The run under every loop: what a loop of one's own may rely on, and how a run that was killed goes on."""

import itertools
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path

import killed_training
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from refusal import refuses
from torch import nn

from vae_utils import models, objectives
from vae_utils.models import mlp_vae
from vae_utils.objectives import Terms, elbo
from vae_utils.training import Run, fit, fit_encoder_first


def data(n=50, seed=0):
    return torch.rand(n, 6, generator=torch.Generator().manual_seed(seed))


def small(seed=0):
    return mlp_vae(6, 2, hidden=(4,), seed=seed)


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def by_hand(model, x, y=None, **how):
    """The loop of `fit`, written by a reader."""
    how = {"epochs": 2, "batch_size": 20, "progress": False, **how}
    with Run(model, x, y, **how) as run:
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, fused=True)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=run.total + 1)
        for batch in run:
            loss = -elbo(model, batch.x, batch.y).elbo.mean()
            run.record(loss=loss, half=0.5)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
    return run


class TestALoopOfOnesOwn:
    def test_it_is_fit_to_the_bit(self):
        first, second = small(), small()
        run = by_hand(first, data())
        history = fit(second, data(), epochs=2, batch_size=20, progress=False)
        assert torch.equal(weights(first), weights(second))
        assert (run.history["loss"] == history["loss"]).all() and run.history.terms == ("loss", "half")
        assert not first.training and run.step == run.total == 6 and run.history.seconds > 0

    def test_rows_labels_and_progress(self):
        x, y = data(), torch.arange(50)
        seen = []
        with Run(nn.Linear(6, 1), x, y, epochs=2, batch_size=20, progress=False) as run:
            for batch in run:
                assert torch.equal(batch.x, x[batch.y]) and batch.progress == batch.step / 6
                seen.append(batch.y)
        first, second = torch.cat(seen[:3]), torch.cat(seen[3:])
        assert first.sort().values.tolist() == second.sort().values.tolist() == [*range(50)]
        assert [len(rows) for rows in seen] == [20, 20, 10] * 2 and not torch.equal(first, second)

    def test_two_players(self):
        both = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        with Run(both, torch.rand(8, 2), steps=3, progress=False) as run:
            for _ in run:
                run.record(first=torch.tensor(1.0), second=2.0)
        assert run.history["first"].tolist() == [1, 1, 1] and run.history["second"].tolist() == [2, 2, 2]

    def test_a_number_that_is_not_finite_stops_the_run_by_its_name(self):
        model, before = small(), weights(small())
        told = pytest.raises(FloatingPointError, match=r"The critic is nan at step 0 \(other 1\)")
        with told, Run(model, data(), steps=3, progress=False) as run:
            for _ in run:
                run.record(critic=torch.tensor(float("nan")), other=1.0)
        assert not model.training and torch.equal(weights(model), before)

    def test_an_error_inside_is_not_hidden_and_the_model_comes_back(self):
        model, seen = small(), []
        with pytest.raises(ZeroDivisionError):
            with Run(model, data(), steps=3, progress=False, callback=lambda step, model: seen.append(step)) as run:
                for _ in run:
                    1 / 0  # noqa: B018
        assert not model.training and seen == [0]

    def test_ctrl_c_in_the_body_ends_the_run_and_no_more(self, capsys):
        with Run(small(), data(), steps=5, progress=False) as run:
            for batch in run:
                run.record(step=batch.step)
                if batch.step == 2:
                    raise KeyboardInterrupt
        assert run.history.interrupted and "Stopped by hand at step 2 of 5" in capsys.readouterr().out


class TestSurroundings:
    """What is set outside does not reach in."""

    def test_no_grad_and_inference_mode(self):
        plain = small()
        fit(plain, data(), steps=3, progress=False)
        for context in (torch.no_grad, torch.inference_mode):
            model, x = small(), data()
            with context():
                fit(model, x, steps=3, progress=False)
            assert torch.equal(weights(model), weights(plain))

    def test_autocast_outside(self):
        """One cache around the whole loop would serve the first weights to every step."""
        plain, inside = small(), small()
        fit(plain, data(), steps=20, progress=False)
        with torch.autocast("cpu", torch.bfloat16):
            fit(inside, data(), steps=20, progress=False)
        assert torch.equal(weights(inside), weights(plain))

    def test_autocast_asked_for_learns_in_lower_precision(self):
        seen, plain, low = [], small(), small()
        low.encoder[0].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))

        def watched(model, x, y, beta):
            terms = elbo(model, x, y, beta)
            assert terms.elbo.dtype == torch.float32 and terms.q.mu.dtype == torch.float32
            return terms

        fit(plain, data(), steps=60, lr=0.02, progress=False)
        history = fit(low, data(), steps=60, lr=0.02, progress=False, autocast=torch.bfloat16, objective=watched)
        assert set(seen) == {torch.bfloat16}
        assert not torch.equal(weights(low), weights(plain)) and (weights(low) - weights(plain)).abs().max() < 0.5
        assert history["elbo"][-10:].mean() > history["elbo"][:10].mean()
        assert low.posterior(data()).mu.dtype == torch.float32

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_on_a_gpu_the_model_comes_back(self, tmp_path):
        model = small()
        fit(model, data(), steps=5, progress=False, checkpoint=tmp_path / "run", every=2)
        assert next(model.parameters()).device.type == "cpu"


class TestWhatCannotBeTrained:
    def test_frozen_half_and_other_things_are_named(self):
        frozen = small().requires_grad_(False)
        refuses(lambda: fit(frozen, data(), steps=1), "model", "frozen", "require a gradient", ValueError)
        refuses(lambda: fit(small().half(), data().half(), steps=1), "model", "torch.float16", "float32", TypeError)
        refuses(lambda: fit(print, data(), steps=1), "model", "builtin_function", "module", TypeError)
        refuses(lambda: Run(small(), data(), steps=1, every=0), "every", "0", ">= 1", ValueError)
        refuses(lambda: fit(small(), data().double(), steps=1), "x", "torch.float64", "torch.float32", TypeError)
        refuses(lambda: fit(small(), data(), steps=1, optimizer=torch.optim.LBFGS), "optimizer", "LBFGS", "first order")
        refuses(lambda: fit(small(), 255 * data(), steps=1), "x", "values from", "[0, 1]", ValueError)

    @pytest.mark.parametrize("bad", [-1.0, float("nan"), "1", None])
    def test_a_schedule_that_says_a_wrong_beta_is_named(self, bad):
        refuses(lambda: fit(small(), data(), steps=3, beta=lambda progress: bad, progress=False), "beta", repr(bad))

    def test_labels_of_shape_n_1_are_refused(self):
        model, y = models.mlp_class_mean_vae(6, 2, classes=3, hidden=(4,)), torch.zeros(50, 1, dtype=torch.int64)
        refuses(lambda: fit(model, data(), y, steps=1), "y", "(50, 1)", "(50,)", ValueError)

    def test_a_vq_vae_is_not_half_trained_without_a_word(self):
        networks = models.mlp([6, 4]), models.mlp([4, 6])
        vq = models.VQVAE(*networks, models.BernoulliObservation(), slots=2, codes=3, width=2)
        for objective in (elbo, lambda m, x, y, beta: objectives.importance_weighted(m, x, y, k=2)):
            refuses(lambda o=objective: fit(vq, data(), steps=1, objective=o), "model", "Code", "vq_elbo", TypeError)

    def test_parameters_that_get_no_gradient_are_told(self):
        def encoder_alone(model, x, y, beta):
            value = -model.posterior(x).mu.square().sum(-1)
            return Terms(value, value, torch.zeros_like(value), None)

        with pytest.warns(UserWarning, match=r"no gradient to decoder\.0\.weight, .*: these weights are not trained"):
            fit(small(), data(), steps=2, objective=encoder_alone, progress=False)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit(small(), data(), steps=2, progress=False)
            model = small()
            model.decoder.requires_grad_(False)
            fit(model, data(), steps=2, objective=encoder_alone, progress=False)


def test_a_step_has_128_rows_unless_told():
    with Run(small(), data(160), epochs=1, progress=False) as run:
        assert [len(batch.x) for batch in run] == [128, 32]


class TestCheckpoint:
    @pytest.mark.slow
    @pytest.mark.parametrize("last", [4, 9, 19])
    def test_a_run_that_is_killed_ends_as_one_that_was_not(self, tmp_path, last):
        """Killed by the system in the middle of an epoch: no finally, no exit handler, nothing."""
        script, path = Path(killed_training.__file__), tmp_path / "run.pt"
        folder = {"cwd": script.parent.parent, "env": None}
        dead = subprocess.run([sys.executable, "-m", "tests.killed_training", path, str(last)], **folder)
        assert dead.returncode == -9 and path.is_file()
        straight, resumed, steps = killed_training.model(), killed_training.model(), []
        whole = fit(straight, killed_training.X, **killed_training.HOW)
        how = killed_training.HOW | {"callback": lambda step, model: steps.append(step)}
        rest = fit(resumed, killed_training.X, checkpoint=path, **how)
        assert steps[0] == last // 3 * 3 and steps[-1] == 20  # only what was missing is trained
        assert torch.equal(weights(resumed), weights(straight))
        for term in whole.terms:
            assert (rest[term] == whole[term]).all()

    def test_a_finished_run_is_read_and_not_repeated(self, tmp_path):
        path, first, second = tmp_path / "run.pt", small(), small()
        before = fit(first, data(), steps=7, progress=False, checkpoint=path)
        again = fit(second, data(), steps=7, progress=False, checkpoint=path)
        assert torch.equal(weights(first), weights(second)) and len(again) == 7
        assert (again["loss"] == before["loss"]).all()

    @pytest.mark.parametrize(
        "other",
        [
            {"beta": 50.0}, {"beta": lambda progress: progress}, {"lr": 1e-3}, {"schedule": "constant"},
            {"objective": objectives.reconstruction}, {"optimizer": torch.optim.SGD},
        ],
    )  # fmt: skip
    def test_a_run_of_another_kind_does_not_go_on(self, tmp_path, other):
        how, path, model = {"steps": 7, "beta": 0.0, "progress": False}, tmp_path / "run.pt", small()
        fit(small(), data(), checkpoint=path, **how)
        before = weights(model)
        with pytest.raises(ValueError, match=r"checkpoint: got .*, kept by a run of .*, expected"):
            fit(model, data(), checkpoint=path, **how | other)
        assert torch.equal(weights(model), before)

    @pytest.mark.parametrize("kind", [np.float32, np.float64])
    def test_numbers_of_numpy_are_those_of_python(self, tmp_path, kind):
        how = {"steps": 4, "progress": False, "checkpoint": tmp_path / "run.pt"}
        plain = {"beta": 0.5, "lr": 0.25, "seed": 3, "batch_size": 20}
        first = fit(small(), data(), **how, **plain)
        numpy = {name: np.int64(value) if isinstance(value, int) else kind(value) for name, value in plain.items()}
        assert (fit(small(), data(), **how, **numpy)["loss"] == first["loss"]).all()
        other = how | {"checkpoint": tmp_path / "other.pt"}
        for settings in (numpy, plain):
            assert (fit(small(), data(), **other, **settings)["loss"] == first["loss"]).all()

    def test_functions_and_tuples_of_them_are_the_same_by_name(self, tmp_path):
        how = {"steps": 4, "beta": objectives.linear_warmup(0.5), "progress": False, "checkpoint": tmp_path / "run.pt"}
        first = fit(small(), data(), **how)
        again = fit(small(), data(), **how | {"beta": objectives.linear_warmup(0.5)})
        assert (again["loss"] == first["loss"]).all()

    def test_the_loop_of_a_reader_can_be_resumed_too(self, tmp_path):
        def loop(model, stop=None, **how):
            with Run(model, data(), steps=12, batch_size=20, progress=False, every=1, **how) as run:
                optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
                run.keep(optimizer=optimizer)
                for batch in run:
                    if batch.step == stop:
                        raise RuntimeError
                    loss = F.mse_loss(model(batch.x + 0.1 * torch.randn_like(batch.x)), batch.x)
                    run.record(loss=loss)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()

        def net():
            torch.manual_seed(0)
            return nn.Linear(6, 6)

        straight, broken, path = net(), net(), tmp_path / "run.pt"
        loop(straight)
        with pytest.raises(RuntimeError):
            loop(broken, stop=5, checkpoint=path)
        resumed = net()
        loop(resumed, checkpoint=path)
        assert torch.equal(weights(resumed), weights(straight))

    def test_it_is_kept_every_so_many_steps_and_at_the_end(self, tmp_path):
        path, seen = tmp_path / "run.pt", []

        def look(step, model):
            seen.append(torch.load(path, weights_only=True)["step"] if path.is_file() else None)

        fit(small(), data(), steps=7, progress=False, checkpoint=path, every=3, callback=look)
        assert seen == [None, None, None, 3, 3, 3, 6, 7]

    def test_the_seconds_of_a_run_in_three_parts_add_up(self, tmp_path, monkeypatch):
        """By a clock that is one second on whenever it is read: at the begin, at each step kept, at the end."""
        path, clock = tmp_path / "run.pt", itertools.count()
        monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))
        for stop, kept, told in ((2, 2, 3), (3, 3, 4), (None, 4, 5)):
            with suppress(ZeroDivisionError):
                with Run(small(), data(), steps=4, progress=False, checkpoint=path, every=1) as run:
                    for batch in run:
                        assert stop is None or batch.step < stop or 1 / 0
                        run.record(step=batch.step)
            assert torch.load(path, weights_only=True)["history"][2] == kept and run.history.seconds == told

    def test_a_checkpoint_that_is_no_file_is_refused_before_a_step(self, tmp_path):
        def never(step, model):
            raise AssertionError("it has begun")

        for wrong, words, error in ((3, "3", TypeError), (tmp_path, "a folder", ValueError), ("", ".", ValueError)):
            refuses(
                lambda wrong=wrong: fit(small(), data(), steps=4, progress=False, checkpoint=wrong, callback=never),
                "checkpoint", words, "the name of a file", error,
            )  # fmt: skip

    def test_a_checkpoint_of_another_run_is_refused(self, tmp_path):
        path = tmp_path / "run.pt"
        fit(small(), data(), steps=4, progress=False, checkpoint=path)
        for other in ({"steps": 5}, {"batch_size": 64}, {"seed": 1}, {"x": data(seed=1)}):
            how = {"x": data(), "steps": 4, "progress": False, "checkpoint": path} | other
            refuses(lambda how=how: fit(small(), **how), "checkpoint", "run.pt", "", ValueError)
        bare = tmp_path / "bare.pt"
        for keep in ((), ("optimizer",)):
            with Run(small(), data(), steps=1, progress=False, checkpoint=bare) as run:
                run.keep(**{name: torch.optim.SGD(run.model.parameters(), lr=0.1) for name in keep})
                if keep:
                    refuses(lambda run=run: list(run), "checkpoint", "with []", "with ['optimizer']", ValueError)
                else:
                    list(run)
        path.write_bytes(b"half a file")
        refuses(lambda: fit(small(), data(), steps=4, checkpoint=path), "checkpoint", "cannot be read", "", ValueError)
        for wrong in ([1, 2], {"weights": torch.ones(2)}):
            torch.save(wrong, path)
            refuses(
                lambda: fit(small(), data(), steps=4, checkpoint=path), "checkpoint", "cannot be read", "", ValueError
            )

    def test_a_checkpoint_of_another_model_is_refused_and_leaves_the_model_as_it_was(self, tmp_path):
        path, how = tmp_path / "run.pt", {"steps": 4, "progress": False}
        wide = mlp_vae(data().shape[1], 2, hidden=(3,))
        fit(wide, data(), checkpoint=path, **how)
        for hidden in ((4,), (3, 3)):
            other = mlp_vae(data().shape[1], 2, hidden=hidden)
            before = weights(other).clone()
            refuses(
                lambda other=other: fit(other, data(), checkpoint=path, **how),
                "checkpoint", "another model, decoder", "same model, or a new file", ValueError,
            )  # fmt: skip
            assert torch.equal(weights(other), before)


class TestEncoderFirst:
    def test_who_moves_when(self):
        moved, model = [], small()
        before = [weights(part).clone() for part in (model.encoder, model.decoder)]

        def watch(step, model):
            after = [weights(part).clone() for part in (model.encoder, model.decoder)]
            moved.append([not torch.equal(a, b) for a, b in zip(after, before, strict=True)])
            before[:] = after

        history = fit_encoder_first(model, data(), steps=4, encoder_steps=3, progress=False, callback=watch)
        assert len(history) == 2 * 3 + 2
        assert [pair[0] for pair in moved[1:]] == [True] * 8
        assert [pair[1] for pair in moved[1:]] == [False, False, True, False, False, True, True, True]

    def test_without_a_head_start_it_is_plain_training(self):
        model = small()
        history = fit_encoder_first(model, data(), steps=3, share=0.0, progress=False, lr=1e-2)
        plain = small()
        fit(plain, data(), steps=3, lr=1e-2, schedule="constant", progress=False)
        torch.testing.assert_close(weights(model), weights(plain))
        assert len(history) == 3
        for wrong in ({"share": 1.5}, {"share": -0.1}, {"steps": 0}, {"encoder_steps": 0}):
            refuses(lambda w=wrong: fit_encoder_first(small(), data(), **{"steps": 2, **w}), next(iter(wrong)))
