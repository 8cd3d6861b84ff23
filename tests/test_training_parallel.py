"""Two processes are one: the same parameters, from the same rows and noise, also when they were killed in between."""

import os
import subprocess
import sys
from pathlib import Path

import parallel_training as pair
import pytest
import torch
from refusal import refuses

from vae_utils.evaluation import log_likelihood
from vae_utils.objectives import elbo, importance_bound
from vae_utils.training import fit
from vae_utils.training.parallel import Group, Loss, SharedRun, process_group

EXACT = 1e-12


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each of two processes has found: a dict each."""
    folder, script = tmp_path_factory.mktemp("pair"), Path(pair.__file__)
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else None
    command = [sys.executable, "-m", "tests.parallel_training", str(folder)]
    how = {"cwd": script.parent.parent, "env": environment, "timeout": 300, "text": True}
    done = subprocess.run(command, stdout=subprocess.PIPE, **how)
    assert done.stdout.splitlines() == ["[-9, -9]", "[0, 0]"]
    parts = [[torch.load(folder / f"{name} {rank}.pt") for name in ("first", "second")] for rank in (0, 1)]
    return [first | second for first, second in parts]


def alone(model, objective=elbo, optimizer=torch.optim.SGD):
    history = fit(model, pair.X, objective=objective, optimizer=optimizer, lr=pair.LR, schedule="constant", **pair.HOW)
    return pair.weights(model), history["loss"].tolist()


def apart(first, second):
    return (first - second).abs().max().item()


@pytest.mark.slow
class TestTwoProcesses:
    @pytest.mark.parametrize("name", ["elbo", "importance", "adam", "resumed"])
    def test_they_are_one(self, found, name):
        """Batches of 11 rows, so 5 and 6: the weight is tried, too."""
        how = {"importance": {"objective": pair.weighted}, "adam": {"optimizer": torch.optim.Adam}}
        weights, losses = alone(pair.small(), **how.get(name, {}))
        assert apart(weights, pair.weights(pair.small())) > 0.01
        for told in found:
            assert apart(told[name][0], weights) < EXACT
            assert told[name][1] == pytest.approx(losses, abs=1e-10)

    def test_the_resumed_run_went_on_from_the_last_step_kept(self, found):
        assert found[0]["steps"] == found[1]["steps"] == [*range(10, 21)]

    @pytest.mark.parametrize("slip", [*(slip.__name__ for slip in pair.SLIPS), "batch norm"])
    def test_each_pitfall_is_another_run(self, found, slip):
        weights, _ = alone(pair.small(norm=slip == "batch norm"))
        assert apart(found[0][slip][0], weights) > 5e-4
        stay_together = apart(found[0][slip][0], found[1][slip][0]) < EXACT
        assert stay_together == (slip != "past_the_wrapper")

    def test_scores_do_not_depend_on_who_scores(self, found):
        with process_group() as group:
            one = pair.log_p(group, pair.small())
        assert torch.equal(found[0]["log p"], found[1]["log p"]) and torch.equal(found[0]["log p"], one)

    def test_mean(self, found):
        assert found[0]["mean"] == found[1]["mean"] == 1.5

    def test_what_does_not_fit_together_is_refused_in_both(self, found):
        for told in found:
            assert "in process 1, expected that of process 0" in told["other rows"]
            assert "'a checkpoint to go on from': True" in told["own checkpoint"].partition("expected")[0]

    def test_only_the_first_shows_its_progress(self, found):
        assert not found[0]["elbo"][2] and not found[1]["elbo"][2]


class TestGroup:
    @pytest.mark.parametrize("rows, size", [(7, 1), (7, 2), (8, 2), (7, 3), (5, 5)])
    def test_shares_are_a_partition_as_even_as_can_be(self, rows, size):
        shares = [[*range(rows)][Group(rank, size).share(rows)] for rank in range(size)]
        assert [row for share in shares for row in share] == [*range(rows)]
        assert {len(share) for share in shares} <= {rows // size, -(-rows // size)}

    @pytest.mark.parametrize("rows, size", [(7, 2), (7, 3), (6, 3)])
    def test_weighted_means_of_the_shares_have_the_mean_of_all(self, rows, size):
        values, groups = torch.arange(rows).double() ** 2, [Group(rank, size) for rank in range(size)]
        weighted = [group.weight(rows) * values[group.share(rows)].mean() for group in groups]
        assert sum(weighted) / size == pytest.approx(values.mean())

    def test_too_few_rows_are_refused(self):
        refuses(lambda: Group(0, 3).share(2), "rows", "2", ">= 3", ValueError)


class TestAGroupOfOne:
    """Without torchrun."""

    @pytest.mark.slow
    def test_it_is_fit_to_the_bit(self):
        with process_group() as group:
            assert group == Group(0, 1)
            shared = pair.train(group, pair.small())
        assert torch.equal(shared[0], alone(pair.small())[0])

    def test_the_group_is_left_whatever_happens(self):
        with pytest.raises(ZeroDivisionError), process_group():
            1 / 0  # noqa: B018
        assert not torch.distributed.is_initialized()

    def test_each_row_is_scored_once_with_its_own_noise(self):
        x, y = torch.arange(7.0)[:, None], torch.arange(7)

        def score(x, y, generator):
            assert len(x) <= 3
            return 100 * x[:, 0] + y + 0.5 * torch.rand(len(x), generator=generator)

        with process_group() as group:
            once, again = (group.score(score, x, y, batch_size=3, seed=seed) for seed in (1, 1))
            other = group.score(score, x, y, batch_size=3, seed=2)
            plain = group.score(lambda x, y, generator: x[:, 0], x)
            refuses(lambda: group.score(score, x, batch_size=0), "batch_size", "0", ">= 1")
        noise = once - 101 * x[:, 0]
        assert ((noise >= 0) & (noise < 0.5)).all() and len(noise.unique()) == 7
        assert torch.equal(once, again) and not torch.equal(once, other) and torch.equal(plain, x[:, 0])

    def test_scores_carry_no_gradient_and_are_log_likelihoods(self):
        model = pair.small()
        with process_group() as group:
            scores = pair.log_p(group, model)
            told = group.score(lambda x, y, generator: model.posterior(x).mean[:, 0], pair.X)
        assert not told.requires_grad and scores.shape == (len(pair.X),)
        generator = torch.Generator().manual_seed(0)
        assert apart(scores.mean(), log_likelihood(model, pair.X, k=5, generator=generator).mean()) < 0.2

    def test_progress_is_that_of_the_first(self):
        assert [
            SharedRun(Group(rank, 2), pair.small(), pair.X, steps=1, progress=True).progress for rank in (0, 1)
        ] == [
            True,
            False,
        ]
        assert not SharedRun(Group(0, 2), pair.small(), pair.X, steps=1, progress=False).progress


def test_the_loss_is_minus_the_mean_bound():
    model, eps = pair.small(), torch.randn(3, 55, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert Loss(model)(pair.X, eps=eps[0]) == -elbo(model, pair.X, eps=eps[0]).elbo.mean()
    weighted = importance_bound(model, pair.X, 3, eps=eps).mean()
    assert torch.isclose(Loss(model, pair.weighted)(pair.X, eps=eps), -weighted)
