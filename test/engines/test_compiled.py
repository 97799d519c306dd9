"""The engines that compile graphs, against torch: the same numbers, exactly the work that is asked for, and clear errors."""

import itertools
import threading

import numpy as np
import pytest

from mtdense_ros.engines import tracing
from mtdense_ros.engines.base import EngineOptions
from mtdense_ros.engines.create import create_engine
from mtdense_ros.engines.graph_pool import MAX_GRAPHS
from mtdense_ros.engines.torch_engine import TorchEngine
from mtdense_ros.errors import ConfigError, DeviceError, EngineError, InputError
from mtdense_ros.models import create_model
from mtdense_ros.weights import list_weights, load_weights

pytestmark = pytest.mark.slow

ENGINES = ["openvino", "onnxruntime"]


@pytest.fixture(scope="module", params=ENGINES)
def name(request):
    for package in (request.param, *(["onnx"] if request.param == "onnxruntime" else [])):
        pytest.importorskip(package, reason=f"{package} is not installed: the engine {request.param} is not tested")
    return request.param


@pytest.fixture(scope="module")
def card():
    return load_weights("mtdense_indoor")[1]


@pytest.fixture(scope="module")
def net(make_net):
    return make_net("mtdense")


@pytest.fixture
def engine(name, net, card):
    made = create_engine(net, card, EngineOptions(name, "cpu", threads=1))
    yield made
    made.close()


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def assert_close(found, expected):
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert (found[key].dtype, found[key].shape) == (np.float32, value.shape)
        assert np.abs(found[key] - value).max() <= 1e-4 * np.abs(value).max(), key


@pytest.mark.parametrize("weights", sorted(list_weights()))
def test_shipped_weights_agree_with_torch(name, weights):
    """At an odd size, in a batch, with one background for all."""
    net, card = load_weights(weights)
    compiled, eager = create_engine(net, card, EngineOptions(name, "cpu", threads=1)), TorchEngine(net, "cpu", threads=1)
    takes_one = not set(net.outputs).isdisjoint(net.needs_background)
    for count, height, width in ((1, 96, 128), (2, 67, 93)):
        images, background = noise(count, 3, height, width), noise(1, 3, height, width, seed=1)
        a, b = (engine.encode_background(background) if takes_one else None for engine in (compiled, eager))
        assert_close(compiled.run(images, a), eager.run(images, b))
    assert compiled.counters == eager.counters
    assert (compiled.name, compiled.device, compiled.precision) == (name, "cpu", "fp32")
    compiled.close()


def test_padding_that_depends_on_the_size_agrees_with_torch(name, card):
    """EfficientNet-Lite, at sides whose halves are even and odd in any mixture, from one traced graph."""
    net = create_model("mtdense", backbone="efficientnet_lite0", width=16, head_width=8, change_widths=(8, 8, 8, 8)).eval()
    compiled, eager = create_engine(net, card, EngineOptions(name, "cpu", threads=1)), TorchEngine(net, "cpu", threads=1)
    for count, height, width in ((1, 64, 96), (2, 67, 93), (1, 50, 70)):
        images, background = noise(count, 3, height, width), noise(1, 3, height, width, seed=1)
        a, b = (engine.encode_background(background) for engine in (compiled, eager))
        assert_close(compiled.run(images, a), eager.run(images, b))
    compiled.close()


@pytest.mark.parametrize("arch", ["hydranet", "mdeas", "lraspp", "ffm"])
def test_every_architecture_agrees_with_torch(name, card, arch):
    net = create_model(arch).eval()
    compiled, eager = create_engine(net, card, EngineOptions(name, "cpu", threads=1)), TorchEngine(net, "cpu", threads=1)
    images, background = noise(2, 3, 50, 70), noise(1, 3, 50, 70, seed=1)
    a, b = (engine.encode_background(background) if arch == "mdeas" else None for engine in (compiled, eager))
    assert_close(compiled.run(images, a), eager.run(images, b))
    assert compiled.counters == eager.counters
    compiled.close()


def test_one_background_each(engine, net):
    images, backgrounds = noise(2, 3, 64, 96), noise(2, 3, 64, 96, seed=1)
    eager = TorchEngine(net, "cpu", threads=1)
    a, b = (e.concatenate([e.encode_background(one[None]) for one in backgrounds]) for e in (engine, eager))
    assert_close(engine.run(images, a), eager.run(images, b))


def test_only_what_is_asked_for(engine):
    image = noise(1, 3, 64, 96)
    features = engine.encode_background(image)
    assert engine.counters == {"encoder": 1}
    engine.counters.clear()
    assert list(engine.run(image, features, ["foreground"])) == ["foreground"]
    assert engine.counters == {"encoder": 1, "foreground": 1}
    assert list(engine.run(image, None, ["depth", "labels"])) == ["labels", "depth"]
    assert list(engine.run(image)) == ["labels", "depth", "normals"]
    assert engine.counters == {"encoder": 3, "foreground": 1, "labels": 2, "depth": 2, "normals": 1}
    assert engine.run(image, None, ["foreground"]) == {}


def test_a_larger_graph_serves_while_the_exact_one_is_compiled(engine, monkeypatch):
    image, go = noise(1, 3, 64, 96), threading.Event()
    everything = engine.run(image, engine.encode_background(noise(1, 3, 64, 96, seed=1)))
    compile_graph = engine._graphs._compile
    monkeypatch.setattr(engine._graphs, "_compile", lambda key: go.wait(10) and compile_graph(key))
    engine.may_stall = False
    engine.counters.clear()
    served = engine.run(image, None, ["depth"])
    assert_close(served, {"depth": everything["depth"]})
    assert engine.counters == dict.fromkeys(("encoder", "labels", "depth", "normals", "foreground"), 1), "it did all of that"
    go.set()
    engine.may_stall = True
    engine.counters.clear()
    assert_close(engine.run(image, None, ["depth"]), served)
    assert engine.counters == {"encoder": 1, "depth": 1}


def test_every_combination_of_outputs_needs_few_graphs(engine):
    """Memory and threads of a runtime grow with the graphs that it holds."""
    image = noise(1, 3, 64, 96)
    features = engine.encode_background(image)
    everything, held = engine.run(image, features), []
    for outputs in [s for n in (1, 2, 3) for s in itertools.combinations(everything, n)]:
        found = engine.run(image, features, outputs)
        assert_close(found, {key: everything[key] for key in outputs})
        held.append(len(engine._graphs._ready))
    assert max(held) == MAX_GRAPHS + 2


def test_results_and_features_are_fresh(engine):
    images = noise(2, 3, 64, 96)
    features = engine.encode_background(images[:1])
    first = engine.run(images[:1], features)
    kept, kept_features = {key: value.copy() for key, value in first.items()}, [value.copy() for value in features]
    engine.run(images[1:], engine.encode_background(images[1:]))
    assert all(np.array_equal(first[key], kept[key]) for key in kept)
    assert all(np.array_equal(a, b) for a, b in zip(features, kept_features, strict=True))


def test_images_may_lie_in_memory_in_any_way(engine):
    image = noise(1, 96, 128, 3).transpose(0, 3, 1, 2)
    assert_close(engine.run(image, engine.encode_background(image)), engine.run(image.copy(), engine.encode_background(image.copy())))


def test_the_second_engine_reads_what_the_first_one_traced(name, net, card, monkeypatch):
    image = noise(1, 3, 64, 96)
    first = create_engine(net, card, EngineOptions(name, "cpu")).run(image)
    monkeypatch.setattr(f"mtdense_ros.engines.{ {'openvino': 'openvino', 'onnxruntime': 'onnx'}[name] }_engine.parts_to_trace", None)
    assert_close(create_engine(net, card, EngineOptions(name, "cpu")).run(image), first)


def test_other_weights_are_another_graph(name, card, make_net):
    net, image = make_net("hydranet"), noise(1, 3, 64, 96)
    before = create_engine(net, card, EngineOptions(name, "cpu")).run(image)["depth"]
    net.heads["depth"].predict.bias.data += 1.0
    assert np.allclose(create_engine(net, card, EngineOptions(name, "cpu")).run(image)["depth"], before + 1.0, atol=1e-4)


def test_other_code_is_another_graph(net, tmp_path, monkeypatch):
    assert {folder.name for folder in tracing._SOURCES} == {"models", "engines", "export"}
    monkeypatch.setattr(tracing, "_SOURCES", (tmp_path,))
    (tmp_path / "one.py").write_text("1")
    before = tracing.digest(net)
    assert tracing.digest(net) == before != tracing.digest(net, "2.0")
    (tmp_path / "one.py").write_text("2")
    assert tracing.digest(net) != before


def test_what_the_network_refuses(engine, name, card):
    with pytest.raises(InputError, match="image: 96x31 is too small"):
        engine.run(noise(1, 3, 31, 96))
    with pytest.raises(InputError, match="no output maks; it has labels"):
        engine.run(noise(1, 3, 64, 96), None, ["maks"])
    other = engine.encode_background(noise(1, 3, 64, 128))
    with pytest.raises(InputError, match="not those of an image of 96x64; capture a background"):
        engine.run(noise(1, 3, 64, 96), other)
    mdeas = create_engine(create_model("mdeas").eval(), card, EngineOptions(name, "cpu"))
    with pytest.raises(InputError, match="mdeas: needs a background"):
        mdeas.run(noise(1, 3, 64, 96))
    hydranet = create_engine(create_model("hydranet").eval(), card, EngineOptions(name, "cpu"))
    with pytest.raises(InputError, match="takes no background"):
        hydranet.encode_background(noise(1, 3, 64, 96))


def test_a_failure_of_the_runtime_is_told_as_ours(engine, monkeypatch):
    def fails(key):
        raise RuntimeError("out of\n memory")

    monkeypatch.setattr(engine._graphs, "_compile", fails)
    with pytest.raises(EngineError, match=f"engine {engine.name} on cpu: out of memory .*; use a smaller size"):
        engine.run(noise(1, 3, 64, 96))


def test_precisions(name, net, card):
    with pytest.raises(ConfigError, match=f"precision: fp16 is not for engine {name}"):
        create_engine(net, card, EngineOptions(name, "cpu", "fp16"))
    if name == "onnxruntime":
        with pytest.raises(ConfigError, match="precision: bf16 is not for engine onnxruntime; use fp32"):
            create_engine(net, card, EngineOptions(name, "cpu", "bf16"))


def test_openvino_in_bf16_is_close(net, card):
    openvino = pytest.importorskip("openvino", reason="openvino is not installed: its bf16 is not tested")
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        with pytest.raises(ConfigError, match="no bf16 instructions; use fp32"):
            create_engine(net, card, EngineOptions("openvino", "cpu", "bf16"))
        return
    image = noise(1, 3, 96, 128)
    engines = (create_engine(net, card, EngineOptions("openvino", "cpu", p)) for p in ("bf16", "auto"))
    rough, exact = (engine.run(image, None, ["depth"])["depth"] for engine in engines)
    assert 1e-4 < np.abs(rough - exact).max() / np.abs(exact).max() < 0.2


def test_a_forced_gpu_is_never_another_device(name, net, card):
    expected = ConfigError if name == "openvino" else DeviceError
    import torch

    if name == "onnxruntime" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device: nothing is missing")
    with pytest.raises(expected, match="device: 'cuda' (is not for engine openvino|was asked for and onnxruntime)"):
        create_engine(net, card, EngineOptions(name, "cuda"))
