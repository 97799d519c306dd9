"""The controller of a budget: from the measured costs of frames to what is given up. Without clock, thread or network."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from mtdense_ros.budget.costs import Costs, Sample, Targets
from mtdense_ros.budget.quality_levels import QualityLevel, Setting

WINDOW = 20
FEWEST = 10
"""Frames that a decision rests on."""

SETTLING_S = 1.0
"""After the first frame with a change others do not count for this long: engines may still be preparing for it."""

DOWN_FIT = 0.95
UP_FIT = 0.85
"""A worse setting is foreseen to keep the budget below this load, a better one must be foreseen well below."""

PATIENCE_S = 5.0
MOST_PATIENCE_S = 320.0
"""A better setting must be foreseen to fit for this long; doubled by each climb that had to be taken back."""

PROBATION_S = 60.0
"""A climb taken back within this time was a mistake."""

LEARNING = 0.7
USELESS = 0.97
"""A dtype that leaves more than this of the network's time, measured by the rest of the work, is not worth its loss."""


class Controller:
    """Chooses the quality level: the steps of the first `position` of `levels` are given up.

    over says whether all of them are given up and the budget is still not kept; costs are those of the last window, None before.
    """

    def __init__(self, targets: Targets, levels: Sequence[QualityLevel] = ()) -> None:
        self.targets = targets
        self.levels = tuple(levels)
        self.position = 0
        self.over = False
        self.costs: Costs | None = None
        self._useless: set[QualityLevel] = set()
        self._effect: dict[QualityLevel, float] = {}
        self._samples: deque[Sample] = deque(maxlen=WINDOW)
        self._settling = False
        self._settled_at = -math.inf
        self._before: tuple[int, Costs] | None = None
        self._fits_since = math.inf
        self._climbed_at = -math.inf
        self._patience_s = PATIENCE_S

    @property
    def setting(self) -> Setting:
        """What is given up now."""
        return Setting.of(self.levels[: self.position])

    def aim(self, targets: Targets, levels: Sequence[QualityLevel]) -> None:
        """Takes another budget or other levels from now on; what is given up stays given up where it is still among them."""
        given = set(self.levels[: self.position])
        self.targets, self.costs, self._patience_s = targets, None, PATIENCE_S
        self.levels = tuple(each for each in levels if each not in self._useless)
        self._move(max((i + 1 for i, each in enumerate(self.levels) if each in given), default=0), None)

    def forbid(self, level: QualityLevel) -> None:
        """Never gives this one up, as it cannot be had."""
        index = self.levels.index(level)
        self._useless.add(level)
        self.levels = tuple(each for each in self.levels if each != level)
        self._move(self.position - (index < self.position), None)

    def feed(self, sample: Sample) -> bool:
        """Takes a frame that was processed at the present setting; True when the setting changed."""
        if self._settling:
            self._settling, self._settled_at = False, sample.done_s + SETTLING_S
        if sample.arrived_s < self._settled_at:
            return False
        self._samples.append(sample)
        if len(self._samples) < FEWEST:
            return False
        before = self.setting
        costs = self.costs = Costs.of(self._samples)
        self._learn(costs)
        if self.targets.load(costs) > 1:
            self._descend(costs, sample.done_s)
        else:
            self._climb(costs, sample.done_s)
        return self.setting != before

    def _descend(self, costs: Costs, now_s: float) -> None:
        self._fits_since = math.inf
        self.over = self.position == len(self.levels)
        if self.over:
            return
        if now_s - self._climbed_at < PROBATION_S:
            self._patience_s = min(2 * self._patience_s, MOST_PATIENCE_S)
        self._climbed_at = -math.inf
        self._move(self._first_that_fits(costs), costs)

    def _first_that_fits(self, costs: Costs) -> int:
        """The next position that is foreseen to fit, the last where none is.

        A dtype that was not tried comes alone, so that it can be judged: on some processors the smaller one is the slower.
        """
        for position in range(self.position + 1, len(self.levels) + 1):
            newest = self.levels[position - 1]
            if newest.kind == "precision" and newest not in self._effect:
                return max(position - 1, self.position + 1)
            if self.targets.load(costs.at(self._ratio(position, costs))) <= DOWN_FIT:
                return position
        return len(self.levels)

    def _climb(self, costs: Costs, now_s: float) -> None:
        self.over = False
        if -math.inf < self._climbed_at <= now_s - PROBATION_S:  # the last climb was none too many
            self._climbed_at, self._patience_s = -math.inf, PATIENCE_S
        if self.position == 0 or self.targets.load(costs.at(self._ratio(self.position - 1, costs))) > UP_FIT:
            self._fits_since = math.inf
            return
        self._fits_since = min(self._fits_since, now_s)
        if now_s - self._fits_since >= self._patience_s:
            self._climbed_at = now_s
            self._move(self.position - 1, costs)

    def _move(self, position: int, costs: Costs | None) -> None:
        """Goes to another position. costs are those of the position that is left, to learn from."""
        self._before = None if costs is None else (self.position, costs)
        self.position = position
        self.over = False
        self._samples.clear()
        self._settling = True
        self._fits_since = math.inf

    def _ratio(self, position: int, costs: Costs, origin: int | None = None) -> float:
        """The work foreseen at a position over that at the origin, where `costs` were measured; the present one for None."""
        origin = self.position if origin is None else origin
        gains = self._gains(costs.network_share, origin)
        low, high = sorted((position, origin))
        gain = sum(self._effect.get(each, 1.0) * g for each, g in zip(self.levels[low:high], gains[low:high], strict=True))
        return math.exp(-gain if position > origin else gain)

    def _gains(self, network_share: float, origin: int) -> list[float]:
        """The logarithm of what each level is expected to divide the work by, with this network_share at `origin`."""
        network, rest = network_share, 1 - network_share
        for each in self.levels[:origin]:
            network, rest = network / each.network_factor, rest / each.rest_factor
        gains = []
        for each in self.levels:
            with_it = network * each.network_factor, rest * each.rest_factor
            gains.append(math.log((network + rest) / sum(with_it)))
            network, rest = with_it
        return gains

    def _learn(self, costs: Costs) -> None:
        """Corrects what the levels of the last move save, by what they did; drops a dtype that saved nothing.

        The latter is judged by the network's time over the other work's, as a machine that got busy meanwhile slows both.
        """
        if self._before is None:
            return
        (origin, before), self._before = self._before, None
        low, high = sorted((origin, self.position))
        crossed = self.levels[low:high]
        saved = math.log(max(before.work, 1e-6) / max(costs.work, 1e-6)) * (1 if self.position > origin else -1)
        gains = self._gains(before.network_share, origin)[low:high]
        believed = sum(self._effect.get(each, 1.0) * g for each, g in zip(crossed, gains, strict=True))
        error = (saved - believed) / max(sum(gains), 1e-6)
        for each in crossed:
            self._effect[each] = min(max(self._effect.get(each, 1.0) + LEARNING * error, 0.0), 2.0)
        alone = self.position == origin + 1 and crossed[0].kind == "precision"
        if alone and costs.network_over_rest > USELESS * before.network_over_rest:
            self.forbid(crossed[0])
