"""The two widgets of chapter 5: what they pack is what they were given, within the rounding they announce."""

from itertools import pairwise

import javascript
import numpy as np
import pytest
import torch
from refusal import refuses

from tools import train_sweep
from vae_utils.evaluation import slerp
from vae_utils.widgets import BetaSweep, LatentExplorer
from vae_utils.widgets.beta_sweep import TRAINED
from vae_utils.widgets.latent_explorer import REACH
from vae_utils.widgets.parts import quantized
from vae_utils.widgets.parts.quantized import decode

STEPS = (0, 50)


def shots(offset, n=7):
    rng = np.random.default_rng(offset)
    return [
        {
            "mu": rng.normal(size=(n, 2)) * (1 + 3 * t),
            "sigma": np.array([0.1, 0.2]) * (t + 1),
            "reconstructions": rng.random((10, 9)),
            "samples": rng.random((6, 9)),
            "rate": offset + t,
            "distortion": 10.0 * offset + t,
        }
        for t in range(len(STEPS))
    ]


def nets(seed=0):
    rng = np.random.default_rng(seed)
    shapes = [[(30, 784), (4, 30)], [(30, 2), (784, 30)]]
    return [[(rng.normal(size=s) / np.sqrt(s[1]), rng.normal(size=s[0])) for s in net] for net in shapes]


def explorer(**changes):
    encoder, decoder = nets()
    given = {
        "encoder": encoder, "decoder": decoder, "examples": np.zeros((10, 784)),
        "codes": np.array([[1.0, -2.0], [9.0, 0.0]]), "labels": [3, 4], **changes,
    }  # fmt: skip
    return LatentExplorer.of(**given)


def test_a_sweep_keeps_its_order_and_its_numbers():
    sweep = {beta: shots(i) for i, beta in enumerate((0.0, 1.0, 16.0))}
    w = BetaSweep.of(sweep, STEPS, np.zeros((10, 9)), np.arange(7))
    assert w.betas.tolist() == [0, 1, 16] and w.steps.tolist() == [0, 50]
    for i, many in enumerate(sweep.values()):
        for t, shot in enumerate(many):
            codes = w.codes[i, t] * w.reach[i, t] / 127
            assert np.abs(codes - shot["mu"]).max() <= 0.51 * np.abs(shot["mu"]).max() / 127
            assert np.abs(w.samples[i, t] / 255 - shot["samples"]).max() < 0.02
            assert np.abs(w.reconstructions[i, t] / 255 - shot["reconstructions"]).max() < 0.02
            assert w.rate[i, t] == shot["rate"] and w.distortion[i, t] == shot["distortion"]
            assert np.allclose(w.sigma[i, t], shot["sigma"])


def read(images):
    """What the nearest five of 4,000 training digits say that each image is."""
    x, y = train_sweep.half_size_digits(True, 4000)
    nearest = torch.cdist(torch.as_tensor(images / 255, dtype=torch.float32), x).topk(5, largest=False).indices
    return y[nearest].mode().values.tolist()


def test_the_trained_sweep_keeps_what_it_says():
    w = BetaSweep.trained()
    last, betas = -1, [float(f"{beta:.3g}") for beta in w.betas]
    assert betas == list(train_sweep.BETAS) and w.steps.tolist() == list(train_sweep.TIMES)
    assert read(w.reconstructions[betas.index(1), last]) == list(range(10))
    assert len(set(read(w.reconstructions[betas.index(16), last]))) == 1
    rate, distortion = w.rate[:, last], w.distortion[:, last]
    assert (np.diff(rate) < 0).all()
    assert betas[np.argmin(rate + distortion)] in (0.3, 1, 2)
    assert rate[last] < 0.01
    assert w.beta == 1 and TRAINED.stat().st_size < 150_000


@pytest.mark.slow
def test_the_sweep_is_trained_as_it_was():
    w = train_sweep.sweep(betas=(1.0,), times=(0, 3), n=200)
    trained = BetaSweep.trained()
    assert w.codes.shape[2:] == trained.codes.shape[2:] and w.reconstructions.shape[2:] == (10, 196)
    assert np.array_equal(w.originals, trained.originals) and np.array_equal(w.labels, trained.labels)
    assert w.distortion[0, 1] < w.distortion[0, 0]


def without(name):
    first, last = shots(1)
    return [first, {key: value for key, value in last.items() if key != name}]


SWEEPS = [
    ({"sweep": {0.0: shots(0), 1.0: shots(1)[:1]}}, "sweep", "beta 1", "2"),
    ({"sweep": {0.0: without("rate")}}, "sweep", "'rate'", "mu, sigma, rate"),
    ({"sweep": {0.0: [*shots(0, n=7)[:1], *shots(0, n=6)[1:]]}}, "sweep: mu", "(6, 2) and (7, 2)", "one shape"),
    ({"labels": np.arange(6)}, "labels", "(6,)", "7 codes"),
    ({"labels": np.arange(7) + 9}, "labels", "from 9 to 15", "from 0 to 9"),
    ({"originals": np.full((10, 9), 255, np.uint8)}, "originals", "from 255 to 255", "gray levels"),
    ({"originals": np.full((10, 9), -1.0)}, "originals", "from -1 to -1", "gray levels"),
    ({"originals": np.zeros((10, 8))}, "originals", "(10, 8)", "D a square"),
    ({"originals": np.zeros((9, 9))}, "reconstructions", "(1, 2, 10, 9)", "(9, 9)"),
    ({"beta": -1}, "beta", "-1", "from 0 to 1000"),
]


@pytest.mark.parametrize("changes, name, got, expected", SWEEPS)
def test_a_sweep_that_does_not_fit_is_refused_by_name(changes, name, got, expected):
    given = {"sweep": {0.0: shots(0)}, "originals": np.zeros((10, 9)), "labels": np.arange(7), **changes}
    refuses(lambda: BetaSweep.of(steps=STEPS, **given), name, got, expected)


def test_the_means_of_a_model_may_leave_black_and_white():
    sweep = {0.0: shots(0)}
    sweep[0.0][0]["samples"] = np.linspace(-0.2, 1.2, 54).reshape(6, 9)
    w = BetaSweep.of(sweep, STEPS, np.zeros((10, 9)), np.arange(7))
    assert w.samples[0, 0].min() == 0 and w.samples[0, 0].max() == 255
    sweep[0.0][0]["samples"] = np.full((6, 9), 128)
    refuses(lambda: BetaSweep.of(sweep, STEPS, np.zeros((10, 9)), np.arange(7)), "samples", "128", "gray levels")


def unpacked(w, sizes, rows=0, values=0):
    layers = []
    for n, m in pairwise(sizes):
        weight = w.weights[values : values + n * m].reshape(m, n) * w.scales[rows : rows + m, None]
        layers.append((weight, w.biases[rows : rows + m]))
        rows, values = rows + m, values + n * m
    return layers, rows, values


def test_the_explorer_packs_the_weights_row_by_row_and_says_what_rounding_costs():
    encoder, decoder = nets()
    w = explorer()
    first, rows, values = unpacked(w, w.encoder_sizes)
    second, rows, values = unpacked(w, w.decoder_sizes, rows, values)
    assert (rows, values) == (len(w.scales), len(w.weights)) == (len(w.biases), 784 * 30 + 30 * 4 + 2 * 30 + 30 * 784)
    for (got, bias), (weight, expected) in zip([*first, *second], [*encoder, *decoder], strict=True):
        assert (np.abs(got - weight) <= np.abs(weight).max(1, keepdims=True) / 127 * 0.51).all()
        assert np.allclose(bias, expected)
    z = np.random.default_rng(1).uniform(-REACH, REACH, (500, 2))
    change = np.abs(decode(second, z, "silu") - decode(decoder, z, "silu")).mean()
    assert 0 < w.rounding < 0.02 and w.rounding == pytest.approx(change, rel=0.3)


@pytest.mark.parametrize("activation", quantized.ACTIVATIONS)
def test_the_page_decodes_what_numpy_decodes(activation):
    rng = np.random.default_rng(0)
    sizes = (2, 9, 12, 784)
    layers = [(rng.normal(size=(m, n)) / np.sqrt(n) * 2, rng.normal(size=m)) for n, m in pairwise(sizes)]
    points = rng.normal(size=(20, 2))
    packed = {name: values.tolist() for name, values in quantized.flat(layers).items()}
    asked = {"sizes": sizes, **packed, "activation": activation, "points": points.tolist()}
    got = javascript.call("tests/js/probes.mjs", "decoded", asked)
    wanted = decode(quantized.rounded_layers(layers), points, activation)
    assert np.abs(np.array(got) - wanted).max() < 1e-4


def test_the_page_walks_as_the_package_does():
    a, b = torch.randn(2, 20, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    b[0] = 3 * a[0]
    t = torch.linspace(0, 1, 5, dtype=torch.float64)
    got = javascript.call("tests/js/probes.mjs", "ways", {"a": a.tolist(), "b": b.tolist(), "t": t.tolist()})
    wanted = torch.stack([slerp(a, b, share) for share in t], 1)
    assert (torch.tensor(got, dtype=torch.float64) - wanted).abs().max() < 1e-9


def test_codes_beyond_the_map_rest_at_its_edge():
    assert (explorer().codes * REACH / 127).round(1).tolist() == [[1.0, -2.0], [3.0, 0.0]]


NETWORKS = [
    [(np.zeros((5, 3)), np.zeros(5))],
    [],
    [(np.zeros((5, 3)), np.zeros(4))],
    [(np.zeros(5), np.zeros(5))],
    [*nets()[0], (np.zeros((2, 9)), np.zeros(2))],
]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_networks_of_the_wrong_size_are_named(name, network):
    refuses(lambda: explorer(**{name: network}), name)


EXPLORERS = [
    ({"activation": "elu"}, "activation", "'elu'", "silu, relu, tanh"),
    ({"labels": [3]}, "labels", "(1,)", "2 codes"),
    ({"labels": [3, 0.5]}, "labels", "0.5", "whole numbers"),
    ({"examples": np.full((10, 784), 255, np.uint8)}, "examples", "255", "gray levels"),
    ({"examples": np.full((10, 784), -1.0)}, "examples", "-1", "gray levels"),
    ({"examples": np.zeros((9, 784))}, "examples", "(9, 784)", "(10, 784)"),
    ({"codes": np.zeros((2, 3))}, "codes", "(2, 3)", "(n, 2)"),
    ({"codes": np.full((2, 2), np.nan)}, "codes", "NaN", "(n, 2)"),
    ({"drawn": [0] * 3}, "drawn", "(3,)", "(784,)"),
]


@pytest.mark.parametrize("changes, name, got, expected", EXPLORERS)
def test_an_explorer_that_does_not_fit_is_refused_by_name(changes, name, got, expected):
    refuses(lambda: explorer(**changes), name, got, expected)


def test_bytes_of_black_and_white_are_not_wrapped_around():
    pixels = np.eye(10, 784)
    assert explorer(examples=pixels).examples.max() == explorer(examples=pixels.astype(np.uint8)).examples.max() == 255
