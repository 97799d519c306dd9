"""Predictor: everything at camera size, the focal length, backgrounds, batches, and what is refused."""

import numpy as np
import pytest
import torch

from mtdense_ros.datatypes import OUTPUTS, Intrinsics
from mtdense_ros.engines.base import EngineOptions
from mtdense_ros.errors import ConfigError, InputError, WeightsError
from mtdense_ros.inference import postprocess
from mtdense_ros.inference.postprocess import OutputOptions
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.utils import parallel

H, W = 479, 641


@pytest.fixture(scope="module")
def predictor(make_random_weights):
    return Predictor.load(make_random_weights("mtdense"), device="cpu")


@pytest.fixture(autouse=True)
def fresh(predictor):
    predictor.clear_background()
    predictor.counters.clear()


@pytest.fixture(scope="module")
def frame(picture):
    return picture(1, H, W)


@pytest.fixture(scope="module")
def empty(picture):
    return picture(2, H, W)


def camera(fx=500.0, width=W, height=H):
    return Intrinsics(width, height, fx, fx, (width - 1) / 2, (height - 1) / 2)


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["hydranet", "mtdense", "mdeas"])
@pytest.mark.parametrize("size", [(H, W), (480, 640), (97, 131)])
def test_everything_is_at_camera_size(arch, size, make_random_weights, picture):
    p = Predictor.load(make_random_weights(arch), device="cpu")
    rgb = picture(1, *size)
    out = p.predict(rgb, background=picture(2, *size) if "foreground" in p.outputs else None)
    expected = {
        "labels": (size, np.uint8), "confidence": (size, np.float32), "depth": (size, np.float32),
        "normals": ((*size, 3), np.float32), "foreground": (size, np.bool_),
    }  # fmt: skip
    for name in OUTPUTS:
        value = getattr(out, name)
        if name in p.outputs:
            assert (value.shape, value.dtype) == expected[name]
        else:
            assert value is None


def test_values_are_in_their_ranges(predictor, frame):
    out = predictor.predict(frame)
    assert out.labels.max() < 6
    assert out.confidence.min() >= 1 / 6
    assert out.confidence.max() <= 1
    assert np.allclose(np.linalg.norm(out.normals, axis=-1), 1, atol=1e-5)
    assert (out.normals[..., 2] <= 0).all()
    assert set(out.timings) == {"preprocess", "network", "postprocess"}


@pytest.mark.slow
def test_against_the_plain_network(make_random_weights, make_net, picture):
    """The whole way by torch: at network size there is no resizing on the way in, and torch resizes on the way back."""
    path = make_random_weights("mtdense", input={
        "height": 96, "width": 128, "resize": "area", "multiple": 32, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4],
    })  # fmt: skip
    rgb, background = picture(3, 96, 128), picture(4, 96, 128)
    out = Predictor.load(path, device="cpu").predict(rgb, background=background)

    def tensor(image):
        return ((torch.from_numpy(image).permute(2, 0, 1)[None] / 255 - torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1))
                / torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1))  # fmt: skip

    with torch.inference_mode():
        raw = make_net("mtdense")(tensor(rgb), tensor(background))
        full = {k: torch.nn.functional.interpolate(v, size=(96, 128), mode="bilinear")[0].numpy() for k, v in raw.items()}
    assert np.allclose(out.depth, full["depth"][0], rtol=1e-3)
    assert (out.labels == full["labels"].argmax(0)).mean() > 0.999
    assert (out.foreground == (full["foreground"][0] >= 0)).mean() > 0.999
    probability = torch.softmax(torch.from_numpy(full["labels"]), 0).amax(0).numpy()
    assert np.allclose(out.confidence, probability, atol=1e-4)


def test_focal_length_scales_depth(predictor, frame):
    """The card's focal length is 100 px of the network's input, which is 128 wide; 641 camera pixels are 128 of its."""
    assert predictor.network_size((H, W)) == (96, 128)
    assumed = predictor.predict(frame)
    assert assumed.focal_assumed
    for fx in (250.0, 500.0):
        known = predictor.predict(frame, camera(fx))
        assert not known.focal_assumed
        finite = np.isfinite(known.depth) & np.isfinite(assumed.depth)
        assert finite.any()
        assert np.allclose(known.depth[finite], assumed.depth[finite] * (fx * 128 / W / 100), rtol=1e-5)


def test_depth_range(predictor, frame):
    depth = predictor.predict(frame).depth
    low, high = np.quantile(depth, [0.25, 0.75])
    limited = predictor.predict(frame, options=OutputOptions(depth_min=float(low), depth_max=float(high))).depth
    assert np.array_equal(limited == np.inf, depth > high)
    assert np.array_equal(limited == -np.inf, depth < low)


@pytest.mark.slow
def test_depth_of_hydranet_is_never_negative(make_random_weights, frame):
    """The raw values of random weights have both signs; the absolute value is published post-processing."""
    p = Predictor.load(make_random_weights("hydranet"), device="cpu")
    depth = p.predict(frame, options=OutputOptions(depth_min=0.0)).depth
    assert (depth >= 0).all()


@pytest.mark.slow
def test_relative_depth_is_left_alone(make_random_weights, picture):
    p = Predictor.load(make_random_weights("mdeas"), device="cpu")
    rgb, background = picture(1, 96, 128), picture(2, 96, 128)
    plain = p.predict(rgb, background=background)
    assert p.card.depth.kind == "relative"
    assert np.array_equal(plain.depth, p.predict(rgb, camera(50.0, 128, 96), background).depth)


def test_no_background_no_mask(predictor, frame):
    out = predictor.predict(frame)
    assert out.foreground is None
    assert out.labels is not None
    assert predictor.counters["foreground"] == 0


def test_network_that_needs_a_background_for_everything(make_random_weights, frame):
    p = Predictor.load(make_random_weights("mdeas"), device="cpu")
    out = p.predict(frame)
    assert (out.depth, out.foreground) == (None, None)
    assert sum(p.counters.values()) == 0


@pytest.mark.slow
def test_cached_background_halves_the_encoder_and_changes_nothing(predictor, frame, empty):
    encoded = predictor.encode_background(empty)
    predictor.counters.clear()
    cached = predictor.predict(frame, background=encoded)
    assert predictor.counters["encoder"] == 1
    predictor.counters.clear()
    direct = predictor.predict(frame, background=empty)
    assert predictor.counters["encoder"] == 2
    assert np.array_equal(cached.foreground, direct.foreground)
    assert np.array_equal(cached.depth, direct.depth)


def test_default_background(predictor, frame, empty):
    predictor.set_background(empty)
    assert np.array_equal(predictor.predict(frame).foreground, predictor.predict(frame, background=empty).foreground)
    predictor.clear_background()
    assert predictor.predict(frame).foreground is None


def test_the_mask_depends_on_the_background(predictor, frame, empty):
    options = OutputOptions(foreground_threshold=0.5)
    masks = [predictor.predict(frame, background=b, options=options).foreground for b in (empty, frame)]
    assert not np.array_equal(*masks)


def test_threshold_orders_masks(predictor, frame, empty):
    masks = [
        predictor.predict(frame, background=empty, options=OutputOptions(foreground_threshold=t)).foreground
        for t in (1e-9, 0.3, 0.5, 0.7, 1.0)
    ]
    assert masks[0].all() and not masks[-1].any()
    assert all((higher <= lower).all() for lower, higher in zip(masks, masks[1:], strict=False))


def test_background_of_another_size(predictor, frame, picture):
    small = picture(2, 240, 320)
    for background in (small, predictor.encode_background(small)):
        with pytest.raises(InputError, match="background: is 320x240, the image is 641x479; capture a background"):
            predictor.predict(frame, background=background)


@pytest.mark.slow
def test_background_of_another_predictor(predictor, make_random_weights, frame, empty):
    other = Predictor.load(make_random_weights("mtdense"), device="cpu")
    with pytest.raises(InputError, match="was encoded by another predictor"):
        predictor.predict(frame, background=other.encode_background(empty))


def test_only_what_is_asked_for(predictor, frame, empty):
    out = predictor.predict(frame, background=empty, outputs=["confidence", "foreground"])
    assert out.confidence is not None and out.foreground is not None
    assert (out.labels, out.depth, out.normals) == (None, None, None)
    assert predictor.counters == {"encoder": 2, "labels": 1, "foreground": 1}


def test_a_background_nobody_needs_is_not_encoded(predictor, frame, empty):
    predictor.predict(frame, background=empty, outputs=["depth"])
    assert predictor.counters == {"encoder": 1, "depth": 1}


@pytest.mark.slow
def test_batch_equals_single(predictor, picture):
    frames, backgrounds = [picture(i, H, W) for i in (5, 6, 7)], [picture(i, H, W) for i in (8, 9, 10)]
    cameras = [camera(400.0), None, camera(600.0)]
    for given in (backgrounds, [predictor.encode_background(b) for b in backgrounds]):
        for i, out in enumerate(predictor.predict_batch(frames, cameras, given)):
            single = predictor.predict(frames[i], cameras[i], backgrounds[i])
            assert out.focal_assumed == single.focal_assumed
            assert np.allclose(out.depth, single.depth, rtol=1e-4)
            assert (out.labels == single.labels).mean() > 0.999
            assert (out.foreground == single.foreground).mean() > 0.999
            assert np.allclose(out.normals, single.normals, atol=1e-3)


def test_one_background_serves_a_batch(predictor, picture, empty):
    frames = [picture(i, H, W) for i in (5, 6)]
    encoded = predictor.encode_background(empty)
    for rgb, out in zip(frames, predictor.predict_batch(frames, backgrounds=encoded), strict=True):
        assert (out.foreground == predictor.predict(rgb, background=encoded).foreground).mean() > 0.999


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p, f: p.predict_batch([]), "no images"),
        (lambda p, f: p.predict_batch([f, f[:100]]), "image 1 is 641x100, image 0 is 641x479"),
        (lambda p, f: p.predict_batch([f, f], [camera()]), "1 intrinsics for 2 images"),
        (lambda p, f: p.predict_batch([f, f], backgrounds=[f]), "1 backgrounds for 2 images"),
        (lambda p, f: p.predict_batch([f, f], None, [f, None]), "background 1 is of type NoneType; pass one for every image"),
        (lambda p, f: p.predict(f.astype(np.float32)), r"expected an RGB array \(H, W, 3\) uint8, found float32"),
        (lambda p, f: p.predict(f[..., 0]), "expected an RGB array"),
        (lambda p, f: p.predict(f[:0]), "641x0 is empty"),
        (lambda p, f: p.predict(f, outputs=["label"]), r"outputs: 'label' is unknown; did you mean 'labels'\?"),
        (lambda p, f: p.predict(f, camera(width=640)), "intrinsics: are for 640x479, the image is 641x479"),
    ],
)
def test_bad_input(predictor, frame, call, message):
    with pytest.raises(InputError, match=message):
        call(predictor, frame)
    assert predictor.predict(frame).labels is not None, "a good frame after a bad one"


def test_results_are_fresh_arrays(predictor, frame):
    first = predictor.predict(frame)
    kept = {name: getattr(first, name).copy() for name in ("labels", "confidence", "depth", "normals")}
    predictor.predict(frame[::-1].copy())
    assert all(np.array_equal(getattr(first, name), value) for name, value in kept.items())


def test_the_same_frame_gives_the_same_result(predictor, frame):
    first, second = predictor.predict(frame), predictor.predict(frame)
    assert all(np.array_equal(getattr(first, n), getattr(second, n)) for n in ("labels", "confidence", "depth", "normals"))


@pytest.mark.slow
def test_fast_labels(make_net, predictor, frame):
    net = make_net("mtdense")
    last = net.heads["labels"][-1]
    last.weight.data -= last.weight.data.mean((0, 2, 3), keepdim=True)  # or one class would win everywhere
    last.bias.data.zero_()
    balanced = Predictor.from_network(net, predictor.card, EngineOptions(device="cpu"))
    exact, fast = (balanced.predict(frame, options=OutputOptions(labels_upsampling=u)).labels for u in ("exact", "fast"))
    assert 0.5 < (exact == fast).mean() < 1
    with pytest.raises(ConfigError, match="labels.upsampling: 'cubic' is unknown"):
        OutputOptions(labels_upsampling="cubic")


@pytest.mark.slow
def test_size(make_random_weights, frame):
    path = make_random_weights("mtdense")
    assert Predictor.load(path, size=(192, 256)).network_size((H, W)) == (192, 256)
    native = make_random_weights("mtdense", input={
        "height": 1, "width": 1, "resize": "native", "multiple": 1, "mean": [0, 0, 0], "std": [1, 1, 1],
    })  # fmt: skip
    assert Predictor.load(native).network_size((H, W)) == (H, W)
    assert Predictor.load(native, size=(48, 64)).network_size((480, 640)) == (48, 64)
    with pytest.raises(ConfigError, match=r"size: \(0, 5\) is no"):
        Predictor.load(path, size=(0, 5))


@pytest.mark.slow
def test_label_space(predictor, make_random_weights):
    assert predictor.label_space.names == ("floor", "wall", "ceiling", "furniture", "object", "other")
    assert Predictor.load(make_random_weights("mtdense", label_space=None)).label_space is None
    with pytest.raises(WeightsError, match="the network has 6 classes, its label space 'nyud40' has 40"):
        Predictor.load(make_random_weights("mtdense", label_space="nyud40"))


def test_unknown_engine(make_random_weights):
    with pytest.raises(ConfigError, match=r"engine: 'troch' is unknown; did you mean 'torch'\?"):
        Predictor.load(make_random_weights("mtdense"), engine="troch")


def test_warm_up_leaves_no_trace(predictor, frame):
    predictor.warm_up((H, W))
    assert not predictor.counters
    assert predictor.predict(frame).foreground is None


def test_another_predictor_in_one_thread_changes_nothing_for_this_one(make_random_weights, frame, monkeypatch):
    limits = []

    def recorded(first, second, worthwhile=True):
        limits.append(parallel._threads.get())
        return first(), second()

    monkeypatch.setattr(postprocess, "run_in_parallel", recorded)
    weights = make_random_weights("mtdense")
    predictors = [Predictor.load(weights, device="cpu", engine="torch", size=(64, 64), threads=n) for n in (0, 1)]
    for predictor in (*predictors, predictors[0]):
        predictor.predict(frame)
    assert limits == [0, 1, 0]
