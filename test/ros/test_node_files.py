"""Networks of others, as the files that they came in, in the node beside the package's own."""

import json

import cv2
import numpy as np
import pytest
from camera_messages import array_of, camera_info, image
from project import DATA

pytest.importorskip("openvino")

from mtdense_ros.graphs.add import add_file
from mtdense_ros.graphs.form import CardForm, InputForm, OutputForm
from mtdense_ros.weights import list_weights

ORACLES = DATA / "oracles"
SIGNED = InputForm(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
NETWORKS = {
    "ade": ("ade20k_deeplabv3_mnv2.tflite", CardForm(SIGNED, {"labels": OutputForm(kind="logits", first_id=-1)}, "ade20k", "measure only")),
    "voc": ("voc_deeplabv3_mnv2_quant.tflite", CardForm(outputs={"labels": OutputForm(kind="ids", first_id=-1)}, label_space="voc",
                                                        licence="Apache-2.0")),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if not ORACLES.is_dir():
        pytest.skip(f"no networks of others in {ORACLES}; set MTDENSE_DATA to the folder of the evaluation data")
    if "mtdense_indoor" not in list_weights():
        pytest.skip("no weights mtdense_indoor")
    out = tmp_path_factory.mktemp("files")
    for name, (file, form) in NETWORKS.items():
        add_file(ORACLES / file, name, form, out)
    return out


@pytest.mark.slow
@pytest.mark.parametrize(("name", "outputs"), [("ade", ["labels", "confidence"]), ("voc", ["labels"])])
def test_their_labels_with_our_depth_and_mask(start, folder, monkeypatch, name, outputs):
    monkeypatch.setenv("MTDENSE_WEIGHTS_PATH", str(folder))
    _, client = start({"weights": [name, "mtdense_indoor"], "warm_up": "625x468", "threads": 2, "engine_timeout": 0.0})
    rgb = cv2.cvtColor(cv2.imread(str(DATA / "eval_nyuv2" / "0976_rgb.png")), cv2.COLOR_BGR2RGB)
    size = rgb.shape[:2]
    client.subscribe("labels", "foreground")
    assert client.capture(image(rgb), camera_info(*size)).success
    client.subscribe("depth", "points")
    received = client.exchange(image(rgb), camera_info(*size), seconds=180.0)  # 151 channels at 513x513, and other work on the machine
    legend = json.loads(client.transient_local("legend").data)
    names = {entry["id"]: entry["name"] for entry in legend["classes"]}
    ours = [entry for entry in ("confidence", "depth", "normals", "foreground") if entry not in outputs]
    assert {n["model"]: n["outputs"] for n in legend["networks"]} == {name: outputs, "mtdense_indoor": ours}
    seen = {names.get(i) for i in np.unique(array_of(received["labels"]))}
    assert len(names) == {"ade": 150, "voc": 20}[name]
    assert {"ade": {"bed", "wall", "floor"}, "voc": {None}}[name] <= seen
    assert np.isfinite(array_of(received["depth"])).mean() > 0.9
    assert (array_of(received["foreground"]) > 0).mean() < 0.005
