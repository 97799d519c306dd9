"""Experiments: which trainings they are, what differs between them, how a stopped series goes on, and what the figures say."""

import json
import math

import pytest
from project import ROOT
from training_data import write_set

from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.training.experiments import document as documents
from mtdense_ros.training.experiments import run as runs
from mtdense_ros.training.experiments.plan import Experiment, Trial, config_of, load_experiment, trials
from mtdense_ros.training.experiments.results import Outcome, Record, compared, mean_of, verdict

PLANS = sorted((ROOT / "config" / "experiments").glob("*.yaml"))
SMALL = {"arch": "ffm", "loss": {"recipe": "ffm"}, "height": 32, "width": 32, "batch": 2, "threads": 1, "validation": 2, "steps": 2}


def experiment(**changes):
    settings = {**SMALL, "sources": [{"source": "$train"}]}
    arms = {"plain": {}, "slow": {"optimiser": {"lr": 1e-6}}}
    return Experiment(**{"settings": settings, "arms": arms, "seeds": (0, 1), "score": "val_abs_rel", **changes})


def test_differences_are_those_of_equal_seeds():
    found = compared({0: 0.5, 1: 0.4, 2: 0.9}, {0: 0.3, 1: 0.3, 2: 0.3, 7: 9.0})  # differences 0.2, 0.1, 0.6
    assert found.pairs == 3 and found.mean == pytest.approx(0.3)
    # deviations -0.1, -0.2, 0.3; their squares sum to 0.14; 0.07 is the variance, 0.07 / 3 that of the mean
    assert found.standard_error == pytest.approx(math.sqrt(0.07 / 3))
    assert mean_of({0: 1.0, 4: 2.0}) == 1.5 and math.isnan(mean_of({}))


def test_a_difference_counts_from_two_standard_errors_on():
    just = compared({0: 1.0, 1: 3.0}, {0: 0.0, 1: 0.0})  # mean 2, standard error sqrt(2 / 2) = 1
    assert (just.mean, just.standard_error, just.shown) == (2.0, 1.0, True)
    assert verdict(just, 1) == "better by 2.0000" and verdict(just, -1) == "worse by 2.0000"
    below = compared({0: 0.9, 1: 3.0}, {0: 0.0, 1: 0.0})  # 1.95 against 1.05
    assert not below.shown and verdict(below, 1) == "not shown"
    assert verdict(compared({0: -1.0, 1: -3.0}, {0: 0.0, 1: 0.0}), -1) == "better by 2.0000"


def test_one_seed_or_no_difference_shows_nothing():
    one = compared({0: 5.0}, {0: 0.0})
    assert math.isnan(one.standard_error) and verdict(one, 1) == "not shown"
    same = compared({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0})
    assert same.standard_error == 0 and verdict(same, 1) == "not shown"
    assert compared({0: 1.0}, {1: 1.0}).pairs == 0


def test_all_arms_of_a_seed_come_before_the_next_seed():
    assert [str(trial) for trial in trials(experiment())] == ["plain/0", "slow/0", "plain/1", "slow/1"]
    assert trials(experiment(), ["slow"]) == [Trial("slow", 0), Trial("slow", 1)]
    assert trials(experiment(), ["slow/1", "plain/0"]) == [Trial("plain", 0), Trial("slow", 1)]
    with pytest.raises(ConfigError, match="no arm or trial 'slow/2'"):
        trials(experiment(), ["slow/2"])


def test_an_arm_changes_the_settings_it_names():
    config = config_of(experiment(), Trial("slow", 1), {"train": "renders:a 'quoted' path"})
    assert (config.optimiser.lr, config.optimiser.name, config.seed, config.steps) == (1e-6, "adamw", 1, 2)
    assert config.sources[0].source == "renders:a 'quoted' path"
    assert config_of(experiment(), Trial("plain", 0), {"train": "renders:a"}).optimiser.lr == 2e-3


def test_what_is_no_experiment_is_refused():
    with pytest.raises(ConfigError, match="two or more 'arms'"):
        experiment(arms={"plain": {}})
    with pytest.raises(ConfigError, match="'score' is 'val_abs'"):
        experiment(score="val_abs")
    with pytest.raises(ConfigError, match="'baseline' is 'plan'"):
        experiment(baseline="plan")
    with pytest.raises(ConfigError, match=r"'\$train' stands for a data set; say which with --sets train="):
        config_of(experiment(), Trial("plain", 0), {})
    with pytest.raises(ConfigError, match="arm 'plain': 'minutes' compare machines"):
        config_of(experiment(settings={"minutes": 1}), Trial("plain", 0), {})


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_arm_of_the_experiments_in_the_source_tree_is_a_training(path):
    plan = load_experiment(path)
    sets = dict.fromkeys(("train", "held_out", "taught", "own"), "renders:a")
    for trial in trials(plan):
        assert config_of(plan, trial, sets).seed == trial.seed


@pytest.mark.slow
def test_a_stopped_series_goes_on_where_it_was(tmp_path, monkeypatch):
    sets, out = {"train": f"renders:{write_set(tmp_path / 'set', 4)}"}, tmp_path / "runs"
    runs.run_experiment("a", experiment(), sets, out, ["plain/0"])
    assert [o.arm for o in Record.read(out / "a.json").outcomes] == ["plain"]
    trained = []
    monkeypatch.setattr(runs, "train", lambda config, folder, train=runs.train: trained.append(folder.name) or train(config, folder))
    record = runs.run_experiment("a", experiment(), sets, out)
    assert trained == ["0", "1", "1"] and record == Record.read(out / "a.json")
    assert [(o.arm, o.seed, o.steps, o.samples) for o in record.outcomes] == [
        ("plain", 0, 2, 4), ("slow", 0, 2, 4), ("plain", 1, 2, 4), ("slow", 1, 2, 4),
    ]  # fmt: skip
    assert record.sets == {"train": {"name": "renders:set", "samples": 4, "generator": {"name": "test"}}}
    assert str(tmp_path) not in (out / "a.json").read_text()
    last = [json.loads(line) for line in (out / "a" / "slow" / "1" / "log.jsonl").read_text().splitlines()][-1]
    assert record.scores("slow")[1] == last["val_abs_rel"]
    with pytest.raises(ConfigError, match="was trained with another steps; choose another --out"):
        runs.run_experiment("a", experiment(settings={**experiment().settings, "steps": 3}), sets, out)


def test_a_part_of_a_series_keeps_the_sets_and_teachers_of_the_rest(tmp_path):
    sets, folder = {"train": f"renders:{write_set(tmp_path / 'set', 2)}"}, tmp_path / "a" / "plain" / "0"
    folder.mkdir(parents=True)
    (folder / runs.OUTCOME).write_text(json.dumps(vars(Outcome("plain", 0, {"val_abs_rel": 0.5}, 2, 4, 0.1, "c"))))  # nothing to train
    before = Record("a", "val_abs_rel", -1, "plain", {}, {}, {"taught": {"name": "t"}, "train": {}}, {"slow": {"name": "w"}})
    before.write(tmp_path / "a.json")
    runs.run_experiment("a", experiment(), sets, tmp_path, ["plain/0"])
    after = Record.read(tmp_path / "a.json")
    assert after.teachers == before.teachers and after.sets["taught"] == {"name": "t"} and after.sets["train"]["samples"] == 2
    assert [(o.arm, o.seed) for o in after.outcomes] == [("plain", 0)]


def test_the_command(tmp_path):
    (tmp_path / "b.yaml").write_text(json.dumps({**vars(experiment()), "seeds": [0]}))
    words = [str(tmp_path / "b.yaml"), "--out", str(tmp_path / "runs"), "--only", "slow", "--sets"]
    runs.main([*words, f"train=renders:{write_set(tmp_path / 'set', 4)}"])
    assert len(Record.read(tmp_path / "runs" / "b.json").outcomes) == 1
    with pytest.raises(ConfigError, match="--sets 'renders:a': is no NAME=KIND:PATH"):
        runs.main([*words, "renders:a"])


def test_the_document_of_a_record(tmp_path):
    scores = {("plain", 0): 0.30, ("plain", 1): 0.34, ("a_b", 0): 0.20, ("a_b", 1): 0.22, ("far", 0): 0.1}
    outcomes = [Outcome(arm, seed, {"val_abs_rel": value, "val_x": 1.0}, 10, 1600, 2.5, "c") for (arm, seed), value in scores.items()]
    arms = {"a_b": {}, "far": {}, "plain": {}, "never": {}}
    sets = {"train": {"name": "renders:a", "samples": 7}}
    record = Record("x", "val_abs_rel", -1, "plain", {}, arms, sets, {}, outcomes)
    record.write(tmp_path / "x.json")
    (tmp_path / "x.md").write_text("## By hand\n")
    (tmp_path / "y.md").write_text("## Words alone\n")
    text = documents.document(tmp_path)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[2] == "| plain | 2 | 0.3200 | - | - | - |"
    assert rows[3] == "| a b | 2 | 0.2100 | -0.1100 | 0.0100 | better by 0.1100 |"  # differences -0.10 and -0.12
    assert rows[4] == "| far | 1 | 0.1000 | -0.2000 | - | not shown |" and "never" not in text
    assert "5 runs of 1,600 samples, 2.5 to 2.5 minutes each. Data sets: `train` renders:a (7 samples)." in text
    assert text.index("## By hand") < text.index("| plain |") < text.index("## Words alone")


def test_what_is_no_record_is_refused(tmp_path):
    (tmp_path / "x.json").write_text('{"outcomes": 3}')
    with pytest.raises(InputError, match="no record of an experiment"):
        Record.read(tmp_path / "x.json")


def test_the_document_is_that_of_the_committed_scores():
    found = documents.document(ROOT / "docs" / "experiments")
    assert (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8") == found, f"run python -m {documents.__name__}"
