"""Networks as files for other runtimes: ONNX graphs that were held against torch, output by output, before anybody gets them."""

from mtdense_ros.export.comparison import TOLERANCE
from mtdense_ros.export.files import CARD_KEY, OnnxFile, export_onnx
from mtdense_ros.export.graph import OPSET

__all__ = ["CARD_KEY", "OPSET", "TOLERANCE", "OnnxFile", "export_onnx"]
