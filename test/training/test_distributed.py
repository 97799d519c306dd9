"""Two processes give the gradients of one."""

import os
import subprocess
import sys

import pytest
import torch
from project import ROOT
from training_data import write_set

from mtdense_ros.errors import ConfigError
from mtdense_ros.training.distributed import ProcessGroup

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
import torch
from torch import nn
from mtdense_ros.training.distributed import join_process_group

torch.set_num_threads(1)
group = join_process_group(cuda=False)
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1))
images, target = torch.randn(6, 3, 8, 8), torch.randn(6, 2, 6, 6)
rows = list(group.rows(6))
joined = group.joined(net, torch.device("cpu"))
(joined(images[rows]) - target[rows]).square().mean().backward()
assert group.agreed(float(group.rank) + 7) == 7
if group.rank == 0:
    torch.save([p.grad for p in net.parameters()], sys.argv[1])
group.leave()
"""

LEAVING = """
import os
import time
from pathlib import Path
import torch
from torch import nn
from mtdense_ros.training.distributed import join_process_group

def gloo_threads():
    return {task for task in os.listdir("/proc/self/task") if "gloo_runloop" in name_of(Path("/proc/self/task", task, "comm"))}

def name_of(file):
    try:
        return file.read_text()
    except OSError:  # ended meanwhile
        return ""

torch.set_num_threads(1)
group = join_process_group(cuda=False)
group.wait()  # by then a thread has named itself
of_the_team = gloo_threads()
assert of_the_team
net = nn.Conv2d(3, 4, 3)
joined = group.joined(net, torch.device("cpu"))
joined(torch.randn(2, 3, 8, 8)).sum().backward()
assert of_the_team < gloo_threads()
group.leave()
end = time.monotonic() + 30
while of_the_team & gloo_threads():  # one that was joined may be seen for a moment
    assert time.monotonic() < end, "threads of the group are still there"
    time.sleep(0.01)
"""

UNEVEN = """
import sys
import torch
from torch import nn
from mtdense_ros.training.distributed import join_process_group
from mtdense_ros.training.losses import berhu, depth_loss, distillation_loss, foreground_loss, labels_loss, mdeas_loss, normals_loss
from mtdense_ros.training.reduction import shared_batch

torch.set_num_threads(1)
group = join_process_group(cuda=False)
torch.manual_seed(0)
net = nn.Conv2d(3, 16, 3, padding=1)
images = torch.randn(6, 3, 8, 8)
truth = {"labels": torch.randint(0, 4, (6, 8, 8), dtype=torch.uint8), "depth": torch.rand(6, 8, 8) + 1, "mask": torch.rand(6, 8, 8),
         "normals": nn.functional.normalize(torch.randn(6, 3, 8, 8), dim=1), "teacher": torch.randn(6, 4, 8, 8)}
truth["labels"][1], truth["labels"][0, 2:] = 255, 255  # 16 + 64 + 64 known pixels of one process, 128 of the other
truth["depth"][3:], truth["depth"][0, :, 3:] = torch.nan, torch.nan
truth["depth"][1] += 9  # the largest errors are one process's alone
truth["mask"][[0, 2, 4]] = torch.nan
truth["normals"][5], truth["teacher"][2] = torch.nan, torch.nan
rows = list(group.rows(6))
truth = {key: value[rows] for key, value in truth.items()}
joined = group.joined(net, torch.device("cpu"))
out = joined(images[rows])
with shared_batch(group.size):
    depth, mask = out[:, 4].exp(), out[:, 8].sigmoid()
    terms = [
        labels_loss(out[:, :4], truth["labels"]), berhu(out[:, 5], truth["depth"]), depth_loss(depth, truth["depth"]),
        foreground_loss(out[:, 9], truth["mask"]), normals_loss(out[:, 10:13], truth["normals"]),
        distillation_loss(out[:, :4], truth["teacher"], 2.0),
        mdeas_loss(depth[:, None], mask[:, None], truth["depth"][:, None], truth["mask"][:, None])["total"],
    ]
sum(terms).backward()
if group.rank == int(sys.argv[2]):
    torch.save([*(term.detach() for term in terms), *(p.grad for p in net.parameters())], sys.argv[1])
group.leave()
"""


def started(processes, *command):
    """Runs a command under torchrun, or alone."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"] if processes > 1 else []
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    call = [sys.executable, *launcher, *command]
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def test_two_processes_give_the_gradients_of_one(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    for processes in (1, 2):
        started(processes, str(tmp_path / "program.py"), str(tmp_path / f"{processes}.pt"))
    one, two = (torch.load(tmp_path / f"{processes}.pt", weights_only=True) for processes in (1, 2))
    assert one[0].abs().max() > 1e-3
    for a, b in zip(one, two, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


def test_no_thread_of_a_process_group_outlives_it_even_where_the_joined_module_does(tmp_path):
    (tmp_path / "program.py").write_text(LEAVING)
    started(2, str(tmp_path / "program.py"))


def test_every_loss_is_that_of_the_whole_batch_however_unevenly_truths_are_known(tmp_path):
    (tmp_path / "program.py").write_text(UNEVEN)
    for processes, rank in ((1, 0), (2, 1)):
        started(processes, str(tmp_path / "program.py"), str(tmp_path / f"{processes}.pt"), str(rank))
    one, two = (torch.load(tmp_path / f"{processes}.pt", weights_only=True) for processes in (1, 2))
    assert len(one) == 9 and all(values.abs().max() > 0.01 for values in one)
    for a, b in zip(one, two, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


def test_two_processes_train_a_network_and_write_one_log(tmp_path):
    write_set(tmp_path / "set")
    (tmp_path / "a.yaml").write_text("{steps: 2, height: 64, width: 64, batch: 4, threads: 1, validation: 1}\n")
    config, data, out = (str(tmp_path / name) for name in ("a.yaml", "set", "run"))
    started(2, "-m", "mtdense_ros.training.train", config, "--data", data, "--out", out)
    assert len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == 1
    content = torch.load(tmp_path / "run" / "latest.pt", weights_only=True)
    assert content["step"] == 2 and not any(name.startswith("module.") for name in content["net"])


def test_a_team_of_one_is_no_team():
    alone, module = ProcessGroup(), torch.nn.Conv2d(1, 1, 1)
    assert alone.joined(module, torch.device("cpu")) is module and alone.agreed(3.0) == 3.0 and list(alone.rows(3)) == [0, 1, 2]
    assert alone.device(torch.device("cuda")) == torch.device("cuda") and ProcessGroup(1, 2, 1).device(torch.device("cuda")).index == 1
    with pytest.raises(ConfigError, match="'batch' 3 is no multiple of the 2 processes"):
        ProcessGroup(0, 2).rows(3)
