"""The distributions: densities that integrate to one, samples with the moments they should have."""

import math

import pytest
import torch
from refusal import refuses
from torch import distributions as td
from torch.autograd import gradcheck

from vae_utils.distributions import Bernoulli, Code, ContinuousBernoulli, DiagonalGaussian, PointMass, UniformBox
from vae_utils.objectives import kl_divergence
from vae_utils.randomness import seeded, standard_noise

DOUBLE = torch.float64
GRID = torch.linspace(0, 1, 20_001, dtype=DOUBLE).unsqueeze(-1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed), dtype=DOUBLE)


def close_to_mean(samples, mean):
    """The average over the first dimension is `mean` within five standard errors."""
    error = samples.std(0) / math.sqrt(len(samples))
    return ((samples.mean(0) - mean).abs() <= 5 * error + 1e-12).all()


class TestDiagonalGaussian:
    mu, logvar = normal(4, 3), normal(4, 3, seed=1)

    def test_log_prob_is_that_of_torch(self):
        z = normal(5, 4, 3, seed=2)
        truth = td.Normal(self.mu, self.logvar.exp().sqrt()).log_prob(z).sum(-1)
        torch.testing.assert_close(DiagonalGaussian(self.mu, self.logvar).log_prob(z), truth)

    def test_rsample_shifts_by_mu_and_scales_by_sigma(self):
        q = DiagonalGaussian(torch.tensor([0.5]), torch.tensor([2 * math.log(0.8)]))
        assert q.rsample(eps=torch.tensor([1.2])).item() == pytest.approx(1.46)
        assert q.sigma.item() == pytest.approx(0.8)

    def test_gradients_of_the_worked_example(self):
        """With z = mu + sigma eps and dL/dz = 0.3: dL/dmu = 0.3 and dL/dsigma = 0.36."""
        mu, sigma = torch.tensor([0.5], requires_grad=True), torch.tensor([0.8], requires_grad=True)
        z = DiagonalGaussian(mu, 2 * sigma.log()).rsample(eps=torch.tensor([1.2]))
        (0.3 * z).sum().backward()
        assert mu.grad.item() == pytest.approx(0.3) and sigma.grad.item() == pytest.approx(0.36)

    def test_moments_of_z(self):
        q = DiagonalGaussian(self.mu, self.logvar)
        z = q.sample((20_000,), generator=generator())
        assert z.shape == (20_000, 4, 3)
        assert close_to_mean(z, self.mu)
        assert close_to_mean((z - self.mu).square(), self.logvar.exp())
        assert close_to_mean(((z - self.mu) / q.sigma) ** 4, 3.0)
        torch.testing.assert_close(q.mean, self.mu)
        torch.testing.assert_close(q.variance, self.logvar.exp())

    def test_what_a_network_says_is_the_mean_and_then_the_log_variance(self):
        for front in ((), (4,), (2, 4), (6, 6)):
            said = 20 * normal(*front, 6)
            q = DiagonalGaussian.of(said)
            assert torch.equal(q.mu, said[..., :3]) and torch.equal(q.logvar, said[..., 3:].clamp(-20, 20))

    def test_one_log_variance_serves_many_means(self):
        q = DiagonalGaussian(self.mu, self.logvar[0])
        assert q.batch_shape == (4,) and q.event_shape == (3,) and q.logvar.shape == (4, 3)
        assert q.rsample((2,), generator=generator()).shape == (2, 4, 3)

    def test_gradients_are_those_of_finite_differences(self):
        z = normal(4, 3, seed=2).requires_grad_()
        inputs = (self.mu.clone().requires_grad_(), self.logvar.clone().requires_grad_())
        assert gradcheck(lambda mu, logvar, z: DiagonalGaussian(mu, logvar).log_prob(z), (*inputs, z))
        eps = normal(4, 3, seed=3)
        assert gradcheck(lambda mu, logvar: DiagonalGaussian(mu, logvar).rsample(eps=eps), inputs)

    @pytest.mark.parametrize("logvar", [-50.0, 50.0])
    def test_wild_log_variances_stay_finite(self, logvar):
        spread = torch.full((1, 2), logvar, requires_grad=True)
        q = DiagonalGaussian(torch.zeros(1, 2), spread)
        z = q.rsample(generator=generator())
        q.log_prob(z + 1).sum().backward()
        assert z.isfinite().all() and spread.grad.isfinite().all()
        assert DiagonalGaussian(torch.zeros(2), torch.full((2,), -400.0)).rsample().tolist() == [0, 0]  # no spread left

    def test_bad_input(self):
        refuses(lambda: DiagonalGaussian(0.0, self.logvar), "mu", "float", "tensor", TypeError)
        refuses(lambda: DiagonalGaussian(self.mu, [1]), "logvar", "list", "tensor", TypeError)
        refuses(lambda: DiagonalGaussian(self.mu, self.logvar[:, :2]), "logvar", "(4, 2)", "(4, 3)", ValueError)
        q = DiagonalGaussian(self.mu, self.logvar)
        refuses(lambda: q.log_prob(self.mu[:, :1]), "value", "(4, 1)", "(..., 3)", ValueError)
        refuses(lambda: q.log_prob(0.0), "value", "float", "(..., 3)", TypeError)
        refuses(lambda: q.rsample((2,), eps=self.mu), "eps", "(4, 3)", "(2, 4, 3)", ValueError)


class TestUniformBox:
    low = torch.tensor([[-1.0, 0.5], [2.0, -3.0], [0.0, 0.0]], dtype=DOUBLE)
    high = torch.tensor([[1.0, 0.7], [5.0, 0.0], [1.0, 9.0]], dtype=DOUBLE)
    box = UniformBox(low, high)

    def test_log_prob_is_that_of_torch_inside_and_minus_infinity_outside(self):
        inside = (self.low + self.high) / 2
        truth = td.Uniform(self.low, self.high).log_prob(inside).sum(-1)
        torch.testing.assert_close(self.box.log_prob(inside), truth)
        for corner in (self.low, self.high):
            torch.testing.assert_close(self.box.log_prob(corner), truth)
        for outside in (self.low - 0.01, self.high + 0.01, torch.stack([self.high[:, 0] + 1, inside[:, 1]], -1)):
            assert (self.box.log_prob(outside) == -math.inf).all()

    def test_moments_of_z(self):
        z = self.box.sample((20_000,), generator=generator())
        assert ((z >= self.low) & (z <= self.high)).all()
        assert close_to_mean(z, (self.low + self.high) / 2)
        assert close_to_mean((z - self.box.mean).square(), (self.high - self.low).square() / 12)

    def test_rsample_is_a_straight_line_in_eps(self):
        torch.testing.assert_close(self.box.rsample(eps=torch.zeros(3, 2, dtype=DOUBLE)), self.low)
        torch.testing.assert_close(self.box.rsample(eps=torch.ones(3, 2, dtype=DOUBLE)), self.high)
        low = self.low.clone().requires_grad_()
        assert UniformBox(low, self.high).rsample((3,)).requires_grad
        assert not UniformBox(low, self.high).sample((3,)).requires_grad
        assert gradcheck(lambda low: UniformBox(low, self.high).log_prob((self.low + self.high) / 2), (low,))

    def test_shapes(self):
        assert self.box.batch_shape == (3,) and self.box.event_shape == (2,)
        deep = UniformBox(self.low.expand(4, 3, 2), self.high)
        assert deep.log_prob(deep.sample((5,))).shape == (5, 4, 3)
        assert (deep.base_dist.log_prob(self.high + 1) == -math.inf).all()  # of each coordinate, also outside
        alone = UniformBox(self.low[0], self.high[0])
        torch.testing.assert_close(alone.log_prob(alone.sample()), self.box.log_prob(self.box.mean)[0])

    def test_kl_to_itself_is_zero(self):
        assert (kl_divergence(self.box, self.box) == 0).all()

    def test_bad_input(self):
        refuses(lambda: UniformBox(self.high, self.low), "low", "not below high", "low < high", ValueError)
        refuses(lambda: UniformBox(self.low, self.low), "low", "not below high", "low < high", ValueError)
        refuses(lambda: UniformBox(0.0, self.high), "low", "float", "tensor", TypeError)
        refuses(lambda: UniformBox(self.low, torch.ones(3)), "high", "(3,)", "(3, 2)", ValueError)
        refuses(lambda: self.box.log_prob(torch.zeros(1)), "value", "(1,)", "(..., 2)", ValueError)


class TestPointMass:
    def test_every_sample_is_the_point(self):
        value = normal(4, 3).requires_grad_()
        point = PointMass(value)
        assert torch.equal(point.rsample((5,)), value.expand(5, 4, 3)) and torch.equal(point.mean, value)
        assert point.rsample().requires_grad and not point.sample().requires_grad
        assert point.sample((2,)).shape == (2, 4, 3)
        assert point.batch_shape == (4,) and point.event_shape == (3,)
        deep = PointMass(normal(5, 4, 3))
        assert deep.batch_shape == (5, 4) and deep.event_shape == (3,)

    def test_it_has_no_density(self):
        with pytest.raises(NotImplementedError, match="no density"):
            PointMass(normal(4, 3)).log_prob(normal(4, 3))

    def test_bad_input(self):
        refuses(lambda: PointMass([1.0]), "value", "list", "(..., d)", TypeError)
        refuses(lambda: PointMass(torch.tensor([1])), "value", "int64", "Code", TypeError)
        refuses(lambda: PointMass(torch.tensor(1.0)), "value", "()", "(..., d)", ValueError)


class TestCode:
    def test_it_is_certain(self):
        code = Code(torch.tensor([[2, 0], [1, 1], [0, 3]]))
        assert code.log_prob(code.sample((4,))).tolist() == [[0, 0, 0]] * 4
        assert code.log_prob(torch.tensor([[2, 1], [1, 1], [0, 2]])).tolist() == [-math.inf, 0, -math.inf]
        refuses(lambda: code.log_prob(torch.tensor([[2], [1], [0]])), "value", "(3, 1)", "(..., 2)", ValueError)
        deep = Code(torch.arange(24).view(4, 3, 2))
        assert deep.batch_shape == (4, 3) and deep.event_shape == (2,)
        assert deep.log_prob(deep.value).shape == (4, 3) and deep.sample((5,)).shape == (5, 4, 3, 2)
        assert Code(torch.tensor([2, 0])).log_prob(torch.tensor([2, 0])) == 0

    def test_it_has_no_path_for_a_gradient_and_says_so(self):
        code = Code(torch.tensor([2, 0]))
        assert not code.has_rsample
        with pytest.raises(NotImplementedError):
            code.rsample()

    def test_bad_input(self):
        refuses(lambda: Code([1]), "value", "list", "whole numbers", TypeError)
        refuses(lambda: Code(torch.tensor([1.0])), "value", "float32", "whole numbers", TypeError)
        refuses(lambda: Code(torch.tensor(1)), "value", "()", "(..., d)", ValueError)


class TestBernoulli:
    logits = normal(4, 6)

    def test_log_prob_is_that_of_torch(self):
        x = (normal(5, 4, 6, seed=1) > 0).double()
        truth = td.Bernoulli(logits=self.logits).log_prob(x).sum(-1)
        torch.testing.assert_close(Bernoulli(self.logits).log_prob(x), truth)

    def test_one_image_alone(self):
        x = (self.logits > 0).double()
        one, all_of_them = Bernoulli(self.logits[0]), Bernoulli(self.logits.clone().requires_grad_())
        torch.testing.assert_close(one.log_prob(x[0]), all_of_them.log_prob(x)[0])
        assert not all_of_them.sample().requires_grad and not all_of_them.has_rsample

    def test_grey_pixels_give_the_cross_entropy(self):
        x, p = torch.rand(4, 6, generator=generator(), dtype=DOUBLE), self.logits.sigmoid()
        truth = (x * p.log() + (1 - x) * (1 - p).log()).sum(-1)
        torch.testing.assert_close(Bernoulli(self.logits).log_prob(x), truth)

    def test_moments_of_x(self):
        x = Bernoulli(self.logits).sample((20_000,), generator=generator())
        assert x.unique().tolist() == [0, 1] and x.shape == (20_000, 4, 6)
        assert close_to_mean(x, self.logits.sigmoid())
        torch.testing.assert_close(Bernoulli(self.logits).mean, self.logits.sigmoid())
        assert torch.equal(x, Bernoulli(self.logits).sample((20_000,), generator=generator()))

    @pytest.mark.parametrize("logit", [-1e4, 1e4])
    @pytest.mark.parametrize("color", [0.0, 1.0])
    def test_black_and_white_stay_finite(self, logit, color):
        logits = torch.full((1, 784), logit, requires_grad=True)
        value = Bernoulli(logits).log_prob(torch.full((1, 784), color))
        value.sum().backward()
        assert value.isfinite().all() and logits.grad.isfinite().all()

    def test_bad_input(self):
        refuses(lambda: Bernoulli(0.5), "logits", "float", "(..., D)", TypeError)
        refuses(lambda: Bernoulli(torch.tensor(0.5)), "logits", "()", "(..., D)", ValueError)
        refuses(lambda: Bernoulli(self.logits).log_prob(torch.zeros(4, 1)), "value", "(4, 1)", "(..., 6)", ValueError)


@pytest.mark.parametrize("logit", [-50.0, -17.0, -3.0, -0.11, -0.09, -2e-3, 0.0, 9e-4, 0.05, 0.2, 3.0, 17.0, 50.0])
class TestContinuousBernoulli:
    def test_integrates_to_one_with_the_mean_it_says(self, logit):
        x = ContinuousBernoulli(torch.tensor([logit], dtype=DOUBLE))
        density = x.log_prob(GRID).exp()
        assert torch.trapezoid(density, dx=5e-5).item() == pytest.approx(1, abs=1e-6)
        assert torch.trapezoid(density * GRID[:, 0], dx=5e-5).item() == pytest.approx(x.mean.item(), abs=1e-6)

    def test_single_precision_is_enough(self, logit):
        single, double = (ContinuousBernoulli(torch.tensor([logit], dtype=kind)) for kind in (torch.float32, DOUBLE))
        assert single.log_prob(torch.tensor([0.3])).item() == pytest.approx(
            double.log_prob(torch.tensor([0.3], dtype=DOUBLE)).item(), abs=1e-5
        )
        assert single.mean.item() == pytest.approx(double.mean.item(), abs=1e-5)

    def test_the_slope_in_the_logit_is_x_minus_the_mean(self, logit):
        """An exponential family: d log p(x) / d logit = x - E x, in single precision too."""
        logits = torch.tensor([logit], requires_grad=True)
        x = ContinuousBernoulli(logits)
        x.log_prob(torch.tensor([0.3])).backward()
        assert logits.grad.item() == pytest.approx(0.3 - x.mean.item(), abs=1e-4)

    def test_samples_follow_the_distribution_function(self, logit):
        """P(x <= rsample(eps = u)) = u."""
        x = ContinuousBernoulli(torch.tensor([logit], dtype=DOUBLE))
        cumulative = torch.cumulative_trapezoid(x.log_prob(GRID).exp(), dx=5e-5)
        for u in (0.1, 0.5, 0.9):
            place = x.rsample(eps=torch.tensor([u], dtype=DOUBLE)).item()
            assert cumulative[round(place * 20_000) - 1].item() == pytest.approx(u, abs=3e-3)
        ends = [x.rsample(eps=torch.tensor([u], dtype=DOUBLE)).item() for u in (0.0, 1.0)]
        assert ends == pytest.approx([0, 1], abs=1e-12)

    def test_rsample_has_the_gradient_of_finite_differences(self, logit):
        logits = torch.tensor([logit], dtype=DOUBLE, requires_grad=True)
        eps = torch.full((2, 1), 0.3, dtype=DOUBLE)
        assert gradcheck(lambda logits: ContinuousBernoulli(logits).rsample((2,), eps=eps), (logits,), atol=1e-4)
        assert not ContinuousBernoulli(logits).sample((2,)).requires_grad


class TestContinuousBernoulliPixels:
    @pytest.mark.parametrize("logit", [-0.05, 0.05, 0.5])
    def test_series_and_closed_forms_are_one_function(self, logit):
        """Near zero, in double precision, the closed forms still serve as the truth for the series."""
        logits = torch.tensor([logit], dtype=DOUBLE)
        x = ContinuousBernoulli(logits)
        constant = x.log_prob(torch.zeros(1, dtype=DOUBLE)).item() + math.log1p(math.exp(logit))
        assert constant == pytest.approx(math.log(logit / math.tanh(logit / 2)), abs=1e-11)
        assert x.mean.item() == pytest.approx(0.5 + 0.5 / math.tanh(logit / 2) - 1 / logit, abs=5e-11)

    @pytest.mark.parametrize("logit", [-9e-4, 9e-4, 0.5, -0.5])
    def test_samples_invert_the_distribution_function_exactly(self, logit):
        x = ContinuousBernoulli(torch.tensor([logit], dtype=DOUBLE)).rsample(eps=torch.tensor([0.3], dtype=DOUBLE))
        assert math.expm1(logit * x.item()) / math.expm1(logit) == pytest.approx(0.3, abs=1e-7)

    def test_it_can_be_reparameterized_and_so_can_a_point(self):
        assert ContinuousBernoulli(normal(4, 6)).has_rsample and PointMass(normal(4, 6)).has_rsample
        assert ContinuousBernoulli(normal(6)).log_prob(torch.zeros(6)).shape == ()

    def test_shapes_sums_and_agreement_with_torch_where_torch_is_exact(self):
        logits = normal(4, 6)
        x = ContinuousBernoulli(logits)
        grey = x.sample((3,), generator=generator())
        assert grey.shape == (3, 4, 6) and x.batch_shape == (4,) and x.event_shape == (6,)
        assert torch.equal(grey, x.sample((3,), generator=generator()))
        truth = td.ContinuousBernoulli(logits=logits)
        torch.testing.assert_close(x.log_prob(grey), truth.log_prob(grey).sum(-1), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(x.mean, truth.mean, rtol=1e-5, atol=1e-5)

    def test_bad_input(self):
        refuses(lambda: ContinuousBernoulli(0.5), "logits", "float", "(..., D)", TypeError)
        refuses(lambda: ContinuousBernoulli(torch.tensor(0.5)), "logits", "()", "(..., D)", ValueError)
        x = ContinuousBernoulli(normal(4, 6))
        refuses(lambda: x.log_prob(torch.zeros(4, 1)), "value", "(4, 1)", "(..., 6)", ValueError)
        refuses(lambda: x.rsample(eps=torch.zeros(6)), "eps", "(6,)", "(4, 6)", ValueError)


class TestRandomness:
    def test_noise_has_shape_kind_and_seed(self):
        like = torch.zeros(1, dtype=DOUBLE)
        eps = standard_noise((1000, 2), like, generator=generator())
        assert eps.dtype == DOUBLE and eps.shape == (1000, 2) and eps.min() < 0
        assert torch.equal(eps, standard_noise((1000, 2), like, generator=generator()))
        flat = standard_noise((1000,), like, generator=generator(), uniform=True)
        assert 0 <= flat.min() < 0.01 and 0.99 < flat.max() <= 1
        assert torch.equal(standard_noise((2,), like, eps=eps[0]), eps[0])

    def test_seeded_leaves_the_global_state_alone(self):
        before = torch.random.get_rng_state()
        with seeded(3):
            first = torch.randn(4)
        with seeded(3):
            again = torch.randn(4)
        with seeded(4):
            other = torch.randn(4)
        assert torch.equal(first, again) and not torch.equal(first, other)
        assert torch.equal(before, torch.random.get_rng_state())

    @pytest.mark.parametrize("seed", [-1, 0.5, None])
    def test_bad_seed(self, seed):
        with pytest.raises((TypeError, ValueError), match="seed: got"), seeded(seed):
            pass
