"""ONNX files: what the field's runtime computes from them, as a user gets them, against the network itself."""

import json
import re
import sys

import cv2
import numpy as np
import pytest
import torch
from project import ROOT

from mtdense_ros.cli import main
from mtdense_ros.errors import DependencyError, ExportError, InputError
from mtdense_ros.export import CARD_KEY, OPSET, export_onnx
from mtdense_ros.export.comparison import difference
from mtdense_ros.imaging.transforms import normalise
from mtdense_ros.models import list_models
from mtdense_ros.weights import load_weights

pytestmark = pytest.mark.slow

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

BACKGROUND = tuple(f"background_{i}" for i in range(8))


@pytest.fixture(scope="module")
def weights(make_random_weights):
    return make_random_weights("mtdense")


def opened(path_or_content):
    return onnxruntime.InferenceSession(path_or_content, providers=["CPUExecutionProvider"])


def names(values):
    return [value.name for value in values]


def random_images(height, width):
    return np.random.default_rng(height).normal(size=(2, 1, 3, height, width)).astype(np.float32)


def agree(net, folder, name, sizes):
    """Runs the written files as the documentation does, at sizes of our own, and compares every output with torch."""
    takes_background = (folder / f"{name}_background.onnx").exists()
    network = opened(folder / f"{name}.onnx")
    for height, width in sizes:
        frame, background = random_images(height, width)
        features = {}
        if takes_background:
            encoder = opened(folder / f"{name}_background.onnx")
            features = dict(zip(names(encoder.get_outputs()), encoder.run(None, {"image": background}), strict=True))
        found = dict(zip(names(network.get_outputs()), network.run(None, {"image": frame, **features}), strict=True))
        with torch.inference_mode():
            expected = net(torch.from_numpy(frame), torch.from_numpy(background) if takes_background else None, list(found))
        for key, value in expected.items():
            assert found[key].shape == tuple(value.shape)
            np.testing.assert_allclose(found[key], value.numpy(), rtol=0, atol=1e-4 * value.abs().max().item())


@pytest.mark.parametrize("arch", list_models())
def test_every_network_at_a_fixed_size(arch, make_random_weights, tmp_path, capsys):
    path = make_random_weights(arch)
    net, card = load_weights(path)
    assert main(["export", str(path), "--to", "onnx", "--size", "96x64", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert [line.split(":")[0].strip() for line in told.out.splitlines()][-len(card.outputs):] == list(card.outputs)
    assert told.err == ""
    needs_background = any(output in net.needs_background for output in card.outputs)
    assert {p.name for p in tmp_path.iterdir()} == {f"{card.name}.onnx", *([f"{card.name}_background.onnx"] if needs_background else [])}
    agree(net, tmp_path, card.name, [(64, 96)])


@pytest.mark.parametrize("arch", list_models())
def test_every_network_at_any_size(arch, make_random_weights, tmp_path):
    path = make_random_weights(arch)
    net, card = load_weights(path)
    assert main(["export", str(path), "--to", "onnx", "--dynamic", "--out", str(tmp_path)]) == 0
    agree(net, tmp_path, card.name, [(32, 32), (64, 96), (95, 111), (45, 122)])


def test_the_size_on_the_card_is_the_default_and_need_not_be_a_multiple(weights, tmp_path):
    for arguments, shape in (([], [1, 3, 96, 128]), (["--size", "75x50"], [1, 3, 50, 75])):
        assert main(["export", str(weights), "--to", "onnx", "--outputs", "labels", "--out", str(tmp_path), *arguments]) == 0
        assert opened(tmp_path / "random_mtdense.onnx").get_inputs()[0].shape == shape


def test_names_and_shapes(weights):
    background, frame = (opened(file.content) for file in export_onnx(*load_weights(weights), (64, 96)))
    assert (names(background.get_inputs()), names(background.get_outputs())) == (["image"], list(BACKGROUND))
    assert names(frame.get_inputs()) == ["image", *BACKGROUND]
    assert {value.name: value.shape for value in frame.get_outputs()} == {
        "labels": [1, 6, 16, 24], "depth": [1, 1, 16, 24], "normals": [1, 3, 16, 24], "foreground": [1, 1, 32, 48],
    }  # fmt: skip


def test_chosen_outputs_take_no_background_that_they_do_not_need(weights):
    net, card = load_weights(weights)
    (file,) = export_onnx(net, card, (64, 96), ["depth", "labels"])
    assert (file.inputs, list(file.differences)) == (("image",), ["labels", "depth"])
    assert [file.inputs for file in export_onnx(net, card, (64, 96), ["foreground"])] == [("image",), ("image", *BACKGROUND)]


def test_the_file_describes_itself_in_standard_operators(weights):
    card = json.loads(weights.with_suffix(".json").read_text())
    for file in export_onnx(*load_weights(weights), (64, 96)):
        model = onnx.load_model_from_string(file.content)
        assert {entry.key: json.loads(entry.value) for entry in model.metadata_props} == {CARD_KEY: card}
        assert [(imported.domain, imported.version) for imported in model.opset_import] == [("", OPSET)]
        assert not {node.op_type for node in model.graph.node} & {"Constant", "Identity"}


def test_a_network_that_decides_by_the_size_is_refused(weights, tmp_path, monkeypatch, capsys):
    """Tracing keeps what the example's size decided; other sizes must bring it to light, and leave no file."""
    net, card = load_weights(weights)
    plain = type(net).dense

    def dense(self, features, tasks):
        raw = plain(self, features, tasks)
        return {key: value + 1 if int(features[0].shape[2]) > 40 else value for key, value in raw.items()}

    monkeypatch.setattr(type(net), "dense", dense)
    assert main(["export", str(weights), "--to", "onnx", "--size", "96x62", "--outputs", "labels", "--out", str(tmp_path / "fixed")]) == 0
    assert main(["export", str(weights), "--to", "onnx", "--dynamic", "--outputs", "labels", "--out", str(tmp_path / "open")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("mtdense: random_mtdense: 'labels' at ") and "and --size where --dynamic fails" in told
    assert list((tmp_path / "open").iterdir()) == []


def test_a_graph_that_cannot_run_at_another_size_is_refused(weights, monkeypatch):
    net, card = load_weights(weights)
    plain = type(net).dense
    monkeypatch.setattr(type(net), "dense", lambda self, features, tasks: {
        key: value + torch.zeros(value.shape[0], 1, int(value.shape[2]), 1) for key, value in plain(self, features, tasks).items()
    })  # fmt: skip
    with pytest.raises(ExportError, match="random_mtdense: onnxruntime fails at 128x96 .* and --size where --dynamic fails"):
        export_onnx(net, card, None, ["labels"])


def test_the_lines_of_the_documentation(picture, tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "networks.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    assert main(["export", "mtdense_indoor", "--to", "onnx"]) == 0
    net, card = load_weights("mtdense_indoor")
    size = card.input.height, card.input.width
    cv2.imwrite("empty.png", picture(0, *size))
    cv2.imwrite("frame.png", picture(1, *size))
    found = {}
    exec(code, found)
    rgbs = (np.ascontiguousarray(cv2.imread(name)[..., ::-1]) for name in ("empty.png", "frame.png"))
    empty, frame = (normalise(rgb, size, card.input.mean, card.input.std) for rgb in rgbs)
    with torch.inference_mode():
        expected = net(torch.from_numpy(frame), torch.from_numpy(empty))
    assert all(difference(found[key], value.numpy()) < 1e-4 for key, value in expected.items())
    assert found["mask"].shape == (size[0] // 2, size[1] // 2)


def test_what_counts_as_a_difference():
    expected = np.array([0, -4, 1], np.float32)
    assert difference(expected + np.array([0, 0, 1], np.float32), expected) == 0.25
    assert difference(expected[:2], expected) == float("inf")
    assert np.isnan(difference(np.full(3, np.nan, np.float32), expected))
    assert difference(np.zeros(2, np.float32), np.zeros(2, np.float32)) == 0


def test_differences_beyond_the_tolerance_are_told(weights, monkeypatch):
    net, card = load_weights(weights)
    monkeypatch.setattr("mtdense_ros.export.comparison.TOLERANCE", 1e-12)
    with pytest.raises(ExportError, match=r"random_mtdense_background: 'background_0' at 96x64 differs from torch by \d.*1e-12 is allowed"):
        export_onnx(net, card, (64, 96))


def test_outputs_and_sizes_that_do_not_exist(weights):
    net, card = load_weights(weights)
    with pytest.raises(InputError, match="no output lables; it has labels, depth"):
        export_onnx(net, card, (64, 96), ["lables"])
    with pytest.raises(InputError, match="16x64 is too small"):
        export_onnx(net, card, (64, 16))


def test_a_missing_library_is_named_with_the_remedy(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DependencyError, match=r"onnxruntime is not installed; pip install onnx onnxruntime"):
        export_onnx(*load_weights(weights), (64, 96))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "mtdense: weights: no 'nothing.safetensors' in "),
        (["WEIGHTS", "--out", "FILE"], "mtdense: --out FILE: cannot be made (File exists); choose another folder"),
        (["WEIGHTS", "--outputs", "masks"], "mtdense: MtDense: no output masks; it has"),
    ],
)
def test_errors_are_one_line_and_exit_2(arguments, message, weights, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").touch()
    assert main(["export", *(str(weights) if a == "WEIGHTS" else a for a in arguments), "--to", "onnx"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(message)
    assert told.count("\n") == 1


def test_a_folder_that_takes_no_files(weights, tmp_path, capsys):
    (tmp_path / "random_mtdense.onnx").mkdir()
    assert main(["export", str(weights), "--to", "onnx", "--outputs", "labels", "--size", "64x64", "--out", str(tmp_path)]) == 2
    assert "random_mtdense.onnx: cannot be written (Is a directory); choose another folder" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--size", "64"], ["--size", "0x64"], ["--size", "64x64", "--dynamic"], ["--to", "tflite"], []])
def test_wrong_use(wrong, weights, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["export", str(weights), *(["--to", "onnx"] if wrong and "--to" not in wrong else []), *wrong])
    assert caught.value.code == 2
    assert "usage: mtdense export" in capsys.readouterr().err
