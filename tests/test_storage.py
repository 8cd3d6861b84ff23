"""Models on disk: what comes back is what was saved, and damage is noticed."""

import pytest
import torch
from refusal import refuses

from vae_utils import classifier as judge
from vae_utils import storage
from vae_utils.classifier import DigitClassifier, load_classifier
from vae_utils.data import Digits
from vae_utils.models import LinearVAE, mlp_vae
from vae_utils.storage import load_model, save_model

SETTINGS = {"latent_dim": 2, "hidden": [4], "seed": 0}


def same(a, b):
    return all(torch.equal(u, v) for u, v in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


@pytest.fixture
def saved(tmp_path):
    model = mlp_vae(9, 2, hidden=(4,), seed=0)
    return model, save_model(model, tmp_path / "deep" / "model.safetensors", SETTINGS)


class TestRoundTrip:
    def test_weights_and_settings_come_back(self, saved):
        model, path = saved
        other = mlp_vae(9, 2, hidden=(4,), seed=1)
        assert not same(model, other)
        assert load_model(other, path) == SETTINGS == load_model(other, path, SETTINGS)
        assert same(model, other)
        assert [p.name for p in path.parent.iterdir()] == ["model.safetensors"]

    def test_half_precision_is_half_as_large_and_nearly_the_same(self, saved, tmp_path):
        model, other = LinearVAE(400, 20, seed=1), LinearVAE(400, 20, seed=2)
        full, half = save_model(model, tmp_path / "full"), save_model(model, tmp_path / "half", half=True)
        assert half.stat().st_size < 0.55 * full.stat().st_size
        load_model(other, half)
        torch.testing.assert_close(other.W, model.W, rtol=1e-3, atol=1e-4)
        assert other.W.dtype == torch.float32 and not same(model, other)

    def test_settings_are_optional(self, saved, tmp_path):
        assert load_model(saved[0], save_model(saved[0], tmp_path / "plain")) == {}


class TestRefusals:
    def test_no_file(self, saved, tmp_path):
        refuses(lambda: load_model(saved[0], tmp_path / "none"), "path", "none", "save_model", FileNotFoundError)

    def test_other_settings(self, saved):
        refuses(lambda: load_model(saved[0], saved[1], {"seed": 1}), "settings", "1", "latent_dim", ValueError)

    def test_another_model(self, saved):
        other = mlp_vae(9, 3, hidden=(4,))
        before = [p.clone() for p in other.parameters()]
        refuses(lambda: load_model(other, saved[1]), "path", "weights", "this model", ValueError)
        assert all(torch.equal(a, b) for a, b in zip(before, other.parameters(), strict=True))

    @pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
    def test_a_damaged_file(self, saved, damage):
        model, path = saved
        content = bytearray(path.read_bytes())
        if damage == "flipped":
            content[-3] ^= 16
        texts = {"cut": content[:-10], "flipped": content, "empty": b"", "text": b"not a model at all"}
        path.write_bytes(texts[damage])
        refuses(lambda: load_model(model, path), "path", "model.safetensors", "save_model", ValueError)


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """Ten kinds of picture, each a bright row of its own, and a cache folder for this test alone."""
    monkeypatch.setenv("VAE_CACHE", str(tmp_path / "cache"))
    y = torch.arange(10).repeat(30)
    x = 0.3 * torch.rand(300, 28, 28, generator=torch.Generator().manual_seed(0))
    x[torch.arange(300), 2 * y + 4] = 1.0
    return Digits(x.flatten(1), y, "scans")


def files(tmp_path):
    return sorted((tmp_path / "cache").glob("classifier-*.safetensors"))


class TestClassifier:
    def test_learns_and_reads(self, digits):
        model = load_classifier(digits, epochs=20)
        assert model.accuracy(digits.x, digits.y) > 0.98
        assert torch.equal(model.predict(digits.x[:20]), model(digits.x[:20]).argmax(1))
        assert model.features(digits.x[:7]).shape == (7, 64) and not model.training

    def test_is_trained_once(self, digits, tmp_path, monkeypatch):
        first = load_classifier(digits, epochs=1)
        monkeypatch.setattr(judge, "_train", None)
        assert same(load_classifier(digits, epochs=1), first)
        assert len(files(tmp_path)) == 1

    def test_other_settings_or_digits_are_another_classifier(self, digits, tmp_path):
        load_classifier(digits, epochs=1)
        load_classifier(digits, epochs=2)
        load_classifier(digits, epochs=1, seed=1)
        load_classifier(Digits(digits.x.flip(0), digits.y, "scans"), epochs=1)
        load_classifier(digits._replace(source="mnist"), epochs=1)
        assert len(files(tmp_path)) == 5

    @pytest.mark.parametrize("damage", ["flipped", "cut", "another"])
    def test_a_damaged_file_is_rebuilt(self, digits, tmp_path, damage):
        first = load_classifier(digits, epochs=1)
        (path,) = files(tmp_path)
        good = path.read_bytes()
        if damage == "another":
            save_model(DigitClassifier(), path, {"design": "another"})
        else:
            path.write_bytes(good[:100] if damage == "cut" else good[:-1] + bytes([good[-1] ^ 1]))
        assert same(load_classifier(digits, epochs=1), first)
        assert path.read_bytes() == good

    def test_a_folder_that_cannot_be_written(self, digits, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("VAE_CACHE", str(tmp_path / "file"))
        assert load_classifier(digits, epochs=1).head.weight.isfinite().all()

    def test_the_cache_folder(self, monkeypatch, tmp_path):
        monkeypatch.delenv("VAE_CACHE", raising=False)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert storage.cache_folder() == tmp_path / ".cache" / "vae_utils"

    def test_training_leaves_the_random_state_alone(self, digits):
        before = torch.random.get_rng_state()
        load_classifier(digits, epochs=1)
        after = torch.random.get_rng_state()
        assert torch.equal(before, after)

    def test_bad_input(self, digits):
        refuses(lambda: load_classifier(digits, epochs=0), "epochs", "0", ">= 1", ValueError)
        refuses(lambda: load_classifier(digits, seed=-1), "seed", "-1", ">= 0", ValueError)
        refuses(lambda: load_classifier(digits._replace(y=digits.y[:3])), "digits", "3 labels", "as many", ValueError)
        refuses(lambda: load_classifier(digits._replace(x=digits.x[:, :64])), "digits.x", "64", "784", ValueError)
        refuses(lambda: DigitClassifier()(torch.rand(2, 64)), "x", "64", "784", ValueError)
