"""Small networks as ONNX files: every role, layout and type, with answers that can be worked out by hand."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

H, W = 24, 32


def save(path, nodes, inputs, outputs, constants=(), opset=17):
    """A model of these nodes; inputs and outputs: name -> (type, shape), None or a word for an open side."""
    values = [
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in each.items()] for each in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "small", values[0], values[1], [numpy_helper.from_array(v, k) for k, v in dict(constants).items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, path)
    return path


def classifier(path, *, nhwc=False, dtype="float32", fixed=True, channels=2, end="logits", blind=False):
    """Bright pixels are of the last class, dark ones of the first; with three channels the middle one never wins.

    end: "logits", "probabilities" or "ids". The scores are +-(mean of the colours - level), the level being half of the dtype's range.
    """
    size = (H, W) if fixed else ("h", "w")
    level = 127.5 if dtype == "uint8" else 0.0
    scale = 0.02 if dtype == "uint8" else 1.0
    weight = np.zeros((channels, 3, 1, 1), np.float32)
    weight[0], weight[-1] = -scale / 3, scale / 3
    weight *= not blind
    bias = np.full(channels, -30.0, np.float32)
    bias[0], bias[-1] = scale * level, -scale * level
    nodes, last = [], "image"
    if dtype != "float32":
        nodes.append(helper.make_node("Cast", [last], ["as float"], to=TensorProto.FLOAT))
        last = "as float"
    if nhwc:
        nodes.append(helper.make_node("Transpose", [last], ["planes"], perm=[0, 3, 1, 2]))
        last = "planes"
    nodes.append(helper.make_node("Conv", [last, "weight", "bias"], ["scores"]))
    kind, shape = TensorProto.FLOAT, [1, channels, *size]
    last = "scores"
    if end == "probabilities":
        nodes.append(helper.make_node("Softmax", [last], ["p"], axis=1))
        last = "p"
    if end == "ids":
        nodes.append(helper.make_node("ArgMax", [last], ["answer"], axis=1, keepdims=0))
        kind, shape = TensorProto.INT64, [1, *size]
    elif nhwc:
        nodes.append(helper.make_node("Transpose", [last], ["answer"], perm=[0, 2, 3, 1]))
        shape = [1, *size, channels]
    else:
        nodes.append(helper.make_node("Identity", [last], ["answer"]))
    image = [1, *size, 3] if nhwc else [1, 3, *size]
    types = {"float32": TensorProto.FLOAT, "uint8": TensorProto.UINT8, "float16": TensorProto.FLOAT16}
    return save(path, nodes, {"image": (types[dtype], image)}, {"answer": (kind, shape)}, {"weight": weight, "bias": bias})


def geometry(path):
    """Depth: mean of the colours; normals: the colours; in one file, of any size and batch."""
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["depth"], axes=[1], keepdims=1),
        helper.make_node("Identity", ["image"], ["normals"]),
    ]
    shape = ["b", 3, "h", "w"]
    outputs = {"depth": (TensorProto.FLOAT, ["b", 1, "h", "w"]), "normals": (TensorProto.FLOAT, shape)}
    return save(path, nodes, {"image": (TensorProto.FLOAT, shape)}, outputs)


def difference(path, end="probabilities"):
    """Foreground: how far the image is from the background, as a probability or as a logit."""
    nodes = [
        helper.make_node("Sub", ["image", "reference"], ["signed"]),
        helper.make_node("Abs", ["signed"], ["distance"]),
        helper.make_node("ReduceMax", ["distance"], ["far"], axes=[1], keepdims=1),
        helper.make_node("Clip", ["far", "zero", "one"], ["p"]),
    ]
    if end == "logits":
        nodes += [helper.make_node("Sub", ["p", "half"], ["centred"]), helper.make_node("Mul", ["centred", "steep"], ["answer"])]
    else:
        nodes.append(helper.make_node("Identity", ["p"], ["answer"]))
    one = (TensorProto.FLOAT, [1, 3, H, W])
    constants = {n: np.array(v, np.float32) for n, v in {"zero": 0, "one": 1, "half": 0.5, "steep": 8}.items()}
    return save(path, nodes, {"image": one, "reference": one}, {"answer": (TensorProto.FLOAT, [1, 1, H, W])}, constants)


def halves(dark=20, bright=220, size=(48, 64)):
    """A picture whose right half is bright."""
    rgb = np.full((*size, 3), dark, np.uint8)
    rgb[:, size[1] // 2 :] = bright
    return rgb
