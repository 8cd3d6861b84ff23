"""The cheat sheet: its code is a step of a VAE, its numbers of formulas and its names are those of the book."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch.distributions import Bernoulli

import vae_utils
from vae_utils import models, objectives

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
SHEET = (CHAPTERS / "cheat_sheet.md").read_text(encoding="utf8")
STEP = re.search(r"```python\n(.*?)```", SHEET, re.DOTALL)[1]


def rows():
    """(5, 12), black and white."""
    return torch.rand(5, 12, generator=torch.Generator().manual_seed(0)).round().double()


def taken(model, x):
    """The names of the step after it has run on a model's networks, from the seed 1."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    networks = {"encoder": model.encoder, "decoder": model.decoder}
    names = {"torch": torch, "Bernoulli": Bernoulli, "x": x, "optimizer": optimizer} | networks
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        exec(STEP, names)
    return names


def test_the_step_is_that_of_the_package():
    model, x = models.mlp_vae(12, 3, hidden=(8,)).double(), rows()
    by_sheet, by_package = deepcopy(model), deepcopy(model)
    names = taken(by_sheet, x)
    terms = objectives.elbo(by_package, x, eps=names["eps"])
    torch.testing.assert_close(names["elbo"], terms.elbo)
    torch.testing.assert_close(names["kl"].sum(-1), terms.kl)
    optimizer = torch.optim.SGD(by_package.parameters(), lr=1e-3)
    (-terms.elbo.mean()).backward()
    optimizer.step()
    for one, other, start in zip(by_sheet.parameters(), by_package.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(one, other)
        assert not torch.equal(one, start)


def test_the_step_forgets_the_gradient_of_the_one_before():
    model, x = models.mlp_vae(12, 3, hidden=(8,)).double(), rows()
    stale = deepcopy(model)
    for weights in stale.parameters():
        weights.grad = torch.ones_like(weights)
    taken(model, x), taken(stale, x)
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), stale.parameters(), strict=True))


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:models|objectives|evaluation)\.\w+)`", SHEET))))
def test_its_names_are_in_the_package(name):
    module, _, attribute = name.partition(".")
    assert attribute in getattr(vae_utils, module).__all__


def test_the_sigma_that_it_names_is_learned():
    (sigma,) = re.findall(r'`sigma="(\w+)"`', SHEET)
    model = models.mlp_vae(12, 3, hidden=(8,), likelihood="gaussian", sigma=sigma)
    assert any(weights.requires_grad for weights in model.observation.parameters())


@pytest.mark.parametrize("tag", sorted(set(re.findall(r"\((\d+\.\d+)\)", SHEET))))
def test_its_formulas_stand_in_their_chapters(tag):
    (chapter,) = CHAPTERS.glob(f"{int(tag.split('.')[0]):02d}_*.ipynb")
    assert rf"\\tag{{{tag}}}" in chapter.read_text(encoding="utf8")
