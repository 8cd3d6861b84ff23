"""The rows of the paper's table: models and objectives by known answers, and the committed weights scored again."""

import io
import json
import math
import sys
from pathlib import Path

import pytest
import torch
from torch import distributions as td

from benchmarks import iwae, paper, table
from vae_utils.data import load_digits
from vae_utils.models import LinearVAE
from vae_utils.objectives import importance_weighted
from vae_utils.randomness import seeded
from vae_utils.storage import save_model

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def some_pictures(n=4):
    return torch.bernoulli(torch.full((n, 784), 0.3), generator=torch.Generator().manual_seed(0))


def test_the_output_starts_at_the_average_picture():
    model = iwae.build(torch.tensor([0.0, 0.25, 1.0] + [0.5] * 781))
    shares = torch.sigmoid(model.decoder[-1].bias)
    assert shares[:4].tolist() == pytest.approx([0.0067, 0.25, 0.9933, 0.5], abs=0.004)


@pytest.mark.parametrize("build", [iwae.build, iwae.build_two_layers])
def test_the_networks_have_the_sizes_of_the_paper(build):
    model = build()
    assert all(len(module.bias) in (50, 100, 200, 784) for module in model.modules() if hasattr(module, "bias"))
    assert model.posterior(some_pictures()).rsample((3,)).shape == (3, 4, model.latent_dim)
    assert [network.in_features for network in (model.encoder[0], model.decoder[0])] == [
        784,
        model.decoder[0].in_features,
    ]
    assert len(model.encoder) == len(model.decoder) == 5  # three layers, two tanh between them


def test_the_two_layer_weights_are_the_ratio_of_its_parts():
    model, x = iwae.build_two_layers().eval(), some_pictures()
    z = model.posterior(x).rsample((2,), generator=torch.Generator().manual_seed(0))
    z1, z2 = z[..., :100], z[..., 100:]
    mu1, logvar1 = model.encoder(x).chunk(2, -1)
    mu2, logvar2 = model.up[0](z1).chunk(2, -1)
    down, down_logvar = model.down[0](z2).chunk(2, -1)
    log_q = gaussian(z1, mu1, logvar1) + gaussian(z2, mu2, logvar2)
    log_p = gaussian(z1, down, down_logvar) + gaussian(z2, torch.zeros(50), torch.zeros(50))
    assert torch.allclose(model.posterior(x).log_prob(z), log_q, rtol=1e-4)
    assert torch.allclose(model.prior().log_prob(z), log_p, rtol=1e-4)
    assert torch.equal(model.likelihood(z).logits, model.decoder(z1))


def gaussian(z, mu, logvar):
    return td.Normal(mu, torch.exp(0.5 * logvar)).log_prob(z).sum(-1)


def test_two_layers_start_where_one_layer_ended():
    one, x = iwae.build(torch.full((784,), 0.3)).eval(), some_pictures()
    two = iwae.grow_two_layers(one).eval()
    q, first = one.posterior(x), two.posterior(x).first
    assert torch.equal(first.mu[:, :50], q.mu) and torch.equal(first.logvar[:, :50], q.logvar)
    assert not first.mu[:, 50:].any() and not first.logvar[:, 50:].any()
    z = torch.randn(4, 150, generator=torch.Generator().manual_seed(1))
    z[:, 50:100] = 0
    assert torch.allclose(two.likelihood(z).logits, one.likelihood(z[:, :50]).logits, atol=1e-5)
    with seeded(0):
        z1 = two.prior().rsample((20_000,))[:, :100]
        z = torch.cat([(0.7 * torch.randn(100)).expand(2000, -1), torch.zeros(2000, 50)], -1)
        q2 = two.posterior(x[:1]).steps[0](z[:, :100])
        z[:, 100:] = q2.rsample()
    log_w = two.prior().log_prob(z) - q2.log_prob(z[:, 100:])
    marginal = td.Normal(0, 1).log_prob(z[0, :100]).sum()
    assert (log_w.logsumexp(0) - math.log(2000)).item() == pytest.approx(marginal.item(), abs=1.5)
    assert z1.mean(0).abs().max() < 0.05 and 0.9 < z1.std(0).min() and z1.std(0).max() < 1.03


def test_a_perceptron_may_start_as_a_straight_line():
    network = iwae.glorot_mlp(4, 8, 8, 8)
    with torch.no_grad():
        iwae.start_linear(network, 3, 0.8)
    x = torch.tensor([[0.5, -1.0, 0.2, 7.0]])
    mean, logvar = network(x).detach().chunk(2, -1)
    assert mean[0].tolist() == pytest.approx([0.4, -0.8, 0.16, 0.0], rel=0.05)
    assert logvar.exp()[0].tolist() == pytest.approx([0.36, 0.36, 0.36, 1.0])


def gradient(model, loss):
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(model.parameters()))])


def linear_model():
    with seeded(3):
        model = LinearVAE(6, 2)
    return model, torch.randn(1, 6, generator=torch.Generator().manual_seed(1))


def test_resampling_leaves_the_gradient_of_the_bound_as_it_is_on_average():
    model, x = linear_model()
    eps = torch.randn(4, 1, 2, generator=torch.Generator().manual_seed(2))
    exact = gradient(model, importance_weighted(model, x, k=4, eps=eps).elbo.sum())
    repeated, many = x.expand(4000, -1), eps.expand(-1, 4000, -1)
    with seeded(0):
        terms = iwae.resampled_bound(model, repeated, many)
    value = importance_weighted(model, x, k=4, eps=eps).elbo
    assert torch.allclose(terms.elbo, value.expand(4000), atol=1e-4)
    assert torch.allclose(gradient(model, terms.elbo.mean()), exact, atol=0.05 * exact.abs().max().item())


@pytest.mark.parametrize("kind", ["elbo", "importance", "resampled"])
def test_each_objective_trains_on_grey_pictures(kind):
    x, model = torch.rand(64, 784, generator=torch.Generator().manual_seed(0)), iwae.build()
    history = paper.fit(model, x, steps=12, batch_size=32, lr=3e-3, objective=iwae.objective(kind, 3))
    assert history["loss"][-1] < history["loss"][0]


def test_the_averaged_objective_is_the_elbo():
    model, x = linear_model()
    eps = torch.randn(3, 1, 2)
    terms = importance_weighted(model, x, k=3, eps=eps)
    each = [importance_weighted(model, x, k=1, eps=eps[i : i + 1]).elbo for i in range(3)]
    assert torch.allclose(iwae.averaged_elbo(terms).elbo, torch.stack(each).mean(0), atol=1e-5)


def test_units_that_are_switched_off_no_longer_matter():
    model, x = linear_model()
    active = torch.tensor([True, False])
    reduced = iwae.WithoutUnits(model, active)
    q = reduced.posterior(x)
    assert q.mu[0, 1] == q.logvar[0, 1] == 0 and q.mu[0, 0] == model.posterior(x).mu[0, 0]
    z = torch.randn(5, 1, 2)
    assert torch.equal(reduced.likelihood(z).mu, reduced.likelihood(z * active).mu)
    with pytest.raises(TypeError, match="Chain"):
        iwae.WithoutUnits(iwae.build_two_layers(), torch.ones(150)).posterior(some_pictures())


def test_a_finished_stage_is_not_trained_again_and_another_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_CACHE", str(tmp_path))
    stages = (iwae.Stage("elbo", 1, 1, 1e-3), iwae.Stage("resampled", 2, 1, 1e-3))
    monkeypatch.setitem(iwae.ROWS, "vae-1", iwae.ROWS["vae-1"]._replace(stages=stages))
    x = torch.rand(16, 784)
    model, done = paper.train("vae-1", x)
    assert [(stage["objective"], stage["steps"]) for stage in done] == [("elbo", 1), ("resampled", 1)]
    monkeypatch.setattr(paper, "run_stage", lambda *arguments: pytest.fail("trained again"))
    again, _ = paper.train("vae-1", x)
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), again.parameters(), strict=True))
    monkeypatch.setitem(iwae.ROWS, "vae-1", iwae.ROWS["vae-1"]._replace(stages=(stages[0]._replace(lr=1e-2),)))
    with pytest.raises(ValueError, match="vae-1-0"):
        paper.train("vae-1", x)


def test_a_row_may_start_in_the_middle_of_another(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_CACHE", str(tmp_path))
    stages = tuple(iwae.Stage("elbo", 1, 1, lr) for lr in (1e-3, 2e-3))
    monkeypatch.setitem(iwae.ROWS, "vae-1", iwae.ROWS["vae-1"]._replace(stages=stages))
    later = iwae.ROWS["vae-50"]._replace(start=("vae-1", 1), stages=(iwae.Stage("elbo", 2, 1, 3e-3, "muon"),))
    monkeypatch.setitem(iwae.ROWS, "vae-50", later)
    _, done = paper.train("vae-50", torch.rand(16, 784))
    assert [stage["lr"] for stage in done] == [1e-3, 3e-3] and done[-1]["optimizer"] == "muon"
    assert not paper.stage_file("vae-1", 1).exists()


def test_muon_steps_by_an_orthogonal_matrix_and_adam_takes_the_rest():
    matrix, bias = torch.nn.Parameter(torch.zeros(5, 5)), torch.nn.Parameter(torch.zeros(5))
    matrix.grad = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    bias.grad = torch.tensor([3.0, -2.0, 1.0, 5.0, -0.1])
    optimizer = iwae.MuonAndAdam([matrix, bias], lr=0.5)
    optimizer.param_groups[0]["lr"] = 0.1  # as a schedule does
    optimizer.step()
    u, _, v = torch.linalg.svd(matrix.grad)
    step = -matrix.detach() / (0.1 * 0.2 * 5**0.5)
    assert torch.allclose(torch.linalg.svdvals(step), torch.ones(5), atol=0.35)  # the iteration is a rough one
    assert ((step * (u @ v)).sum() / step.norm() / (u @ v).norm()).item() > 0.98
    assert torch.allclose(bias, -0.1 * bias.grad.sign(), atol=1e-5)


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["paper.py", *arguments])
    paper.main()


def test_muon_goes_on_from_a_checkpoint_where_it_was():
    def stepped(optimizer, matrix, bias, times, seed):
        generator = torch.Generator().manual_seed(seed)
        for _ in range(times):
            matrix.grad, bias.grad = (torch.randn(p.shape, generator=generator) for p in (matrix, bias))
            optimizer.step()

    def fresh():
        matrix, bias = torch.nn.Parameter(torch.ones(3, 4)), torch.nn.Parameter(torch.zeros(4))
        return iwae.MuonAndAdam([matrix, bias], lr=0.1), matrix, bias

    first, other = fresh(), fresh()
    stepped(*first, times=3, seed=0)
    first[0].param_groups[0]["lr"] = 0.03
    buffer = io.BytesIO()
    torch.save([first[0].state_dict(), first[1], first[2]], buffer)
    state, *weights = torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    other[0].load_state_dict(state)
    for parameter, kept in zip(other[1:], weights, strict=True):
        parameter.data = kept.data
    for run in (first, other):
        stepped(*run, times=2, seed=1)
    assert torch.equal(first[1], other[1]) and torch.equal(first[2], other[2])


def test_an_unknown_row_and_a_missing_mnist_are_named(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit, match="got 'iwae-7', expected one of vae-1"):
        run(monkeypatch, "train", "iwae-7")
    monkeypatch.setenv("VAE_DATA", str(tmp_path))
    monkeypatch.setenv("VAE_CACHE", str(tmp_path))
    with pytest.raises(SystemExit, match="MNIST was asked for"):
        run(monkeypatch, "train", "vae-1")
    run(monkeypatch)
    said = capsys.readouterr().out
    assert all(name in said for name in iwae.ROWS)


def test_weights_that_do_not_belong_to_their_entry_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="train it first"):
        paper.score_and_keep("vae-1")
    save_model(iwae.build(), paper.weights_file("vae-1"), {"row": "vae-1", "stages": [1]}, half=True)
    with pytest.raises(ValueError, match="settings"):
        paper.stored_model("vae-1", [2])
    paper.stored_model("vae-1", [1])


ENTRIES = {name: entry for name, entry in paper.results().items() if name in iwae.ROWS}


def stages_so_far(name, own):
    """The stages of a row's entry up to its own first `own`."""
    stages = ENTRIES[name]["stages"]
    return stages[: len(stages) - len(iwae.ROWS[name].stages) + own]


def test_the_results_are_those_of_the_rows():
    assert "vae-1" in ENTRIES
    for name, entry in ENTRIES.items():
        row = iwae.ROWS[name]
        assert (entry["title"], entry["paper"]) == (row.title, row.paper)
        earlier = [] if row.start is None else stages_so_far(*row.start)
        own = [paper.without_times(stage) for stage in entry["stages"]][len(earlier) :]
        assert own == [{**stage._asdict(), "batch_size": paper.BATCH_SIZE, "seed": paper.SEED} for stage in row.stages]
        assert entry["stages"][: len(earlier)] == earlier
        limit = 2**20 if row.model is iwae.build_two_layers else 1_000_000  # 520,600 numbers of two bytes
        assert paper.weights_file(name).stat().st_size < limit


def test_the_chapter_shows_the_table_that_the_results_give():
    cells = json.loads(table.CHAPTER.read_text(encoding="utf8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    (shown,) = [source for source in sources if table.BEGIN in source]
    assert shown == table.within(shown, table.table(paper.results()))


def test_the_table_says_gap_and_change_with_their_signs_and_what_was_not_run():
    entry = {"nll": 86.5, "standard_error": 0.25, "paper": 86.76, "steps": 1000, "core_hours": 1.54, "active_units": 20}
    entry |= {"nll_500": 87.0, "nll_500_without_inactive": 87.013}
    lines = table.table({"vae-1": entry}).replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert lines[2] == "| VAE, k = 1 | 86.76 | 86.50 ± 0.25 | −0.26 | 1,000 | 1.5 | 20 | +0.01 |"
    assert lines[3].startswith("| VAE, k = 50 | 86.35 | not run |")
    assert len({line.count("|") for line in lines}) == 1
    with pytest.raises(ValueError, match="table: begin"):
        table.within("a cell without marks", "text")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in paper.every_row() if name in paper.results()])
def test_the_committed_weights_score_what_the_file_says(name):
    try:
        load_digits(train=False, source="mnist", n=1)
    except FileNotFoundError:
        pytest.skip("needs MNIST, which is not at hand: the weights were not scored again")
    entry = paper.results()[name]
    model = paper.stored_model(name, entry["stages"])
    again = paper.quick_score(model, paper.test_images())
    assert abs(again - entry["quick"]["nll"]) < entry["quick"]["standard_error"]
