"""A stand-in for an accelerator, for machines that have none."""

from torch.utils._python_dispatch import TorchDispatchMode


class Accelerator(TorchDispatchMode):
    """Lets the device "meta", which holds no numbers, refuse the generators of the CPU, as an accelerator does."""

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        made, generator = function(*arguments, **(options or {})), (options or {}).get("generator")
        assert generator is None or made.device == generator.device, f"{function} with a generator of another device"
        return made
