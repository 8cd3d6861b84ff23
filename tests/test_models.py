"""The three distributions of each model: shapes, known values, seeds, bad and wild input."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pytest
import torch
from accelerator import Accelerator
from exact import generator, parameters
from refusal import refuses
from torch import distributions as td
from torch import nn

from vae_utils import models, objectives
from vae_utils.distributions import Autoregressive, DiagonalGaussian, Law, log_snr_linear
from vae_utils.evaluation import evaluate, log_likelihood
from vae_utils.models import LinearVAE, conv_vae, mlp, mlp_autoencoder, mlp_vae
from vae_utils.models.observations import FeatureGaussian
from vae_utils.objectives import elbo, reconstruction, tc_elbo, vq_elbo
from vae_utils.storage import load_model, save_model
from vae_utils.training import fit

D, d, K = 784, 3, 4  # pixels, latent dimensions, classes


class Case(NamedTuple):
    """How to build a model, what it is trained by, and what it takes: D numbers in x, labels or conditions in y."""

    build: Callable
    objective: Callable = elbo
    data_dim: int = D
    labels: str | None = None  # "classes" or "conditions", where the model reads y

    def x(self, n=5):
        return torch.rand(n, self.data_dim, generator=generator()).round(decimals=3)

    def y(self, n=5):
        given = {"classes": torch.arange(n) % K, "conditions": torch.rand(n, 2, generator=generator(1)), None: None}
        return given[self.labels]

    def bits(self, n=5):
        return self.x(n).round()


def frozen_features():
    network = nn.Sequential(mlp([D, 6]), nn.ReLU()).requires_grad_(False)
    network.forward = lambda x, first=network[0], last=network[1]: [first(x), last(first(x))]
    return network


def with_prior(prior):
    model = mlp_vae(D, d, hidden=(8,))
    model.prior_module = prior(model)
    return model


def moved(prior):
    """A flow that begins at the identity is moved away from it: there half of its weights have no gradient."""
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.add_(0.1)
    return prior


def vq(**settings):
    networks = mlp([D, 8, 6]), mlp([6, 8, D])
    return models.VQVAE(*networks, models.BernoulliObservation(), slots=d, codes=5, width=2, data_dim=D, **settings)


def finite_scalars():
    networks = mlp([D, 8, 2 * d]), mlp([2 * d, 8, D])
    return models.FiniteScalarVAE(*networks, models.BernoulliObservation(), slots=d, levels=(3, 2), data_dim=D)


def normalized():
    """Batch normalization in both networks, as learners like to add it."""
    encoder = nn.Sequential(nn.Linear(D, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2 * d))
    decoder = nn.Sequential(nn.Linear(d, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, D))
    return models.VAE(encoder, decoder, models.BernoulliObservation(), d, D)


PIXELS = {"likelihood": "gaussian", "sigma": "per_pixel"}
EVERYWHERE = ("encoder", "decoder", "prior")
EVERY_MODEL = {
    "bernoulli": Case(lambda: mlp_vae(D, d, hidden=(8,))),
    "continuous bernoulli": Case(lambda: mlp_vae(D, d, hidden=(8,), likelihood="continuous_bernoulli")),
    "gaussian": Case(lambda: mlp_vae(D, d, hidden=(8, 4), likelihood="gaussian", sigma=0.1)),
    "shared sigma": Case(lambda: mlp_vae(D, d, hidden=(), likelihood="gaussian", sigma="shared")),
    "optimal sigma": Case(lambda: mlp_vae(D, d, hidden=(8,), likelihood="gaussian", sigma="optimal")),
    "sigma per pixel": Case(lambda: mlp_vae(D, d, hidden=(8,), **PIXELS)),
    "features": Case(
        lambda: models.VAE(mlp([D, 2 * d]), mlp([d, D]), models.FeatureObservation(frozen_features(), 2), d, D)
    ),
    "convolutional": Case(lambda: conv_vae(d, channels=4)),
    "convolutional, wide, in color": Case(
        lambda: conv_vae(d, channels=4, likelihood="levels", sigma="shared", size=(4, 8), color=True), data_dim=96
    ),
    "convolutional, in color, sigma per pixel": Case(
        lambda: conv_vae(d, channels=4, **PIXELS, size=8, color=True), data_dim=192
    ),
    "batch normalization": Case(normalized),
    "linear": Case(lambda: LinearVAE(D, d)),
    "autoencoder": Case(lambda: mlp_autoencoder(D, d, hidden=(8,)), reconstruction),
    "class means": Case(lambda: models.mlp_class_mean_vae(D, d, K, hidden=(8,)), labels="classes"),
    "class means, sigma per pixel": Case(
        lambda: models.mlp_class_mean_vae(D, d, K, hidden=(8,), **PIXELS), labels="classes"
    ),
    "conditional": Case(lambda: models.mlp_conditional_vae(D, d, K, hidden=(8,)), labels="classes"),
    "conditional, sigma per pixel": Case(
        lambda: models.mlp_conditional_vae(D, d, K, label_in=EVERYWHERE, hidden=(8,), **PIXELS), labels="classes"
    ),
    "conditional on floats": Case(
        lambda: models.mlp_conditional_vae(D, d, condition_dim=2, label_in=EVERYWHERE, hidden=(8,)), labels="conditions"
    ),
    "bit sequence": Case(lambda: models.sequence_vae(12, d, context=4, hidden=8), data_dim=12),
    "gray pixels in order": Case(
        lambda: models.VAE(
            mlp([25, 2 * d]), nn.Identity(),
            models.AutoregressiveObservation(models.WindowNetwork(d, 5, levels=3, reach=2, hidden=6, width=7), 25, 3),
            d, 25,
        ),
        data_dim=25,
    ),
    "two levels": Case(lambda: models.mlp_hierarchical_vae(D, (2, 1), hidden=(8,))),
    "three levels, sigma per pixel": Case(lambda: models.mlp_hierarchical_vae(D, (1, 1, 1), hidden=(8,), **PIXELS)),
    "two levels from the top": Case(lambda: models.mlp_top_down_vae(D, (2, 1), hidden=(8,))),
    "three levels, merged by precision": Case(
        lambda: models.mlp_top_down_vae(D, (1, 1, 1), hidden=(8,), merge="precision")
    ),
    "diffusion": Case(lambda: models.Diffusion(models.TimedNetwork(1, (8,)), log_snr_linear(3), 1), data_dim=1),
    "diffusion, noise predicted": Case(
        lambda: models.Diffusion(models.TimedNetwork(1, (8,)), log_snr_linear(3), 1, "eps"),
        objectives.diffusion_elbo, data_dim=1,
    ),
    "diffusion of gray levels": Case(
        lambda: models.Diffusion(
            models.TimedNetwork(1, (8,)), log_snr_linear(3), 1, "x",
            models.DiscretizedGaussianObservation(3), shift=0.5, scale=0.5,
        ),
        data_dim=1,
    ),
    "mixture prior": Case(lambda: with_prior(lambda model: models.MixturePrior(d, 4))),
    "beta-TCVAE": Case(lambda: mlp_vae(D, d, hidden=(8,)), partial(tc_elbo, beta=4.0, n=1000)),
    "beta-TCVAE with class means": Case(
        lambda: models.mlp_class_mean_vae(D, d, K, hidden=(8,)), partial(tc_elbo, beta=4.0, n=1000), labels="classes"
    ),
    "VampPrior": Case(lambda: with_prior(lambda model: models.VampPrior(model.encoder, torch.rand(4, D)))),
    "flow prior": Case(lambda: with_prior(lambda model: moved(models.FlowPrior(d, layers=2, hidden=6)))),
    "VQ-VAE": Case(vq, vq_elbo),
    "VQ-VAE, codes in order": Case(lambda: vq(prior=models.AutoregressiveCodes(d, 5, hidden=6, width=4)), vq_elbo),
    "VQ-VAE, uniform": Case(lambda: vq(prior=models.IndependentCodes(d, 5).requires_grad_(False)), vq_elbo),
    "VQ-VAE, averaged codes": Case(lambda: vq(ema=0.9, restart=2), vq_elbo),
    "finite scalars": Case(finite_scalars, vq_elbo),
}  # fmt: skip


LABELLED = [name for name, case in EVERY_MODEL.items() if case.labels]


@pytest.fixture(params=EVERY_MODEL, ids=str)
def case(request):
    return EVERY_MODEL[request.param]


def drawn(q, sample_shape=()):
    return q.rsample(sample_shape) if q.has_rsample else q.sample(sample_shape)


def test_every_constructor_stands_in_the_contract():
    """A model that is exported and not in the dictionary above would be held to nothing."""
    built = {type(case.build()) for case in EVERY_MODEL.values()}
    kinds = {kind for kind in vars(models).values() if isinstance(kind, type) and hasattr(kind, "posterior")}
    assert built == kinds - {models.Model}
    used = {type(part) for case in EVERY_MODEL.values() for part in case.build().children()}
    for module in (models.observations, models.priors):
        offered = {kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, nn.Module)}
        missing = {kind.__name__ for kind in offered - used if kind.__module__ == module.__name__}
        assert not missing, f"{missing}: add a line to EVERY_MODEL"


class TestEveryModel:
    def test_is_built_on_the_default_device(self, case):
        with torch.device("meta"), Accelerator():
            model = case.build()
        assert {value.device.type for value in model.state_dict().values()} == {"meta"}

    def test_shapes_of_the_three_distributions(self, case):
        model, x, y = case.build().eval(), case.bits(), case.y()
        prior, posterior = model.prior(y), model.posterior(x, y)
        assert prior.batch_shape in ((), (5,)) and prior.event_shape == (d,)
        assert isinstance(prior, Law) and prior.sample((7,)).shape == (7, *prior.batch_shape, d)
        first, again = (prior.sample((7,), generator=generator(3)) for _ in range(2))
        assert torch.equal(first, again) and not torch.equal(first, prior.sample((7,), generator=generator(4)))
        assert posterior.batch_shape == (5,) and posterior.event_shape == (d,)
        for z in (drawn(posterior), drawn(posterior, (2,))):
            likelihood = model.likelihood(z, y)
            assert likelihood.batch_shape == z.shape[:-1] and likelihood.event_shape == (case.data_dim,)
            assert likelihood.log_prob(x).shape == prior.log_prob(z).shape == z.shape[:-1]
            if not isinstance(likelihood, Autoregressive):
                assert likelihood.mean.shape == (*z.shape[:-1], case.data_dim)

    def test_samples_are_told_apart_and_do_not_meet(self, case):
        """Each sample z (k, B, d) gives what it gives alone, whatever the network does with its batch axis."""
        model, x, y = case.build().eval(), case.bits(), case.y()
        z = drawn(model.posterior(x, y), (3,))
        together = model.likelihood(z, y).log_prob(x)
        alone = torch.stack([model.likelihood(one, y).log_prob(x) for one in z])
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-3)

    def test_every_parameter_learns(self, case):
        model, y = case.build().train(), case.y(12)
        case.objective(model, case.bits(12), y).elbo.mean().backward()
        for name, parameter in model.named_parameters():
            learns = parameter.grad is not None and parameter.grad.abs().sum() > 0
            assert learns == parameter.requires_grad, name

    @pytest.mark.parametrize("batch", [2, 4])
    @pytest.mark.parametrize("color", [0.0, 1.0])
    def test_black_and_white_images_stay_finite(self, case, color, batch):
        model = case.build().train()
        terms = case.objective(model, torch.full((batch, case.data_dim), color), case.y(batch))
        terms.elbo.sum().backward()
        assert all(term.isfinite().all() for term in terms[:3])
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)

    def test_a_lonely_image_is_scored(self, case):
        model = case.build().eval()
        with torch.no_grad():
            assert case.objective(model, case.bits(1), case.y(1)).elbo.isfinite().all()

    def test_an_example_does_not_depend_on_its_batch(self, case):
        model, x, y = case.build().eval(), case.bits(4), case.y(4)
        z = drawn(model.posterior(x, y))
        together = model.likelihood(z, y).log_prob(x)
        for i in range(4):
            some = slice(i, i + 1)
            given = None if y is None else y[some]
            mean, alone = model.posterior(x, y), model.posterior(x[some], given)
            for name in ("mu", "logvar", "value"):
                if hasattr(mean, name):
                    torch.testing.assert_close(getattr(mean, name)[some], getattr(alone, name), rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(
                together[some], model.likelihood(z[some], given).log_prob(x[some]), rtol=1e-4, atol=1e-3
            )

    def test_wrong_x_and_z_are_refused_by_name(self, case):
        model, y, n = case.build(), case.y(), case.data_dim
        refuses(lambda: model.posterior(torch.rand(5, n - 1), y), "x", f"(5, {n - 1})", f"(..., {n})", ValueError)
        refuses(lambda: model.posterior([0.0], y), "x", "list", "", TypeError)
        z = drawn(model.posterior(case.bits(), y))
        refuses(lambda: model.likelihood(z[:, :2], y), "z", "(5, 2)", "(..., 3)", ValueError)
        refuses(lambda: model.likelihood(None, y), "z", "NoneType", "", TypeError)
        for narrow in (z[:, :2], z[:, :1]):  # one number would be broadcast to all
            with pytest.raises(ValueError, match=r"^(value|x): got .*expected"):
                model.prior(y).log_prob(narrow)
        wrong_kind = z.float() if not z.is_floating_point() else z.long()
        refuses(lambda: model.likelihood(wrong_kind, y), "z", str(wrong_kind.dtype), "", TypeError)

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8])
    def test_x_of_another_precision_is_refused_by_name(self, case, dtype):
        model = case.build()
        refuses(lambda: model.posterior(case.bits().to(dtype), case.y()), "x", str(dtype), "float", TypeError)

    def test_in_double_precision_everything_is_double(self, case):
        model, x, y = case.build().double().eval(), case.bits().double(), case.y()
        y = y.double() if case.labels == "conditions" else y
        with torch.no_grad():
            terms = case.objective(model, x, y)
        assert all(term.dtype == torch.float64 for term in terms[:3])
        likelihood = model.likelihood(drawn(model.posterior(x, y)), y)
        if not isinstance(likelihood, FeatureGaussian):  # which cannot be sampled
            assert likelihood.sample().dtype == torch.float64

    def test_it_lives_on_the_device_of_its_weights(self, case):
        """The device without memory stands for any other: what is made on the CPU by mistake does not fit."""
        model, x, y = case.build().eval().to("meta"), case.bits().to("meta"), case.y()
        y = None if y is None else y.to("meta")
        q = model.posterior(x, y)
        z = drawn(q)
        likelihood = model.likelihood(z, y)
        assert {likelihood.log_prob(x).device.type, model.prior(y).log_prob(z).device.type} == {"meta"}
        if not isinstance(likelihood, FeatureGaussian):
            assert likelihood.sample().device.type == "meta"

    @pytest.mark.parametrize("case", [case for case in EVERY_MODEL.values() if case.labels], ids=LABELLED)
    def test_labels_that_do_not_fit_are_refused_by_name(self, case):
        model, x, y = case.build(), case.bits(), case.y()
        z = model.posterior(x, y).mean

        def read(y):
            model.prior(y).log_prob(z)
            model.posterior(x, y)
            return model.likelihood(z, y)

        wrong = [None, [0, 1, 2, 3, 0], "01230"]
        wrong += [y.float(), y[:, None], y + K, y - 1] if case.labels == "classes" else [y[:, :1], y[:, 0], y.long()]
        for each in wrong:
            refuses(lambda each=each: read(each), "y")
        for bound in (evaluate, lambda m, x, y: log_likelihood(m, x, 2, y), lambda m, x, y: fit(m, x, y, steps=1)):
            for short in (y[:4], torch.cat([y, y])):
                refuses(lambda bound=bound, short=short: bound(model, x, short), "y", f"{len(short)} labels", "5")

    def test_training_moves_every_weight(self, case):
        model = case.build()
        before = {name: value.detach().clone() for name, value in model.named_parameters()}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit(model, case.bits(40), case.y(40), steps=3, batch_size=10, objective=case.objective, progress=False)
        for name, value in model.named_parameters():
            assert torch.equal(value, before[name]) != value.requires_grad, name

    def test_under_autocast_its_distributions_stay_in_single_precision(self, case):
        model = case.build()
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            terms = case.objective(model, case.bits(), case.y())
        assert {term.dtype for term in terms[:3]} == {torch.float32}

    def test_it_survives_a_journey_to_disk(self, case, tmp_path):
        model, other = case.build(), case.build()
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.add_(1)
        load_model(other, save_model(model, tmp_path / "model.safetensors"))
        assert torch.equal(parameters(model), parameters(other))


def test_the_prior_is_standard_normal_unless_told_otherwise():
    z, seen = torch.randn(7, d), []
    for name, case in EVERY_MODEL.items():
        prior = None if case.labels else case.build().prior()
        if isinstance(prior, DiagonalGaussian):
            torch.testing.assert_close(prior.log_prob(z), td.Normal(0.0, 1.0).log_prob(z).sum(-1))
            seen.append(name)
    assert len(seen) >= 10
