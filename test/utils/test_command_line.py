"""How commands end, and how files tell of them."""

import io
import shlex
import subprocess
import sys

import pytest

from mtdense_ros.errors import ConfigError
from mtdense_ros.utils.command_line import Console, ProgressLine, exit_code, portable_command


def test_exit_codes(capsys):
    def fail(error):
        raise error

    assert exit_code(lambda: None) == 0
    assert exit_code(lambda: fail(ConfigError("a: is b; write c"))) == 2
    assert capsys.readouterr().err == "mtdense: a: is b; write c\n"
    assert exit_code(lambda: fail(KeyboardInterrupt())) == 130
    with pytest.raises(ValueError):
        exit_code(lambda: fail(ValueError("a fault of ours keeps its traceback")))


@pytest.mark.slow
def test_a_module_that_is_a_command_tells_an_error_in_one_line(tmp_path):
    command = [sys.executable, "-m", "mtdense_ros.training.train", str(tmp_path / "nothing.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("mtdense: ") and "nothing.yaml" in done.stderr


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("/home/me/a.yaml", "a.yaml"),
        ("/home/me/set/", "set/"),
        ("--json=/home/me/b.json", "--json=b.json"),
        ("renders:/data/my sets/c", "renders:c"),
        ("sources=[renders:/data/c, {source: 'folder:/data/d/e'}]", "sources=[renders:c, {source: 'folder:e'}]"),
        ("../shared/f", "../shared/f"),
        ("~/g/h", "~/g/h"),
        ("https://a.example/i/j", "https://a.example/i/j"),
        ("--licence=MIT / BSD / other", "--licence=MIT / BSD / other"),
    ],
)
def test_a_told_command_has_no_folders_of_the_machine(word, told):
    assert shlex.split(portable_command(["mtdense", word])) == ["mtdense", told]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    return sys.stderr


def test_progress_rewrites_its_line_and_makes_room(monkeypatch):
    terminal = a_terminal(monkeypatch)
    line = ProgressLine()
    line.show("one")
    line.show("two")
    line.clear()
    line.clear()
    assert terminal.getvalue() == "\rone\x1b[K\rtwo\x1b[K\r\x1b[K"


def test_texts_that_follow_too_soon_are_left_out(monkeypatch):
    terminal = a_terminal(monkeypatch)
    line = ProgressLine(period_s=60.0)
    line.show("one")
    line.show("two")
    assert "two" not in terminal.getvalue()


@pytest.mark.parametrize(("lines", "shown"), [(False, ""), (True, "one\ntwo\n")])
def test_progress_where_nobody_watches(lines, shown, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    line = ProgressLine(lines=lines)
    line.show("one")
    line.show("two")
    line.clear()
    assert sys.stderr.getvalue() == shown


def test_a_console_removes_the_progress_before_it_speaks(monkeypatch, capsys):
    terminal = a_terminal(monkeypatch)
    console = Console("demo")
    console.progress("1 frame")
    console.say("done")
    console.show("table\n")
    assert terminal.getvalue() == "\rdemo: 1 frame\x1b[K\r\x1b[K" and capsys.readouterr().out == "demo: done\ntable\n"
