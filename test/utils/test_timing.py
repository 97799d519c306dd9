"""The stages between the start of the process and its first output."""

import os
import subprocess
import sys
import time

from mtdense_ros.utils.timing import Startup, process_start_s


def test_the_process_began_before_its_first_line_and_after_its_parent():
    begun = time.monotonic()
    code = "import time; time.sleep(0.2); from mtdense_ros.utils.timing import process_start_s; print(time.monotonic() - process_start_s())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert 0.2 <= float(done.stdout) <= time.monotonic() - begun + 2 / os.sysconf("SC_CLK_TCK")


def test_stages_add_up_to_the_whole_time():
    startup = Startup()
    startup.lap("imports")
    time.sleep(0.02)
    startup.book({"weights": 5.0, "engine": 10.0}, rest="topics")
    startup.lap("waiting", time.monotonic() + 1.0)
    startup.lap("first frame", 0.0)  # a time that lies before the last: nothing
    stages = startup.stages
    assert list(stages) == ["imports", "weights", "engine", "topics", "waiting", "first frame"]
    assert abs(stages["weights"] - 0.005) < 1e-6 and abs(stages["engine"] - 0.010) < 1e-6
    assert stages["topics"] >= 0.004 and stages["waiting"] >= 0.9 and stages["first frame"] == 0.0
    end = process_start_s() + sum(stages.values())
    assert abs(end - time.monotonic() - 1.0) < 0.05


def test_after_the_first_output_nothing_is_noted():
    startup = Startup()
    startup.lap("imports", process_start_s() + 1.5)
    text = startup.finish()
    assert text == "first output 1.50 s after the process began: imports 1.50 s"
    startup.lap("more")
    assert startup.over and list(startup.stages) == ["imports"]
