"""Every parameter, at run time: it takes effect or is refused with the reason."""

import pytest
from camera_messages import image, picture

from mtdense_ros.parameters import SPECS

OTHERS = {
    "weights": ["two_tasks"], "outputs.labels": "a", "outputs.depth": "b", "outputs.foreground": "c", "labels.space": "d",
    "device": "cpu", "precision": "fp32", "engine": "torch", "threads": 2, "size": "160x96", "warm_up": "",
    "engine_fallback": "cpu", "engine_timeout": 20.0,
    "every.labels": 2, "every.depth": 3, "every.normals": 4, "every.foreground": 5,
    "budget.latency_ms": 500.0, "budget.rate_hz": 2.0,
    "image_transport": "compressed", "reliability": "best_effort", "frame_id": "map", "camera_model": "rectify",
    "max_image_pixels": 1_000_000,
    "max_age": 5.0, "max_age_from": "stamp", "background.path": "/tmp/reference.png", "background.seconds": 1.5,
    "background.threshold": 0.7, "depth.min": 0.5, "depth.max": 9.0, "depth.scale_mode": "camera_height", "depth.scale": 2.0,
    "depth.scale_limit": 3.0, "depth.camera_height": 1.2, "depth.base_frame": "base_link",
    "points.obstacle_classes": ["wall", "furniture"], "obstacles.min_height": 0.2, "obstacles.max_height": 1.5, "obstacles.range": 3.0,
    "obstacles.voxel_size": 0.1, "obstacles.edge_threshold": 0.2,
    "depth.encoding": "16UC1", "points.min": 0.3, "points.max": 4.0, "labels.upsampling": "fast", "jpeg_quality": 50,
    "diagnostics.period": 0.2, "autostart": False,
}  # fmt: skip


def test_the_walk_leaves_no_parameter_out():
    assert set(OTHERS) == set(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_it_takes_effect_or_is_refused_with_the_reason(client, name):
    before = client.get_parameter(name)
    successful, reason = client.set_parameter(name, OTHERS[name])
    after = client.get_parameter(name)
    if SPECS[name].effect == "run time":
        assert successful and after == OTHERS[name], reason
        assert client.set_parameter(name, before)[0]
    else:
        assert not successful and after == before
        assert f"takes effect at {SPECS[name].effect}" in reason


@pytest.mark.parametrize("name", [n for n, s in SPECS.items() if s.low is not None])
def test_out_of_range_is_refused(client, name):
    spec = SPECS[name]
    for value in (spec.low - 1, spec.high + 1):
        successful, reason = client.set_parameter(name, type(spec.default)(value))
        assert not successful and "range" in reason


@pytest.mark.parametrize("name", [n for n, s in SPECS.items() if s.choices])
def test_an_unknown_word_is_refused_with_the_known_ones(client, name):
    successful, reason = client.set_parameter(name, "nonsense")
    assert not successful and all(word in reason for word in SPECS[name].choices)


def test_unknown_names_and_wrong_types_are_refused(client):
    assert client.set_parameter("max_agee", 1.0) == (False, "parameter max_agee is unknown; did you mean 'max_age'?")
    assert not client.set_parameter("max_age", 1)[0]
    assert not client.set_parameter("every.labels", 2.0)[0]
    assert not client.set_parameter("weights", [1, 2])[0]


def test_pairs_that_cannot_work_are_refused(client):
    assert client.set_parameter("depth.max", 5.0)[0]
    successful, reason = client.set_parameter("depth.min", 6.0)
    assert not successful and "depth.max" in reason
    assert client.set_parameter("depth.max", 0.0)[0]


def test_the_node_still_works_after_all_that(client):
    client.subscribe("labels")
    client.exchange(image(picture()))
