"""The torch engine against the plain network, and the choice of device and precision."""

import numpy as np
import pytest
import torch

from mtdense_ros.engines.torch_engine import TorchEngine, choose_device, choose_precision, folded
from mtdense_ros.engines.torch_settings import _default_threads
from mtdense_ros.errors import ConfigError, DeviceError

CPU = torch.device("cpu")


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(2, 3, 64, 96)).astype(np.float32)


@pytest.mark.parametrize("arch", ["hydranet", "mtdense", "mdeas"])
def test_equals_the_plain_network(arch, make_net, images):
    net = make_net(arch)
    frame, background = images[:1], images[1:]
    takes_one = "foreground" in net.outputs
    with torch.inference_mode():
        expected = net(torch.from_numpy(frame), torch.from_numpy(background) if takes_one else None)
    engine = TorchEngine(net, "cpu")
    found = engine.run(frame, engine.encode_background(background) if takes_one else None)
    assert tuple(found) == net.outputs
    for key, value in found.items():
        assert (value.dtype, value.shape) == (np.float32, tuple(expected[key].shape))
        reference = expected[key].numpy()
        assert np.abs(value - reference).max() <= 1e-4 * np.abs(reference).max()


def test_the_network_that_was_passed_stays_as_it_is(make_net, images):
    net = make_net("mtdense")
    before = {name: value.clone() for name, value in net.state_dict().items()}
    net.train()
    TorchEngine(net, "cpu").run(images)
    assert net.training
    assert list(net.state_dict()) == list(before)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_folding_leaves_no_norm_behind_a_convolution(make_net):
    before = sum(isinstance(m, torch.nn.BatchNorm2d) for m in make_net("hydranet").modules())
    after = sum(isinstance(m, torch.nn.BatchNorm2d) for m in folded(make_net("hydranet")).modules())
    assert (before, after) == (52, 0)


def test_counters_tell_the_work_that_was_done(make_net, images):
    engine = TorchEngine(make_net("mtdense"), "cpu")
    features = engine.encode_background(images[:1])
    assert engine.counters == {"encoder": 1}
    engine.counters.clear()
    engine.run(images, features, ["foreground"])
    assert engine.counters == {"encoder": 2, "foreground": 2}
    engine.run(images[:1], None, ["depth", "labels"])
    assert engine.counters == {"encoder": 3, "foreground": 2, "depth": 1, "labels": 1}


def test_results_are_fresh(make_net, images):
    engine = TorchEngine(make_net("mtdense"), "cpu")
    first = engine.run(images)["depth"]
    kept = first.copy()
    engine.run(images[::-1].copy())
    assert np.array_equal(first, kept)


def test_bf16_is_close(make_net, images):
    net = make_net("mtdense")
    exact, rough = (TorchEngine(net, "cpu", precision).run(images, None, ["depth"])["depth"] for precision in ("fp32", "bf16"))
    assert rough.dtype == np.float32
    assert 0 < np.abs(rough - exact).max() < 0.2 * np.abs(exact).max()


def test_each_engine_has_its_own_number_of_threads(make_net, images):
    """Making another one changes nothing for those that exist, nor for the process."""
    before, seen = torch.get_num_threads(), []
    first, second = TorchEngine(make_net("mtdense"), "cpu"), TorchEngine(make_net("mtdense"), "cpu", threads=before + 1)
    for engine in (first, second):
        engine._net.register_forward_pre_hook(lambda *_: seen.append(torch.get_num_threads()))
    for engine in (first, second, first):
        engine.run(images)
        assert torch.get_num_threads() == before
    assert seen == [_default_threads(), before + 1, _default_threads()]


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", ""])
def test_unknown_device(device):
    with pytest.raises(ConfigError, match=f"device: '{device}' is unknown; use auto, cpu, cuda or cuda:N"):
        choose_device(device)


def test_absent_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == CPU
    with pytest.raises(DeviceError, match="'cuda' was asked for .*install .* or use device: auto"):
        choose_device("cuda")


def test_absent_second_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("auto") == torch.device("cuda")
    with pytest.raises(DeviceError, match="'cuda:1' was asked for, there are 1 CUDA devices"):
        choose_device("cuda:1")


def test_precision():
    cuda = torch.device("cuda")
    assert [choose_precision("auto", d) for d in (CPU, cuda)] == ["fp32", "fp32"]
    assert choose_precision("bf16", CPU) == "bf16"
    with pytest.raises(ConfigError, match="fp16 on the CPU would be slower"):
        choose_precision("fp16", CPU)
    with pytest.raises(ConfigError, match=r"precision: 'fp61' is unknown; did you mean 'fp16'\?"):
        choose_precision("fp61", CPU)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_cuda_half_is_close(make_net, images):
    net = make_net("mtdense")
    exact, half = TorchEngine(net, "cpu"), TorchEngine(net, "cuda", "fp16")
    a, b = (e.run(images, e.encode_background(images[:1])) for e in (exact, half))
    assert all(np.abs(a[key] - b[key]).max() < 0.05 * np.abs(a[key]).max() for key in a)
