"""Children that answer in lines of JSON, and the environment they run in."""

import os
import random
import signal
import socket
import subprocess

import pytest
from project import ROOT

from mtdense_ros.errors import MtdenseError
from mtdense_ros.utils import processes
from mtdense_ros.utils.processes import MALLOC, OPENMP, PROFILE_VARIABLES, Child, free_domain, middleware, ros_environment, wait_for

PATIENCE_S = 300
"""None of these waits is awaited to its end; a machine whose cores others use may need minutes for what takes a moment."""

TALKER = """
import json, sys
print("not an event", flush=True)
print(json.dumps({"event": "ready", "given": sys.argv[1:]}), flush=True)
for line in sys.stdin:
    print(json.dumps({"event": "line", "text": line.strip()}), flush=True)
"""
FAILING = "import sys; sys.exit('the disk is full')"


@pytest.fixture()
def start(tmp_path):
    """start(program, *arguments): a child that runs this program; killed at the end."""
    children = []

    def run(program, *arguments):
        (tmp_path / "a_program.py").write_text(program)
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        children.append(Child("talker", "a_program", arguments, tmp_path / "talker.log", environment))
        return children[-1]

    yield run
    for child in children:
        child.stop()


def test_events_go_both_ways(start):
    child = start(TALKER, "x", "y")
    assert wait_for(child, "ready", PATIENCE_S, ())["given"] == ["x", "y"]
    child.stdin.write(b"hello\n")
    child.stdin.flush()
    assert wait_for(child, "line", PATIENCE_S, ())["text"] == "hello"
    child.end_input()
    assert child.wait(PATIENCE_S)
    assert child.next_event(1) is None and child.ended()
    child.check()


def test_a_child_that_fails_shows_its_last_words(start):
    with pytest.raises(MtdenseError, match=r"the talker ended with code 1(.|\n)*the disk is full"):
        wait_for(start(FAILING), "ready", PATIENCE_S, ())


def test_a_failure_elsewhere_ends_the_wait(start, tmp_path):
    talker = start(TALKER)
    (tmp_path / "other.py").write_text(FAILING)
    other = Child("other", "other", (), tmp_path / "other.log", {**os.environ, "PYTHONPATH": str(tmp_path)})
    with pytest.raises(MtdenseError, match="the other ended"):
        wait_for(talker, "never", PATIENCE_S, (other,))


def test_a_wait_has_an_end(start):
    with pytest.raises(MtdenseError, match="not ready within 1 s"):
        wait_for(start("import time; time.sleep(60)"), "ready", 1, ())


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN], ids=["in a terminal", "in a script's background"])
def test_stop_interrupts(start, monkeypatch, handler):
    before = signal.signal(signal.SIGINT, handler)
    monkeypatch.setattr(processes, "STOP_S", PATIENCE_S)  # then it kills, with another code
    try:
        child = start(TALKER)
    finally:
        signal.signal(signal.SIGINT, before)
    wait_for(child, "ready", PATIENCE_S, ())
    child.stop()
    with pytest.raises(MtdenseError, match=rf"code (-{signal.SIGINT:d}|130|1)\b"):
        child.check()


def test_a_taken_domain_is_passed_over(monkeypatch):
    monkeypatch.setattr(random, "sample", lambda choices, count: [7, 8])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 7400 + 250 * 7))
        assert free_domain() == 8
    assert free_domain() == 7


def test_environment(monkeypatch):
    for name in (*PROFILE_VARIABLES, "GLIBC_TUNABLES", *OPENMP):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROS_LOCALHOST_ONLY", "1")
    environment = ros_environment()
    assert 1 <= int(environment["ROS_DOMAIN_ID"]) <= 101 and environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert "ROS_LOCALHOST_ONLY" not in environment  # the two must not be mixed
    assert all(environment[name].endswith("config/fastdds.xml") for name in PROFILE_VARIABLES)
    assert environment["GLIBC_TUNABLES"] == MALLOC
    assert environment.items() >= OPENMP.items()


def test_what_the_user_has_set_stays(monkeypatch):
    monkeypatch.setenv(PROFILE_VARIABLES[1], "/mine.xml")
    monkeypatch.delenv(PROFILE_VARIABLES[0], raising=False)
    monkeypatch.setenv("GLIBC_TUNABLES", "mine")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    environment = ros_environment()
    assert environment[PROFILE_VARIABLES[1]] == "/mine.xml" and PROFILE_VARIABLES[0] not in environment
    assert environment["GLIBC_TUNABLES"] == "mine"
    assert environment["OMP_WAIT_POLICY"] == "ACTIVE" and "GOMP_SPINCOUNT" not in environment


def test_middleware(monkeypatch):
    monkeypatch.delenv("RMW_IMPLEMENTATION", raising=False)
    assert middleware() == "Fast DDS"
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    assert middleware() == "rmw_cyclonedds_cpp"


def test_the_shell_sets_what_the_launch_file_and_the_demo_set():
    """scripts/environment cannot import, so its values are compared."""
    program = "unset GLIBC_TUNABLES; source scripts/environment; echo \"$GLIBC_TUNABLES\""
    result = subprocess.run(["bash", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == MALLOC
