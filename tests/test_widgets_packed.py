"""Widgets that hold what was trained, of the start page and chapters 6 to 8: what does not fit is refused by name."""

import numpy as np
import pytest
import torch
from refusal import refuses

from vae_utils import evaluation
from vae_utils.widgets import ClassStyle, CollapseFilm, FrontMap, ObjectiveChooser
from vae_utils.widgets.collapse_film import REMEDIES
from vae_utils.widgets.objective_chooser import NONE, OBJECTIVES, TRAINED


def films(**changes):
    return {name: torch.ones(5, 3, requires_grad=True) for name in REMEDIES} | changes


def test_films_are_cut_to_the_shortest_and_may_come_with_gradients():
    assert CollapseFilm.of(films(none=np.zeros((4, 3))), steps=9, ceiling=0.6).kl.shape == (8, 4, 3)


FILMS = [
    ({"films": {"none": np.ones((5, 3))}}, "films", "['none']", "aggressive encoder"),
    ({"films": films(none=np.ones((5, 2)))}, "films", "(5, 2) and (5, 3)", "one shape"),
    ({"films": films(none=np.full((5, 3), np.nan))}, "kl", "NaN", "numbers"),
    ({"steps": 0}, "steps", "0", "whole number from 1"),
    ({"percent": 101}, "percent", "101", "from 0 to 100"),
]


@pytest.mark.parametrize("changes, name, got, expected", FILMS)
def test_films_that_do_not_fit_are_refused_by_name(changes, name, got, expected):
    refuses(lambda: CollapseFilm.of(**{"films": films(), "steps": 9, "ceiling": 0.6, **changes}), name, got, expected)


def results(**changes):
    """One dict for each objective; the first is changed, a None removes what it names."""
    row = {
        "reconstructions": torch.rand(10, 9), "samples": torch.rand(20, 9), "sharpness": (0.5, 0.6),
        "precision": 0.9, "recall": 0.8, "counts": torch.arange(10),
    }  # fmt: skip
    first = {name: value for name, value in {**row, **changes}.items() if value is not None}
    return dict.fromkeys(OBJECTIVES, row) | {OBJECTIVES[0]: first}


def test_without_reconstructions_there_is_no_reading_of_them():
    chosen = ObjectiveChooser.of(torch.rand(10, 9), results(reconstructions=None, sharpness=(None, 0.6)))
    assert chosen.sharpness[0].tolist() == [NONE, np.float32(0.6)] and chosen.reconstructions[0].max() == 0
    assert chosen.counts.tolist() == [list(range(10))] * len(OBJECTIVES)


RESULTS = [
    (results(samples=None), "results", "'samples'", "recall"),
    (results(sharpness=None), "results: sharpness", "(0,) and (2,)", "one shape"),
    (results(samples=torch.rand(20, 16)), "results: samples", "(20, 9) and (20, 16)", "one shape"),
    (results(reconstructions=torch.rand(9, 9)), "results: reconstructions", "(9, 9) and (10, 9)", "one shape"),
    (results(samples=255 * torch.ones(20, 9)), "samples", "255", "gray levels"),
    (results(counts=torch.rand(10)), "counts", "0.", "whole numbers"),
    (results(recall=float("nan")), "recall", "NaN", "numbers"),
    ({"GAN": {}}, "results", "['GAN']", "sigma 1"),
]


@pytest.mark.parametrize("given, name, got, expected", RESULTS)
def test_results_that_do_not_fit_are_refused_by_name(given, name, got, expected):
    refuses(lambda: ObjectiveChooser.of(torch.rand(10, 9), given), name, got, expected)


def test_originals_that_are_not_gray_levels_are_refused():
    refuses(lambda: ObjectiveChooser.of(torch.full((10, 9), 255), results()), "originals", "255", "gray levels")


def test_reconstructions_have_the_shape_of_the_originals():
    refuses(lambda: ObjectiveChooser.of(torch.rand(10, 16), results()), "reconstructions", "(8, 10, 9)", "(10, 16)")


def test_an_activation_that_the_page_does_not_know_is_refused():
    decoder = [(np.zeros((4, 12)), np.zeros(4)), (np.zeros((784, 4)), np.zeros(784))]
    assert ClassStyle.of(decoder).activation == "relu"
    for activation in ("elu", torch.tanh, ["relu"]):
        refuses(lambda: ClassStyle.of(decoder, activation=activation), "activation", expected="silu, relu")  # noqa: B023
    refuses(lambda: ClassStyle.of(decoder[:1]), "decoder", "[12, 4]", "12 to 784")


def test_the_trained_generators_are_those_of_the_chapter():
    widget = ObjectiveChooser.trained(objective="GAN")
    rebuilt, drawn = widget.sharpness.T
    crisp = [OBJECTIVES.index(name) for name in ("autoregressive", "GAN")]
    assert (rebuilt[: crisp[0]] < 0.9).all() and rebuilt[crisp[1]] == NONE  # factorized likelihoods rebuild softly
    assert (drawn[crisp] > 0.9).all()
    assert widget.originals.shape[1] == 14**2 and (widget.counts.sum(1) == 1000).all()
    reading = sharpness(widget.samples[crisp[0]], widget.originals)
    assert 0.7 < reading < 1.4 and TRAINED.stat().st_size < 150_000


def sharpness(pictures, data):
    return evaluation.sharpness(*(torch.as_tensor(x / 255, dtype=torch.float32) for x in (pictures, data))).laplacian


def front_map(**changes):
    decoder = [(np.ones((4, 2)), np.zeros(4)), (np.ones((784, 4)), np.zeros(784))]
    return FrontMap.of(**{"decoder": decoder, "codes": [[1.5, -9.0]], "labels": [3], **changes})


def test_codes_of_a_map_are_parts_of_its_reach_and_cut_there():
    assert front_map().codes.tolist() == [[64, -127]]
    assert front_map(codes=torch.zeros(0, 2), labels=[]).codes.shape == (0, 2)


MAPS = [
    ({"codes": None}, "codes", "NoneType", "(n, 2)"),
    ({"codes": [["a", "b"]]}, "codes", "list", "numbers"),
    ({"codes": [1.0, 2.0]}, "codes", "(2,)", "(n, 2)"),
    ({"codes": np.zeros((5, 3))}, "codes", "(5, 3)", "(n, 2)"),
    ({"labels": None}, "labels", "()", "1 codes"),
    ({"labels": [1, 2]}, "labels", "(2,)", "1 codes"),
    ({"decoder": None}, "decoder", "NoneType", "(weight, bias)"),
    ({"decoder": [np.ones((784, 2))]}, "decoder", "list", "(weight, bias)"),
    ({"decoder": [(np.ones((784, 3)), np.zeros(784))]}, "decoder", "[3, 784]", "from 2 to 784"),
]


@pytest.mark.parametrize("changes, name, got, expected", MAPS)
def test_maps_that_do_not_fit_are_refused_by_name(changes, name, got, expected):
    refuses(lambda: front_map(**changes), name, got, expected)


@pytest.mark.parametrize("name", ["weights", "decoder_sizes", "codes"])
def test_the_trained_map_takes_nothing_in_the_place_of_what_was_trained(name):
    with pytest.raises(TypeError, match=f"multiple values for keyword argument '{name}'"):
        FrontMap.trained(**{name: [1]})
    assert FrontMap.trained(z1=-1.0).z1 == -1.0
