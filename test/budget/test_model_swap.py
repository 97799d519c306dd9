"""Networks that change places in a running pipeline: none is in force after it was closed, and none is left behind."""

from collections import Counter
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from mtdense_ros.budget.model_swap import OWN, ModelSwap

SMALL, SMALLER = ("", 0.75), ("", 0.5)


class Networks:
    """Of a key; closed at most once."""

    def __init__(self, key):
        self.key, self.closed, self.counters = key, False, Counter(depth=1)

    def close(self):
        assert not self.closed
        self.closed = True


class Bench:
    """A swap whose jobs run at once in its own thread, and what happens `before` a job, `during` the change, or while one is `making`."""

    def __init__(self):
        self.before = self.during = self.making = lambda: None
        self.made = [Networks(OWN)]
        self.pipeline = SimpleNamespace(networks=self.made[0], background=SimpleNamespace(rgb=None), use=self.use)
        self.swap = ModelSwap([self.pipeline], self.submit, self.make, self.taken, lambda key, error: self.failed.append(error))
        self.failed, self.is_on = [], True

    def make(self, own, key):
        self.happen("making")
        self.made.append(Networks(key))
        return self.made[-1]

    def submit(self, job):
        self.happen("before")
        done = Future()
        done.set_result(job())
        return done

    def use(self, networks, encoded):
        self.happen("during")
        assert not networks.closed
        self.pipeline.networks = networks

    def taken(self, key):
        if not self.is_on:
            self.swap.forget()

    def happen(self, when):
        """Once."""
        what = getattr(self, when)
        setattr(self, when, lambda: None)
        what()

    def want(self, key):
        """Until nothing is left to be done."""
        self.swap.want(key)
        assert self.swap.wait(10.0)

    def off(self):
        """As the end of a budget while the pipeline's own networks are in use; twice, as the second finds the first one's wish."""
        self.is_on = False
        for _ in range(2):
            self.swap.forget()
            self.swap.want(OWN)

    def off_and_on(self):
        self.off()
        self.is_on = True
        self.swap.want(SMALL)

    def open(self):
        return [networks.key for networks in self.made if not networks.closed]


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    assert not bench.failed and not bench.pipeline.networks.closed


def test_they_are_kept_until_they_are_forgotten(bench):
    bench.want(SMALL)
    bench.want(SMALLER)
    assert (bench.swap.in_use, bench.pipeline.networks.key, bench.open()) == (SMALLER, SMALLER, [OWN, SMALL, SMALLER])
    bench.is_on = False
    bench.want(OWN)
    assert (bench.swap.in_use, bench.pipeline.networks.key, bench.open()) == (OWN, OWN, [OWN])
    assert bench.swap.counters() == {"depth": 3}


@pytest.mark.parametrize("when", ["before", "during"])
@pytest.mark.parametrize("again", [False, True], ids=["off", "off and on"])
def test_a_budget_that_ends_while_networks_are_taken_over(bench, when, again):
    bench.want(SMALL)
    bench.want(OWN)
    setattr(bench, when, bench.off_and_on if again else bench.off)
    bench.want(SMALL)
    assert bench.pipeline.networks.key == (SMALL if again else OWN)
    assert bench.open() == ([OWN, SMALL] if again else [OWN])


def test_networks_made_in_vain_are_closed(bench):
    bench.making = bench.off
    bench.want(SMALL)
    assert [networks.key for networks in bench.made] == [OWN, SMALL] and bench.open() == [OWN]


def test_networks_that_are_ready_after_the_end_are_closed(bench):
    bench.making = bench.swap.close
    bench.want(SMALL)
    assert [networks.key for networks in bench.made] == [OWN, SMALL] and bench.open() == [OWN]


@pytest.mark.parametrize("keys", [[], [SMALL], [SMALL, SMALLER]])
def test_the_end_closes_all(keys):
    bench = Bench()
    for key in keys:
        bench.want(key)
    bench.swap.close()
    bench.swap.release()
    assert len(bench.made) == 1 + len(keys) and bench.open() == []
