"""Files that outlive a session: trained models that know their settings and notice damage, and the cache folder."""

import json
import os
import secrets
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import torch

EXPECTED = "expected a file that save_model wrote"


def cache_folder():
    """Where trained models and fetched data are kept: the folder that VAE_CACHE names, else ~/.cache/vae_utils.

    Where there is no home, as for a user number without a name, it is a folder for temporary files.
    """
    named = os.environ.get("VAE_CACHE")
    try:
        return Path(named).expanduser() if named else Path.home() / ".cache" / "vae_utils"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / "vae_utils"


@contextmanager
def put_in_place(path):
    """Gives a path beside `path` to write to; what was written takes the place of `path` at the end, in one step.

    So nobody ever sees half a file. Where something fails, `path` stays as it was and nothing is left beside it. The
    file has the rights of any new file here, whatever wrote it. Raises OSError where the folder cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    partial.touch(exist_ok=False)
    try:
        mode = partial.stat().st_mode
        yield partial
        partial.chmod(mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def save_model(model, path, settings=None, half=False):
    """Write the weights of `model`, a module, to `path`, with `settings`, a dict that JSON can hold. Returns the path.

    half: keep floats in half precision, for half the size. The file is put in place only when it is complete.
    Raises OSError when it cannot be written, ValueError when half precision cannot hold a weight.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    state = {name: _stored(value, name, half) for name, value in model.state_dict().items()}
    notes = json.dumps({"settings": settings or {}, "checksum": _checksum(state)}, sort_keys=True)
    path = Path(path).expanduser()
    with put_in_place(path) as partial:
        try:
            save_file(state, partial, metadata={"notes": notes})  # one entry: several would come in a random order
        except SafetensorError as error:
            raise OSError(f"path: got {path}, which cannot be written ({error}), expected a place for a file") from None
    return path


def load_model(model, path, settings=None):
    """Fill `model`, built as the saved one was, with the weights in `path`. Returns the settings saved with them.

    Raises OSError when the file cannot be read (FileNotFoundError when there is none), ValueError when it is damaged,
    holds the weights of another model, or was saved with settings other than `settings` (where they are given). The
    model is then left as it was.
    """
    path = Path(path).expanduser()
    state, notes = _read(path)
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
    """The tensors in the file, and its notes: its settings and the checksum of the tensors."""
    from safetensors import SafetensorError, safe_open

    try:
        path.open("rb").close()  # safe_open calls every file that it may not read missing
        with safe_open(path, framework="pt") as file:
            notes = json.loads((file.metadata() or {}).get("notes", "{}"))
            state = {name: file.get_tensor(name) for name in file.keys()}
    except OSError as error:
        raise type(error)(f"path: got {path}, which cannot be read ({error.strerror}), {EXPECTED}") from None
    except (SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(f"path: got {path}, which is damaged ({error}), {EXPECTED}") from None
    if not isinstance(notes, dict) or "settings" not in notes or notes.get("checksum") != _checksum(state):
        raise ValueError(f"path: got {path}, whose checksum does not fit, {EXPECTED}")
    return state, notes


def _stored(value, name, half):
    value = value.detach().cpu().contiguous()
    if not (half and value.is_floating_point()):
        return value.clone()
    if (value.half().isinf() & ~value.isinf()).any():
        most = torch.finfo(torch.half).max
        got = f"{name} with values from {value.min().item():g} to {value.max().item():g}"
        raise ValueError(f"model: got {got}, expected them in [-{most:g}, {most:g}], all that half precision holds")
    return value.half()


def _checksum(state):
    total = 0
    for name in sorted(state):
        total = zlib.crc32(state[name].flatten().view(torch.uint8).numpy(), zlib.crc32(name.encode(), total))
    return f"{total:08x}"
