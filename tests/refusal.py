"""How every public function refuses bad input: by name, with what was got and what was expected."""

import pytest


def refuses(call, name, got="", expected="", error=(TypeError, ValueError)):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(f"{name}: got "), message
    said, wanted = message.split("expected", 1)
    assert got in said and expected in wanted, message
