"""The widgets of chapter 13: what they compute in the page is what the package computes with tensors."""

import math

import javascript
import numpy as np
import pytest
import torch
from refusal import refuses

from tools import train_forward_reverse, train_latent_diffusion
from vae_utils.distributions import (
    DiagonalGaussian,
    GaussianMixture,
    log_snr_cosine,
    log_snr_ddpm,
    log_snr_linear,
    step_back,
)
from vae_utils.models import Diffusion, MixtureDenoiser, TimedNetwork, probability_flow
from vae_utils.objectives import elbo
from vae_utils.widgets import ForwardReverse, LatentDiffusion, forward_reverse, t_slider
from vae_utils.widgets.latent_diffusion import SCALES, TIMES, TRAINED
from vae_utils.widgets.parts import quantized

SCHEDULES = {"log-SNR linear": log_snr_linear, "cosine": log_snr_cosine, "DDPM linear": log_snr_ddpm}


def ring(spread):
    angle = 2 * math.pi * torch.arange(t_slider.CLUSTERS) / t_slider.CLUSTERS
    centers = t_slider.RADIUS * torch.stack([angle.cos(), angle.sin()], -1)
    logvar = torch.full_like(centers, 2 * math.log(spread))
    return GaussianMixture(torch.zeros(len(angle)), DiagonalGaussian(centers, logvar))


@pytest.mark.parametrize(
    "schedule, levels, spread", [("log-SNR linear", 20, 0.1), ("cosine", 8, 0.3), ("DDPM linear", 30, 0.2)]
)
def test_the_bound_of_the_page_is_that_of_the_model(schedule, levels, spread):
    torch.manual_seed(0)
    law = ring(spread)
    model = Diffusion(MixtureDenoiser(law), SCHEDULES[schedule](levels), 2, "x")
    x = law.sample((2000,))
    with torch.no_grad():
        terms = elbo(model, x)
    values = {"schedule": schedule, "levels": levels, "spread": spread}
    data = {"clusters": t_slider.CLUSTERS, "radius": t_slider.RADIUS}
    page = javascript.call("vae_utils/widgets/t_slider.mjs", "bound", {**values, **data})
    for ours, theirs in (
        (page["elbo"], terms.elbo),
        (page["reconstruction"], terms.reconstruction),
        (page["evidence"], law.log_prob(x)),
    ):
        assert abs(ours - theirs.mean().item()) < 4 * theirs.std().item() / math.sqrt(len(x))


@pytest.mark.parametrize("log_snr, before", [(-3.0, -1.0), (1.0, 1.5), (4.0, 8.0)])
def test_a_step_of_the_page_is_that_of_the_model(log_snr, before):
    z, x = torch.tensor([0.7, -1.1]), torch.tensor([0.2, 0.4])
    taken = step_back(z, x, torch.tensor(log_snr), torch.tensor(before))
    told = {"kind": "SDE", "logSnr": log_snr, "before": before, "z": z.tolist(), "guess": x.tolist()}
    page = javascript.call("vae_utils/widgets/parts/noising.mjs", "stepOf", told)
    assert page["mean"] == pytest.approx(taken.mu.tolist(), abs=1e-5)
    assert page["sigma"] == pytest.approx(taken.logvar.div(2).exp()[0].item(), rel=1e-4)


def test_the_still_figure_draws_the_same_price():
    log_snr, law = torch.tensor([-3.0, 0.0, 2.0, 6.0]), ring(0.1)
    x = law.sample((4000,), torch.Generator().manual_seed(0))
    model = Diffusion(MixtureDenoiser(law), log_snr.flip(0), 2, "x")
    noise = torch.randn(4000, 2, generator=torch.Generator().manual_seed(1))
    for level, price in zip(log_snr, t_slider._price(log_snr.numpy().astype(float), 0.1), strict=True):
        z = level.sigmoid().sqrt() * x + (-level).sigmoid().sqrt() * noise
        missed = (x - model.denoise(z, level)).square().sum(-1).mean()
        assert price == pytest.approx(0.5 * math.exp(level) * missed.item(), rel=0.2)
    assert np.isfinite(t_slider._price(np.linspace(-8, 8, 9), 0.05)).all()


def what_it_learned():
    """The packed network of the widget, as the package's model of the same numbers."""
    widget, model = ForwardReverse(), train_forward_reverse.model()
    (layers,) = quantized.unpack([forward_reverse.NETWORK["sizes"]], widget.weights, widget.scales, widget.biases)
    ours = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)]
    with torch.no_grad():
        for layer, (weight, bias) in zip(ours, layers, strict=True):
            layer.weight.copy_(torch.from_numpy(weight)), layer.bias.copy_(torch.from_numpy(bias))
    return widget, model.requires_grad_(False)


def on_the_page(widget, **values):
    packed = {name: getattr(widget, name).tolist() for name in ("weights", "scales", "biases")}
    told = {"network": forward_reverse.NETWORK, "packed": packed, "logSnr": 0.0, "z": [], "steps": 2, "draw": 1}
    return javascript.call(
        "vae_utils/widgets/forward_reverse.mjs", "backByTheNetwork", {**told, "sampler": "ODE", **values}
    )


@pytest.mark.parametrize("log_snr", [-8.0, -1.0, 2.3, 8.0])
def test_the_network_of_the_page_guesses_as_the_model_does(log_snr):
    widget, model = what_it_learned()
    z = 1.5 * torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    page = on_the_page(widget, logSnr=log_snr, z=z.flatten().tolist())
    ours = model.denoise(z, torch.tensor(log_snr))
    assert torch.tensor(page["guess"]).reshape(7, 2).sub(ours).abs().max() < 1e-3


def test_the_ode_of_the_page_is_that_of_the_model_to_its_end():
    widget, _ = what_it_learned()
    path = torch.tensor(on_the_page(widget, steps=12)["path"]).reshape(13, -1, 2)
    model = Diffusion(what_it_learned()[1].denoiser, log_snr_linear(13), 2)
    ours = probability_flow(model, path[-1])[:-1].flip(0)  # in the units of the data, without the step to no noise
    alpha = model.log_snr.sigmoid().sqrt()
    assert (path - alpha[:, None, None] * ours).abs().max() < 1e-3


def test_the_network_learned_the_mixture_of_the_start_and_no_other():
    _, model = what_it_learned()
    law, noise = train_forward_reverse.mixture(), torch.Generator().manual_seed(0)
    assert law.components.mu.tolist() == torch.tensor(ForwardReverse().centers).tolist()

    def missed(law):
        x, best = law.sample((2000,), noise), Diffusion(MixtureDenoiser(law), log_snr_linear(2), 2, "x")
        total = []
        for log_snr in torch.linspace(-8, 8, 9):
            z = log_snr.sigmoid().sqrt() * x + (-log_snr).sigmoid().sqrt() * torch.randn(x.shape, generator=noise)
            off = model.denoise(z, log_snr) - best.denoise(z, log_snr)
            total.append(log_snr.exp() * off.square().sum(1).mean())
        return torch.stack(total).mean()

    elsewhere = GaussianMixture(law.logits, DiagonalGaussian(-law.components.mu, law.components.logvar))
    assert missed(law) < 0.02 and missed(elsewhere) > 20 * missed(law)


def test_the_page_is_told_the_waves_of_the_network():
    network = TimedNetwork(2, forward_reverse.HIDDEN, forward_reverse.SPAN, forward_reverse.WAVES)
    assert forward_reverse.NETWORK["frequencies"] == pytest.approx(network.frequencies.tolist(), rel=1e-6)
    sizes = [layer.in_features for layer in network.modules() if isinstance(layer, torch.nn.Linear)]
    assert forward_reverse.NETWORK["sizes"] == [*sizes, 2]
    assert forward_reverse.TRAINED.stat().st_size < 20_000


@pytest.mark.parametrize("centers", [[], np.zeros((0, 2))])
def test_data_have_a_center(centers):
    with pytest.raises(ValueError, match=r"centers: got shape \(0,.*, expected .*, at least 1, at most 8 of them"):
        ForwardReverse(centers=centers)
    assert ForwardReverse(centers=[[1, 2]]).centers == [[1, 2]]


@pytest.mark.slow
def test_the_tool_trains_and_packs_the_network_of_the_widget():
    fields = train_forward_reverse.packed(steps=2)
    assert {name: value.shape for name, value in fields.items()} == {
        name: getattr(ForwardReverse(), name).shape for name in ("weights", "scales", "biases")
    }
    assert ForwardReverse(**fields).weights.dtype == np.int8


def latent(**changes):
    rng = np.random.default_rng(0)
    decoder = [(rng.normal(size=(5, 2)), rng.normal(size=5)), (rng.normal(size=(9, 5)), rng.normal(size=9))]
    chains = {scale: np.arange(41)[None, :, None] * scale + np.zeros((7, 41, 2)) for scale in SCALES}
    given = {"codes": rng.normal(size=(4, 2)), "labels": [1, 2, 3, 4], "decoder": decoder, "chains": chains, **changes}
    return LatentDiffusion.of(**given), given


def test_chains_keep_their_ends_their_order_and_their_scales():
    widget, given = latent()
    assert widget.chains.shape == (3, TIMES, 7, 2)
    for kept, scale in zip(widget.chains, SCALES, strict=True):
        assert np.allclose(kept[:, 0, 0], np.arange(0, 41, 2) * scale)
    assert np.allclose(widget.codes, given["codes"]) and widget.labels.tolist() == [1, 2, 3, 4]
    (layers,) = quantized.unpack([widget.decoder_sizes], widget.weights, widget.scales, widget.biases)
    for (weight, bias), (original, same) in zip(layers, given["decoder"], strict=True):
        assert np.abs(weight - original).max() <= np.abs(original).max() / 127 and np.allclose(bias, same)


def test_what_does_not_fit_is_refused_by_name():
    _, given = latent()
    chains = given["chains"]
    refuses(lambda: latent(chains={1.0: chains[1.0]}), "chains", "[1.0]", "0.2, 1.0, 5.0", ValueError)
    refuses(lambda: latent(chains={**chains, 5.0: chains[5.0][:3]}), "chains", "(3, 41, 2)", "one m", ValueError)
    refuses(
        lambda: latent(chains={**chains, 5.0: chains[5.0][..., :1]}), "chains", "(7, 41, 1)", "(m, T, 2)", ValueError
    )
    refuses(lambda: latent(labels=[1, 2]), "labels", "shape (2,)", "4 codes", ValueError)
    odd = [given["decoder"][0], (np.zeros((8, 5)), np.zeros(8))]
    refuses(lambda: latent(decoder=odd), "decoder", "8 outputs", "a square picture", ValueError)


def test_the_trained_one_has_codes_beyond_the_prior_and_diffusions_that_follow_them():
    widget = LatentDiffusion.trained(time=0.0)
    assert TRAINED.stat().st_size < 300_000 and widget.chains.shape[:2] == (3, TIMES)
    codes = widget.codes

    def energy(z):
        def apart(a, b):
            return np.linalg.norm(a[:, None] - b[None], axis=-1).mean()

        return 2 * apart(z, codes) - apart(z, z) - apart(codes, codes)

    assert codes.std() > 1.3
    assert energy(widget.chains[1, 0]) < 0.2 * energy(np.random.default_rng(0).standard_normal((240, 2)))
    start = widget.chains[:, -1].std(axis=(1, 2))
    assert start[0] == pytest.approx(5 * start[1], rel=0.2) and start[1] == pytest.approx(5 * start[2], rel=0.2)


@pytest.mark.slow
def test_the_tool_trains_and_packs_what_the_widget_shows():
    widget = train_latent_diffusion.packed(steps=2, n=300)
    assert widget.chains.shape == (3, TIMES, train_latent_diffusion.DRAWS, 2) and np.isfinite(widget.chains).all()
    assert widget.decoder_sizes == [2, 128, 256, 196] and len(widget.codes) == train_latent_diffusion.SHOWN
