"""Settings of the process while several threads rely on them."""

from contextlib import contextmanager

import pytest

from mtdense_ros.engines.torch_settings import Shared


@pytest.fixture
def said():
    return []


@pytest.fixture
def shared(said):
    @contextmanager
    def settings():
        said.append("set")
        yield
        said.append("put back")

    return Shared(settings)


def test_the_first_one_out_leaves_the_settings_to_the_others(shared, said):
    first, second = shared, shared
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert said == ["set"]
    second.__exit__(None, None, None)
    assert said == ["set", "put back"]


def test_an_error_inside_puts_them_back(shared, said):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), shared:
            raise ZeroDivisionError
    assert said == ["set", "put back"] * 2
