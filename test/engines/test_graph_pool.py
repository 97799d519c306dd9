"""Compiled graphs: which one serves a set of outputs, and what happens meanwhile."""

from concurrent.futures import wait
from itertools import combinations
from random import Random
from threading import Event

import pytest

from mtdense_ros.engines import graph_pool
from mtdense_ros.engines.graph_pool import GraphKey, GraphPool

IMAGE, FEATURE = (1, 3, 64, 96), (1, 8, 32, 48)
ALL = GraphKey(("labels", "depth", "foreground"), (IMAGE, FEATURE))
DENSE = GraphKey(("labels", "depth"), (IMAGE,))
DEPTH = GraphKey(("depth",), (IMAGE,))


class Recorder:
    """Compiles a key to a graph that says its outputs; waits for `go` where there is one."""

    def __init__(self):
        self.asked, self.compiled, self.go, self.error = [], [], None, None

    def __call__(self, key):
        self.asked.append(key)
        if self.go is not None:
            assert self.go.wait(10)
        if self.error is not None:
            raise self.error
        self.compiled.append(key)
        return lambda inputs: list(key.outputs)


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def found(recorder):
    made = GraphPool(recorder)
    yield made
    made.close()


def test_a_larger_graph_serves_the_same_image():
    assert ALL.serves(DENSE) and ALL.serves(DEPTH) and DENSE.serves(DEPTH)
    assert not DENSE.serves(DENSE) and not DEPTH.serves(DENSE)
    assert not ALL.serves(GraphKey(("depth",), ((1, 3, 32, 32),)))
    assert not ALL.serves(GraphKey(("depth", "foreground"), (IMAGE, (2, 8, 32, 48))))
    assert not ALL.serves(GraphKey((), (IMAGE,))), "encoding a background is another graph"


def test_each_is_compiled_once_where_a_caller_may_wait(found, recorder):
    for key in (ALL, DENSE, ALL, DENSE):
        served, graph = found.find(key, may_stall=True)
        assert served == key and graph([]) == list(key.outputs)
    assert recorder.compiled == [ALL, DENSE]


def test_a_larger_one_serves_until_the_exact_one_is_compiled(found, recorder):
    for key in (ALL, DENSE):
        found.find(key, may_stall=True)
    recorder.go = Event()
    assert found.find(DEPTH, may_stall=False)[0] == DENSE, "the smallest that has it"
    assert found.find(DEPTH, may_stall=False)[0] == DENSE
    recorder.go.set()
    assert found.find(DEPTH, may_stall=True)[0] == DEPTH
    assert recorder.compiled == [ALL, DENSE, DEPTH]


def test_without_a_larger_one_the_caller_waits(found, recorder):
    assert found.find(DENSE, may_stall=False)[0] == DENSE
    assert found.find(ALL, may_stall=False)[0] == ALL


def in_the_background(found):
    """Waits for what is being compiled there."""
    wait(list(found._pending.values()))


def test_what_fails_in_the_background_is_logged_once_and_the_larger_one_goes_on(found, recorder, caplog):
    found.find(ALL, may_stall=True)
    recorder.error = RuntimeError("no memory")
    for _ in range(3):
        assert found.find(DEPTH, may_stall=False)[0] == ALL
        in_the_background(found)
    assert recorder.asked == [ALL, DEPTH]
    assert len(caplog.messages) == 1 and "depth" in caplog.text and "no memory" in caplog.text


def test_what_failed_is_tried_again_where_nothing_else_serves(found, recorder):
    found.find(ALL, may_stall=True)
    recorder.error = RuntimeError("no memory")
    found.find(DEPTH, may_stall=False)
    in_the_background(found)
    with pytest.raises(RuntimeError, match="no memory"):
        found.find(DEPTH, may_stall=True)
    found._ready.clear()
    with pytest.raises(RuntimeError, match="no memory"):
        found.find(DEPTH, may_stall=False)
    recorder.error = None
    assert found.find(DEPTH, may_stall=False)[0] == DEPTH
    assert recorder.compiled == [ALL, DEPTH]


def test_an_error_is_raised_to_the_one_who_waits_for_it(found, recorder):
    found.find(ALL, may_stall=True)
    recorder.go, recorder.error = Event(), RuntimeError("no memory")
    assert found.find(DEPTH, may_stall=False)[0] == ALL
    found._ready.clear()
    recorder.go.set()
    with pytest.raises(RuntimeError, match="no memory"):
        found.find(DEPTH, may_stall=False)


OUTPUTS = ("labels", "depth", "normals", "foreground")
EVERYTHING = GraphKey(OUTPUTS, (IMAGE, FEATURE))
BACKGROUND = GraphKey((), (IMAGE,))
SUBSETS = [
    GraphKey(outputs, (IMAGE, FEATURE) if "foreground" in outputs else (IMAGE,)) for n in (1, 2, 3) for outputs in combinations(OUTPUTS, n)
]


@pytest.mark.parametrize("may_stall", [True, False])
@pytest.mark.parametrize("repeats", [1, 3, graph_pool.IN_USE + 10])
def test_few_graphs_are_kept_whatever_is_asked_for(found, recorder, may_stall, repeats):
    """Every set, in several orders, each for some frames: what is asked for is always there, and never many graphs."""
    for key in (BACKGROUND, EVERYTHING):
        found.find(key, may_stall=True)
    order = SUBSETS * 3
    Random(0).shuffle(order)
    for key in order:
        for _ in range(repeats):
            served, graph = found.find(key, may_stall)
            assert set(key.outputs) <= set(graph([])) and (served == key or not may_stall)
            in_the_background(found)
            assert len(found._ready) <= graph_pool.MAX_GRAPHS + 2
        assert repeats <= graph_pool.IN_USE or found.find(key, may_stall)[0] == key, "after a while, exactly what is asked for"
    assert recorder.compiled.count(EVERYTHING) == recorder.compiled.count(BACKGROUND) == 1, "these two stay"


def served_in_turn(found, keys):
    """The keys of the graphs that serve these keys, one after the other."""
    served = []
    for key in keys:
        served.append(found.find(key, may_stall=False)[0])
        in_the_background(found)
    return served


def test_sets_that_alternate_do_not_push_each_other_out(found, recorder):
    found.find(EVERYTHING, may_stall=True)
    served_in_turn(found, SUBSETS * 3)
    before = len(recorder.compiled)
    served_in_turn(found, SUBSETS * 50)
    assert len(recorder.compiled) == before <= 1 + len(SUBSETS)


@pytest.mark.parametrize("seed", range(5))
def test_outputs_that_are_never_asked_for_are_not_computed_for_long(found, seed):
    """More sets than there are places: those that hold the others get one, in whatever order they come."""
    found.find(EVERYTHING, may_stall=True)
    asked = [key for key in SUBSETS if "foreground" not in key.outputs]
    assert len(asked) > graph_pool.MAX_GRAPHS
    Random(seed).shuffle(asked)
    served_in_turn(found, asked * 3)
    assert not any("foreground" in key.outputs for key in served_in_turn(found, asked))


def test_the_least_recently_used_one_goes(found, recorder, monkeypatch):
    monkeypatch.setattr(graph_pool, "IN_USE", 0)
    found.find(EVERYTHING, may_stall=True)
    a, b, c, d, *_ = SUBSETS
    for key in (a, b, c, a, d, a, b):
        found.find(key, may_stall=True)
    assert recorder.compiled == [EVERYTHING, a, b, c, d, b]


def test_graphs_of_few_image_sizes_are_kept(found, recorder):
    keys = [GraphKey(("depth",), ((1, 3, 32 * n, 32),)) for n in range(1, graph_pool.MAX_SHAPES + 2)]
    for key in (*keys, keys[1], keys[0]):
        found.find(key, may_stall=False)
    assert recorder.compiled == [*keys, keys[0]] and len(found._ready) == graph_pool.MAX_SHAPES
