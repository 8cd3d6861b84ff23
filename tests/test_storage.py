"""Models on disk: what comes back is what was saved, and damage is noticed."""

import os
import pwd
import resource
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
import safetensors.torch
import torch
from refusal import refuses

from vae_utils import classifier as judge
from vae_utils import storage
from vae_utils.classifier import DigitClassifier, load_classifier
from vae_utils.data import Digits
from vae_utils.models import LinearVAE, mlp_vae
from vae_utils.storage import load_model, put_in_place, save_model

SETTINGS = {"latent_dim": 2, "hidden": [4], "seed": 0}


@contextmanager
def without_rights():
    """In a folder of one's own, as somebody whom a mode can keep from reading and writing: not the administrator."""
    folder, administrator = Path(tempfile.mkdtemp()), os.geteuid() == 0
    try:
        if administrator:
            shutil.chown(folder, "nobody")
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
        yield folder
    finally:
        if administrator:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


@contextmanager
def full_disk():
    """No file may grow beyond 1,000 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def umask(mask):
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


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

    def test_half_precision_that_cannot_hold_a_weight_is_refused(self, tmp_path):
        model = torch.nn.Linear(2, 1)
        with torch.no_grad():
            model.weight.copy_(torch.tensor([[65504.0, -1e5]]))
        wrong = lambda: save_model(model, tmp_path / "half", half=True)  # noqa: E731
        refuses(wrong, "model", "weight with values from -100000 to 65504", "[-65504, 65504]", ValueError)
        assert not list(tmp_path.iterdir())
        with torch.no_grad():
            model.weight[0, 1] = -torch.inf  # no number is lost
        load_model(torch.nn.Linear(2, 1), save_model(model, tmp_path / "half", half=True))
        assert load_model(model, save_model(model, tmp_path / "full")) == {}

    def test_a_home_is_written_as_a_tilde(self, saved, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        assert save_model(saved[0], "~/mine") == tmp_path / "mine"
        assert load_model(saved[0], "~/mine") == {}

    def test_settings_are_optional(self, saved, tmp_path):
        assert load_model(saved[0], save_model(saved[0], tmp_path / "plain")) == {}


class TestPutInPlace:
    def test_it_is_there_when_it_is_complete(self, tmp_path):
        path = tmp_path / "deep" / "file"
        for text in ("one", "two"):
            before = path.read_text() if path.exists() else None
            with put_in_place(path) as partial:
                partial.write_text(text)
                assert partial.parent == path.parent and (path.read_text() if path.exists() else None) == before
            assert path.read_text() == text and list(path.parent.iterdir()) == [path]

    def test_a_failure_leaves_everything_as_it_was(self, tmp_path):
        path = tmp_path / "file"
        path.write_text("one")
        with pytest.raises(RuntimeError, match="in between"), put_in_place(path) as partial:
            partial.write_text("two")
            raise RuntimeError("in between")
        assert path.read_text() == "one" and list(tmp_path.iterdir()) == [path]

    def test_two_at_once_do_not_meet(self, tmp_path):
        with put_in_place(tmp_path / "file") as one, put_in_place(tmp_path / "file") as two:
            one.write_text("one")
            two.write_text("two")
        assert (tmp_path / "file").read_text() == "one" and len(list(tmp_path.iterdir())) == 1

    def test_the_file_has_the_rights_of_any_new_file(self, saved, tmp_path):
        for mask, mode in (0o022, 0o644), (0o027, 0o640), (0o077, 0o600):
            with umask(mask):
                assert save_model(saved[0], tmp_path / "shared").stat().st_mode & 0o777 == mode


class TestRefusals:
    def test_no_file(self, saved, tmp_path):
        refuses(lambda: load_model(saved[0], tmp_path / "none"), "path", "none", "save_model", FileNotFoundError)
        refuses(lambda: load_model(saved[0], tmp_path), "path", "cannot be read", "save_model", IsADirectoryError)

    def test_a_file_that_may_not_be_read_is_not_called_damaged(self, saved):
        with without_rights() as folder:
            save_model(saved[0], folder / "model").chmod(0)
            read = lambda: load_model(saved[0], folder / "model")  # noqa: E731
            refuses(read, "path", "cannot be read (Permission denied)", "save_model", PermissionError)

    def test_a_folder_that_may_not_be_written(self, saved):
        with without_rights() as folder:
            folder.chmod(0o555)
            with pytest.raises(PermissionError, match="model"):
                save_model(saved[0], folder / "model")

    def test_a_full_disk(self, saved, tmp_path):
        with full_disk():
            write = lambda: save_model(saved[0], tmp_path / "new" / "model")  # noqa: E731
            refuses(write, "path", "cannot be written", "a place for a file", OSError)
        assert list((tmp_path / "new").iterdir()) == []

    @pytest.mark.parametrize("notes", ["[1]", '"words"', "3", "null", "{}", "no JSON", "[" * 100_000])
    def test_a_foreign_file(self, saved, tmp_path, notes):
        state = {name: value.clone() for name, value in saved[0].state_dict().items()}
        safetensors.torch.save_file(state, tmp_path / "foreign", metadata={"notes": notes})
        refuses(lambda: load_model(saved[0], tmp_path / "foreign"), "path", "foreign", "save_model", ValueError)

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
    @pytest.mark.slow
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

    @pytest.mark.slow
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

    def test_a_full_disk(self, digits, tmp_path):
        with full_disk():
            load_classifier(digits, epochs=1)
        assert list((tmp_path / "cache").iterdir()) == []

    def test_a_cache_of_others(self, digits, monkeypatch):
        """Read-only, then with a file that may not be read: trained anew, and put in place where that is allowed."""
        with without_rights() as folder:
            monkeypatch.setenv("VAE_CACHE", str(folder))
            folder.chmod(0o555)
            first = load_classifier(digits, epochs=1)
            folder.chmod(0o777)
            assert same(load_classifier(digits, epochs=1), first)
            (path,) = folder.iterdir()
            path.chmod(0)
            assert same(load_classifier(digits, epochs=1), first)
            assert os.access(path, os.R_OK)

    def test_the_cache_folder(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("VAE_CACHE", "~/mine")
        assert storage.cache_folder() == tmp_path / "mine"
        monkeypatch.setenv("VAE_CACHE", "")
        assert storage.cache_folder() == tmp_path / ".cache" / "vae_utils"

    @pytest.mark.parametrize("named", ["", "~/mine"])
    def test_without_a_home_the_cache_is_among_temporary_files(self, monkeypatch, tmp_path, named):
        def nobody(number):
            raise KeyError(number)

        monkeypatch.delenv("HOME")
        monkeypatch.setenv("VAE_CACHE", named)
        monkeypatch.setattr(pwd, "getpwuid", nobody)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        assert storage.cache_folder() == tmp_path / "vae_utils"

    def test_digits_in_another_order_of_memory_or_kind_are_the_same(self, digits, tmp_path):
        first = load_classifier(digits, epochs=1)
        x, y = torch.zeros(600, 784), torch.zeros(600, dtype=torch.int64)
        x[::2], y[::2] = digits.x, digits.y
        assert not y[::2].is_contiguous()
        strided, double = Digits(x[::2], y[::2], "scans"), digits._replace(x=digits.x.double(), y=digits.y.byte())
        for other in (strided, double, digits._replace(x=digits.x.clone().requires_grad_(), y=digits.y.int())):
            assert same(load_classifier(other, epochs=1), first)
        assert len(files(tmp_path)) == 1
        assert first.accuracy(digits.x.double(), digits.y) == first.accuracy(digits.x, digits.y)

    def test_a_source_of_any_name_stays_in_the_cache_folder(self, digits, tmp_path):
        load_classifier(digits._replace(source="../../mine"), epochs=1)
        assert len(files(tmp_path)) == 1

    def test_training_leaves_the_random_state_alone(self, digits):
        before = torch.random.get_rng_state()
        load_classifier(digits, epochs=1)
        after = torch.random.get_rng_state()
        assert torch.equal(before, after)

    def test_bad_input(self, digits):
        refuses(lambda: load_classifier(digits, epochs=0), "epochs", "0", ">= 1", ValueError)
        refuses(lambda: load_classifier(digits, seed=-1), "seed", "-1", ">= 0", ValueError)
        for x, got, expected, error in (
            (digits.x[:, :64], "(300, 64)", "(N, 784)", ValueError),
            (digits.x.reshape(300, 1, 784), "(300, 1, 784)", "(N, 784)", ValueError),
            (digits.x[:0], "(0, 784)", "N >= 1", ValueError),
            (digits.x * 255, "to 255, ", "[0, 1]", ValueError),
            (digits.x * torch.nan, "NaN or infinite", "[0, 1]", ValueError),
            (digits.x.long(), "int64", "float tensor", TypeError),
            (digits.x.numpy(), "ndarray", "float tensor", TypeError),
        ):
            refuses(lambda x=x: load_classifier(digits._replace(x=x)), "digits.x", got, expected, error)
        for y, got, expected, error in (
            (digits.y[:3], "(3,)", "(300,)", ValueError),
            (digits.y[:, None], "(300, 1)", "(300,)", ValueError),
            (digits.y + 9, "from 9 to 18", "0 to 9", ValueError),
            (digits.y - 1, "from -1 to 8", "0 to 9", ValueError),
            (digits.y.float(), "float32", "300 whole numbers", TypeError),
            (digits.y.tolist(), "list", "300 whole numbers", TypeError),
        ):
            refuses(lambda y=y: load_classifier(digits._replace(y=y)), "digits.y", got, expected, error)

    def test_a_classifier_names_bad_images_and_labels(self, digits):
        model = DigitClassifier()
        for use in (model, model.features, model.predict, lambda x: model.accuracy(x, digits.y)):
            refuses(lambda use=use: use(torch.rand(2, 64)), "x", "(2, 64)", "(N, 784)", ValueError)
            refuses(lambda use=use: use(digits.x[0]), "x", "(784,)", "(N, 784)", ValueError)
            refuses(lambda use=use: use(digits.x.byte()), "x", "uint8", "float tensor", TypeError)
        for y in (digits.y[:, None], digits.y[:3]):
            refuses(lambda y=y: model.accuracy(digits.x, y), "y", str(tuple(y.shape)), "(300,)", ValueError)
        refuses(lambda: model.accuracy(digits.x, digits.y.numpy()), "y", "ndarray", "300 whole numbers", TypeError)
