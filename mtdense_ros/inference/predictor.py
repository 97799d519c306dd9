"""Predictor: RGB images in, a Prediction at camera size out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Intrinsics, Prediction, Rgb, check_rgb, image_size
from mtdense_ros.engines.base import Engine, EngineOptions, Features
from mtdense_ros.engines.create import create_engine, create_file_engine
from mtdense_ros.errors import InputError
from mtdense_ros.inference.batches import chosen_outputs, common_size, per_image
from mtdense_ros.inference.network_input import NetworkInput, Size
from mtdense_ros.inference.postprocess import RAW_KEY, OutputOptions, label_space_of, outputs_of, postprocess
from mtdense_ros.models import DenseNetwork
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.utils.parallel import limit_threads
from mtdense_ros.utils.timing import Stopwatch
from mtdense_ros.weights import GRAPH, Card, find_weights, load_weights, read_card


@dataclass(frozen=True, eq=False)
class EncodedBackground:
    """A reference frame as a network sees it: a value to keep and to pass to `predict`. Of use only to its own predictor."""

    features: Features
    size_hw: Size
    engine: Engine


Background = EncodedBackground | Rgb


class Predictor:
    """One network, ready to run. One caller at a time; several cameras may share it, each with its own background.

    `card` describes the network; `label_space` is that of its labels, None where the card names none; `threads` are those that
    were asked for; `load_ms` says how long `load` took, by stage.
    """

    def __init__(
        self,
        engine: Engine,
        needs_background: Collection[str],
        card: Card,
        size: Size | None = None,
        label_space: str = "",
        threads: int = 0,
    ) -> None:
        self.card = card
        self.label_space, self._logits = label_space_of(card, label_space)
        self.threads = threads
        self.load_ms: Mapping[str, float] = {}
        self._engine = engine
        self._needs_background = frozenset(needs_background)
        self._input = NetworkInput(card, size)
        self._background: EncodedBackground | None = None

    @classmethod
    def load(
        cls,
        name_or_path: str | Path,
        device: str = "auto",
        engine: str = "auto",
        precision: str = "auto",
        size: Size | None = None,
        threads: int = 0,
        label_space: str = "",
    ) -> Predictor:
        """The predictor of weights by name or path.

        See EngineOptions for device, engine, precision and threads, and `from_weights`, which this calls, for the others.
        """
        return cls.from_weights(name_or_path, EngineOptions(engine, device, precision, threads), size, label_space)

    @classmethod
    def from_weights(
        cls, name_or_path: str | Path, options: EngineOptions | None = None, size: Size | None = None, label_space: str = ""
    ) -> Predictor:
        """The predictor of weights by name or path.

        A size (height, width) of the network's input replaces the card's. label_space is one of the card's, where it has several;
        the first is the default. Raises WeightsError, DeviceError, ConfigError.
        """
        watch = Stopwatch()
        path = find_weights(name_or_path)
        card = read_card(path)
        if card.arch == GRAPH:
            predictor = cls._from_file(path, card, options or EngineOptions(), size, label_space)
        else:
            net, card = load_weights(path)
            watch.lap("weights")
            predictor = cls.from_network(net, card, options, size, label_space)
        watch.lap("engine")
        predictor.load_ms = watch.laps
        return predictor

    @classmethod
    def from_network(
        cls, net: DenseNetwork, card: Card, options: EngineOptions | None = None, size: Size | None = None, label_space: str = ""
    ) -> Predictor:
        """The predictor of a network in memory, such as one in training; see `from_weights`."""
        options = options or EngineOptions()
        engine = create_engine(net, card, options, NetworkInput(card, size).size_hw)
        return cls(engine, net.needs_background, card, size, label_space, options.threads)

    @classmethod
    def _from_file(cls, path: Path, card: Card, options: EngineOptions, size: Size | None, label_space: str) -> Predictor:
        engine = create_file_engine(path, card, options, NetworkInput(card, size).size_hw)
        return cls(engine, ("foreground",), card, size, label_space, options.threads)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The fields of a Prediction that this network can fill, in the order of datatypes.OUTPUTS."""
        return outputs_of(self.card)

    @property
    def engine_name(self) -> str:
        """The engine that was chosen: "torch", "openvino" or "onnxruntime"."""
        return self._engine.name

    @property
    def engine_rule(self) -> str:
        """Why this engine runs and no other, for the log."""
        return self._engine.rule

    @property
    def device_name(self) -> str:
        """The device that was chosen, such as "cpu" or "cuda"."""
        return str(self._engine.device)

    @property
    def precision(self) -> str:
        """The precision that was chosen: "fp32", "fp16" or "bf16"."""
        return self._engine.precision

    @property
    def counters(self) -> Counter[str]:
        """Images that "encoder" and each head ("labels", "depth", "normals", "foreground") have worked on since warm_up."""
        return self._engine.counters

    @property
    def input_size(self) -> tuple[Size, str]:
        """(height, width) and resize mode of the network's input: the card's, unless another size was asked for."""
        return self._input.size_hw, self._input.resize

    @property
    def any_size(self) -> bool:
        """Whether the network takes images of other sizes than the card's; a file may not."""
        return self.card.arch != GRAPH or self.card.graph.input.any_size

    def network_size(self, camera_hw: Size) -> Size:
        """The (height, width) at which the network sees an image of that (height, width)."""
        return self._input.size_for(camera_hw)

    def needs_background(self, output: str) -> bool:
        """Whether an output of this network does not exist without a background."""
        return RAW_KEY[output] in self._needs_background

    def encode_background(self, rgb: Rgb) -> EncodedBackground:
        """The features of a reference frame (H, W, 3) uint8. Raises InputError where the network takes none."""
        check_rgb(rgb, "background")
        return EncodedBackground(self._engine.encode_background(self._input.of([rgb], BufferPool())), image_size(rgb), self._engine)

    def set_background(self, rgb: Rgb) -> None:
        """Makes a reference frame (H, W, 3) uint8 the one of every `predict` that is given none."""
        self._background = self.encode_background(rgb)

    def clear_background(self) -> None:
        """Forgets the reference frame of `set_background`."""
        self._background = None

    def predict(
        self,
        rgb: Rgb,
        intrinsics: Intrinsics | None = None,
        background: Background | None = None,
        outputs: Collection[str] | None = None,
        options: OutputOptions | None = None,
        buffers: BufferPool | None = None,
    ) -> Prediction:
        """What the network says of an image (H, W, 3) uint8, at its size.

        With the intrinsics of this image, depth holds for its focal length. The background is encoded, or an image that is encoded
        for this call. Only `outputs` are computed, or all of datatypes.OUTPUTS where it is None. The answer may lie in `buffers`
        until the next call with them; without them its arrays are new. What the network lacks, or cannot give without a
        background, is None. Raises InputError.
        """
        return self.predict_batch([rgb], intrinsics, background, outputs, options, buffers)[0]

    def predict_batch(
        self,
        images: Sequence[Rgb],
        intrinsics: Intrinsics | Sequence[Intrinsics | None] | None = None,
        backgrounds: Background | Sequence[Background] | None = None,
        outputs: Collection[str] | None = None,
        options: OutputOptions | None = None,
        buffers: BufferPool | None = None,
    ) -> list[Prediction]:
        """`predict` for images of one size in one run of the network; intrinsics and backgrounds: one for all, or one each."""
        watch = Stopwatch()
        camera_hw = common_size(images)
        cameras = per_image(intrinsics, Intrinsics, len(images), "intrinsics")
        wanted = chosen_outputs(outputs)
        raw_wanted = {RAW_KEY[output] for output in wanted} & set(self.card.outputs)
        features = self._features(backgrounds, camera_hw, len(images)) if raw_wanted & self._needs_background else None
        raw_keys = raw_wanted if features is not None else raw_wanted - self._needs_background
        buffers = buffers or BufferPool()
        network_input = self._input.of(images, buffers)
        watch.lap("preprocess")
        raw = self._engine.run(network_input, features, raw_keys) if raw_keys else {}
        watch.lap("network")
        predictions = []
        with limit_threads(self.threads):
            for i, camera in enumerate(cameras):
                one = {key: maps[i, self._logits] if key == "labels" else maps[i] for key, maps in raw.items()}
                scale, mine = self._input.focal_scale(camera_hw, camera), buffers.part(f"image {i}")
                predictions.append(postprocess(one, camera_hw, self.card, scale, wanted, options or OutputOptions(), mine))
        watch.lap("postprocess")
        return [replace(p, timings=watch.laps, focal_assumed=camera is None) for p, camera in zip(predictions, cameras, strict=True)]

    def raw(self, rgb: Rgb, background: Background | None = None) -> dict[str, NDArray[np.float32]]:
        """What the network itself gives of an image (H, W, 3) uint8, by its own outputs: (C, h, w) at its own size, logits for one.

        What it cannot give without a background is left out.
        """
        features = self._features(background, image_size(rgb), 1) if self._needs_background else None
        keys = [key for key in self.card.outputs if features is not None or key not in self._needs_background]
        maps = self._engine.run(self._input.of([rgb], BufferPool()), features, keys) if keys else {}
        return {key: values[0].copy() for key, values in maps.items()}

    def warm_up(self, camera_hw: Size) -> None:
        """Runs everything once on a black image of (height, width), so that the first frame is no slower; resets the counters."""
        black = np.zeros((*camera_hw, 3), np.uint8)
        self.predict(black, background=black if "foreground" in self.outputs else None)
        self.counters.clear()

    def avoid_stalls(self) -> None:
        """From now on no frame waits while the engine compiles another set of outputs: more than asked for is computed meanwhile.

        See Engine.may_stall, and there what holds for torch.
        """
        self._engine.may_stall = False

    def close(self) -> None:
        """Gives back the engine's memory and threads; the predictor is of no use afterwards."""
        self._engine.close()

    def _features(self, backgrounds: Background | Sequence[Background] | None, camera_hw: Size, count: int) -> Features | None:
        """Background features for a batch: of one background for all frames, or of one each, stacked."""
        if backgrounds is None:
            backgrounds = self._background
        if backgrounds is None:
            return None
        if isinstance(backgrounds, (EncodedBackground, np.ndarray)):
            return self._checked(backgrounds, camera_hw).features
        if len(backgrounds) != count:
            raise InputError(f"predict_batch: {len(backgrounds)} backgrounds for {count} images; pass one for all, or one each")
        for i, background in enumerate(backgrounds):
            if not isinstance(background, (EncodedBackground, np.ndarray)):
                found = f"background {i} is of type {type(background).__name__}"
                raise InputError(f"predict_batch: {found}; pass one for every image, or predict those without apart")
        encoded = [self._checked(background, camera_hw).features for background in backgrounds]
        return self._engine.concatenate(encoded)

    def _checked(self, background: Background, camera_hw: Size) -> EncodedBackground:
        size_hw = image_size(background) if isinstance(background, np.ndarray) else background.size_hw
        if size_hw != camera_hw:
            found, due = (f"{w}x{h}" for h, w in (size_hw, camera_hw))
            raise InputError(f"background: is {found}, the image is {due}; capture a background with this camera at this size")
        encoded = self.encode_background(background) if isinstance(background, np.ndarray) else background
        if encoded.engine is not self._engine:
            raise InputError("background: was encoded by another predictor; use encode_background of the one that predicts")
        return encoded
