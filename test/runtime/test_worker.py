"""The newest-wins worker: no ROS."""

import threading

import pytest

from mtdense_ros.runtime.worker import Worker

DEADLINE = 10.0


class Gate:
    """Work that notes each item and waits to be let go."""

    def __init__(self):
        self.items = []
        self.entered = threading.Semaphore(0)
        self.leave = threading.Semaphore(0)

    def __call__(self, item):
        self.items.append(item)
        self.entered.release()
        assert self.leave.acquire(timeout=DEADLINE)
        if item == "fatal":
            raise SystemExit("on purpose")


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def deaths():
    return []


@pytest.fixture
def worker(gate, deaths):
    worker = Worker(gate, deaths.append)
    yield worker
    gate.leave.release(100)
    assert worker.stop(DEADLINE)


def test_only_the_newest_of_the_waiting_items_is_worked_on(worker, gate):
    assert worker.put(1) is False
    assert gate.entered.acquire(timeout=DEADLINE)
    assert [worker.put(item) for item in (2, 3, 4)] == [False, True, True]
    gate.leave.release(2)
    assert gate.entered.acquire(timeout=DEADLINE)
    assert gate.items == [1, 4]


def test_jobs_run_before_the_next_item_and_all_of_them(worker, gate):
    worker.put(1)
    assert gate.entered.acquire(timeout=DEADLINE)
    worker.put(2)
    done = [worker.submit(lambda n=n: gate.items.append(n) or n) for n in ("a", "b")]
    gate.leave.release(2)
    assert [f.result(DEADLINE) for f in done] == ["a", "b"]
    assert gate.entered.acquire(timeout=DEADLINE)
    assert gate.items == [1, "a", "b", 2]


def test_a_failing_job_fails_its_future_only(worker, gate):
    with pytest.raises(ZeroDivisionError):
        worker.submit(lambda: 1 / 0).result(DEADLINE)
    assert worker.submit(lambda: "alive").result(DEADLINE) == "alive"
    assert worker.revive() is False


def test_a_dead_worker_is_reported_replaced_and_counted(worker, gate, deaths):
    assert worker.revive() is False
    gate.leave.release()
    worker.put("fatal")
    worker._thread.join(DEADLINE)
    assert [str(d) for d in deaths] == ["on purpose"]
    assert worker.revive() is True
    assert worker.restarts == 1
    assert worker.submit(lambda: "alive").result(DEADLINE) == "alive"


def test_discarded_items_are_never_worked_on(worker, gate):
    worker.put(1)
    assert gate.entered.acquire(timeout=DEADLINE)
    worker.put(2)
    assert worker.discard() is True and worker.discard() is False
    gate.leave.release()
    assert worker.submit(lambda: list(gate.items)).result(DEADLINE) == [1]


def test_stopping_cancels_the_jobs_that_wait(gate, deaths):
    worker = Worker(gate, deaths.append)
    worker.put(1)
    assert gate.entered.acquire(timeout=DEADLINE)
    waiting = worker.submit(lambda: None)
    gate.leave.release()
    assert worker.stop(DEADLINE)
    assert waiting.cancelled() or waiting.done()
    assert worker.submit(lambda: None).cancelled()


def test_sources_take_turns_however_often_each_has_something(worker, gate):
    worker.put("fast 0", "fast")
    assert gate.entered.acquire(timeout=DEADLINE)
    assert worker.put("slow 1", "slow") is False and worker.put("mute 1", "mute") is False
    for round_ in range(1, 6):
        for n in range(3):
            worker.put(f"fast {round_}.{n}", "fast")
        if round_ == 4:
            worker.put("slow 2", "slow")
        gate.leave.release()
        assert gate.entered.acquire(timeout=DEADLINE)
    assert gate.items == ["fast 0", "slow 1", "mute 1", "fast 3.2", "slow 2", "fast 5.2"]


def test_a_source_is_discarded_alone(worker, gate):
    worker.put(1)
    assert gate.entered.acquire(timeout=DEADLINE)
    worker.put(2, "a")
    worker.put(3, "b")
    assert worker.discard("a") is True and worker.discard("a") is False
    gate.leave.release(2)
    assert gate.entered.acquire(timeout=DEADLINE)
    assert gate.items == [1, 3]


def test_how_long_the_item_in_work_has_been_there(worker, gate):
    assert worker.busy_s == 0.0
    worker.put(1)
    assert gate.entered.acquire(timeout=DEADLINE)
    assert worker.busy_s > 0.0
    gate.leave.release()
    worker.submit(lambda: None).result(DEADLINE)
    worker.stop(DEADLINE)
    assert worker.busy_s == 0.0


def test_a_thread_that_died_is_not_busy(worker, gate):
    gate.leave.release()
    worker.put("fatal")
    worker._thread.join(DEADLINE)
    assert worker.busy_s == 0.0
