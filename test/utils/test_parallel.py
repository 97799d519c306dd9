"""Two pieces of work at once: what they give, where they run, and that nothing is left behind."""

import os
import subprocess
import sys
import threading

import pytest

from mtdense_ros.utils import parallel
from mtdense_ros.utils.parallel import limit_threads, run_in_parallel


@pytest.fixture(autouse=True)
def two_processors(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


def meeting():
    """Two pieces of work that end only when both have begun; each gives its thread."""
    barrier = threading.Barrier(2, timeout=20)

    def work():
        barrier.wait()
        return threading.current_thread()

    return work, work


def test_both_run_at_the_same_time():
    first, second = run_in_parallel(*meeting())
    assert first is threading.current_thread() and second is not first


@pytest.mark.parametrize("reason", ["one thread", "one processor", "not worthwhile"])
def test_one_after_the_other_where_a_second_thread_is_of_no_use(monkeypatch, reason):
    if reason == "one processor":
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    order = []
    works = [lambda name=name: order.append(name) or threading.current_thread() for name in "ab"]
    with limit_threads(1 if reason == "one thread" else 0):
        assert run_in_parallel(*works, worthwhile=reason != "not worthwhile") == (threading.current_thread(),) * 2
    assert order == ["a", "b"]


def test_a_limit_ends_with_its_block_and_is_not_widened_inside():
    with limit_threads(1), limit_threads(0):
        assert run_in_parallel(threading.current_thread, threading.current_thread) == (threading.current_thread(),) * 2
    first, second = run_in_parallel(*meeting())
    assert first is not second


def test_a_limit_is_of_one_thread_only():
    found = []
    with limit_threads(1):
        other = threading.Thread(target=lambda: found.append(run_in_parallel(*meeting())))
        other.start()
        other.join(20)
    (first, second), = found
    assert first is other and second is not other


def test_a_helper_that_is_late_is_not_waited_for():
    """Both again within the second: the helper is busy with the outer one, so the inner second runs where it was asked for."""
    begun = threading.Event()

    def outer():
        begun.set()
        return run_in_parallel(threading.current_thread, threading.current_thread)

    mine, (inner_first, inner_second) = run_in_parallel(lambda: begun.wait(20), outer)
    assert mine and inner_first is inner_second is not threading.current_thread()


@pytest.mark.parametrize("which", [0, 1])
def test_an_error_comes_after_both_have_ended(which):
    ended = []
    works = list(meeting())
    other = works[1 - which]
    works[1 - which] = lambda: ended.append(other())

    def fails(meets=works[which]):
        meets()
        raise ValueError("broken")

    works[which] = fails
    with pytest.raises(ValueError, match="broken"):
        run_in_parallel(*works)
    assert len(ended) == 1
    assert run_in_parallel(lambda: 1, lambda: 2) == (1, 2)


def test_the_process_ends_with_its_threads():
    program = """
import os, threading
os.sched_getaffinity = lambda _: {0, 1}
from mtdense_ros.utils.parallel import run_in_parallel
barrier = threading.Barrier(2, timeout=20)
run_in_parallel(barrier.wait, barrier.wait)
assert threading.active_count() == 2
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_thread_that_outlives_the_main_one_goes_on():
    program = """
import os, threading
os.sched_getaffinity = lambda _: {0, 1}
from mtdense_ros.utils.parallel import run_in_parallel

def work():
    before = run_in_parallel(lambda: 1, lambda: 2)
    threading.main_thread().join()
    print(before, run_in_parallel(lambda: 3, lambda: 4))

threading.Thread(target=work).start()
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (result.stdout, result.stderr) == ("(1, 2) (3, 4)\n", "")


def test_a_forked_process_has_a_thread_of_its_own():
    program = """
import os, threading
os.sched_getaffinity = lambda _: {0, 1}
from mtdense_ros.utils.parallel import run_in_parallel
barrier = threading.Barrier(2, timeout=20)
run_in_parallel(barrier.wait, barrier.wait)
child = os.fork()
if not child:
    run_in_parallel(barrier.wait, barrier.wait)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (result.stdout, result.stderr) == ("7\n", "")


def test_work_that_no_thread_could_be_made_for_is_done_once(monkeypatch):
    parallel._helper.cache_clear()
    done = []

    def refuses(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuses)
        assert run_in_parallel(lambda: 1, lambda: done.append("second")) == (1, None)
    run_in_parallel(*meeting())
    assert done == ["second"]
