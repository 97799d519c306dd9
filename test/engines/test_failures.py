"""What a runtime raises, by its cause."""

import pytest
import torch

from mtdense_ros.engines.base import EngineOptions
from mtdense_ros.engines.create import create_engine
from mtdense_ros.engines.failures import engine_failures
from mtdense_ros.errors import DeviceError, EngineError, InputError
from mtdense_ros.models import create_model


def raised_for(error, device="cpu"):
    """What comes out when a runtime on a device raises this."""
    with pytest.raises(Exception) as caught, engine_failures("torch", device):
        raise error
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 400 bytes"),
        RuntimeError("CUDA error: out of memory"),
        MemoryError(),
    ],
    ids=repr,
)
def test_memory(error):
    found = raised_for(error, "cuda")
    assert type(found) is EngineError and "engine torch on cuda: out of memory" in str(found) and "smaller size" in str(found)
    assert found.__cause__ is error


@pytest.mark.parametrize(
    "error, device",
    [
        (torch.AcceleratorError("CUDA error: unspecified launch failure"), "cuda:0"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), "cuda"),
        (ValueError("CUDA failure 719: unspecified launch failure ; GPU=0"), "cuda"),
    ],
    ids=repr,
)
def test_a_lost_device(error, device):
    found = raised_for(error, device)
    assert type(found) is DeviceError and f"device {device}: " in str(found) and "restart the process" in str(found)


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), RuntimeError("shape mismatch"), KeyError("labels")], ids=repr)
def test_all_else_is_the_engine(error):
    found = raised_for(error)
    assert type(found) is EngineError and f"engine torch on cpu: {type(error).__name__}" in str(found)


def test_our_own_errors_stay_and_nothing_is_wrapped_that_ends_the_process():
    error = InputError("image: is too small")
    assert raised_for(error) is error
    with pytest.raises(SystemExit), engine_failures("torch", "cpu"):
        raise SystemExit(1)


def test_the_torch_engine_names_its_failures(make_random_weights):
    from mtdense_ros.weights import load_weights

    _, card = load_weights(make_random_weights("lraspp", {"num_classes": 6}))
    net = create_model("lraspp", num_classes=6).eval()
    engine = create_engine(net, card, EngineOptions("torch", "cpu"))

    def fails(*arguments):
        raise ZeroDivisionError("a bug")

    engine._net.register_forward_pre_hook(fails)
    with pytest.raises(EngineError, match="engine torch on cpu: ZeroDivisionError: a bug"):
        engine.run(torch.zeros(1, 3, 96, 128).numpy())
