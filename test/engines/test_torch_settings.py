"""Settings that torch has once for the process, while several threads rely on them."""

import threading

import pytest
import torch

from mtdense_ros.engines.torch_settings import exact_cudnn, torch_threads


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def in_a_thread(work):
    """What `work` gives in a new thread, where torch has not been used."""
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join(20)
    return found[0]


def test_the_number_holds_within_and_is_put_back():
    with torch_threads(2):
        assert torch.get_num_threads() == 2
        with torch_threads(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 3
    with pytest.raises(ZeroDivisionError), torch_threads(1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == 3


def test_overlapping_users_leave_what_was_before_the_first():
    """The preparation of a network in another thread begins while this one has one thread, and ends after it."""
    begun, go = threading.Event(), threading.Event()

    def prepare():
        with torch_threads(1):
            begun.set()
            assert go.wait(20)

    other = threading.Thread(target=prepare)
    with torch_threads(1):
        other.start()
        assert begun.wait(20)
    assert torch.get_num_threads() == 3
    go.set()
    other.join(20)
    assert in_a_thread(torch.get_num_threads) == 3, "a thread that begins now"
    assert torch.get_num_threads() == 3


def test_a_thread_that_began_meanwhile_works_with_its_own_number():
    def work():
        torch.zeros(1)  # takes over the process's number
        with torch_threads(2):
            return torch.get_num_threads()

    with torch_threads(1):
        assert in_a_thread(work) == 2


def test_cudnn_stays_exact_until_the_last_user_leaves():
    before = torch.backends.cudnn.allow_tf32
    first, second = exact_cudnn(), exact_cudnn()
    with first:
        second.__enter__()
        assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cudnn.allow_tf32
    second.__exit__(None, None, None)
    assert torch.backends.cudnn.allow_tf32 == before
