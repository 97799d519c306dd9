"""What identifies a machine."""

import platform

import torch

from mtdense_ros.engines.machine import Machine, cpu_name, engine_version, this_machine


def test_the_name_of_the_processor(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: another\n")
    assert cpu_name(info) == "AMD EPYC, family 25 model 17"
    info.write_text("processor\t: 0\nBogoMIPS\t: 108.00\n")  # as on many ARM boards
    assert cpu_name(info) == platform.machine() == cpu_name(tmp_path / "nothing")


def test_this_machine():
    here = this_machine()
    assert here.cpu and here.cores >= 1
    assert here.versions["torch"] == engine_version("torch")
    assert torch.__version__.startswith(here.versions["torch"].partition("+")[0])
    assert Machine("a", 2, "", {"torch": "2.0", "openvino": ""}).text == "a, 2 cores; torch 2.0"
    assert Machine("a", 2, "a GPU", {"torch": "2.0"}).text == "a, 2 cores, a GPU; torch 2.0"
