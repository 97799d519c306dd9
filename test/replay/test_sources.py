"""Every kind of source gives the frames that were written, in order, with stamps, frame and camera; bad ones say what is wrong."""

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.replay.messages import CAMERA_INFO, IMAGE, array_of, serialise_camera_info, serialise_image, typestore
from mtdense_ros.replay.sources import open_source
from mtdense_ros.utils.record_stream import stamp_ns

CAMERA = Intrinsics(32, 24, 30.0, 31.0, 15.5, 11.5)
COMPRESSED = "sensor_msgs/msg/CompressedImage"


def picture(value):
    """One flat colour per frame, so that lossy codecs keep it apart from the others."""
    return np.full((24, 32, 3), (value, 255 - value, 60), np.uint8)


def frame(index, intrinsics=CAMERA):
    return Frame(picture(40 * index), 1_000_000_000 * (index + 1) + 7, "cam", intrinsics)


def write_bag(path, messages, plugin=StoragePlugin.MCAP):
    """messages: (topic, type, serialised)"""
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        connections = {}
        for time, (topic, kind, data) in enumerate(messages):
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=typestore())
            writer.write(connections[topic], time, data)
    return path


def camera_messages(topic="/cam/image_raw", frames=3):
    for index in range(frames):
        yield topic, IMAGE, serialise_image(frame(index))
        yield topic.rpartition("/")[0] + "/camera_info", CAMERA_INFO, serialise_camera_info(frame(index), CAMERA)


def compressed(index):
    """A CompressedImage with the stamp of frame(index)."""
    types = typestore().types
    stamp = types["builtin_interfaces/msg/Time"](sec=index + 1, nanosec=7)
    _, data = cv2.imencode(".png", picture(40 * index)[..., ::-1])
    header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="cam")
    return bytes(typestore().serialize_cdr(types[COMPRESSED](header=header, format="png", data=data.ravel()), COMPRESSED))


@pytest.mark.parametrize("plugin", list(StoragePlugin))
def test_bag(tmp_path, plugin):
    source = open_source(write_bag(tmp_path / "bag", camera_messages(), plugin))
    frames = list(source.frames())
    assert [f.stamp_ns for f in frames] == [1_000_000_007, 2_000_000_007, 3_000_000_007]
    assert [f.frame_id for f in frames] == ["cam"] * 3
    assert [f.intrinsics for f in frames] == [CAMERA] * 3  # the first camera_info comes after the first image
    for index, found in enumerate(frames):
        np.testing.assert_array_equal(found.rgb, picture(40 * index))
    assert source.keeps_stamps and source.image_topic == "/cam/image_raw" and source.info_topic == "/cam/camera_info"


def test_bag_records_are_the_recorded_bytes_after_one_camera_info(tmp_path):
    messages = list(camera_messages())
    records = list(open_source(write_bag(tmp_path / "bag", messages)).records())
    assert records[0].message_type == CAMERA_INFO
    assert [(r.topic, r.message_type, r.data) for r in records[1:]] == messages


def test_bare_mcap_file(tmp_path):
    bag = write_bag(tmp_path / "bag", camera_messages())
    assert len(list(open_source(bag / "bag.mcap").frames())) == 3


def test_compressed_images(tmp_path):
    source = open_source(write_bag(tmp_path / "bag", [("/cam/image_raw/compressed", COMPRESSED, compressed(i)) for i in range(2)]))
    frames = list(source.frames())
    np.testing.assert_array_equal(frames[1].rgb, picture(40))
    assert frames[0].intrinsics is None and source.info_topic == ""
    assert [stamp_ns(r.data) for r in source.records()] == [1_000_000_007, 2_000_000_007]


def test_compressed_topic_of_another_name_is_played_under_the_usual_one(tmp_path):
    source = open_source(write_bag(tmp_path / "bag", [("/cam/jpeg", COMPRESSED, compressed(0))]))
    assert source.image_topic == "/cam/jpeg/compressed" == next(source.records()).topic


def test_raw_topic_wins_over_its_own_compressed_one(tmp_path):
    messages = [*camera_messages(), ("/cam/image_raw/compressed", COMPRESSED, compressed(0))]
    assert open_source(write_bag(tmp_path / "bag", messages)).image_topic == "/cam/image_raw"


def test_several_cameras_are_listed(tmp_path):
    bag = write_bag(tmp_path / "bag", [*camera_messages("/left/image_raw"), *camera_messages("/right/image_raw", 2)])
    with pytest.raises(ConfigError, match=r"--image-topic(.|\n)*/left/image_raw .* 3 messages\n.*/right/image_raw .* 2 messages"):
        open_source(bag)
    assert len(list(open_source(bag, "/right/image_raw").frames())) == 2
    with pytest.raises(ConfigError, match="did you mean '/left/image_raw'"):
        open_source(bag, "/lefd/image_raw")


def test_depth_images_are_no_camera(tmp_path):
    depth = typestore().deserialize_cdr(serialise_image(frame(0)), IMAGE)
    depth.encoding, depth.width, depth.step = "16UC1", 48, 96
    bag = write_bag(tmp_path / "bag", [("/depth/image", IMAGE, bytes(typestore().serialize_cdr(depth, IMAGE)))])
    with pytest.raises(InputError, match="no topic with camera images"):
        open_source(bag)


def test_uncalibrated_camera_has_no_intrinsics(tmp_path):
    info = typestore().deserialize_cdr(serialise_camera_info(frame(0), CAMERA), CAMERA_INFO)
    info.k = np.zeros(9)
    messages = [("/c/camera_info", CAMERA_INFO, bytes(typestore().serialize_cdr(info, CAMERA_INFO)))]
    bag = write_bag(tmp_path / "bag", [*messages, ("/c/image_raw", IMAGE, serialise_image(frame(0)))])
    assert next(open_source(bag).frames()).intrinsics is None


def test_distorted_camera_has_rays_of_its_own(tmp_path):
    assert open_source(write_bag(tmp_path / "ideal", camera_messages())).rays is None
    info = typestore().deserialize_cdr(serialise_camera_info(frame(0), CAMERA), CAMERA_INFO)
    info.d = np.array([-0.3, 0.1, 0.0, 0.0, 0.0])
    distorted = bytes(typestore().serialize_cdr(info, CAMERA_INFO))
    for topic, has_rays in (("/c/image_raw", True), ("/c/image_rect", False)):
        messages = [("/c/camera_info", CAMERA_INFO, distorted), (topic, IMAGE, serialise_image(frame(0)))]
        rays = open_source(write_bag(tmp_path / topic.rpartition("/")[2], messages)).rays
        assert (rays is not None) == has_rays
        if rays is not None:
            assert rays.x[0, 0] < (0 - CAMERA.cx) / CAMERA.fx  # a barrel shows more than the pinhole


def test_broken_bag(tmp_path):
    bag = write_bag(tmp_path / "bag", camera_messages(), StoragePlugin.SQLITE3)
    (bag / "bag.db3").write_bytes(b"no database")
    with pytest.raises(InputError, match=r"bag .*: cannot be read .*ros2 bag"):
        open_source(bag)


def test_ros1_bag_names_the_converter(tmp_path):
    (tmp_path / "old.bag").touch()
    with pytest.raises(InputError, match="rosbags-convert"):
        open_source(tmp_path / "old.bag")


def test_folder_in_the_order_of_names(tmp_path):
    for index in (2, 0, 1):
        cv2.imwrite(str(tmp_path / f"{index}.png"), picture(40 * index)[..., ::-1])
    (tmp_path / "notes.txt").write_text("not a picture")
    frames = list(open_source(tmp_path).frames())
    assert [f.stamp_ns for f in frames] == [0, 100_000_000, 200_000_000]
    np.testing.assert_array_equal(frames[2].rgb, picture(80))


def test_single_image(tmp_path):
    cv2.imwrite(str(tmp_path / "one.png"), picture(40)[..., ::-1])
    frames = list(open_source(tmp_path / "one.png").frames())
    assert len(frames) == 1 and frames[0].intrinsics is None


def test_folder_with_two_sizes(tmp_path):
    cv2.imwrite(str(tmp_path / "0.png"), picture(0))
    cv2.imwrite(str(tmp_path / "1.png"), picture(0)[:-2])
    with pytest.raises(InputError, match=r"1\.png has 32x22 pixels, the first image 32x24"):
        list(open_source(tmp_path).frames())


def test_video(tmp_path):
    path = tmp_path / "video.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 20.0, (32, 24))
    for index in range(3):
        video.write(picture(80 * index)[..., ::-1])
    video.release()
    frames = list(open_source(path).frames())
    assert [f.stamp_ns for f in frames] == [0, 50_000_000, 100_000_000]
    assert np.abs(frames[2].rgb.astype(int) - picture(160)).max() < 12  # JPEG


def test_pictures_become_messages(tmp_path):
    cv2.imwrite(str(tmp_path / "one.png"), picture(40)[..., ::-1])
    (record,) = open_source(tmp_path).records()
    assert (record.topic, record.message_type) == ("/camera/image_raw", IMAGE)
    np.testing.assert_array_equal(array_of(record.data, IMAGE), picture(40))


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [("absent", None, "does not exist"), ("empty", "", "holds no image"), ("text.mp4", "no video", "cannot be opened as a video")],
)
def test_what_is_no_source(tmp_path, name, content, error):
    if content == "":
        (tmp_path / name).mkdir()
    elif content:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=error):
        open_source(tmp_path / name)


def test_broken_picture(tmp_path):
    (tmp_path / "0.png").write_bytes(b"\x89PNG but no more")
    with pytest.raises(InputError, match=r"0\.png: is no picture"):
        list(open_source(tmp_path).frames())


@pytest.mark.parametrize("name", ["0.png", "0.bmp"])
def test_a_picture_that_declares_too_much_is_refused_before_it_is_decoded(tmp_path, name, monkeypatch):
    """The content decides, not the name; the file declares 3 * 65500 ** 2 bytes."""
    data = bytearray(cv2.imencode(".png", picture(0))[1].tobytes())
    data[16:24] = (65500).to_bytes(4, "big") * 2
    (tmp_path / name).write_bytes(data)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(InputError, match=rf"image .*{name}: PNG of \d+ bytes declares 65500x65500, more than .*make the picture smaller"):
        list(open_source(tmp_path).frames())


@pytest.mark.parametrize("content", [b"", b"P6 65500 65500 255\n", b"no picture"])
def test_what_opencv_refuses_is_no_picture(tmp_path, content):
    (tmp_path / "0.ppm").write_bytes(content)
    with pytest.raises(InputError, match=r"0\.ppm: is no picture"):
        list(open_source(tmp_path).frames())


def test_image_topic_of_a_folder(tmp_path):
    with pytest.raises(ConfigError, match="not a rosbag2"):
        open_source(tmp_path, "/camera/image_raw")
