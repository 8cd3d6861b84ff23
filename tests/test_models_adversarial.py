"""A GAN has a prior and a likelihood of points, and what it lacks is said by name."""

from functools import partial

import pytest
import torch
from accelerator import Accelerator
from exact import generator
from refusal import refuses
from torch import nn

from vae_utils import models
from vae_utils.distributions import PointMass
from vae_utils.evaluation import evaluate
from vae_utils.models import GAN, mlp
from vae_utils.objectives import elbo, js_bound, non_saturating_loss
from vae_utils.storage import load_model, save_model

D, d, K = 5, 3, 4


def plain(**settings):
    return GAN(mlp([d, 8, D]), mlp([D, 8, 1]), d, D, **settings)


def labelled():
    return GAN(mlp([d + K, 8, D]), mlp([D + K, 8, 1]), d, D, classes=K)


CASES = {"plain": (plain, None), "labelled": (labelled, torch.arange(6) % K)}


@pytest.fixture(params=CASES)
def case(request):
    build, y = CASES[request.param]
    return build, y


class TestTwoDistributions:
    def test_prior_is_a_standard_normal(self, case):
        build, y = case
        prior = build().prior(y)
        assert prior.batch_shape == () and prior.event_shape == (d,)
        assert prior.log_prob(torch.zeros(d)).item() == pytest.approx(-d * 0.9189385)

    def test_likelihood_is_the_point_that_the_generator_makes(self, case):
        build, y = case
        gan, z = build(), torch.randn(2, 6, d, generator=generator())
        made = gan.likelihood(z, y)
        assert isinstance(made, PointMass) and made.batch_shape == (2, 6) and made.event_shape == (D,)
        rows = z if y is None else torch.cat([z, torch.eye(K)[y].expand(2, 6, K)], -1)
        torch.testing.assert_close(made.mean, gan.generator(rows))
        assert torch.equal(made.sample(), made.mean) and torch.equal(made.rsample((3,))[1], made.mean)
        with pytest.raises(NotImplementedError, match="no density"):
            made.log_prob(torch.zeros(D))

    def test_the_critic_says_one_number_each(self, case):
        build, y = case
        gan, x = build(), torch.rand(6, D)
        beside = x if y is None else torch.cat([x, torch.eye(K)[y]], 1)
        torch.testing.assert_close(gan.criticize(x, y), gan.critic(beside).squeeze(1))

    def test_no_posterior_and_so_no_elbo(self):
        for bound in (elbo, evaluate):
            with pytest.raises(TypeError, match=r"^model: got GAN, which has no posterior, so no ELBO"):
                bound(plain(), torch.rand(6, D))

    def test_it_is_no_model_of_the_contract(self):
        assert not hasattr(plain(), "posterior") and not hasattr(models.GAN, "posterior")


class TestTraining:
    def test_each_side_has_its_gradient(self, case):
        build, y = case
        gan = build()
        z, critic = gan.prior().sample((6,)), partial(gan.criticize, y=y)
        fake = gan.likelihood(z, y).rsample()
        js_bound(critic, torch.rand(6, D), fake.detach()).backward()
        assert all(p.grad is not None for p in gan.critic.parameters())
        assert all(p.grad is None for p in gan.generator.parameters())
        non_saturating_loss(critic, fake).backward()
        assert all(p.grad.abs().sum() > 0 for p in gan.generator.parameters())

    def test_it_follows_its_weights(self, case):
        build, y = case
        with torch.device("meta"), Accelerator():
            gan = build()
        assert {value.device.type for value in gan.state_dict().values()} == {"meta"}
        z, x = torch.zeros(6, d, device="meta"), torch.zeros(6, D, device="meta")
        there = y if y is None else y.to("meta")
        assert gan.likelihood(z, there).mean.device.type == gan.criticize(x, there).device.type == "meta"
        gan = build().double()
        z = gan.prior().sample((6,)).double()
        assert gan.likelihood(z, y).mean.dtype == gan.criticize(z.new_zeros(6, D), y).dtype == torch.float64

    def test_it_is_stored(self, tmp_path):
        gan, again = plain(), plain()
        save_model(gan, tmp_path / "gan.pt")
        load_model(again, tmp_path / "gan.pt")
        assert torch.equal(gan.criticize(torch.ones(1, D)), again.criticize(torch.ones(1, D)))

    def test_samples_do_not_meet_under_batch_normalization(self):
        network = nn.Sequential(nn.Linear(d, 4), nn.BatchNorm1d(4), nn.Linear(4, D))
        assert GAN(network, mlp([D, 1]), d).likelihood(torch.randn(2, 6, d)).mean.shape == (2, 6, D)


class TestBadInput:
    def test_sizes(self):
        gan = plain()
        refuses(lambda: gan.likelihood(torch.rand(6, d - 1)), "z", "(6, 2)", "(..., 3)", ValueError)
        refuses(lambda: gan.likelihood(None), "z", "NoneType", "", TypeError)
        refuses(lambda: gan.likelihood(torch.rand(6, d).double()), "z", "float64", "float32", TypeError)
        refuses(lambda: gan.criticize(torch.rand(6, D - 1)), "x", "(6, 4)", "(..., 5)", ValueError)
        refuses(lambda: gan.criticize(torch.rand(6, D).double()), "x", "float64", "float32", TypeError)
        wrong = GAN(mlp([d, 8, D + 1]), mlp([D, 2]), d, D)
        refuses(lambda: wrong.likelihood(torch.rand(6, d)), "generator output", "(6, 6)", "(..., 5)", ValueError)
        refuses(lambda: wrong.criticize(torch.rand(6, D)), "critic output", "(6, 2)", "(6,)", ValueError)
        assert GAN(mlp([d, 8, D + 1]), mlp([D, 1]), d).likelihood(torch.rand(6, d)).event_shape == (D + 1,)
        for name, sizes in (("latent_dim", (0,)), ("data_dim", (d, 0)), ("classes", (d, D, 0))):
            refuses(lambda sizes=sizes: GAN(mlp([d, D]), mlp([D, 1]), *sizes), name, "0", ">= 1", ValueError)

    def test_labels(self):
        gan, z, x = labelled(), torch.rand(6, d), torch.rand(6, D)
        for read in (lambda y: gan.likelihood(z, y), lambda y: gan.criticize(x, y)):
            refuses(lambda read=read: read(None), "y", "NoneType", "labels", TypeError)
            refuses(lambda read=read: read(torch.arange(6) % K + 1), "y", "1 to 4", "0 to 3", ValueError)
            refuses(lambda read=read: read(torch.zeros(5).long()), "y", "(5,)", "(6,)", ValueError)
            refuses(lambda read=read: read(torch.zeros(7).long()), "y", "(7,)", "(6,)", ValueError)
            refuses(lambda read=read: read(torch.zeros(1).long()), "y", "(1,)", "(6,)", ValueError)
        refuses(lambda: gan.likelihood(torch.rand(2, 6, d), torch.zeros(5).long()), "y", "(5,)", "(6,)", ValueError)
        one = gan.likelihood(z, torch.tensor(2)).mean
        assert torch.equal(one, gan.likelihood(z, torch.full((6,), 2)).mean)
