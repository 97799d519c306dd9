"""Files of every role, layout and type become weights that answer like networks of this package."""

import json

import cv2
import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from small_networks import H, W, classifier, difference, geometry, halves

from mtdense_ros import Predictor
from mtdense_ros.budget.reduced_models import smaller_fractions
from mtdense_ros.cli.main import main
from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import EngineError, WeightsError
from mtdense_ros.graphs.add import add_file
from mtdense_ros.graphs.form import CardForm, InputForm, OutputForm
from mtdense_ros.graphs.resolution import IncompleteCardError
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.weights import read_card

SIGNED = InputForm(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
TWO_CLASSES = """classes:
  - {id: 0, name: dark, color: [0, 0, 0]}
  - {id: 1, name: bright, color: [255, 255, 255], obstacle: true}
"""


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(TWO_CLASSES)
    return str(path)


def form(space="", *, image=SIGNED, **outputs):
    return CardForm(input=image, outputs=outputs, label_space=space, licence="CC0-1.0")


def loaded(tmp_path, file, card_form, **options):
    card, trial = add_file(file, "net", card_form, tmp_path / "weights")
    return Predictor.load(tmp_path / "weights" / f"net{file.suffix}", device="cpu", **options), trial


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("nhwc", [False, True])
@pytest.mark.parametrize("end", ["logits", "probabilities"])
def test_labels_in_either_layout_and_engine(tmp_path, space, engine, nhwc, end):
    file = classifier(tmp_path / "a.onnx", nhwc=nhwc, end=end)
    predictor, trial = loaded(tmp_path, file, form(space, labels=OutputForm(kind=end)), engine=engine)
    found = predictor.predict(halves())
    assert (found.labels[:, :28] == 0).all() and (found.labels[:, 36:] == 1).all() and predictor.engine_name == engine
    expected = 1 / (1 + np.exp(-2 * abs(220 / 127.5 - 1)))
    assert found.confidence[5, 60] == pytest.approx(expected, abs=1e-3)
    assert trial.engines == ["openvino", "onnxruntime"] and trial.differences["labels"] < 1e-4


def test_an_8_bit_input_takes_the_picture_as_it_is(tmp_path, space):
    file = classifier(tmp_path / "a.onnx", dtype="uint8", nhwc=True)
    predictor, _ = loaded(tmp_path, file, form(space, image=InputForm(), labels=OutputForm(kind="logits")))
    assert predictor.predict(halves(127, 128)).labels[5, [5, 60]].tolist() == [0, 1]


def test_a_half_precision_input(tmp_path, space):
    predictor, _ = loaded(tmp_path, classifier(tmp_path / "a.onnx", dtype="float16"), form(space, labels=OutputForm(kind="logits")))
    assert predictor.predict(halves()).labels[5, [5, 60]].tolist() == [0, 1]


def test_ids_are_never_interpolated_and_have_no_confidence(tmp_path):
    file = classifier(tmp_path / "a.onnx", channels=3, end="ids")
    card_form = form(labels=OutputForm(kind="ids"))
    predictor, _ = loaded(tmp_path, file, card_form)
    found = predictor.predict(halves(size=(37, 51)))
    assert set(np.unique(found.labels)) == {0, 2} and found.confidence is None
    assert predictor.outputs == ("labels",)


@pytest.mark.parametrize("end", ["logits", "ids"])
def test_a_first_id_below_0_is_no_class(tmp_path, space, end):
    file = classifier(tmp_path / "a.onnx", channels=3, end=end)
    predictor, _ = loaded(tmp_path, file, form(space, labels=OutputForm(kind=end, first_id=-1)))
    assert predictor.predict(halves()).labels[5, [5, 60]].tolist() == [UNLABELLED, 1]


def test_blue_comes_first_where_the_card_says_so(tmp_path):
    file = geometry(tmp_path / "g.onnx")
    image = InputForm(height=H, width=W, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), channels="bgr", multiple=8)
    card_form = form(image=image, normals=OutputForm(tensor="normals", frame="opengl"))
    rgb = np.zeros((H, W, 3), np.uint8)
    rgb[...] = 0, 0, 255  # blue, so x of the file's normals
    predictor, _ = loaded(tmp_path, file, card_form)
    assert predictor.predict(rgb).normals[3, 3].tolist() == pytest.approx([1, 0, 0], abs=1e-6)


def test_metric_depth_of_any_size_and_batch(tmp_path):
    image = InputForm(height=H, width=W, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), multiple=8)
    output = OutputForm(tensor="depth", kind="metric", min_m=0.05, max_m=0.9)
    predictor, _ = loaded(tmp_path, geometry(tmp_path / "g.onnx"), form(image=image, depth=output))
    pictures = [np.full((48, 64, 3), grey, np.uint8) for grey in (51, 102, 255)]
    depth = [found.depth[20, 20] for found in predictor.predict_batch(pictures)]
    assert depth == [pytest.approx(0.2, abs=1e-5), pytest.approx(0.4, abs=1e-5), np.inf]
    other = Predictor.load(tmp_path / "weights" / "net.onnx", device="cpu", size=(16, 24))
    assert other.network_size((48, 64)) != predictor.network_size((48, 64))
    assert other.predict(pictures[0]).depth[20, 20] == pytest.approx(0.2, abs=1e-5)


@pytest.mark.parametrize("end", ["probabilities", "logits"])
def test_foreground_against_a_background_or_none(tmp_path, end):
    image = InputForm(tensor="image", background="reference", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    predictor, _ = loaded(
        tmp_path, difference(tmp_path / "d.onnx", end), form(image=image, foreground=OutputForm(kind=end, threshold=0.5))
    )
    assert predictor.predict(halves()).foreground is None
    mask = predictor.predict(halves(), background=halves(20, 20)).foreground
    assert not mask[:, :30].any() and mask[:, 34:].all()
    encoded = predictor.encode_background(halves())
    assert not predictor.predict(halves(), background=encoded).foreground.any()


def test_a_file_of_one_size_refuses_another(tmp_path, space):
    file = classifier(tmp_path / "a.onnx")
    predictor, _ = loaded(tmp_path, file, form(space, labels=OutputForm(kind="logits")))
    assert predictor.network_size((480, 640)) == (H, W)
    with pytest.raises(Exception, match="64x48 was asked for, and the network's file takes 32x24 only"):
        Predictor.load(tmp_path / "weights" / "net.onnx", device="cpu", size=(48, 64))


def test_the_budget_leaves_a_file_of_one_size_alone(tmp_path, space):
    add_file(classifier(tmp_path / "a.onnx"), "one", form(space, labels=OutputForm(kind="logits")), tmp_path)
    image = InputForm(height=64, width=96, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), multiple=8)
    add_file(geometry(tmp_path / "g.onnx"), "any", form(image=image, depth=OutputForm(tensor="depth", kind="metric")), tmp_path)
    one, other = (MultiPredictor.load([tmp_path / f"{name}.onnx"]) for name in ("one", "any"))
    assert smaller_fractions(one, (480, 640)) == () and smaller_fractions(other, (480, 640)) == (0.75, 0.5)


def test_inverse_depth_keeps_its_values_and_its_kind(tmp_path):
    image = InputForm(height=H, width=W, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), multiple=8)
    predictor, _ = loaded(tmp_path, geometry(tmp_path / "g.onnx"), form(image=image, depth=OutputForm(tensor="depth", kind="inverse")))
    assert predictor.card.depth.kind == "inverse"
    assert predictor.predict(np.full((48, 64, 3), 51, np.uint8)).depth[20, 20] == pytest.approx(0.2, abs=1e-5)


def test_engine_torch_says_what_reads_the_file(tmp_path, space):
    add_file(classifier(tmp_path / "a.onnx"), "net", form(space, labels=OutputForm(kind="logits")), tmp_path)
    with pytest.raises(Exception, match="'torch' does not read .onnx files; use openvino or onnxruntime"):
        Predictor.load(tmp_path / "net.onnx", engine="torch")


def test_what_nobody_said_is_listed_with_its_remedy(tmp_path):
    with pytest.raises(IncompleteCardError) as refused:
        add_file(classifier(tmp_path / "a.onnx"), "net", CardForm(), tmp_path / "weights")
    assert [text.partition(":")[0] for text in refused.value.unknown] == ["input.mean and input.std", "outputs", "licence"]
    assert not (tmp_path / "weights").exists()


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"labels": OutputForm(kind="logits", first_id=1)}, "has 2 classes"),
        ({"labels": OutputForm(kind="probabilities")}, "do not add up to 1"),
        ({"labels": OutputForm(kind="scores")}, "'scores' is unknown"),
        ({"depth": OutputForm(kind="metric")}, "has no 1 channel"),
        ({"edges": OutputForm(kind="logits")}, "'edges' is unknown"),
        ({"labels": OutputForm(kind="logits", tensor="anser")}, "did you mean 'answer'"),
    ],
)
def test_what_contradicts_the_file_is_refused(tmp_path, space, outputs, message):
    with pytest.raises(WeightsError, match=message):
        add_file(classifier(tmp_path / "a.onnx"), "net", form(space if "labels" in outputs else "", **outputs), tmp_path / "weights")


def test_probabilities_are_not_taken_for_logits(tmp_path, space):
    with pytest.raises(WeightsError, match="add up to 1"):
        add_file(classifier(tmp_path / "a.onnx", end="probabilities"), "net", form(space, labels=OutputForm(kind="logits")), tmp_path)


def test_a_network_that_does_not_look_is_refused(tmp_path, space):
    with pytest.raises(WeightsError, match="the same for two pictures"):
        add_file(classifier(tmp_path / "a.onnx", blind=True), "net", form(space, labels=OutputForm(kind="logits")), tmp_path)


def test_what_goes_wrong_in_a_runtime_is_an_error_of_the_engine(tmp_path, space, monkeypatch):
    predictor, _ = loaded(tmp_path, classifier(tmp_path / "a.onnx"), form(space, labels=OutputForm(kind="logits")))

    def fails(*_):
        raise RuntimeError("std::bad_alloc")

    monkeypatch.setattr(predictor._engine._runtime, "compiled", fails)
    with pytest.raises(EngineError, match="out of memory"):
        predictor.predict(halves())


def test_a_changed_file_is_noticed(tmp_path, space):
    add_file(classifier(tmp_path / "a.onnx"), "net", form(space, labels=OutputForm(kind="logits")), tmp_path)
    classifier(tmp_path / "net.onnx", end="probabilities")
    with pytest.raises(WeightsError, match="its card says"):
        Predictor.load(tmp_path / "net.onnx")


def test_composed_with_another_network(tmp_path, space):
    add_file(classifier(tmp_path / "a.onnx"), "theirs", form(space, labels=OutputForm(kind="logits")), tmp_path)
    image = InputForm(height=H, width=W, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), multiple=8)
    add_file(geometry(tmp_path / "g.onnx"), "depth", form(image=image, depth=OutputForm(tensor="depth", kind="metric")), tmp_path)
    networks = MultiPredictor.load([tmp_path / "theirs.onnx", tmp_path / "depth.onnx"])
    found = networks.predict(halves())
    assert found.labels[5, [5, 60]].tolist() == [0, 1] and found.depth[5, 60] == pytest.approx(220 / 255, abs=1e-4)


def test_openvino_files_go_together(tmp_path, space):
    openvino = pytest.importorskip("openvino")
    openvino.save_model(openvino.Core().read_model(classifier(tmp_path / "a.onnx")), tmp_path / "a.xml", compress_to_fp16=False)
    predictor, trial = loaded(tmp_path, tmp_path / "a.xml", form(space, labels=OutputForm(kind="logits")))
    assert predictor.predict(halves()).labels[5, [5, 60]].tolist() == [0, 1] and trial.engines == ["openvino"]
    (tmp_path / "weights" / "net.bin").write_bytes(b"other")
    with pytest.raises(WeightsError, match="net.bin: sha256"):
        Predictor.load(tmp_path / "weights" / "net.xml")


def test_the_command(tmp_path, space, monkeypatch, capsys):
    out = tmp_path / "mine"
    out.mkdir()
    monkeypatch.setenv("MTDENSE_WEIGHTS_PATH", str(out))
    file = classifier(tmp_path / "a.onnx")
    assert main(["weights", "add", str(file), "--name", "net"]) == 2
    said = capsys.readouterr()
    assert "input image: float32 1x3x24x32" in said.out and "input.mean" in said.err
    card_file = tmp_path / "card.yaml"
    card_file.write_text(json.dumps({"input": {"mean": [0.5] * 3, "std": [0.5] * 3}, "outputs": {"labels": {"kind": "logits"}},
                                     "label_space": space, "licence": "CC0-1.0"}))
    assert main(["weights", "add", str(file), "--name", "net", "--card", str(card_file)]) == 0
    assert "ran in openvino and onnxruntime" in capsys.readouterr().out
    assert read_card("net").command == "mtdense weights add a.onnx --name net --card card.yaml"
    assert main(["weights", "add", str(file), "--name", "net", "--card", str(card_file)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["weights", "verify", "net"]) == 0
    assert main(["weights", "list"]) == 0
    cv2.imwrite(str(tmp_path / "p.png"), halves())
    assert main(["predict", str(tmp_path / "p.png"), "--weights", "net", "--out", str(tmp_path / "seen")]) == 0
    assert "net" in capsys.readouterr().out
