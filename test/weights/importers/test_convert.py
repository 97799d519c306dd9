"""Checkpoints of the originals: every published entry finds its place, and anything else is refused."""

import json
import re

import pytest
import torch
from project import DATA

from mtdense_ros.errors import WeightsError
from mtdense_ros.models import create_model, list_models
from mtdense_ros.weights import convert_state_dict, inferred_config
from mtdense_ros.weights.importers.names import original_names

pytestmark = pytest.mark.slow

VARIANTS = {
    "hydranet_2task_6cls": ("hydranet", {"num_classes": 6, "tasks": ["labels", "depth"]}),
    "hydranet_3task_40cls": ("hydranet", {"num_classes": 40, "tasks": ["labels", "depth", "normals"]}),
    "lraspp_mbv3large_21cls": ("lraspp", {"num_classes": 21, "backbone": "large", "reduced_tail": False}),
    "mdeas": ("mdeas", {}),
}


def checkpoint(name):
    """A state dict with the original's names and shapes and values that tell every entry from the others."""
    path = DATA / "checkpoint_keys" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"no {path}: set MTDENSE_DATA to the folder with checkpoint_keys")
    shapes = json.loads(path.read_text())
    return {
        key: torch.tensor(i) if key.endswith("num_batches_tracked") else torch.full(shape, float(i))
        for i, (key, shape) in enumerate(shapes.items())
    }


@pytest.fixture(params=VARIANTS)
def variant(request):
    return (*VARIANTS[request.param], checkpoint(request.param))


def test_every_entry_arrives_once(variant):
    arch, config, original = variant
    assert inferred_config(arch, original) == config
    ours = convert_state_dict(arch, original)
    create_model(arch, **config).load_state_dict(ours, strict=True)
    assert sorted(int(value.flatten()[0]) for value in ours.values()) == list(range(len(original)))


def test_wrapped_parallel_and_without_counters(variant):
    arch, _, original = variant
    old = {f"module.{key}": value for key, value in original.items() if not key.endswith("num_batches_tracked")}
    ours = convert_state_dict(arch, {"epoch": 3, "state_dict": old})
    plain = convert_state_dict(arch, original)
    assert list(ours) == list(plain)
    for key, value in ours.items():
        assert torch.equal(value, torch.zeros_like(value) if key.endswith("num_batches_tracked") else plain[key])


def test_order_of_entries_does_not_matter(variant):
    arch, _, original = variant
    ours, reversed_ = (convert_state_dict(arch, entries) for entries in (original, dict(reversed(original.items()))))
    assert all(torch.equal(value, reversed_[key]) for key, value in ours.items())


def test_the_result_is_a_copy(variant):
    arch, _, original = variant
    before = {key: value.clone() for key, value in original.items()}
    for value in convert_state_dict(arch, original).values():
        value.add_(1)
    assert all(torch.equal(value, original[key]) for key, value in before.items())


def test_what_is_no_state_dict_is_refused():
    with pytest.raises(WeightsError, match="mdeas checkpoint: is a NoneType, no state_dict"):
        convert_state_dict("mdeas", None)


def test_known_places():
    """Two entries of each original, traced by hand through its source."""
    hydranet = checkpoint("hydranet_3task_40cls")
    ours = convert_state_dict("hydranet", hydranet)
    assert torch.equal(ours["encoder.layer3.1.depthwise.1.running_var"], hydranet["layer3.1.output.1.1.running_var"])
    assert torch.equal(ours["decoder.crp.stride4.stages.1.weight"], hydranet["crp1.0.2_outvar_dimred.weight"])
    assert torch.equal(ours["heads.normals.scale.weight"], hydranet["pre_normal.weight"])
    lraspp = checkpoint("lraspp_mbv3large_21cls")
    places = {  # block 1 has no expansion, block 4 squeezes, block 7 does not
        "backbone.0.0.weight": "encoder.features.0.0.weight",
        "backbone.1.block.0.0.weight": "encoder.features.1.depthwise.0.weight",
        "backbone.4.block.2.fc1.bias": "encoder.features.4.squeeze.fc1.bias",
        "backbone.4.block.3.1.running_mean": "encoder.features.4.project.1.running_mean",
        "backbone.7.block.2.0.weight": "encoder.features.7.project.0.weight",
        "classifier.scale.1.weight": "heads.labels.scale.1.weight",
    }
    ours = convert_state_dict("lraspp", lraspp)
    for theirs, name in places.items():
        assert torch.equal(ours[name], lraspp[theirs]), name
    mdeas = checkpoint("mdeas")
    ours = convert_state_dict("mdeas", mdeas)
    assert torch.equal(ours["stem_background.0.weight"], mdeas["InitBlock_1.0.weight"])
    theirs = mdeas["MaskDecoder.DecoderBlock_3.DenseBlock.DepthConvBlock1.1.2.bias"]
    assert torch.equal(ours["heads.foreground.blocks.2.convs.0.1.2.bias"], theirs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("conv8.weight"), "entry 'conv8.weight' is missing"),
        (lambda c: c.pop("segm.weight"), "entry 'segm.weight' is missing"),
        (lambda c: c.pop("pre_depth.weight"), "entry 'pre_depth.weight' is missing"),
        (lambda c: c.pop("layer4.2.output.1.1.running_mean"), "entry 'layer4.2.output.1.1.running_mean' is missing"),
        (lambda c: c.update({"conv9.weight": torch.zeros(1)}), "entry 'conv9.weight' is not part of the original"),
        (lambda c: c.update({"depth.bias": torch.zeros(2)}), "entry 'depth.bias' is torch.float32 [2], the network has torch.float32 [1]"),
        (lambda c: c.update({"segm.weight": torch.zeros(())}), "entry 'segm.weight' is []"),
        (lambda c: c.update({"depth.bias": "text"}), "entry 'depth.bias' is a str, no tensor"),
        (lambda c: c.update({"module.depth.bias": torch.zeros(1)}), "entry 'depth.bias' is there with and without 'module.'"),
        (lambda c: c.clear(), "entry 'segm.weight' is missing"),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    original = checkpoint("hydranet_2task_6cls")
    change(original)
    with pytest.raises(WeightsError, match=re.escape(message)):
        convert_state_dict("hydranet", original)


def theirs_of(arch, **config):
    """The state of one of our networks under the original's names, and that state."""
    torch.manual_seed(0)
    ours = create_model(arch, **config).state_dict()
    names = original_names(arch, ours)
    return {names[name]: value for name, value in ours.items()}, ours


@pytest.mark.parametrize(
    ("arch", "config"),
    [
        ("hydranet", {"num_classes": 46, "tasks": ["labels", "depth"]}),
        ("hydranet", {"tasks": ["depth"]}),
        ("lraspp", {"num_classes": 19, "backbone": "small", "reduced_tail": False}),
        ("lraspp", {"num_classes": 19, "backbone": "small", "reduced_tail": True}),
        ("lraspp", {"num_classes": 3, "backbone": "large", "reduced_tail": True}),
        ("ffm", {"tasks": ["depth"], "backbone": "small", "widths": [5, 4, 3, 2, 1]}),
        ("ffm", {"num_classes": 11, "tasks": ["labels", "normals"], "backbone": "large", "widths": [8, 8, 8, 8, 8]}),
        ("mtdense", {"num_classes": 6, "tasks": ["labels", "depth"], "foreground": True, "backbone": "mobilenet_v2", "width": 9, "head_width": 7,
                     "change_widths": [5, 4, 3, 2]}),
        *(("mtdense", {"tasks": ["normals"], "foreground": False, "backbone": backbone, "width": 9, "head_width": 7})
          for backbone in ("mobilenet_v2", "efficientnet_lite0", "efficientnet_lite1")),
    ],
)
def test_configurations_are_read_from_shapes(arch, config):
    theirs, ours = theirs_of(arch, **config)
    wrapped = {"state_dict": {f"module.{name}": value for name, value in theirs.items()}}
    assert inferred_config(arch, wrapped) == config
    converted = convert_state_dict(arch, wrapped)
    assert converted.keys() == ours.keys()
    assert all(torch.equal(value, ours[name]) for name, value in converted.items())


def test_segmentation_encoders_are_dilated_as_in_torchvision():
    theirs, _ = theirs_of("lraspp")
    assert create_model("lraspp", **inferred_config("lraspp", theirs)).config["dilated"] is True


@pytest.mark.parametrize(
    ("arch", "change", "message"),
    [
        ("lraspp", lambda c: c.pop("backbone.16.0.weight"), "entry 'backbone.16.0.weight' is missing"),
        ("lraspp", lambda c: c.pop("backbone.4.block.2.fc2.bias"), "entry 'backbone.4.block.2.fc2.bias' is missing"),
        ("lraspp", lambda c: c.update({"aux_classifier.0.weight": torch.zeros(1)}), "entry 'aux_classifier.0.weight' is not part"),
        ("lraspp", lambda c: c.update({"backbone.16.0.weight": torch.zeros(7)}), "entry 'backbone.16.0.weight' is torch.float32 [7]"),
        ("lraspp", lambda c: c.update({"classifier.low_classifier.weight": torch.zeros(300, 40, 1, 1)}), "num_classes: found 300"),
        ("ffm", lambda c: c.pop("decoder.refine.2.0.weight"), "entry 'decoder.refine.2.0.weight' is missing"),
        ("ffm", lambda c: c.clear(), "no entry begins with 'heads.'"),
        ("mtdense", lambda c: c.pop("heads.labels.4.weight"), "entry 'heads.labels.4.weight' is missing"),
        ("mtdense", lambda c: c.pop("encoder.layer5.0.expand.0.weight"), "entry 'encoder.layer5.0.expand.0.weight' is missing"),
        ("mtdense", lambda c: c.update({"heads.pose.weight": torch.zeros(1)}), "entry 'heads.pose.weight' is not part"),
    ],
)
def test_what_does_not_fit_elsewhere_is_named_too(arch, change, message):
    theirs, _ = theirs_of(arch)
    change(theirs)
    with pytest.raises(WeightsError, match=re.escape(message)):
        convert_state_dict(arch, theirs)


def test_every_architecture_can_be_imported():
    for arch in list_models():
        theirs, ours = theirs_of(arch)
        assert convert_state_dict(arch, theirs).keys() == ours.keys()


def test_unknown_architecture():
    with pytest.raises(WeightsError, match=f"'segnet': cannot be converted; known: {', '.join(list_models())}"):
        convert_state_dict("segnet", {})
