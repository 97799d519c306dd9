"""What must not be in a network's file, and what is."""

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto, helper
from small_networks import H, W, classifier, geometry, save

from mtdense_ros.errors import WeightsError
from mtdense_ros.graphs import description
from mtdense_ros.graphs.description import describe


@pytest.mark.parametrize("with_openvino", [True, False])
def test_inputs_and_outputs(tmp_path, monkeypatch, with_openvino):
    monkeypatch.setattr(description, "_installed", lambda package: with_openvino)
    found = describe(classifier(tmp_path / "a.onnx"))
    assert [t.text for t in (*found.inputs, *found.outputs)] == [f"image: float32 1x3x{H}x{W}", f"answer: float32 1x2x{H}x{W}"]
    assert found.parameters >= 2 * 3 + 2
    (image,) = describe(geometry(tmp_path / "g.onnx")).inputs
    assert image.shape == (None, 3, None, None)


def test_weights_in_other_files_are_refused(tmp_path):
    model = onnx.load(classifier(tmp_path / "a.onnx"))
    onnx.save(model, tmp_path / "b.onnx", save_as_external_data=True, location="secret.bin", size_threshold=0)
    with pytest.raises(WeightsError, match="in another file"):
        describe(tmp_path / "b.onnx")


def custom(domain):
    node = helper.make_node("Run", ["image"], ["answer"], domain=domain)
    return [node], {"image": (TensorProto.FLOAT, [1, 3, H, W])}, {"answer": (TensorProto.FLOAT, [1, 3, H, W])}


def test_operators_from_elsewhere_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="operator Run of 'org.example'"):
        describe(save(tmp_path / "c.onnx", *custom("org.example")))


def test_also_within_a_branch(tmp_path):
    inner, _, outputs = custom("org.example")
    value = [helper.make_tensor_value_info("answer", *outputs["answer"])]
    branch = helper.make_graph(inner, "branch", [], value)
    node = helper.make_node("If", ["yes"], ["answer"], then_branch=branch, else_branch=branch)
    inputs = {"image": (TensorProto.FLOAT, [1, 3, H, W])}
    file = save(tmp_path / "d.onnx", [node], inputs, outputs, {"yes": np.array(True)})
    with pytest.raises(WeightsError, match="operator Run"):
        describe(file)


def test_what_is_no_network(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"\xff\xfenot a model")
    (tmp_path / "a.xml").write_text("<net/>")
    (tmp_path / "a.bin").write_bytes(b"")
    for name in ("a.onnx", "a.xml", "missing.onnx"):
        with pytest.raises(WeightsError, match=name):
            describe(tmp_path / name)
    with pytest.raises(WeightsError, match="is no .onnx"):
        describe(tmp_path / "a.pt")


def test_sizes_are_bounded(tmp_path, monkeypatch):
    file = classifier(tmp_path / "a.onnx")
    monkeypatch.setattr(description, "MAX_BYTES", 4 * 3 * H * W - 1)
    with pytest.raises(WeightsError, match="tensor image"):
        describe(file)
    monkeypatch.setattr(description, "MAX_BYTES", 100)
    with pytest.raises(WeightsError, match="more than 100"):
        describe(file)
