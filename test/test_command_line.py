"""How commands end."""

import subprocess
import sys

import pytest

from mtdense_ros.command_line import exit_code
from mtdense_ros.errors import ConfigError


def test_exit_codes(capsys):
    def fail(error):
        raise error

    assert exit_code(lambda: None) == 0
    assert exit_code(lambda: fail(ConfigError("a: is b; write c"))) == 2
    assert capsys.readouterr().err == "mtdense: a: is b; write c\n"
    assert exit_code(lambda: fail(KeyboardInterrupt())) == 130
    with pytest.raises(ValueError):
        exit_code(lambda: fail(ValueError("a fault of ours keeps its traceback")))


def test_a_module_that_is_a_command_tells_an_error_in_one_line(tmp_path):
    command = [sys.executable, "-m", "mtdense_ros.training.train", str(tmp_path / "nothing.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("mtdense: ") and "nothing.yaml" in done.stderr
