"""Two processes are one: the same parameters, from the same rows and noise, also when they were killed in between."""

import os
import subprocess
import sys
from pathlib import Path

import parallel_training as pair
import pytest
import torch
import torch.distributed as dist
from refusal import refuses

from vae_utils.evaluation import log_likelihood
from vae_utils.objectives import elbo, importance_bound
from vae_utils.training import fit
from vae_utils.training.parallel import Group, Loss, SharedRun, _backend, process_group

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
    return [first | second | {"log p alone": torch.load(folder / "alone.pt")} for first, second in parts]


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
        one = found[0]["log p alone"]
        assert len(one) == len(pair.X) and one.unique().numel() == len(one)
        assert torch.equal(found[0]["log p"], one) and torch.equal(found[1]["log p"], one)

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


class TestOneOfTwo:
    """What a rank does, with the other one played by the test."""

    def test_mean(self, monkeypatch):
        monkeypatch.setattr(dist, "all_reduce", lambda total: total.add_(5.0))
        value = torch.tensor(2.0, requires_grad=True)
        mean = Group(0, 2).mean(3 * value)
        assert mean == 5.5 and not mean.requires_grad and value == 2

    def test_scores_are_dealt_out(self, monkeypatch):
        monkeypatch.setattr(dist, "all_reduce", lambda found: None)
        x, asked = torch.arange(11.0)[:, None] + 1, []

        def score(x, y, generator):
            asked.append(len(x))
            return x[:, 0] + torch.rand(len(x), generator=generator)

        parts = [Group(rank, 2).score(score, x, batch_size=3) for rank in (0, 1)]
        first = [True] * 3 + [False] * 3 + [True] * 3 + [False] * 2
        assert asked == [3, 3, 3, 2]
        assert [part.bool().tolist() for part in parts] == [first, [not mine for mine in first]]
        assert torch.equal(sum(parts), Group(0, 1).score(score, x, batch_size=3))

    def test_only_process_0_writes_and_all_wait(self, monkeypatch, tmp_path):
        waits = []
        monkeypatch.setattr(dist, "barrier", lambda: waits.append(1))
        monkeypatch.setattr(
            dist, "all_gather_object", lambda told, own: told.__setitem__(slice(None), [dict(own), own])
        )
        for rank in (1, 0):
            path = tmp_path / f"{rank}.pt"
            with SharedRun(Group(rank, 2), pair.small(), pair.X, checkpoint=path, every=2, **pair.HOW) as run:
                assert len([*run]) == 20
            assert path.is_file() == (rank == 0)
        assert len(waits) == 20

    @pytest.mark.parametrize("rank", [0, 1])
    def test_a_checkpoint_that_one_does_not_see(self, monkeypatch, tmp_path, rank):
        def gather(told, own):
            told[:] = [own, own | {"a checkpoint to go on from": True}]

        monkeypatch.setattr(dist, "all_gather_object", gather)
        for path in (None, tmp_path / "run.pt"):
            with SharedRun(Group(rank, 2), pair.small(), pair.X, checkpoint=path, **pair.HOW) as run:
                refuses(
                    lambda run=run: next(iter(run)), "group", "from': True} in process 1", "from': False}", ValueError
                )

    def test_where_processes_meet(self, monkeypatch, tmp_path):
        seen = []
        monkeypatch.setattr(dist, "init_process_group", lambda backend, **how: seen.append((backend, how)))
        monkeypatch.setattr(dist, "destroy_process_group", lambda: seen.append("left"))
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
        monkeypatch.setenv("RANK", "1")
        monkeypatch.setenv("WORLD_SIZE", "3")
        for meeting in (None, tmp_path / "here"):
            with process_group(meeting) as group:
                assert group == Group(1, 3) and seen[-1] != "left"
        how = {"init_method": f"file://{tmp_path / 'here'}", "rank": 1, "world_size": 3}
        assert seen == [("gloo", {}), "left", ("gloo", how), "left"]

    @pytest.mark.parametrize("gpus, local, rank, expected", [
        (0, None, None, ("gloo", None)), (1, None, None, ("cpu:gloo,cuda:nccl", 0)), (1, "2", "0", ("gloo", None)),
        (2, "2", "1", ("cpu:gloo,cuda:nccl", 1)), (8, "2", "0", ("cpu:gloo,cuda:nccl", 0)),
    ])  # fmt: skip
    def test_a_gpu_each_where_there_are_enough(self, monkeypatch, gpus, local, rank, expected):
        taken = [None]
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.cuda, "set_device", taken.append)
        for name, value in (("LOCAL_WORLD_SIZE", local), ("LOCAL_RANK", rank)):
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, value)
        assert (_backend(), taken[-1]) == expected


class TestAGroupOfOne:
    """Without torchrun."""

    @pytest.mark.slow
    def test_it_is_fit_to_the_bit(self):
        with process_group() as group:
            assert group == Group(0, 1)
            shared = pair.train(group, pair.small())
        assert torch.equal(shared[0], alone(pair.small())[0])

    @pytest.mark.parametrize("name, text, error", [
        ("RANK", "one", TypeError), ("RANK", "-1", TypeError), ("RANK", "1", ValueError),
        ("WORLD_SIZE", "0", ValueError), ("WORLD_SIZE", "", TypeError), ("LOCAL_WORLD_SIZE", "x", TypeError),
    ])  # fmt: skip
    def test_a_bad_environment_is_refused(self, monkeypatch, name, text, error):
        monkeypatch.setenv(name, text)
        refuses(lambda: process_group().__enter__(), name, text, "whole number", error)

    def test_a_bad_place_to_meet_is_refused_at_once(self, tmp_path):
        refuses(lambda: process_group(3).__enter__(), "meeting", "3", "name of a file", TypeError)
        refuses(lambda: process_group(tmp_path).__enter__(), "meeting", "a folder", "name of a file", ValueError)
        nowhere = tmp_path / "nowhere" / "here"
        refuses(lambda: process_group(nowhere).__enter__(), "meeting", "nowhere", "is there", FileNotFoundError)
        assert not torch.distributed.is_initialized()

    def test_what_is_no_group_is_refused(self):
        for wrong in (None, (0, 1), pair.small()):
            refuses(
                lambda wrong=wrong: SharedRun(wrong, pair.small(), pair.X, steps=1),
                "group", type(wrong).__name__, "a Group", TypeError,
            )  # fmt: skip

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
            other, first, unnamed = (
                group.score(score, x, y, batch_size=3, **how) for how in ({"seed": 2}, {"seed": 0}, {})
            )
            plain = group.score(lambda x, y, generator: x[:, 0], x)
            sizes = group.score(lambda x, y, generator: torch.full((len(x),), float(len(x))), torch.zeros(201, 1))
            refuses(lambda: group.score(score, x, batch_size=0), "batch_size", "0", ">= 1")
        assert sizes.tolist() == [100.0] * 200 + [1.0]
        noise = once - 101 * x[:, 0]
        assert ((noise >= 0) & (noise < 0.5)).all() and len(noise.unique()) == 7
        assert torch.equal(first, unnamed)
        assert torch.equal(once, again) and not torch.equal(once, other) and torch.equal(plain, x[:, 0])

    def test_a_score_is_one_number_for_each_row(self):
        x = torch.rand(7, 2)

        def plain(x, y, generator):
            return x.sum(1)

        with process_group() as group:
            refuses(lambda: group.score(lambda x, y, generator: x.sum(), x), "score", "()", "(7,)", ValueError)
            refuses(lambda: group.score(lambda x, y, generator: x, x), "score", "(7, 2)", "(7,)", ValueError)
            refuses(lambda: group.score(lambda x, y, generator: None, x), "score", "NoneType", "(7,)", TypeError)
            refuses(lambda: group.score(plain, x.int()), "x", "int32", "float tensor (N, D)", TypeError)
            refuses(lambda: group.score(plain, x[:, 0]), "x", "(7,)", "(N, D)", ValueError)
            refuses(lambda: group.score(plain, x, torch.zeros(3)), "y", "3", "7", ValueError)

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
