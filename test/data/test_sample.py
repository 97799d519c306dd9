"""The record of one training sample: what it holds, and what it refuses."""

import numpy as np
import pytest

from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import InputError

IMAGE = np.zeros((4, 6, 3), np.uint8)


def test_what_is_missing_is_explicit():
    assert Sample(IMAGE).targets == ()
    assert Sample(IMAGE, labels=IMAGE[..., 0], foreground=np.zeros((4, 6), np.float32)).targets == ("labels", "foreground")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image": IMAGE[..., 0]}, r"sample 'x', image: expected an RGB array"),
        ({"depth": np.zeros((4, 6))}, r"sample 'x', depth: found float64 \(4, 6\), expected float32 \(4, 6\)"),
        ({"labels": np.zeros((4, 5), np.uint8)}, r"labels: found uint8 \(4, 5\)"),
        ({"normals": np.zeros((4, 6), np.float32)}, r"normals: found float32 \(4, 6\), expected float32 \(4, 6, 3\)"),
        ({"background": Sample(IMAGE[:2])}, "its background is 6x2, the picture 6x4"),
        ({"intrinsics": Intrinsics(8, 4, 5.0, 5.0, 3.5, 1.5)}, "intrinsics are for 8x4, the picture is 6x4"),
    ],
)
def test_another_shape_or_type_is_refused_where_it_is_made(fields, message):
    with pytest.raises(InputError, match=message):
        Sample(**{"image": IMAGE, "name": "x", **fields})
