"""Every network in the registry, by sweeps; and the facts that make each of them itself."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.models import create_model, list_models
from mtdense_ros.models.mdeas import padded
from mtdense_ros.models.refinenet import ChainedResidualPooling


def parameters(net):
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize(
    ("name", "config", "count", "entries"),
    [
        ("hydranet", {"num_classes": 6}, 2_991_687, 343),
        ("hydranet", {"num_classes": 40}, 3_070_057, 343),
        ("hydranet", {"num_classes": 46}, 3_083_887, 343),
        ("hydranet", {"num_classes": 40, "tasks": ("labels", "depth", "normals")}, 3_077_228, 346),
        ("mdeas", {}, 1_521_026, 459),
    ],
)
def test_published_sizes(name, config, count, entries):
    net = create_model(name, **config)
    assert (parameters(net), len(net.state_dict())) == (count, entries)


@pytest.mark.parametrize("name", list_models())
@pytest.mark.parametrize("size", [(32, 32), (97, 133), (64, 96)])
def test_any_size_and_batch(name, size):
    net = create_model(name).eval()
    image = torch.rand(2, 3, *size)
    with torch.inference_mode():
        raw = net(image, torch.rand(1, 3, *size) if "foreground" in net.outputs else None)
    assert tuple(raw) == net.outputs
    assert all(value.shape[0] == 2 and torch.isfinite(value).all() for value in raw.values())


@pytest.mark.parametrize("name", list_models())
def test_gradients_reach_every_parameter(name):
    torch.manual_seed(0)
    net = create_model(name).train()
    image = torch.rand(2, 3, 64, 64)
    raw = net(image, torch.rand_like(image) if "foreground" in net.outputs else None)
    sum((value * torch.rand_like(value)).sum() for value in raw.values()).backward()
    assert [key for key, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


@pytest.mark.parametrize("name", list_models())
def test_config_recreates_the_network(name):
    net = create_model(name)
    create_model(name, **net.config).load_state_dict(net.state_dict(), strict=True)


@pytest.mark.parametrize("name", list_models())
def test_only_the_wanted_outputs_are_computed(name):
    net = create_model(name).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        everything = net(image, image.flip(3)) if "foreground" in net.outputs else net(image)
        for wanted in net.outputs:
            called = []
            hooks = [head.register_forward_hook(lambda *_, key=key, called=called: called.append(key)) for key, head in net.heads.items()]
            raw = net(image, image.flip(3) if "foreground" in net.outputs else None, [wanted])
            assert called == [wanted]
            assert torch.allclose(raw[wanted], everything[wanted], atol=1e-5)
            for hook in hooks:
                hook.remove()


def test_hydranet_raw_outputs_have_stride_four_rounded_up():
    net = create_model("hydranet", num_classes=6, tasks=("labels", "depth", "normals")).eval()
    with torch.inference_mode():
        raw = net(torch.rand(1, 3, 101, 203))
    shapes = {key: tuple(value.shape[1:]) for key, value in raw.items()}
    assert shapes == {"labels": (6, 26, 51), "depth": (1, 26, 51), "normals": (3, 26, 51)}


def test_chained_residual_pooling_by_hand():
    # One bright pixel: the first stage spreads it over 5x5 and doubles it, the second spreads that over 9x9 and doubles again.
    crp = ChainedResidualPooling(1, 2)
    for conv in crp.stages:
        torch.nn.init.constant_(conv.weight, 2.0)
    x = torch.zeros(1, 1, 11, 11)
    x[0, 0, 5, 5] = 1.0
    out = crp(x)[0, 0]
    assert out[5, 5] == 1 + 2 + 4
    assert out[3, 3] == 2 + 4
    assert out[1, 9] == 4
    assert out[0, 5] == 0


def test_mtdense_fits_its_budget():
    net = create_model("mtdense").eval()
    image = torch.rand(1, 3, 480, 640)
    with torch.inference_mode():
        background = net.encode_background(image)
        with FlopCounterMode(display=False) as counter:
            net(image, background)
    assert counter.get_total_flops() / 2 <= 3.0e9


def test_mtdense_encodes_once_with_a_cached_background_and_twice_without():
    net = create_model("mtdense").eval()
    frame, background = torch.rand(2, 1, 3, 64, 96)
    calls = []
    net.encoder.register_forward_hook(lambda *_: calls.append(1))
    with torch.inference_mode():
        cached = net.encode_background(background)
        calls.clear()
        once = net(frame, cached)["foreground"]
        assert len(calls) == 1
        twice = net(frame, background)["foreground"]
        assert len(calls) == 3
    assert torch.equal(once, twice)


def test_mtdense_foreground_is_absent_without_a_background():
    net = create_model("mtdense").eval()
    assert tuple(net(torch.rand(1, 3, 64, 64))) == ("labels", "depth", "normals")


def test_mtdense_without_dense_work_skips_the_decoder():
    net = create_model("mtdense").eval()
    net.decoder.register_forward_hook(lambda *_: pytest.fail("the dense decoder ran for a mask"))
    image = torch.rand(1, 3, 64, 64)
    assert tuple(net(image, image, ["foreground"])) == ("foreground",)


def test_mdeas_keeps_the_originals_output_size():
    net = create_model("mdeas").eval()
    with torch.inference_mode():
        for (height, width), expected in {(224, 224): (224, 224), (223, 224): (224, 224), (225, 100): (226, 100)}.items():
            raw = net(torch.rand(1, 3, height, width), torch.rand(1, 3, height, width))
            assert {tuple(value.shape[2:]) for value in raw.values()} == {expected}


def test_mdeas_pads_only_where_the_original_fails():
    for height in range(32, 80):
        original_can = (height + 1) // 2 % 8 == 0
        rows = padded(torch.zeros(1, 3, height, 32)).shape[2]
        assert (rows == height) == original_can
        assert (rows + 1) // 2 % 8 == 0


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
        ({"change_widths": 5}, "change_widths: found 5; give a list of 5"),
        ({"change_widths": "88888"}, "change_widths: found '88888'; give a list of 5"),
        ({"change_widths": [8, 8, 8, 8, None]}, r"change_widths\[4\]: found None; give a whole number"),
        ({"tasks": "depth"}, "tasks: found 'depth'; give one or more of"),
        ({"tasks": 3}, "tasks: found 3; give one or more of"),
        ({"name": "mine"}, "no field 'name'"),
    ],
)
def test_a_bad_value_is_named_with_its_remedy(config, message):
    with pytest.raises(ConfigError, match=message):
        create_model("mtdense", **config)


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
