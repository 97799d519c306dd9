"""What the originals call the entries of our networks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

_TASKS = (("labels", "segm"), ("depth", "depth"), ("normals", "normal"))

# Text of our entry names -> the originals', replaced in this order.
_MOBILENET_V2 = {".expand.": ".output.0.", ".depthwise.": ".output.1.", ".project.": ".output.2."}
_HYDRANET = {
    "encoder.": "",
    **_MOBILENET_V2,
    "decoder.reduce.layer": "conv",
    **{f"decoder.crp.stride{2 ** (n + 1)}.stages.{k}.": f"crp{n}.0.{k + 1}_outvar_dimred." for n in (1, 2, 3, 4) for k in range(4)},
    **{f"decoder.adapt.stride{2 ** (n + 1)}.": f"conv_adapt{n}." for n in (2, 3, 4)},
    **{f"heads.{ours}.scale.": f"pre_{theirs}." for ours, theirs in _TASKS},
    **{f"heads.{ours}.predict.": f"{theirs}." for ours, theirs in _TASKS},
}
_MDEAS = {
    "stem_background.": "InitBlock_1.",
    "stem_frame.": "InitBlock_2.",
    **{f"encoder.blocks.{k}.": f"DenseBlock_{k + 1}." for k in range(3)},
    **{f"bottleneck.dilated.{k}.": f"BottleNeck.DilationBlock_{k + 1}." for k in range(4)},
    "bottleneck.reduce.": "BottleNeck.one.",
    "bottleneck.to_mask.": "BottleNeck.one1.",
    "bottleneck.to_depth.": "BottleNeck.one2.",
    **{f"heads.depth.blocks.{k}.": f"DepthDecoder.DecoderBlock_{k + 1}.DenseBlock." for k in range(4)},
    **{f"heads.foreground.blocks.{k}.": f"MaskDecoder.DecoderBlock_{k + 1}.DenseBlock." for k in range(4)},
    "heads.depth.predict.": "DepthDecoder.LastDepthBlock.0.",
    "heads.foreground.predict.": "MaskDecoder.LastMaskBlock.0.",
    **{f".convs.{k}.": f".DepthConvBlock{k + 1}." for k in range(3)},
    ".project.": ".one.",
}
_LRASPP = {"encoder.features.": "backbone.", "heads.labels.": "classifier."}
_TABLES: dict[str, dict[str, str]] = {"hydranet": _HYDRANET, "mdeas": _MDEAS, "lraspp": _LRASPP, "ffm": {}, "mtdense": {}}

_V3_PARTS = ("expand", "depthwise", "squeeze", "project")


def original_names(arch: str, names: Iterable[str]) -> dict[str, str]:
    """Our entry names -> the original's; our own where nobody has published a checkpoint.

    names: all entries of a network of architecture `arch`, one of list_models().
    """
    numbered = numbered_blocks(list(names), "encoder.features.") if arch == "lraspp" else {name: name for name in names}
    return {name: _replaced(text, _TABLES[arch]) for name, text in numbered.items()}


def hydranet_encoder_names(names: Iterable[str]) -> dict[str, str]:
    """Entries of our MobileNetV2 -> what the HydraNet authors call them."""
    return {name: _replaced(name, _MOBILENET_V2) for name in names}


def torchvision_v2_names(names: Iterable[str]) -> dict[str, str]:
    """Entries of our MobileNetV2, in its order -> torchvision's, which counts the blocks through all stages.

    Entries of the first block's expansion, which torchvision lacks, must not be among the names.
    """
    blocks: dict[str, int] = {}
    renamed = {}
    for name in names:
        found = re.fullmatch(r"(layer\d+\.\d+)\.(expand|depthwise|project)\.(\d)\.(\w+)", name)
        if found is None:
            renamed[name] = name.replace("layer1.", "features.0.")
            continue
        block, part, step, value = found.groups()
        feature = blocks.setdefault(block, len(blocks) + 1)
        number = ("expand", "depthwise", "project").index(part) - (feature == 1)
        inside = f"{number + int(step)}" if part == "project" else f"{number}.{step}"
        renamed[name] = f"features.{feature}.conv.{inside}.{value}"
    return renamed


def flat_v2_names(names: Mapping[str, str]) -> dict[str, str]:
    """The values of torchvision_v2_names() as implementations older than torchvision's have them: a block's layers in one row.

    Activations count too: convolution, BatchNorm and ReLU6 of the expansion are 0 to 2, and so on.
    """

    def flat(name: str) -> str:
        found = re.fullmatch(r"features\.(\d+)\.conv\.(\d)(?:\.(\d))?\.(\w+)", name)
        if found is None:
            return name
        block, layer, step, value = found.groups()
        project = 1 if block == "1" else 2  # its place after the steps that have an activation
        number = 3 * int(layer) + int(step) if step else 3 * project + int(layer) - project
        return f"features.{block}.conv.{number}.{value}"

    return {ours: flat(theirs) for ours, theirs in names.items()}


_LITE_PARTS = {"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1"), "project": ("_project_conv", "_bn2")}


def efficientnet_lite_names(names: Iterable[str]) -> dict[str, str]:
    """Entries of our EfficientNetLite, in its order -> those of its checkpoints, which count the blocks through all stages."""
    blocks: dict[str, int] = {}
    renamed = {}
    for name in names:
        found = re.fullmatch(r"(layer\d+\.\d+)\.(\w+)\.(\d)\.(\w+)", name)
        if found is None:
            renamed[name] = name.replace("layer1.0.", "_conv_stem.").replace("layer1.1.", "_bn0.")
            continue
        block, part, step, value = found.groups()
        renamed[name] = f"_blocks.{blocks.setdefault(block, len(blocks))}.{_LITE_PARTS[part][int(step)]}.{value}"
    return renamed


def numbered_blocks(names: Collection[str], prefix: str) -> dict[str, str]:
    """Entries of our MobileNetV3 -> torchvision's: the parts of a block are numbered, by which of them it has.

    prefix: what stands before a block's number in `names`.
    """
    blocks: dict[str, set[str]] = {}
    for name in names:
        number, _, rest = name.removeprefix(prefix).partition(".")
        blocks.setdefault(number, set()).add(rest.partition(".")[0])
    renamed = {}
    for name in names:
        number, _, rest = name.removeprefix(prefix).partition(".")
        part, _, tail = rest.partition(".")
        present = [each for each in _V3_PARTS if each in blocks[number]]
        renamed[name] = f"{prefix}{number}.block.{present.index(part)}.{tail}" if part in present else name
    return renamed


def _replaced(text: str, table: dict[str, str]) -> str:
    for ours, theirs in table.items():
        text = text.replace(ours, theirs)
    return text
