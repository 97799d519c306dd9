"""The fast part of the fuzzing: some hundred mutants through imaging and pipeline, and that the harness sees what it must."""

from itertools import islice

import numpy as np
import pytest

from benchmarks.common.line_coverage import LineCoverage
from benchmarks.common.mutants import IMAGE, KINDS, mutants
from benchmarks.fuzz import ACCEPTED_SHARE, COVERED_SHARE, Receiver, fuzz, random_weights
from mtdense_ros.imaging import encodings


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    return Receiver(random_weights(tmp_path_factory.mktemp("weights")))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nothing_crashes_and_most_of_the_decoder_runs(receiver):
    coverage = LineCoverage(encodings)
    with coverage.measuring():
        tally = fuzz(receiver, 300, seed=7)
    assert not tally.crashes
    assert tally.sent == 300 and tally.accepted_share >= ACCEPTED_SHARE
    assert set(tally.accepted) == set(tally.refused) == set(KINDS)
    assert coverage.share >= COVERED_SHARE, coverage.missed


def test_the_same_seed_makes_the_same_mutants():
    first, again, other = ([str(m) for m in islice(mutants(seed), 50)] for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.slow
def test_a_decoder_that_forgets_a_check_is_found(receiver, monkeypatch):
    """Without the comparison of the data's length, numpy raises what is no error of ours, or a picture of the wrong size comes out."""
    monkeypatch.setattr(encodings, "_rows", lambda layout, data, *_: np.frombuffer(data, np.uint8))
    tally = fuzz(receiver, 60, seed=3, kinds={IMAGE: 1})
    assert tally.crashes and "mutant" in tally.crashes[0]
