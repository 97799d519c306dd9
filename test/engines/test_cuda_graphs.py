"""CUDA graphs against the same network on the CPU. How outputs travel and what is captured when can be tested without a GPU."""

from collections import Counter

import numpy as np
import pytest
import torch

from mtdense_ros.engines import cuda_graphs
from mtdense_ros.engines.cuda_graphs import CudaGraphs, flattened, unflattened
from mtdense_ros.engines.torch_engine import TorchEngine

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine: CUDA graphs are not tested")


def test_outputs_travel_in_one_tensor():
    raw = {"a": torch.arange(6.0).reshape(1, 2, 1, 3), "b": torch.tensor([[7.0]], dtype=torch.float16)}
    flat, shapes = flattened(raw)
    assert (flat.tolist(), flat.dtype) == ([0, 1, 2, 3, 4, 5, 7], torch.float32)
    found = unflattened(flat, shapes)
    assert found["a"].tolist() == [[[[0, 1, 2]], [[3, 4, 5]]]]
    assert (found["b"].tolist(), found["b"].dtype) == ([[7]], np.float32)
    assert unflattened(*flattened({})) == {}


@pytest.fixture
def capturing(monkeypatch):
    """Graphs whose captures are their outputs, noted in `captures`; each works on an image. An output "none" cannot be captured."""

    def capture(self, images, background, outputs):
        self._counters["encoder"] += 1
        if "none" in outputs:
            raise RuntimeError("operation not permitted when stream is capturing")
        captures.append("".join(outputs))
        return captures[-1]

    captures, counters = [], Counter(encoder=7)
    monkeypatch.setattr(CudaGraphs, "_capture", capture)
    return CudaGraphs(None, torch.device("cpu"), torch.float32, counters), captures, counters


def test_the_first_run_with_a_set_captures_it_and_the_one_used_least_lately_goes(capturing, monkeypatch):
    monkeypatch.setattr(cuda_graphs, "MAX_GRAPHS", 2)
    graphs, captures, counters = capturing
    image = torch.zeros(1, 3, 4, 4)
    assert [graphs._find(image, None, [name]) for name in "abacab"] == list("abacab")
    assert captures == ["a", "b", "c", "b"] and counters == {"encoder": 7}


def test_what_could_not_be_captured_is_not_tried_again(capturing, caplog):
    graphs, captures, counters = capturing
    assert [graphs._find(torch.zeros(1, 3, 4, 4), None, ["none"]) for _ in range(3)] == [None] * 3
    assert not captures and counters == {"encoder": 7}
    assert len(caplog.messages) == 1 and "running without" in caplog.text


@pytest.fixture
def engines(make_net):
    net = make_net("mtdense")
    return TorchEngine(net, "cuda", "fp32"), TorchEngine(net, "cpu")


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(4, 1, 3, 64, 96)).astype(np.float32)


def assert_close(found, expected):
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert np.abs(found[key] - value).max() <= 1e-4 * np.abs(value).max(), key


@needs_gpu
def test_every_replay_computes_its_own_frame_and_background(engines, images):
    for image, other in ((0, 1), (2, 3), (1, 0)):
        features = [engine.encode_background(images[other]) for engine in engines]
        for outputs in (None, ["foreground"], ["depth", "labels"]):
            gpu, cpu = (e.run(images[image], f, outputs) for e, f in zip(engines, features, strict=True))
            assert_close(gpu, cpu)
        assert_close(*(engine.run(images[image]) for engine in engines))
    assert engines[0].counters == engines[1].counters


@needs_gpu
def test_replays_leave_earlier_results_alone(engines, images):
    first = engines[0].run(images[0])
    kept = {key: value.copy() for key, value in first.items()}
    engines[0].run(images[1])
    assert all(np.array_equal(first[key], kept[key]) for key in kept)


@needs_gpu
def test_what_cannot_be_captured_is_run_all_the_same(engines, images, monkeypatch, caplog):
    def refuses(*_, **__):
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(torch.cuda, "graph", refuses)
    for image in images[:2]:
        assert_close(*(engine.run(image) for engine in engines))
    assert len([line for line in caplog.messages if line.startswith("no CUDA graph")]) == 1
    assert engines[0].counters == engines[1].counters
