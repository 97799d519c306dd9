"""Several sources as one: opened, checked against what the training asks, brought to its label space and units, and drawn from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.dataset import Source
from mtdense_ros.data.datasets.registry import open_source
from mtdense_ros.data.datasets.rendered import RenderedSource
from mtdense_ros.data.partial_targets import merge_targets, subsample_targets
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED, Intrinsics
from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.imaging.label_spaces import label_mapping, load_label_spaces
from mtdense_ros.training.config import SourceConfig, TrainConfig

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One source of a mixture, and what makes its samples those of the training.

    table: from its label ids to those of the training; relative_max_m: where metric depth becomes 1 (0: it stays metric); focal_px:
    of its pictures when they have no intrinsics, 0 for focal_share times their width; backgrounds: whether samples keep theirs, and
    background_truths: whether with what is known of them; only_pairs: whether a sample without one is an error; fill: what says what is
    missing.
    """

    source: Source
    config: SourceConfig
    targets: Collection[str]
    table: NDArray[np.uint8] | None
    relative_max_m: float
    focal_share: float
    backgrounds: bool
    background_truths: bool
    only_pairs: bool = False
    fill: Part | None = None

    def __getitem__(self, index: int) -> Sample:
        sample = subsample_targets(self.source[index], index, self.config.keep)
        if self.only_pairs and sample.background is None:
            found = f"sample '{sample.name}': has no background, without which this network learns nothing"
            raise InputError(f"{found}; train on pairs, or another network")
        prepared = self._prepared(sample, sample.intrinsics or self._assumed(sample))
        return prepared if self.fill is None or index >= len(self.fill.source) else merge_targets(prepared, self.fill[index])

    @property
    def known(self) -> set[str]:
        """The targets that some of its samples have."""
        kept = {target for target in self.source.targets if self.config.keep.get(target, 1.0)}
        return kept | (self.fill.known if self.fill else set())

    @property
    def with_all_truths(self) -> Part:
        """The same with every truth and with nothing else, as samples to score on must be."""
        return replace(self, config=replace(self.config, keep={}, fill=""), fill=None)

    def _assumed(self, sample: Sample) -> Intrinsics:
        height, width = sample.image.shape[:2]
        focal = self.config.focal or self.focal_share * width
        return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)

    def _prepared(self, sample: Sample, camera: Intrinsics) -> Sample:
        """The sample with the wanted targets only, in the units of the training."""
        labels, depth = sample.labels, sample.depth
        if labels is not None and self.table is not None:
            labels = self.table[labels]
        if depth is not None and self.relative_max_m:
            depth = np.clip(depth / np.float32(self.relative_max_m), 0, 1)
        background = sample.background if self.backgrounds else None
        return replace(
            sample,
            labels=labels if self.table is not None else None,
            depth=depth if "depth" in self.targets else None,
            normals=sample.normals if "normals" in self.targets else None,
            foreground=sample.foreground if "foreground" in self.targets else None,
            background=background and self._prepared(background if self.background_truths else _bare(background), camera),
            intrinsics=camera,
        )


class Mixture:
    """Samples of several parts; the first `held_out` of the first part serve for validation, unless it has parts of its own."""

    def __init__(self, parts: Sequence[Part], held_out: int, validation: Part | None = None) -> None:
        self._parts = list(parts)
        self._validation = validation or self._parts[0].with_all_truths
        self._held_out = min(held_out, len(self._validation.source))
        self._skipped = [0 if validation or i else self._held_out for i in range(len(self._parts))]
        if any(part.config.weight for part in parts) and not all(part.config.weight for part in parts):
            raise ConfigError("training: some of 'sources' have a weight and others have none; give one to each, or to none")
        self.refresh()

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources that are trained on."""
        return tuple(part.source for part in self._parts)

    @property
    def origins(self) -> tuple[Source, ...]:
        """All data sets that truths come from: the sources, and what fills them in."""
        return tuple(source for part in self._parts for source in (part.source, *((part.fill.source,) if part.fill else ())))

    @property
    def sizes(self) -> list[int]:
        """How many samples of each source there are to train on."""
        return [len(part.source) - skipped for part, skipped in zip(self._parts, self._skipped, strict=True)]

    def refresh(self) -> None:
        """Rendered sets may have grown: their new shards join."""
        for source in self.sources:
            if isinstance(source, RenderedSource):
                source.refresh()
        for source, size in zip(self.sources, self.sizes, strict=True):
            if size < 1:
                found = f"has {len(source)} samples, of which none is left to train on"
                raise InputError(f"source '{source.name}': {found}; add some, or lower 'validation'")
        shares = [(part.config.weight or size) * part.config.repeat for part, size in zip(self._parts, self.sizes, strict=True)]
        self._until = np.cumsum(shares) / np.sum(shares)

    def training(self, part: int, index: int) -> Sample:
        """Training sample 0 .. sizes[part] - 1 of a part."""
        return self._parts[part][index + self._skipped[part]]

    def drawn(self, rng: np.random.Generator) -> Sample:
        """A random training sample."""
        part = min(int(np.searchsorted(self._until, rng.random(), side="right")), len(self._parts) - 1)
        return self.training(part, int(rng.integers(self.sizes[part])))

    def validation(self) -> list[Callable[[], Sample]]:
        """The held-out samples, each to be read by a call."""
        return [partial(self._validation.__getitem__, index) for index in range(self._held_out)]


def open_mixture(config: TrainConfig, targets: Collection[str], pairs: bool, only_pairs: bool = False) -> Mixture:
    """The sources of a configuration for these targets; pairs: whether the network reads backgrounds; only_pairs: whether it does so for
    all of its outputs. Raises ConfigError, InputError."""
    if not config.sources:
        raise ConfigError("training: no 'sources'; list some in the file, or give rendered sets with --data")
    parts = [replace(part_of(open_source(e.source), e, config, targets, pairs), only_pairs=only_pairs) for e in config.sources]
    missing = sorted(set(targets) - {target for part in parts for target in part.known})
    if missing:
        raise ConfigError(f"training: no source has {', '.join(missing)}; add one that has, or name fewer 'targets'")
    validation = None
    if config.validation_source:
        entry = SourceConfig(config.validation_source)
        validation = replace(part_of(open_source(entry.source), entry, config, targets, pairs), only_pairs=only_pairs)
        refuse_silent(validation, targets)
    for part in (*parts, *([validation] if validation else [])):
        if only_pairs and len(part.source):
            part[0]  # rather now than in the middle of the first epoch
    return Mixture(parts, config.validation, validation)


def refuse_silent(validation: Part, targets: Collection[str]) -> None:
    """Raises ConfigError where a set to validate on knows none of the targets; tells of those that will have no score."""
    missing = [target for target in targets if target not in validation.known]
    where = f"training: 'validation_source' {validation.source.name} has no {', '.join(missing)}"
    if len(missing) == len(targets):
        raise ConfigError(f"{where}, and nothing else that is trained; name another, or none to hold samples of the first source out")
    if missing:
        _log.warning("%s, so there will be no score of that", where)


def part_of(source: Source, entry: SourceConfig, config: TrainConfig, targets: Collection[str], pairs: bool) -> Part:
    """A source with the conversions that a training needs. Raises ConfigError where there is none."""
    table = None
    if "labels" in targets and source.label_space is not None:
        table = label_table(source.label_space, config.label_space)
        table[table >= config.model.get("num_classes", UNLABELLED)] = UNLABELLED
    to_relative = config.depth_kind == "relative" and source.depth_kind == "metric"
    if "depth" in targets and config.depth_kind == "metric" and source.depth_kind == "relative":
        raise ConfigError(f"source '{source.name}': its depth is relative, 'depth_kind' is metric; leave it out, or train relative depth")
    return Part(
        source=source,
        config=entry,
        targets=targets,
        table=table,
        relative_max_m=config.relative_max_m if to_relative else 0.0,
        focal_share=config.focal_px / config.width,
        backgrounds=pairs or config.backgrounds,
        background_truths=config.backgrounds,
        fill=fill_of(source, entry, config, targets) if entry.fill else None,
    )


def fill_of(source: Source, entry: SourceConfig, config: TrainConfig, targets: Collection[str]) -> Part:
    """What fills in the samples of a source. Raises InputError where it does not begin with the same picture, or has more of them."""
    part = part_of(open_source(entry.fill), SourceConfig(entry.fill), config, targets, pairs=False)
    first = source[0].image, part.source[0].image
    if len(part.source) > len(source) or not np.array_equal(*first):
        raise InputError(f"source '{source.name}': '{entry.fill}' has other pictures, or in another order; annotate this very source anew")
    return part


def _bare(sample: Sample) -> Sample:
    """The picture alone."""
    return Sample(sample.image, name=sample.name)


def label_table(source: str, target: str) -> NDArray[Any]:
    """From ids of one label space to those of another, which may be several joined by "+"; see labels.label_mapping."""
    spaces = load_label_spaces(target)
    if len(spaces) == 1:
        return label_mapping(source, target)
    table, first = np.full(256, UNLABELLED, np.uint8), 0
    for space in spaces:
        if space.name == source:
            table[: len(space.classes)] = np.arange(first, first + len(space.classes), dtype=np.uint8)
            return table
        first += len(space.classes)
    raise ConfigError(f"label space '{source}': is none of '{target}'; name it in 'label_space', or train on one space that it maps to")
