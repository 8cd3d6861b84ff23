"""Scoring a model as it will be used: in eval mode, with labels that fit, on numbers; and the way between codes."""

import math

import pytest
import torch
from exact import generator, normal
from refusal import refuses
from torch import nn

from vae_utils import models
from vae_utils.distributions import DiagonalGaussian, gaussian_kl
from vae_utils.evaluation import (
    active_units,
    diagnose,
    evaluate,
    kl_decomposition,
    log_likelihood,
    mutual_information,
    slerp,
)
from vae_utils.models import LinearVAE, mlp_autoencoder, mlp_class_mean_vae, mlp_vae
from vae_utils.objectives import reconstruction, vq_elbo

SCORES = {
    "evaluate": evaluate,
    "log_likelihood": lambda model, x, y=None: log_likelihood(model, x, 3, y),
    "diagnose": diagnose,
    "kl_decomposition": kl_decomposition,
    "mutual_information": mutual_information,
    "active_units": active_units,
}


@pytest.fixture(params=SCORES.values(), ids=SCORES)
def score(request):
    return request.param


def normalized(width=100):
    """As many hidden units as examples in a batch: then an axis taken for another goes unnoticed."""
    decoder = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width), nn.Dropout(0.5), nn.Linear(width, 6))
    model = models.VAE(nn.Linear(6, 4), decoder, models.BernoulliObservation(), 2, 6).train()
    with torch.no_grad():
        for _ in range(20):
            model.likelihood(3 * torch.randn(100, 2, generator=generator()))
    return model


def test_batch_norm_and_dropout_rest_while_a_model_is_scored(score):
    model, x = normalized(), torch.rand(100, 6, generator=generator())
    model.decoder[2].eval()  # as a reader may have set one part by hand
    before = {name: value.clone() for name, value in model.state_dict().items()}
    score(model, x)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training and model.decoder[1].training and not model.decoder[2].training


def test_samples_are_not_taken_for_channels():
    """The bound with many samples lies above the ELBO, also where the decoder normalizes over its batch."""
    torch.manual_seed(0)
    model, x = normalized().eval(), torch.rand(100, 6, generator=generator()).round()
    many = log_likelihood(model, x, 1000)
    by_hand = torch.stack([log_likelihood(model, x[i : i + 1], 1000)[0] for i in range(10)])
    assert (many[:10] - by_hand).abs().max() < 0.5
    assert many.mean() > evaluate(model, x, samples=20)["elbo"]


def test_numbers_that_are_none_are_named(score):
    x = torch.rand(5, 6)
    for poison in (math.nan, math.inf, -math.inf):
        bad = x.clone()
        bad[3, 2] = poison
        refuses(lambda bad=bad: score(LinearVAE(6, 2), bad), "x", "NaN or infinite", "finite", ValueError)


def test_labels_that_do_not_fit_are_named(score):
    model, x = mlp_class_mean_vae(6, 2, classes=3, hidden=(4,)), torch.rand(5, 6)
    for y in (torch.zeros(4).long(), torch.zeros(9).long(), torch.zeros(5, 1).long(), torch.tensor(1)):
        refuses(lambda y=y: score(model, x, y), "y", "", "5", ValueError)
    refuses(lambda: score(model, x, [0] * 5), "y", "list", "tensor", TypeError)


def test_models_without_an_elbo_are_scored_by_their_own_objective():
    x = torch.rand(7, 6)
    model = mlp_autoencoder(6, 2, hidden=(4,))
    refuses(lambda: evaluate(model, x), "model", "Autoencoder", "reconstruction", ValueError)
    found = evaluate(model, x, objective=reconstruction)
    expected = model.likelihood(model.encoder(x)).log_prob(x).mean().item()
    assert found["elbo"] == found["reconstruction"] == pytest.approx(expected) and found["kl"] == 0
    vq = models.VQVAE(nn.Linear(6, 4), nn.Linear(4, 6), models.BernoulliObservation(), slots=2, codes=3, width=2)
    terms = vq_elbo(vq, x)
    assert evaluate(vq, x)["elbo"] == pytest.approx((terms.reconstruction - terms.kl).mean().item(), rel=1e-5)


class TestAPriorThatReadsTheLabel:
    """q(z | x) = N(x, 1) and p(z | y) = N(m_y, 1): the KL of row n is 1/2 |x_n - m_y|^2."""

    means = torch.tensor([[0.0, 0.0], [3.0, -1.0]])

    def model(self):
        encoder = nn.Linear(2, 4)
        model = models.VAE(encoder, nn.Linear(2, 2), models.GaussianObservation(), 2, prior=models.ClassMeans(2, 2))
        with torch.no_grad():
            encoder.weight.copy_(torch.eye(4, 2))
            encoder.bias.zero_()
            model.prior_module.in_units.copy_(self.means / 10)
        return model

    @pytest.mark.slow
    def test_the_parts_add_up_to_its_kl(self):
        x, y = torch.randn(400, 2, generator=generator()), torch.arange(400) % 2
        parts = kl_decomposition(self.model(), x, y, samples=60, generator=generator(1))
        expected = (0.5 * (x - self.means[y]).square().sum(-1)).mean().item()
        assert parts.kl == pytest.approx(expected, rel=0.02)
        assert parts.mutual_information == mutual_information(self.model(), x, y, samples=60, generator=generator(1))
        q = self.model().posterior(x)
        assert gaussian_kl(q.mu, q.logvar, self.means[y]).mean().item() == pytest.approx(expected, rel=1e-5)
        standard = kl_decomposition(self.model_of_one_prior(), x, samples=60, generator=generator(1))
        assert parts.mutual_information == pytest.approx(standard.mutual_information)
        torch.testing.assert_close(parts.total_correlation, standard.total_correlation)

    def model_of_one_prior(self):
        model = self.model()
        model.prior_module = models.StandardNormal(2)
        return model

    def test_it_is_diagnosed(self):
        x, y = torch.randn(50, 2, generator=generator()), torch.arange(50) % 2
        found = diagnose(self.model(), x, y)
        expected = 0.5 * (x - self.means[y]).square()
        torch.testing.assert_close(found.kl_per_dimension, expected.mean(0))


def test_a_model_whose_encoder_reads_the_label_is_diagnosed():
    model, x, y = models.mlp_conditional_vae(6, 2, classes=3, hidden=(4,)), torch.rand(20, 6), torch.arange(20) % 3
    kl = gaussian_kl(model.posterior(x, y).mu, model.posterior(x, y).logvar)
    assert diagnose(model, x, y).kl == pytest.approx(kl.mean().item(), rel=1e-5)


def test_a_diagnosis_encodes_each_row_once_and_in_batches():
    model, x, seen = mlp_vae(6, 2, hidden=(4,)), torch.rand(25, 6), []
    model.encoder.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))
    whole = diagnose(model, x, generator=generator())
    assert sum(seen) <= 26  # one row more, to see what kind of posterior it is
    seen.clear()
    parts = diagnose(model, x, generator=generator(), batch_size=10)
    assert max(seen) == 10 and sum(seen) <= 26
    torch.testing.assert_close(parts.kl_per_dimension, whole.kl_per_dimension)
    assert torch.equal(parts.active, whole.active) and parts.kl == pytest.approx(whole.kl)


class TestSlerp:
    def test_on_a_circle_it_is_the_angle(self):
        east, north = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
        for t in (0.0, 0.25, 0.5, 1.0):
            angle = t * math.pi / 2
            expected = torch.tensor([[2 * math.cos(angle), 2 * math.sin(angle)]])
            torch.testing.assert_close(slerp(east, north, t), expected)

    def test_it_keeps_to_the_shell_which_the_straight_line_leaves(self):
        a, b = normal(50, 200), normal(50, 200, seed=1)
        a, b = (z / z.norm(dim=-1, keepdim=True) for z in (a, b))
        torch.testing.assert_close(slerp(a, b, 0.3).norm(dim=-1), torch.ones(50, dtype=a.dtype))
        assert torch.lerp(a, b, 0.5).norm(dim=-1).max() < 0.8

    def test_parallel_codes_have_a_straight_way(self):
        a = normal(4, 3)
        torch.testing.assert_close(slerp(a, 2 * a, 0.5), 1.5 * a)
        torch.testing.assert_close(slerp(a, a, 0.7), a)
        near = a + 1e-9
        torch.testing.assert_close(slerp(a, near, 0.5), a)

    def test_many_along_one_way(self):
        a, b = normal(1, 3), normal(1, 3, seed=1)
        t = torch.linspace(0, 1, 5, dtype=a.dtype).unsqueeze(-1)
        each = torch.cat([slerp(a, b, one) for one in t])
        torch.testing.assert_close(slerp(a, b, t), each)

    def test_codes_of_any_number_of_dimensions(self):
        a, b = normal(2, 4, 3), normal(2, 4, 3, seed=1)
        each = [slerp(a[i, j], b[i, j], 0.3) for i in range(2) for j in range(4)]
        torch.testing.assert_close(slerp(a, b, 0.3), torch.stack(each).view(2, 4, 3))

    def test_bad_input(self):
        a = torch.tensor([[1.0, 0.0]])
        refuses(lambda: slerp(a, -a, 0.5), "a, b", "opposite", "below pi", ValueError)
        refuses(lambda: slerp(a, 0 * a, 0.5), "a, b", "length 0", "", ValueError)
        refuses(lambda: slerp(a, [1.0], 0.5), "b", "list", "float tensor", TypeError)
        refuses(lambda: slerp(a, torch.ones(1, 3), 0.5), "b", "(1, 3)", "(1, 2)", ValueError)


def test_a_mixture_has_no_diagnosis_and_says_why():
    model = mlp_vae(6, 2, hidden=(4,))
    model.prior_module = models.MixturePrior(2, 3)
    refuses(lambda: diagnose(model, torch.rand(4, 6)), "model", "the prior GaussianMixture", "DiagonalGaussian")
    assert isinstance(model.posterior(torch.rand(4, 6)), DiagonalGaussian)
