"""Renders a training set: `python -m mtdense_ros.synthetic.generate OUT --pairs N --seed S --workers 2`."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mtdense_ros.data.datasets.shards import ShardWriter, add_shard, create_manifest
from mtdense_ros.errors import ConfigError
from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.objects.furniture_stock import FAMILIES, FOLDER, TRAINING
from mtdense_ros.synthetic.pairs import HELD_OUT_SEEDS, SHARES, PairRenderer
from mtdense_ros.synthetic.preview import contact_sheet, statistics
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.utils.git import source_commit

GENERATOR = "mtdense_ros.data.generate"
"""The name in manifests and cards; that of the first sets, so that they resume."""
SHARD_PAIRS = 250
SIZE = (240, 320)
_SHEET_PAIRS = 24

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Models:
    """Which models a set shows: the arguments of Assets."""

    assets: Path | None
    furniture: Path | None
    family: str = TRAINING

    def load(self) -> Assets:
        """Reads them."""
        return Assets(self.assets, furniture=self.furniture, family=self.family)


def generate(out: Path, models: Models, pairs: int, seed: int, workers: int) -> None:
    """Renders shards of 250 pairs until the set holds `pairs`; finished shards are kept, so that a stopped run resumes.

    Pair k has the seed `seed + k`. Raises ConfigError where those seeds touch the held-out ones, InputError where the set at hand
    was begun with other settings or by another state of the renderer.
    """
    if seed < HELD_OUT_SEEDS.stop and seed + pairs > HELD_OUT_SEEDS.start:
        raise ConfigError(f"seeds {seed}..{seed + pairs - 1} touch those held out for the demo sequence ({HELD_OUT_SEEDS}); change --seed")
    # The renderer's own last commit: others may come in while a set grows without changing its pairs.
    commit = source_commit(Path(__file__).parent)
    # Loaded once here, so that workers find what is kept in the cache, and to say whose models the set shows.
    credits = [asdict(credit) for credit in models.load().credits]
    settings = {"name": GENERATOR, "commit": commit, "seed": seed, "shares": SHARES, "family": models.family, "credits": credits}
    manifest = create_manifest(out, SIZE, settings)
    done = {entry["name"] for entry in manifest["shards"]}
    jobs = [
        (out, models, f"shard-{k:04d}", seed + k * SHARD_PAIRS) for k in range(-(-pairs // SHARD_PAIRS)) if f"shard-{k:04d}" not in done
    ]
    start, finished = time.monotonic(), 0
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for name, first in pool.imap_unordered(_render_shard, jobs):
            add_shard(out, name, SHARD_PAIRS, first)
            finished += 1
            rate = finished * SHARD_PAIRS / (time.monotonic() - start)
            _log.info("%s: %d of %d shards, %.1f pairs/s", name, finished, len(jobs), rate)


def _render_shard(job: tuple[Path, Models, str, int]) -> tuple[str, int]:
    out, models, name, first = job
    renderer = _renderer(models)
    with ShardWriter(out, name, SHARD_PAIRS, SIZE) as writer:
        for row in range(SHARD_PAIRS):
            writer.put(row, renderer.pair(first + row))
    return name, first


_renderers: dict[Models, PairRenderer] = {}


def _renderer(models: Models) -> PairRenderer:
    """One renderer per worker process: loading the models takes seconds."""
    if models not in _renderers:
        _renderers[models] = PairRenderer(models.load(), SIZE)
    return _renderers[models]


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the generator."""
    parser = argparse.ArgumentParser(prog="mtdense_ros.synthetic.generate", description="Render background/frame pairs for training.")
    parser.add_argument("out", type=Path, help="folder of the set; an unfinished one is resumed")
    parser.add_argument("--furniture", type=Path, help=f"folder of furniture libraries (*.sh3f); default {FOLDER} where it is there")
    parser.add_argument("--assets", type=Path, help="folder with more models and textures (assets_*, textures_*)")
    parser.add_argument("--family", choices=FAMILIES, default=TRAINING, help="validation: models that no training set shows")
    parser.add_argument("--pairs", type=int, default=1500, help="pairs in the set, rounded up to shards of 250")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first pair")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of the first 24 pairs to this PNG and stop")
    parser.add_argument("--statistics", type=int, metavar="N", help="print class shares and depths of the first N pairs and stop")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    furniture = options.furniture or (FOLDER if FOLDER.is_dir() else None)
    models = Models(options.assets, furniture, options.family)
    if options.sheet is None and options.statistics is None:
        generate(options.out, models, options.pairs, options.seed, options.workers)
    else:
        _preview(models, options.seed, options.sheet, options.statistics)


def _preview(models: Models, seed: int, sheet: Path | None, count: int | None) -> None:
    """Renders the first pairs of a set, for their sheet, their statistics or both."""
    renderer = PairRenderer(models.load(), SIZE)
    start = time.monotonic()
    if sheet is not None:
        contact_sheet([renderer.pair(seed + k) for k in range(_SHEET_PAIRS)], sheet)
        _log.info("%.1f pairs/s in this process", _SHEET_PAIRS / (time.monotonic() - start))
    if count is not None:
        print(statistics(renderer.pair(seed + k) for k in range(count)).table())


if __name__ == "__main__":
    sys.exit(exit_code(main))
