"""Memory that is used again: nothing of a frame's size is allocated, and every value is as in fresh memory, whatever came before."""

import copy

import numpy as np
import pytest
from memory_use import Recorded, peak_bytes

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.geometry.camera_model import CameraModel, ray_table, rectify
from mtdense_ros.imaging.encodings import MessageBuffers, as_bytes, to_rgb
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.pipeline.pipeline import RESULTS, Pipeline
from mtdense_ros.pipeline.results import GROUNDED
from mtdense_ros.utils.buffers import BufferPool

H, W = 480, 640
OPTIONS = {
    "default": PipelineOptions(),
    "scaled": PipelineOptions(depth_scale_mode="camera_height", camera_height=0.8, points_min=0.2, points_max=5.0),
    "fast": PipelineOptions(labels_upsampling="fast", depth_max=3.0),
}
OF_CAMERA_SIZE = [name for name in RESULTS if name not in (*GROUNDED, "changes")]
"""Obstacles, free space and changes are of another size on every frame."""


@pytest.fixture(scope="module")
def predictor(make_random_weights):
    predictor = Predictor.load(make_random_weights("mtdense"), device="cpu")
    predictor._engine = Recorded(predictor._engine)
    return predictor


def camera_of(size_hw):
    height, width = size_hw
    return Intrinsics(width, height, 0.8 * width, 0.8 * width, width / 2, height / 2)


def frame_of(picture, seed, size_hw=(H, W)):
    return Frame(picture(seed, *size_hw), seed, "camera", camera_of(size_hw))


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_frame_allocates_nothing_of_its_size(predictor, picture, options):
    pipeline, memory = Pipeline(predictor, options), MessageBuffers()
    pipeline.background.capture(picture(0, H, W))
    data = [picture(seed, H, W).tobytes() for seed in (1, 2)]

    def work():
        for raw in data:
            frame = Frame(to_rgb(raw, W, H, "bgr8", 3 * W, buffers=memory), 0, "", camera_of((H, W)))
            for values in pipeline.process(frame, OF_CAMERA_SIZE, buffers=memory).values():
                as_bytes(values)

    work()
    assert peak_bytes(work) < H * W
    assert peak_bytes(lambda: pipeline.process(frame_of(picture, 1), {"labels"})) > H * W, "fresh arrays would be noticed"


@pytest.mark.parametrize("encoding, sample_bytes", [("rgb8", 3), ("bgra8", 4), ("mono16", 2), ("bayer_rggb8", 1)])
def test_decoding_and_rectifying_allocate_nothing_of_a_frames_size(encoding, sample_bytes):
    memory, model = BufferPool(), CameraModel(camera_of((H, W)), "plumb_bob", (-0.2, 0.1, 0.0, 0.0, 0.0))
    raw = np.random.default_rng(0).bytes(H * W * sample_bytes)

    def work():
        return rectify(to_rgb(raw, W, H, encoding, W * sample_bytes, buffers=memory), model, memory)

    expected = rectify(to_rgb(raw, W, H, encoding, W * sample_bytes), model)
    assert np.array_equal(work(), expected)
    assert peak_bytes(work) < H * W


@pytest.mark.slow
def test_whatever_came_before_values_are_those_of_fresh_memory(predictor, picture):
    """Two cameras that share a predictor, of sizes, demands and options that change from frame to frame."""
    sizes = ((119, 161), (120, 160), (119, 161), (90, 122))
    demands = (tuple(RESULTS), ("points", "depth"), ("labels", "foreground_overlay"), ("confidence", "normals_color", "points"))
    pipelines = [Pipeline(predictor) for _ in range(2)]
    memories = [MessageBuffers() for _ in pipelines]
    compared = 0
    for step in range(24):
        camera, size_hw, options = step % 2, sizes[step // 3 % 4], list(OPTIONS.values())[step // 2 % 3]
        pipeline, frame, wanted = pipelines[camera], frame_of(picture, step, size_hw), demands[step % 4 if step % 5 else 0]
        pipeline.options = options
        if step % 3 == 0:
            for each, seed in zip(pipelines, (100, 101), strict=True):
                each.background.capture(picture(seed, *size_hw))
        rays = ray_table(CameraModel(frame.intrinsics, "plumb_bob", (-0.3, 0.1, 0.0, 0.0, 0.0))) if step % 7 == 3 else None
        fresh = Pipeline(predictor, options)
        fresh.background, fresh.scale = pipeline.background, copy.copy(pipeline.scale)
        fresh._navigation = copy.deepcopy(pipeline._navigation)
        expected = fresh.process(frame, wanted, rays)
        results = pipeline.process(frame, wanted, rays, memories[camera])
        assert set(results) == set(expected)
        for name, values in results.items():
            assert values.tobytes() == expected[name].tobytes() == as_bytes(values).tobytes(), (step, name)
            compared += 1
    assert compared > 24


def test_results_without_a_workspace_are_kept_by_their_owner(predictor, picture):
    pipeline = Pipeline(predictor)
    pipeline.background.capture(picture(0, H, W))
    first = pipeline.process(frame_of(picture, 1), RESULTS)
    before = {name: values.copy() for name, values in first.items()}
    second = pipeline.process(frame_of(picture, 2), RESULTS)
    for name, values in first.items():
        assert values.tobytes() == before[name].tobytes() and not np.shares_memory(values, second[name])


def test_an_array_stays_until_its_shape_or_kind_changes():
    buffers = BufferPool()
    first = buffers.array("a", (2, 3), np.float32)
    assert buffers.array("a", (2, 3), np.float32) is first
    assert buffers.array("b", (2, 3), np.float32) is not first
    assert buffers.part("p").array("a", (2, 3), np.float32) is not first
    assert buffers.part("p") is buffers.part("p")
    assert buffers.array("a", (3, 2), np.float32).shape == (3, 2)
    assert buffers.array("a", (3, 2), np.uint8).dtype == np.uint8


def test_message_memory_is_a_messages_data_without_a_copy():
    values = MessageBuffers().part("p").array("a", (4, 5), np.float32)
    values[:] = np.arange(20).reshape(4, 5)
    data = as_bytes(values)
    assert data.tobytes() == values.tobytes()
    values[0, 0] = 7
    assert np.frombuffer(data, np.float32)[0] == 7, "the same memory"
    for view in (values[:2], values.T, values[:, ::2]):
        copy = as_bytes(view)
        assert copy.tobytes() == view.tobytes() and not np.shares_memory(np.frombuffer(copy, np.uint8), values)
