"""Trained models on disk: safetensors files that know their settings and notice damage."""

import json
import os
import zlib
from pathlib import Path

import torch


def cache_folder():
    """Where trained models and fetched data are kept: the folder that VAE_CACHE names, else ~/.cache/vae_utils."""
    return Path(os.environ.get("VAE_CACHE") or Path.home() / ".cache" / "vae_utils")


def save_model(model, path, settings=None, half=False):
    """Write the weights of `model`, a module, to `path`, with `settings`, a dict that JSON can hold. Returns the path.

    half: keep floats in half precision, for half the size. The file is put in place only when it is complete.
    """
    from safetensors.torch import save_file

    state = {name: _stored(value, half) for name, value in model.state_dict().items()}
    notes = json.dumps({"settings": settings or {}, "checksum": _checksum(state)}, sort_keys=True)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    save_file(state, partial, metadata={"notes": notes})  # one entry: several would come in a random order
    partial.replace(path)
    return path


def load_model(model, path, settings=None):
    """Fill `model`, built as the saved one was, with the weights in `path`. Returns the settings saved with them.

    Raises FileNotFoundError when there is no file, ValueError when it is damaged, holds the weights of another model,
    or was saved with settings other than `settings` (where they are given). The model is then left as it was.
    """
    state, notes = _read(Path(path))
    saved = notes["settings"]
    if settings is not None and saved != json.loads(json.dumps(settings)):
        raise ValueError(f"settings: got {settings}, expected those in {path}, {saved}")
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    got = {name: tuple(value.shape) for name, value in state.items()}
    if got != expected:
        raise ValueError(f"path: got {path} with weights {got}, expected those of this model, {expected}")
    model.load_state_dict(state)
    return saved


def _read(path):
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"path: got {path}, expected a file that save_model wrote")
    expected = "expected a file that save_model wrote"
    try:
        with safe_open(path, framework="pt") as file:
            notes = json.loads((file.metadata() or {}).get("notes", "{}"))
            state = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"path: got {path}, which is damaged ({error}), {expected}") from None
    if notes.get("checksum") != _checksum(state) or "settings" not in notes:
        raise ValueError(f"path: got {path}, whose checksum does not fit, {expected}")
    return state, notes


def _stored(value, half):
    value = value.detach().cpu().contiguous()
    return value.half() if half and value.is_floating_point() else value.clone()


def _checksum(state):
    total = 0
    for name in sorted(state):
        total = zlib.crc32(state[name].flatten().view(torch.uint8).numpy(), zlib.crc32(name.encode(), total))
    return f"{total:08x}"
