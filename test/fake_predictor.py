"""A predictor that says what it is told, for tests of what is made of its depth."""

from types import SimpleNamespace

from mtdense_ros.datatypes import Prediction
from mtdense_ros.geometry.depth import apply_range
from mtdense_ros.inference.postprocess import depth_range


class FakePredictor:
    """Depth (H, W) of a DepthSpec; labels (H, W) and their label_space where they are set, and named in `outputs`."""

    threads, label_space, labels = 0, None, None

    def __init__(self, depth, spec):
        self.depth = depth
        self.card, self.outputs = SimpleNamespace(name="fake", depth=spec), ("depth",)

    def needs_background(self, output):
        return False

    def predict(self, rgb, intrinsics=None, background=None, outputs=None, options=None, buffers=None):
        depth = apply_range(self.depth, *depth_range(self.card.depth, options)) if self.card.depth.kind == "metric" else self.depth.copy()
        return Prediction(depth=depth, labels=self.labels if "labels" in outputs else None)
