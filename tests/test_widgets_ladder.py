"""The ladder of chapter 11: the page draws what two levels draw, and packs what it was given."""

from itertools import pairwise

import javascript
import numpy as np
import pytest
import torch
from refusal import refuses

from vae_utils import models
from vae_utils.widgets import Ladder
from vae_utils.widgets.parts import quantized


def network(*sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(m, n)) / np.sqrt(n), 0.3 * rng.normal(size=m)) for n, m in pairwise(sizes)]


def model(inputs=3, **changes):
    return {"down": network(2, 7, 6), "decoder": network(inputs, 9, 16), "kl": (6.5, 3), "kept": (0.25, 0.5), **changes}


@pytest.mark.parametrize("inputs", [3, 5])
def test_the_page_draws_what_a_hierarchy_draws(inputs):
    nets = [quantized.rounded_layers(layers) for layers in (network(2, 7, 6), network(inputs, 9, 16, seed=1))]
    rng = np.random.default_rng(2)
    tops, noises = rng.normal(size=(3, 2)), rng.normal(size=(4, 3))
    packed = {name: values.tolist() for name, values in quantized.flat(*nets).items()}
    asked = {"sizes": [[2, 7, 6], [inputs, 9, 16]], **packed, "activation": "relu"}
    got = javascript.call("tests/js/probes.mjs", "climbed", {**asked, "tops": tops.tolist(), "noises": noises.tolist()})
    z2 = torch.tensor(tops, dtype=torch.float32)
    below = models.mlp((2, 7, 6))
    decoder = models.mlp((inputs, 9, 16))
    for ours, layers in ((below, nets[0]), (decoder, nets[1])):
        for linear, (weight, bias) in zip(ours[::2], layers, strict=True):
            linear.weight.data, linear.bias.data = torch.tensor(weight).float(), torch.tensor(bias).float()
    with torch.no_grad():
        mu, logvar = below(z2).chunk(2, -1)
        z1 = mu[:, None] + torch.exp(0.5 * logvar)[:, None] * torch.tensor(noises, dtype=torch.float32)
        z = torch.cat([z1, z2[:, None].expand(3, 4, 2)], -1)[..., :inputs]
        wanted = torch.sigmoid(decoder(z)).reshape(12, 16)
    assert np.abs(np.array(got) - wanted.numpy()).max() < 1e-4


def test_models_are_packed_in_their_order():
    judge = network(16, 10)[0]
    w = Ladder.of({"plain": model(), "late": model(5, kl=torch.tensor([2.5, 5]))}, judge=judge)
    assert w.labels == ["plain", "late"] and w.kl.tolist() == [[6.5, 3], [2.5, 5]] and w.kept[0].tolist() == [0.25, 0.5]
    assert w.down_sizes == [[2, 7, 6]] * 2 and w.decoder_sizes == [[3, 9, 16], [5, 9, 16]] and w.judge_sizes == [16, 10]
    given = [network(2, 7, 6)] * 2 + [network(3, 9, 16), network(5, 9, 16), [judge]]
    unpacked = quantized.unpack([*w.down_sizes, *w.decoder_sizes, w.judge_sizes], w.weights, w.scales, w.biases)
    for layers, found in zip(given, unpacked, strict=True):
        for (weight, bias), (rounded, same) in zip(layers, found, strict=True):
            assert np.abs(weight - rounded).max() < np.abs(weight).max() / 100 and np.allclose(bias, same)
    assert 0 < w.rounding < 0.01 and Ladder.of({"plain": model()}).judge_sizes == []


WRONG = [
    ({"a": model(down=network(2, 7, 5))}, None, "down of a", "5 outputs", "an even number"),
    ({"a": model(down=[])}, None, "down of a", "[]", "(outputs, inputs)"),
    ({"a": model(4)}, None, "decoder of a", "[4, 9, 16]", "from 3 to 16"),
    ({"a": model(decoder=network(3, 15))}, None, "decoder of a", "15 pixels", "a square"),
    ({"a": model(), "b": model(decoder=network(3, 9, 25))}, None, "decoder of b", "[3, 9, 25]", "from 3 to 16"),
    ({"a": model(), "b": model(decoder=network(3, 16))}, None, "sizes of decoders", "(2,) and (3,)", "one shape"),
    ({"a": model(), "b": model(down=network(2, 6))}, None, "sizes of down", "(2,) and (3,)", "one shape"),
    ({"a": model(kl=(1, -1))}, None, "kl", "values from -1", "from 0"),
    ({"a": model(kl=(1, 2, 3))}, None, "kl", "(1, 3)", "(n, 2)"),
    ({"a": model(kept=(0.5, 53))}, None, "kept", "53", "from 0 to 1"),
    ({"a": model()}, network(16, 9)[0], "judge", "[16, 9]", "from 16 to 10"),
]


@pytest.mark.parametrize("given, judge, name, got, expected", WRONG)
def test_what_does_not_fit_is_refused_by_name(given, judge, name, got, expected):
    refuses(lambda: Ladder.of(given, judge=judge), name, got, expected)


def test_an_activation_that_the_page_does_not_know_is_refused():
    refuses(lambda: Ladder.of({"a": model()}, activation="elu"), "activation", "'elu'", "silu, relu, tanh")


def test_two_models_of_the_chapter_stay_small():
    nets = {"down": network(4, 200, 24), "kl": (1, 2), "kept": (0.5, 0.5)}
    both = {"plain": {**nets, "decoder": network(12, 200, 196)}, "residual": {**nets, "decoder": network(16, 200, 196)}}
    assert len(Ladder.of(both, judge=network(196, 10)[0]).to_html()) < 300_000
