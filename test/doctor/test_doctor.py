"""The doctor's judgements on files and answers made by hand, and the command as a user calls it."""

import ast
import fcntl
import json
import os
import subprocess
import sys
import threading
import time

import pytest
from project import ROOT

from mtdense_ros.cli import doctor, main
from mtdense_ros.doctor import camera, checks, engines, libraries, machine, settings
from mtdense_ros.doctor.checks import limited
from mtdense_ros.doctor.engines import weights
from mtdense_ros.doctor.environment import Environment, find_environment
from mtdense_ros.doctor.probe import FAIL, OK, SKIP, WARN, Answer, Finding, ask
from mtdense_ros.doctor.shared_memory import leftovers, shared_memory
from mtdense_ros.doctor.transport import OTHERWISE, PROFILE, Counts, Result, judged, middleware
from mtdense_ros.errors import InputError
from mtdense_ros.utils import processes
from mtdense_ros.utils.processes import MALLOC, PROFILE_VARIABLES

MIB = 1 << 20
FINDINGS = (Finding(OK, "a", "is b"), Finding(FAIL, "c", "is d", "do e"))


def statuses(findings):
    return [finding.status for finding in findings]


def shell(**variables):
    return Environment("this shell", variables)


# probes


def test_a_probe_answers_with_its_last_line_of_json():
    assert ask(["-c", "print('noise'); print('{\"a\": 1}'); print('{\"a\": 2}')"], 20.0).facts == {"a": 2}


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os; os.abort()", "the process was ended by SIGABRT"),
        ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        ("raise SystemExit(3)", "the process ended with code 3"),
        ("print('no json')", "said nothing"),
        ("print('{no json')", "said what cannot be read: {no json"),
        ("import os; os.kill(os.getpid(), 40)", "the process was ended by signal 40"),
    ],
)
def test_a_probe_that_breaks_says_how(code, problem):
    answer = ask(["-c", code], 20.0)
    assert problem in answer.problem and answer.facts == {}


def test_a_probe_that_hangs_is_ended():
    assert ask(["-c", "import time; time.sleep(60)"], 0.5).problem == "no answer within 0.5 s"


def test_a_check_that_hangs_or_breaks_is_a_finding():
    def hang():
        time.sleep(30)

    (hung,) = limited("disk", hang, 0.05)
    assert (hung.status, hung.name) == (FAIL, "disk") and "no answer within 0.05 s" in hung.text
    (broken,) = limited("sum", lambda: 1 // 0, 5.0)
    assert broken.status == FAIL and "ZeroDivisionError" in broken.text


def test_a_finding_is_there_before_its_check_has_ended():
    go_on = threading.Event()

    def check():
        yield FINDINGS[0]
        assert go_on.wait(20.0)
        yield FINDINGS[1]

    found = limited("slow", check, 20.0)
    assert next(found) == FINDINGS[0] and not go_on.is_set()
    go_on.set()
    assert list(found) == [FINDINGS[1]]


def test_each_check_is_announced_with_its_limit_before_it_runs(monkeypatch):
    log = []
    for module, names in ((checks.libraries, ("python", "numpy", "opencv", "gpu")), (checks, ("weights", "engines"))):
        for name in names:
            monkeypatch.setattr(module, name, lambda: [])
    monkeypatch.setattr(checks.libraries, "middleware", lambda: log.append("asked") or Answer(problem="none"))
    for _ in checks.examine(announce=lambda name, seconds: log.append((name, seconds))):
        pass
    assert ("engines", 180.0) in log and ("cores", checks.LIMIT_S) in log
    assert log[-2:] == [("middleware", checks.libraries.MIDDLEWARE_S), "asked"]


# the machine


def test_governor(tmp_path):
    assert statuses(machine.governor(tmp_path)) == [SKIP]
    folder = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq"
    folder.mkdir(parents=True)
    for governor, driver, status in (
        ("powersave", "acpi-cpufreq", WARN),
        ("powersave", "intel_pstate", OK),
        ("performance", "acpi-cpufreq", OK),
    ):
        (folder / "scaling_governor").write_text(f"{governor}\n")
        (folder / "scaling_driver").write_text(f"{driver}\n")
        assert statuses(machine.governor(tmp_path)) == [status], (governor, driver)


def test_cores_of_a_container(tmp_path):
    limit = tmp_path / "sys/fs/cgroup/cpu.max"
    limit.parent.mkdir(parents=True)
    limit.write_text("150000 100000\n")
    assert "the container may use 1.5" in machine.cores(tmp_path)[0].text
    limit.write_text("max 100000\n")
    assert "container" not in machine.cores(tmp_path)[0].text


def test_a_busy_machine_is_a_warning_where_all_of_it_is_ours(tmp_path, monkeypatch):
    limit = tmp_path / "sys/fs/cgroup/cpu.max"
    limit.parent.mkdir(parents=True)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    for load, cores, quota, status in (
        (40.0, 64, "max", WARN),
        (20.0, 64, "max", OK),
        (40.0, 64, "200000", OK),  # of a container: the rest may keep cores busy that are not its own
        (40.0, 2, "max", OK),
    ):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        monkeypatch.setattr(os, "sched_getaffinity", lambda process, cores=cores: set(range(cores)))
        limit.write_text(f"{quota} 100000\n")
        (finding,) = machine.cores(tmp_path)
        assert finding.status == status and f"on the whole machine {load}" in finding.text, (load, cores, quota)


def test_shared_memory_must_hold_the_segments_of_three_processes(tmp_path):
    status = os.statvfs(tmp_path)
    free = status.f_bavail * status.f_frsize
    (enough,) = shared_memory(free // 8, tmp_path)
    (little,) = shared_memory(free // 2, tmp_path)
    (none,) = shared_memory(2 * free, tmp_path)
    assert [enough.status, little.status, none.status] == [OK, WARN, FAIL]
    assert "--shm-size" in little.remedy and "--shm-size" in none.remedy and not enough.remedy


def test_what_killed_processes_left_is_counted_and_what_is_in_use_is_not(tmp_path):
    for name in ("fastrtps_a", "fastrtps_b"):
        (tmp_path / name).write_bytes(bytes(1000))
        (tmp_path / f"{name}_el").touch()
    (tmp_path / "fastrtps_port7000_el").touch()
    assert leftovers(tmp_path) == (2000, 2)
    with (tmp_path / "fastrtps_a_el").open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert leftovers(tmp_path) == (1000, 1)


# settings


def test_malloc_and_waiting_threads():
    assert statuses(settings.malloc(shell(GLIBC_TUNABLES=MALLOC))) == [OK]
    (unset,) = settings.malloc(shell())
    assert unset.status == WARN and f"export GLIBC_TUNABLES={MALLOC}" in unset.remedy
    assert statuses(settings.malloc(shell(GLIBC_TUNABLES="glibc.malloc.mmap_max=0"))) == [WARN]
    assert statuses(settings.waiting_threads(shell(OMP_WAIT_POLICY="PASSIVE"))) == [OK]
    assert statuses(settings.waiting_threads(shell())) == [WARN]
    (active,) = settings.waiting_threads(shell(OMP_WAIT_POLICY="active"))
    assert active.status == WARN and "export GOMP_SPINCOUNT=" in active.remedy
    assert statuses(settings.waiting_threads(shell(OMP_WAIT_POLICY="active", GOMP_SPINCOUNT="10000"))) == [OK]


def test_our_profile_has_segments_of_64_mib():
    (finding,) = settings.profile(shell(FASTRTPS_DEFAULT_PROFILES_FILE=str(ROOT / "config" / "fastdds.xml")))
    assert finding.status == OK and "64 MiB" in finding.text
    assert settings.segment_of(shell()) == 64 * MIB + settings.DEFAULT_SEGMENT


def test_a_profile_that_is_not_set_missing_broken_or_small(tmp_path):
    (tmp_path / "broken.xml").write_text("<profiles>")
    (tmp_path / "small.xml").write_text("<profiles><segment_size>1048576</segment_size></profiles>")
    expected = {"": WARN, "nothing.xml": FAIL, "broken.xml": FAIL, "small.xml": WARN}
    for name, status in expected.items():
        variables = {"FASTRTPS_DEFAULT_PROFILES_FILE": str(tmp_path / name)} if name else {}
        assert statuses(settings.profile(shell(**variables))) == [status], name


def test_what_scripts_set_is_what_the_doctor_asks_for_and_the_users_own_wins():
    def sourced(**given):
        command = ["bash", "-c", "source scripts/environment && env -0"]
        done = subprocess.run(command, cwd=ROOT, env={"PATH": os.environ["PATH"], **given}, capture_output=True, text=True, check=True)
        return shell(**dict(entry.partition("=")[::2] for entry in done.stdout.split("\0") if entry))

    environment = sourced()
    assert statuses(settings.malloc(environment) + settings.profile(environment)) == [OK, OK]
    own = sourced(GLIBC_TUNABLES="glibc.malloc.tcache_count=0", FASTDDS_DEFAULT_PROFILES_FILE="/mine.xml").variables
    assert own["GLIBC_TUNABLES"] == "glibc.malloc.tcache_count=0"
    assert {name: own.get(name) for name in PROFILE_VARIABLES} == dict(zip(PROFILE_VARIABLES, (None, "/mine.xml"), strict=True))


def test_what_launch_sets_is_what_the_doctor_asks_for():
    tree = ast.parse((ROOT / "launch" / "mtdense.launch.py").read_text())
    (value,) = [n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "ENVIRONMENT"]
    groups = eval(compile(ast.Expression(value), "ENVIRONMENT", "eval"), {"SHARE": ROOT, **vars(processes)})
    environment = shell(**{name: each for group in groups for name, each in group.items()})
    assert statuses(settings.malloc(environment) + settings.waiting_threads(environment) + settings.profile(environment)) == [OK, OK, OK]


def test_each_distribution_reads_its_own_variable():
    path = str(ROOT / "config" / "fastdds.xml")
    assert settings.profile_in_use({"ROS_DISTRO": "jazzy", "FASTDDS_DEFAULT_PROFILES_FILE": path}) is None
    assert settings.profile_in_use({"ROS_DISTRO": "lyrical", "FASTRTPS_DEFAULT_PROFILES_FILE": path}) is None
    assert settings.profile_in_use({"ROS_DISTRO": "lyrical", "FASTDDS_DEFAULT_PROFILES_FILE": path}).segment == 64 * MIB


def test_the_variables_of_a_node_that_runs_come_before_those_of_the_shell(tmp_path, monkeypatch):
    monkeypatch.setenv("MARK", "shell")
    assert find_environment(tmp_path).variables["MARK"] == "shell"
    for number, words in ((7, b"bash\0"), (42, b"/usr/bin/python3\0/ws/lib/mtdense_ros/mtdense_node\0--ros-args\0")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cmdline").write_bytes(words)
        (tmp_path / str(number) / "environ").write_bytes(b"MARK=node\0LANG=C\0")
    environment = find_environment(tmp_path)
    assert (environment.owner, environment.is_node, environment.variables["MARK"]) == ("the node that runs (42)", True, "node")


# libraries, engines, weights


TORCH = {"torch": "2.13.0", "cuda": "12.8", "available": True, "device": "X", "gib": 24.0, "count": 1, "problem": ""}


@pytest.mark.parametrize(
    ("changes", "has_driver", "status", "text"),
    [
        ({}, True, OK, "1 x X, 24 GiB"),
        ({"problem": "cannot compute (no kernel image)"}, True, FAIL, "X, 24 GiB: cannot compute (no kernel image)"),
        ({"available": False}, True, FAIL, "sees no device"),
        ({"available": False, "cuda": None}, True, WARN, "built for CPUs only"),
        ({"available": False, "cuda": None}, False, OK, "runs on the CPU"),
    ],
)
def test_gpu(changes, has_driver, status, text, tmp_path, monkeypatch):
    monkeypatch.setattr(libraries, "answer_of", lambda code: Answer({**TORCH, **changes}))
    driver = tmp_path / "version"
    if has_driver:
        driver.touch()
    (finding,) = libraries.gpu([tmp_path / "none", driver])
    assert finding.status == status and text in finding.text


def test_a_cv_bridge_that_ends_its_process_is_a_warning(monkeypatch):
    answers = iter([Answer({"installed": True, "numpy": "2.2.6"}), Answer(problem="the process was ended by SIGSEGV")])
    monkeypatch.setattr(libraries, "answer_of", lambda code: next(answers))
    (finding,) = libraries.cv_bridge()
    assert finding.status == WARN and "numpy<2" in finding.remedy and "SIGSEGV" in finding.text


def test_opencv_5_is_a_warning(monkeypatch):
    for version, status in (("4.10.0", OK), ("5.0.0", WARN)):
        monkeypatch.setattr(libraries, "answer_of", lambda code, version=version: Answer({"opencv": version}))
        assert statuses(libraries.opencv()) == [status]


def test_engines_that_are_absent_say_how_to_get_them():
    found = engines.installed({"torch": ["2.13.0", None], "openvino": ["", "openvino is not installed; pip install openvino"]})
    assert statuses(found) == [OK, SKIP]
    assert "pip install openvino" in found[1].text


@pytest.mark.slow
def test_the_engine_of_auto_is_tried(make_random_weights, monkeypatch):
    pytest.importorskip("torch")
    path = make_random_weights("mtdense", name="tried")
    monkeypatch.setenv("MTDENSE_WEIGHTS_PATH", str(path.parent))
    finding = engines.chosen("tried")
    assert finding.status == OK and "tried: " in finding.text and "ms for a frame" in finding.text
    assert engines.chosen("nowhere").status == FAIL
    assert engines.chosen("").status == SKIP


def test_weights_whose_file_was_changed(tmp_path, make_random_weights, monkeypatch):
    path = make_random_weights("mtdense", name="mine")
    monkeypatch.setenv("MTDENSE_WEIGHTS_PATH", str(path.parent))
    assert next(f for f in weights() if "mine" in f.text).status == OK
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes()[:-1] + b"x")
    monkeypatch.setenv("MTDENSE_WEIGHTS_PATH", str(tmp_path))
    assert next(f for f in weights() if "mine" in f.text).status == FAIL  # no card
    copy.with_suffix(".json").write_bytes(path.with_suffix(".json").read_bytes())
    (changed,) = [f for f in weights() if "mine" in f.text]
    assert changed.status == FAIL and "sha256" in changed.text


# middleware and transport


def test_middleware(tmp_path):
    buffer = tmp_path / "rmem_max"
    buffer.write_text("212992\n")
    assert statuses(middleware(Answer({"rmw": "rmw_fastrtps_cpp"}), buffer)) == [OK]
    found = middleware(Answer({"rmw": "rmw_cyclonedds_cpp"}), buffer)
    assert statuses(found) == [OK, WARN]
    assert "does not apply" in found[0].text and "net.core.rmem_max" in found[1].remedy
    assert statuses(middleware(Answer(problem="ModuleNotFoundError: No module named 'rclpy'"))) == [SKIP]
    for broken in ("the process was ended by SIGSEGV", "ModuleNotFoundError: No module named 'rclpy._rclpy_pybind11'"):
        assert statuses(middleware(Answer(problem=broken))) == [FAIL]


def test_losses_delays_and_a_segment_that_is_not_there():
    series = {"images": Counts(30, 30, 1.4), "clouds": Counts(30, 3, 20.0), "slow": Counts(30, 30, 44.0), "none": Counts(30, 0, None)}
    assert statuses(judged("self-test", Result(series, 64 * MIB), 64 * MIB, FAIL)) == [OK, FAIL, WARN, FAIL]
    lost = Result({"images": Counts(30, 3, 1.0)}, 0)
    remedies = [judged("self-test", lost, 0, FAIL, settings)[0].remedy for settings in (PROFILE, OTHERWISE)]
    assert ["Fast DDS" in remedy for remedy in remedies] == [True, False]
    (small,) = judged("self-test", Result({}, MIB // 2), 64 * MIB, WARN)
    assert small.status == FAIL and "0.5 MiB" in small.text


@pytest.mark.parametrize(("age", "told"), [(0.2, []), (-0.005, []), (-0.5, [WARN]), (11.0, [WARN])])
def test_stamps_of_another_clock(age, told):
    publisher = {"type": "sensor_msgs/msg/Image", "node": "/n", "reliability": "reliable", "durability": "volatile"}
    facts = {
        "topic": "/c", "publishers": [publisher], "asked": "reliable", "images": 30, "infos": 30, "seconds": 1.0, "size": (64, 48),
        "encoding": "rgb8", "frame_id": "f", "image_problem": "", "age_s": age, "info_topic": "/i", "info": True, "info_problem": "",
    }  # fmt: skip
    assert [finding.status for finding in camera.judged(facts) if finding.name == "clock"] == told


# the command


@pytest.mark.parametrize(("count", "code"), [(1, 0), (2, 1)])
def test_one_line_per_finding_and_exit_1_on_a_failure(count, code, tmp_path, monkeypatch, capsys):
    asked = []

    def examine(topic, messages, announce):
        asked.append((topic, messages))
        announce("a", 5.0)
        return iter(FINDINGS[:count])

    monkeypatch.setattr(doctor, "examine", examine)
    file = tmp_path / "new" / "doctor.json"
    assert main(["doctor", "--image-topic", "/camera/image_raw", "--messages", "5", "--json", str(file)]) == code
    assert asked == [("/camera/image_raw", 5)]
    output, progress = capsys.readouterr()
    assert progress == "a (at most 5 s) ...\n"
    lines = output.splitlines()
    assert lines[:-1] == ["ok    a: is b", "fail  c: is d; do e"][:count]
    assert lines[-1] == f"1 ok, 0 warn, {code} fail, 0 skip"
    (told, *_) = json.loads(file.read_text())["findings"]
    assert told == {"status": "ok", "name": "a", "text": "is b", "remedy": ""}


@pytest.mark.parametrize("count", ["0", "-5", "301", "many"])
def test_a_self_test_of_no_messages_is_refused(count, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda *given: iter(()))
    with pytest.raises(SystemExit, match="2"):
        main(["doctor", f"--messages={count}"])
    assert f"'{count}' is no number from 1 to 300" in capsys.readouterr().err


def test_a_file_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "examine", lambda *given: iter(()))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="--json"):
        doctor.main(["--json", str(tmp_path / "file" / "doctor.json")])


def test_the_doctor_comes_even_where_nothing_else_works():
    """Neither torch nor OpenCV nor ROS nor numpy is imported in its own process; without ROS its checks say so."""
    program = """
import sys
class Broken:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "cv2", "numpy", "rclpy", "openvino"):
            raise ImportError(f"broken: {name}")
sys.meta_path.insert(0, Broken())
from mtdense_ros.doctor import checks
from mtdense_ros.doctor.probe import Answer
from mtdense_ros.cli import main
checks.libraries.answer_of = lambda code, seconds=0: Answer(problem="ModuleNotFoundError: No module named 'x'")
checks.engines = lambda: []
raise SystemExit(main(["doctor"]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()[:-1]]
    skipped = [rest.partition(":")[0] for status, rest in lines if status == "skip" and "needs ROS 2" in rest]
    assert skipped == ["Fast DDS profile", "shared memory", "self-test", "cv_bridge", "vision_msgs", "camera"]
    assert ["fail", "torch: ModuleNotFoundError: No module named 'x'"] in [[s, r.partition(";")[0]] for s, r in lines]
