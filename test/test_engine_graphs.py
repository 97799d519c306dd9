"""Compiled graphs: which one serves a set of outputs, and what happens meanwhile."""

from threading import Event

import pytest

from mtdense_ros.engines import graphs
from mtdense_ros.engines.graphs import Graphs, Key

IMAGE, FEATURE = (1, 3, 64, 96), (1, 8, 32, 48)
ALL = Key(("labels", "depth", "foreground"), (IMAGE, FEATURE))
DENSE = Key(("labels", "depth"), (IMAGE,))
DEPTH = Key(("depth",), (IMAGE,))


class Recorder:
    """Compiles a key to a graph that says its outputs; waits for `go` where there is one."""

    def __init__(self):
        self.compiled, self.go, self.error = [], None, None

    def __call__(self, key):
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
    made = Graphs(recorder)
    yield made
    made.close()


def test_a_larger_graph_serves_the_same_image():
    assert ALL.serves(DENSE) and ALL.serves(DEPTH) and DENSE.serves(DEPTH)
    assert not DENSE.serves(DENSE) and not DEPTH.serves(DENSE)
    assert not ALL.serves(Key(("depth",), ((1, 3, 32, 32),)))
    assert not ALL.serves(Key(("depth", "foreground"), (IMAGE, (2, 8, 32, 48))))
    assert not ALL.serves(Key((), (IMAGE,))), "encoding a background is another graph"


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


def test_an_error_in_the_background_is_raised_to_the_one_who_asked(found, recorder):
    found.find(ALL, may_stall=True)
    recorder.error = RuntimeError("no memory")
    assert found.find(DEPTH, may_stall=False)[0] == ALL
    with pytest.raises(RuntimeError, match="no memory"):
        found.find(DEPTH, may_stall=True)
    recorder.error = None
    assert found.find(DEPTH, may_stall=True)[0] == DEPTH


def test_the_one_that_was_used_least_lately_goes(found, recorder, monkeypatch):
    monkeypatch.setattr(graphs, "MOST_GRAPHS", 2)
    for key in (ALL, DENSE, ALL, DEPTH, ALL, DENSE):
        found.find(key, may_stall=True)
    assert recorder.compiled == [ALL, DENSE, DEPTH, DENSE]
