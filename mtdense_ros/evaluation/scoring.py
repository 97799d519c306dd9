"""A predictor and the baselines against the truth of one set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace, Prediction
from mtdense_ros.errors import ConfigError
from mtdense_ros.evaluation.baselines import TrainingStatistics, change_masks, constants
from mtdense_ros.evaluation.change_detection import Subtractors
from mtdense_ros.evaluation.frames import EvaluationFrame
from mtdense_ros.evaluation.label_alignment import Alignment, align
from mtdense_ros.evaluation.scores import PERSON, Methods, Scores
from mtdense_ros.evaluation.similarity import similarities
from mtdense_ros.inference.predictor import Background, Predictor

NETWORK = "network"
OUTPUTS = ("labels", "depth", "normals", "foreground")

_STATISTICS = {
    "labels": ("majority_class", "label_bands"),
    "depth": ("median_depth_m", "median_depth_per_focal_m"),
    "normals": ("mean_normal",),
}
"""What the baselines of an output need of the training set."""

Watcher = Callable[[EvaluationFrame, Prediction, LabelSpace | None], None]
"""Called with each frame, its prediction, and the label space that the labels of both are in."""


@dataclass
class SetResult:
    """The entries of Scores.results, and what could not be scored, with the reason, each once."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def skip(self, reason: str) -> None:
        """Notes a reason, unless it was noted before."""
        if reason not in self.skipped:
            self.skipped.append(reason)


def score_set(
    predictor: Predictor,
    frames: Iterable[EvaluationFrame],
    statistics: TrainingStatistics,
    watch: Watcher | None = None,
    baselines: bool = True,
) -> SetResult:
    """The figures over all frames, at camera size. Baselines are scored for the outputs that the network gives, or not at all."""
    result, subtractors = SetResult(), Subtractors()
    encoded = _Encoded(predictor)
    scores: Scores | None = None
    for frame in frames:
        alignment = _alignment(predictor, frame, result)
        scores = scores or Scores(alignment.space.names if alignment else (), _is_metric(predictor, frame))
        background = encoded.background(frame)
        prediction = predictor.predict(frame.rgb, frame.intrinsics, background)
        frame, prediction = _aligned(frame, prediction, alignment)
        given = {output: found for output in OUTPUTS if (found := getattr(prediction, output)) is not None}
        _note_gaps(predictor, frame, given, statistics, result)
        scores.add(frame, {output: {NETWORK: found} for output, found in given.items()})
        people = _people(predictor, frame, prediction, alignment, result)
        if people is not None:
            scores.add(frame, {PERSON: {NETWORK: people}})
        scores.note(frame, NETWORK, "ssim", similarities(predictor, frame, background))
        if baselines:
            plain = {"foreground": {**change_masks(frame), **subtractors.masks(frame)}}
            plain |= constants(frame, statistics, alignment.network if alignment else None)
            scores.add(frame, _of_outputs(plain, given))
        if watch is not None:
            watch(frame, prediction, alignment.space if alignment else None)
    result.entries = scores.results() if scores else []
    return result


class _Encoded:
    """Encodes backgrounds, each only once while frames have the same picture."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._seen: tuple[Any, Background | None] = (None, None)

    def background(self, frame: EvaluationFrame) -> Background | None:
        takes_one = any(self._predictor.needs_background(output) for output in self._predictor.outputs)
        if frame.background is None or not takes_one:
            return None
        if frame.background is not self._seen[0]:
            self._seen = frame.background, self._predictor.encode_background(frame.background)
        return self._seen[1]


def _alignment(predictor: Predictor, frame: EvaluationFrame, result: SetResult) -> Alignment | None:
    if predictor.label_space is None or not frame.label_space:
        return None
    try:
        return align(predictor.label_space, frame.label_space)
    except ConfigError as error:
        if frame.labels is not None:
            result.skip(str(error))
        return None


def _aligned(frame: EvaluationFrame, prediction: Prediction, alignment: Alignment | None) -> tuple[EvaluationFrame, Prediction]:
    """The frame and its prediction with labels in one space, or without labels where there is none."""
    if alignment is None:
        return replace(frame, labels=None), replace(prediction, labels=None)
    found = None if prediction.labels is None else alignment.network[prediction.labels]
    truth = None if frame.labels is None else alignment.truth[frame.labels]
    return replace(frame, labels=truth, label_space=alignment.space.name), replace(prediction, labels=found)


def _people(
    predictor: Predictor, frame: EvaluationFrame, prediction: Prediction, alignment: Alignment | None, result: SetResult
) -> NDArray[np.bool_] | None:
    """Where the labels say person, (H, W); None where that is not asked, or the network knows no people."""
    if frame.person is None or prediction.labels is None or alignment is None or predictor.label_space is None:
        return None
    known = alignment.network[: len(predictor.label_space.classes)]
    if PERSON not in alignment.space.names or alignment.space.names.index(PERSON) not in known:
        result.skip("person: the network's label space has no such class")
        return None
    return np.asarray(prediction.labels == alignment.space.names.index(PERSON))


def _is_metric(predictor: Predictor, frame: EvaluationFrame) -> bool:
    return frame.depth_kind == "metric" and (predictor.card.depth is None or predictor.card.depth.kind == "metric")


def _of_outputs(methods: dict[str, dict[str, NDArray[Any]]], given: Iterable[str]) -> Methods:
    return {output: methods[output] for output in given if output in methods}


def _note_gaps(
    predictor: Predictor, frame: EvaluationFrame, given: Iterable[str], statistics: TrainingStatistics, result: SetResult
) -> None:
    """What there is truth for and no answer, and the baselines that the card has no figures for."""
    truths = [output for output in OUTPUTS if getattr(frame, output) is not None]
    for output in truths:
        if output not in predictor.outputs:
            result.skip(f"{output}: the network has no such output")
        elif output not in given:
            result.skip(f"{output}: the network needs a background for it, and the frames have none")
    for output, names in _STATISTICS.items():
        missing = [name for name in names if getattr(statistics, name) is None]
        if output in truths and output in given and missing:
            result.skip(f"{output}: baselines that need {' and '.join(missing)} of the training set; the card has none, a new export does")
    if "depth" in given and frame.depth is not None and frame.intrinsics is None:
        result.skip("depth: no ground plane for frames without intrinsics")
