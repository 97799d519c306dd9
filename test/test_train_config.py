"""Settings of a training: defaults, files, words, and what is refused."""

from pathlib import Path

import pytest

from mtdense_ros.errors import ConfigError
from mtdense_ros.training.config import TrainConfig, load_config


def test_words_override_the_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("minutes: 5\nlr: 1e-3\n")
    config = load_config(path, ["batch=4", "minutes=7"])
    assert (config.minutes, config.lr, config.batch, config.seed) == (7.0, 1e-3, 4, TrainConfig(steps=1).seed)


def test_unknown_key_names_the_nearest():
    with pytest.raises(ConfigError, match="batch"):
        load_config(None, ["steps=1", "batches=4"])


@pytest.mark.parametrize("words", [["steps=many"], ["steps=1", "bf16=2"], ["steps=1", "batch=0"], ["steps"], ["lr=fast"], []])
def test_bad_settings_are_refused(words):
    with pytest.raises(ConfigError):
        load_config(None, words)


def test_shipped_files_hold_only_what_differs():
    for path in (Path(__file__).parents[1] / "config" / "train").glob("*.yaml"):
        config, default = load_config(path), TrainConfig(steps=1)
        lines = [line.split(":") for line in path.read_text().splitlines() if ":" in line and not line.startswith("#")]
        assert lines
        for key, _ in lines:
            assert getattr(config, key) != getattr(default, key), f"{path.name}: {key} is the default"
