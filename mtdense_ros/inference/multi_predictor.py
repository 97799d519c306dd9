"""MultiPredictor: several networks as one. Each runs at most once per frame, and every output has exactly one network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import OUTPUTS, Intrinsics, LabelSpace, Prediction
from mtdense_ros.engines.base import EngineOptions
from mtdense_ros.errors import ConfigError, known_names
from mtdense_ros.inference.postprocess import OutputOptions, outputs_of
from mtdense_ros.inference.predictor import EncodedBackground, Predictor
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.weights import DepthSpec, read_card

T = TypeVar("T")
Rgb = NDArray[np.uint8]
EncodedBackgrounds = Mapping[str, EncodedBackground]
"""A reference frame as each network that needs one sees it, by the name of the weights."""

ROUTABLE = ("labels", "depth", "foreground")
"""Outputs whose network can be named; confidence follows labels, and normals come from the first network that has them."""


@dataclass(frozen=True)
class MultiPredictor:
    """Predictors by the name of their weights, and the name of the one that makes each output.

    One caller at a time; several cameras may share it, each with its own backgrounds.
    """

    predictors: Mapping[str, Predictor]
    routes: Mapping[str, str]

    @classmethod
    def of(cls, predictors: Sequence[Predictor], choices: Mapping[str, str] | None = None) -> MultiPredictor:
        """Of loaded networks, in order of preference; `route_outputs` explains the choices. Raises ConfigError."""
        by_name = _by_name((predictor.card.name, predictor) for predictor in predictors)
        return cls(by_name, route_outputs({name: predictor.outputs for name, predictor in by_name.items()}, choices or {}))

    @classmethod
    def load(
        cls,
        weights: str | Path | Sequence[str | Path],
        choices: Mapping[str, str] | None = None,
        options: EngineOptions | None = None,
        size: tuple[int, int] | None = None,
        label_space: str = "",
    ) -> MultiPredictor:
        """Of weights by name or path, in order of preference.

        `choices` names weights, as in the list or on their cards, for some of labels, depth and foreground. label_space is for the
        network that makes labels, where it has several. The other arguments apply to all, see Predictor.load. Raises ConfigError
        before anything is loaded where the list does not fit together, WeightsError and DeviceError.
        """
        by_name, routes = plan_networks(weights, choices)
        if label_space and "labels" not in routes:
            raise ConfigError(f"parameter labels.space: '{label_space}', but none of {', '.join(by_name)} makes labels; leave it empty")
        spaces = {routes["labels"]: label_space} if label_space else {}
        predictors = {name: Predictor.from_weights(each, options, size, spaces.get(name, "")) for name, each in by_name.items()}
        return cls(predictors, routes)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The fields of a Prediction that can be filled, in the order of datatypes.OUTPUTS."""
        return tuple(output for output in OUTPUTS if output in self.routes)

    @property
    def name(self) -> str:
        """The names of all weights, for people."""
        return " + ".join(self.predictors)

    @property
    def label_space(self) -> LabelSpace | None:
        """Of the network that makes the labels; None without labels, or where its card names none."""
        network = self.network_for("labels")
        return None if network is None else network.label_space

    @property
    def depth(self) -> DepthSpec | None:
        """What the depth of the network that makes it means; None without depth."""
        network = self.network_for("depth")
        return None if network is None else network.card.depth

    @property
    def depth_is_relative(self) -> bool:
        """Whether there is depth, and without a unit: relative or inverse."""
        return self.depth is not None and self.depth.kind != "metric"

    @property
    def device_name(self) -> str:
        """The device that was chosen, such as "cpu" or "cuda"."""
        return next(iter(self.predictors.values())).device_name

    @property
    def precision(self) -> str:
        """The precision that was chosen: "fp32", "fp16" or "bf16"."""
        return next(iter(self.predictors.values())).precision

    @property
    def threads(self) -> int:
        """The CPU threads that were asked for; 0: the engine's own choice."""
        return next(iter(self.predictors.values())).threads

    @property
    def counters(self) -> Counter[str]:
        """Images that "encoder" and each head have worked on; with several networks the name of the weights stands before."""
        if len(self.predictors) == 1:
            return next(iter(self.predictors.values())).counters
        counted = {name: predictor.counters.copy() for name, predictor in self.predictors.items()}  # at once: another thread adds to them
        return Counter({f"{name} {part}": n for name, counters in counted.items() for part, n in counters.items()})

    def network_for(self, output: str) -> Predictor | None:
        """The network that makes an output; None where there is none."""
        return self.predictors[self.routes[output]] if output in self.routes else None

    def made_by(self, name: str) -> tuple[str, ...]:
        """The outputs that come from the weights of this name."""
        return tuple(output for output in self.outputs if self.routes[output] == name)

    def needs_background(self, output: str) -> bool:
        """Whether an output does not exist without a background."""
        network = self.network_for(output)
        return network is not None and network.needs_background(output)

    def encode_background(self, rgb: Rgb) -> EncodedBackgrounds:
        """The features of a reference frame (H, W, 3) uint8, for each network that makes something of one."""
        users = {self.routes[output] for output in self.outputs if self.needs_background(output)}
        return {name: predictor.encode_background(rgb) for name, predictor in self.predictors.items() if name in users}

    def predict(
        self,
        rgb: Rgb,
        intrinsics: Intrinsics | None = None,
        backgrounds: EncodedBackgrounds | None = None,
        outputs: Collection[str] | None = None,
        options: OutputOptions | None = None,
        buffers: BufferPool | None = None,
    ) -> Prediction:
        """`Predictor.predict` by each network for its outputs; a network of which nothing is wanted does not run.

        The timings are the sums over the networks per stage, and with several networks the time of each. Raises InputError.
        """
        buffers = buffers or BufferPool()
        merged = Prediction()
        for name, predictor in self.predictors.items():
            mine = [output for output in self.made_by(name) if outputs is None or output in outputs]
            if mine:
                one = predictor.predict(rgb, intrinsics, (backgrounds or {}).get(name), mine, options, buffers.part(name))
                merged = self._merged(merged, one, name, mine)
        return merged

    def warm_up(self, camera_hw: tuple[int, int]) -> None:
        """Runs every network once on a black image of (height, width); resets the counters."""
        for predictor in self.predictors.values():
            predictor.warm_up(camera_hw)

    def avoid_stalls(self) -> None:
        """See Predictor.avoid_stalls."""
        for predictor in self.predictors.values():
            predictor.avoid_stalls()

    def close(self) -> None:
        """See Predictor.close, for every network."""
        for predictor in self.predictors.values():
            predictor.close()

    def _merged(self, so_far: Prediction, one: Prediction, name: str, outputs: Collection[str]) -> Prediction:
        """`so_far` with the `outputs` of another network."""
        timings = {stage: so_far.timings.get(stage, 0.0) + ms for stage, ms in one.timings.items()}
        if len(self.predictors) > 1:
            timings[f"network {name}"] = one.timings.get("network", 0.0)
        fields = {output: getattr(one, output) for output in outputs}
        focal_assumed = one.focal_assumed if "depth" in outputs else so_far.focal_assumed
        return replace(so_far, **fields, timings={**so_far.timings, **timings}, focal_assumed=focal_assumed)


def plan_networks(
    weights: str | Path | Sequence[str | Path], choices: Mapping[str, str] | None = None
) -> tuple[dict[str, str | Path], dict[str, str]]:
    """The weights by the name on their cards, and the network of each output, before anything is loaded.

    Arguments as for MultiPredictor.load. Raises ConfigError where the list does not fit together, WeightsError.
    """
    weights = [weights] if isinstance(weights, (str, Path)) else weights
    cards = [read_card(each) for each in weights]
    by_name = _by_name((card.name, each) for each, card in zip(weights, cards, strict=True))
    on_card = {str(each): name for name, each in by_name.items()}
    chosen = {output: on_card.get(name, name) for output, name in (choices or {}).items()}
    return by_name, route_outputs({card.name: outputs_of(card) for card in cards}, chosen)


def _by_name(named: Iterable[tuple[str, T]]) -> dict[str, T]:
    """The values by name. Raises ConfigError where there are none, and where a name comes twice."""
    found: dict[str, T] = {}
    for name, value in named:
        if name in found:
            raise ConfigError(f"parameter weights: '{name}' comes twice; name every network once, under its own name")
        found[name] = value
    if not found:
        raise ConfigError("parameter weights: is empty; name at least one")
    return found


def route_outputs(networks: Mapping[str, Collection[str]], choices: Mapping[str, str]) -> dict[str, str]:
    """The network that makes each output, in the order of datatypes.OUTPUTS.

    `networks` says, in order of preference, which outputs each can make. `choices` names the network for some of ROUTABLE; an
    empty name leaves it to the order. Raises ConfigError for a choice that cannot be and for a network without work.
    """
    for output, name in choices.items():
        _check_choice(output, name, networks)
    routes = {}
    for output in OUTPUTS:
        chosen = choices.get("labels" if output == "confidence" else output, "")
        able = [name for name, outputs in networks.items() if output in outputs]
        if chosen or able:
            routes[output] = chosen or able[0]
    for name, outputs in networks.items():
        if name not in routes.values():
            raise ConfigError(_without_work(name, outputs, routes))
    return routes


def _check_choice(output: str, name: str, networks: Mapping[str, Collection[str]]) -> None:
    if output not in ROUTABLE:
        raise ConfigError(f"outputs.{output}: has no network to choose; {known_names(output, ROUTABLE)}")
    if name and name not in networks:
        raise ConfigError(f"parameter outputs.{output}: '{name}' is none of the weights; {known_names(name, networks)}")
    if name and output not in networks[name]:
        able = [other for other, outputs in networks.items() if output in outputs]
        remedy = f"name {' or '.join(able)}" if able else f"none of the weights has {output}: add some that have"
        raise ConfigError(f"parameter outputs.{output}: '{name}' has no {output}, it has {', '.join(networks[name])}; {remedy}")


def _without_work(name: str, outputs: Collection[str], routes: Mapping[str, str]) -> str:
    taken = ", ".join(f"{output} from {routes[output]}" for output in outputs)
    remedy = "take it off the list, move it forward, or choose it with outputs.labels, outputs.depth or outputs.foreground"
    return f"parameter weights: '{name}' would have nothing to do ({taken or 'it has no outputs'}); {remedy}"
