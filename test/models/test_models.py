"""Every network in the registry, and its variants, by sweeps; and the registry itself."""

import json

import pytest
import torch

from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.models import create_model, list_models

FFM_LARGE = {"backbone": "large", "widths": [256, 128, 64, 32, 16]}
EVERY_TASK = ["labels", "depth", "normals"]

VARIANTS = [
    *((name, {}) for name in list_models()),
    ("hydranet", {"num_classes": 6, "tasks": EVERY_TASK}),
    ("lraspp", {"backbone": "small", "num_classes": 3}),
    ("lraspp", {"reduced_tail": True, "dilated": False}),
    ("lraspp", {"backbone": "small", "reduced_tail": True}),
    ("ffm", {"tasks": ["labels"], "num_classes": 32}),
    ("ffm", {"tasks": EVERY_TASK, "num_classes": 5}),
    ("ffm", FFM_LARGE),
    ("mtdense", {"tasks": ["depth"], "foreground": False}),
    ("mtdense", {"backbone": "efficientnet_lite0"}),
    ("mtdense", {"backbone": "efficientnet_lite1"}),
]

SIZES = [
    ("hydranet", {"num_classes": 6}, 2_991_687, 343),
    ("hydranet", {"num_classes": 40}, 3_070_057, 343),
    ("hydranet", {"num_classes": 46}, 3_083_887, 343),
    ("hydranet", {"num_classes": 40, "tasks": EVERY_TASK}, 3_077_228, 346),
    ("mdeas", {}, 1_521_026, 459),
    ("lraspp", {}, 3_221_538, 319),
    ("lraspp", {"num_classes": 19}, 3_221_198, 319),
]
"""Published sizes: parameters and state-dict entries."""

OWN_SIZES = [
    ("lraspp", {"num_classes": 19, "reduced_tail": True}, 1_746_878, 319),
    ("lraspp", {"backbone": "small"}, 1_077_954, 251),
    ("ffm", {}, 1_694_161, 368),
    ("ffm", {"tasks": ["labels"]}, 1_698_656, 368),
    ("ffm", FFM_LARGE, 5_887_009, 436),
]
"""Sizes that docstrings and documents state, where nothing is published."""


def described(value):
    """The id of a test: a name as it is, a configuration as its values."""
    if isinstance(value, dict):
        return "-".join(str(v) for v in value.values()) or "default"
    return None


every_variant = pytest.mark.parametrize(("name", "config"), VARIANTS, ids=described)


def raw_outputs(net, image):
    """All raw outputs, with a background of batch 1 where the network takes one."""
    return net(image, image[:1].flip(3) if "foreground" in net.outputs else None)


@pytest.mark.parametrize(("name", "config", "count", "entries"), SIZES + OWN_SIZES, ids=described)
def test_sizes(name, config, count, entries):
    net = create_model(name, **config)
    assert (sum(p.numel() for p in net.parameters()), len(net.state_dict())) == (count, entries)


@pytest.mark.slow
@every_variant
@pytest.mark.parametrize("size", [(32, 32), (97, 133), (64, 96)])
def test_any_size_and_batch(name, config, size):
    net = create_model(name, **config).eval()
    with torch.inference_mode():
        raw = raw_outputs(net, torch.rand(2, 3, *size))
    assert tuple(raw) == net.outputs
    assert all(value.shape[0] == 2 and torch.isfinite(value).all() for value in raw.values())
    expected = {"labels": net.config.get("num_classes"), "depth": 1, "normals": 3, "foreground": 1}
    assert {key: value.shape[1] for key, value in raw.items()} == {key: expected[key] for key in net.outputs}


@every_variant
def test_images_of_a_batch_do_not_see_each_other(name, config):
    torch.manual_seed(0)
    net = create_model(name, **config).eval()
    image = torch.rand(2, 3, 65, 97)
    background = image[:1].flip(3) if "foreground" in net.outputs else None
    with torch.inference_mode():
        together, alone = net(image, background), net(image[1:], background)
    for key in net.outputs:
        assert torch.allclose(together[key][1:], alone[key], atol=1e-5)


@pytest.mark.slow
@every_variant
def test_gradients_reach_every_parameter(name, config):
    torch.manual_seed(0)
    net = create_model(name, **config).train()
    raw = raw_outputs(net, torch.rand(2, 3, 65, 97))
    sum((value * torch.rand_like(value)).sum() for value in raw.values()).backward()
    assert [key for key, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


@every_variant
def test_config_recreates_the_network(name, config):
    net = create_model(name, **config)
    again = create_model(name, **json.loads(json.dumps(net.config)))
    again.load_state_dict(net.state_dict(), strict=True)
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected, found = raw_outputs(net.eval(), image), raw_outputs(again.eval(), image)
    assert all(torch.equal(expected[key], found[key]) for key in net.outputs)


@every_variant
def test_only_the_wanted_outputs_are_computed(name, config):
    net = create_model(name, **config).eval()
    image = torch.rand(1, 3, 64, 64)
    background = image.flip(3) if "foreground" in net.outputs else None
    called = []
    for key, head in net.heads.items():
        head.register_forward_hook(lambda *_, key=key: called.append(key))
    with torch.inference_mode():
        everything = net(image, background)
        for wanted in net.outputs:
            called.clear()
            raw = net(image, background, [wanted])
            assert called == [wanted]
            assert torch.allclose(raw[wanted], everything[wanted], atol=1e-5)


def test_bad_configurations_say_what_exists():
    with pytest.raises(ConfigError, match="did you mean 'hydranet'.*ffm, hydranet, lraspp, mdeas, mtdense"):
        create_model("hydranett")
    with pytest.raises(ConfigError, match="no field 'classes'.*num_classes"):
        create_model("hydranet", classes=6)
    with pytest.raises(ConfigError, match="num_classes: found 0"):
        create_model("hydranet", num_classes=0)
    with pytest.raises(ConfigError, match="in this order"):
        create_model("hydranet", tasks=("depth", "labels"))
    with pytest.raises(ConfigError, match="change_widths: found 2"):
        create_model("mtdense", change_widths=(8, 8))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"num_classes": 256}, "num_classes: found 256; give at most 255"),
        ({"num_classes": "6"}, "num_classes: found '6'; give a whole number"),
        ({"foreground": "no"}, "foreground: found 'no'; give true or false"),
        ({"foreground": 1}, "foreground: found 1; give true or false"),
        ({"change_widths": 5}, "change_widths: found 5; give a list of 4"),
        ({"change_widths": "88888"}, "change_widths: found '88888'; give a list of 4"),
        ({"change_widths": [8, 8, 8, None]}, r"change_widths\[3\]: found None; give a whole number"),
        ({"tasks": "depth"}, "tasks: found 'depth'; give one or more of"),
        ({"tasks": 3}, "tasks: found 3; give one or more of"),
        ({"name": "mine"}, "no field 'name'"),
        ({"width": 10**20}, "width: found 100000000000000000000; give a whole number from 1 to 4096"),
        ({"head_width": True}, "head_width: found True; give a whole number from 1"),
        ({"change_widths": [8, 8, 8, 4097]}, r"change_widths\[3\]: found 4097; give a whole number from 1 to 4096"),
    ],
)
def test_a_bad_value_is_named_with_its_remedy(config, message):
    with pytest.raises(ConfigError, match=message):
        create_model("mtdense", **config)


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("lraspp", {"backbone": "larg"}, "backbone: found 'larg'; did you mean 'large'. known: large, small"),
        ("lraspp", {"backbone": ["large"]}, "backbone: found .'large'.; .*known: large, small"),
        ("lraspp", {"dilated": "yes"}, "dilated: found 'yes'; give true or false"),
        ("lraspp", {"reduced_tail": 1}, "reduced_tail: found 1; give true or false"),
        ("lraspp", {"num_classes": 256}, "num_classes: found 256; give at most 255"),
        ("ffm", {"backbone": None}, "backbone: found None; known: large, small"),
        ("ffm", {"widths": [8, 8]}, "widths: found 2 values; give a list of 5, for strides 16, 8, 4, 2, 1"),
        ("ffm", {"widths": [8, 8, 8, 8, 0]}, r"widths\[4\]: found 0; give a whole number"),
        ("ffm", {"tasks": ["foreground"]}, "tasks: found .*give one or more of"),
    ],
)
def test_a_bad_value_of_a_backbone_is_named_too(name, config, message):
    with pytest.raises(ConfigError, match=message):
        create_model(name, **config)


def test_the_most_classes_that_labels_can_hold():
    with torch.device("meta"):
        assert create_model("hydranet", num_classes=255).config["num_classes"] == 255
    with pytest.raises(ConfigError, match="num_classes: found 256"):
        create_model("hydranet", num_classes=256)


def test_bad_inputs_say_what_to_do():
    net = create_model("mtdense").eval()
    image = torch.rand(1, 3, 64, 64)
    with pytest.raises(InputError, match="no output heat; it has labels"):
        net(image, outputs=["heat"])
    with pytest.raises(InputError, match="16x64 is too small"):
        net(image[:, :, :, :16])
    with pytest.raises(InputError, match="expected floats"):
        net(image.to(torch.uint8))
    with pytest.raises(InputError, match="capture a background of the frame's size"):
        net(image, net.encode_background(torch.rand(1, 3, 96, 64)))
    with pytest.raises(InputError, match="mdeas: needs a background"):
        create_model("mdeas")(image)
    with pytest.raises(InputError, match="takes no background"):
        create_model("hydranet").encode_background(image)
