"""The processes that train one network, as torchrun starts them; a single process is a group of one."""

from __future__ import annotations

import importlib
import os
import time
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from mtdense_ros.errors import ConfigError


@dataclass(frozen=True)
class ProcessGroup:
    """The group of `size` processes. rank: the number of this process in it, 0 writes files; local: its number on this machine."""

    rank: int = 0
    size: int = 1
    local: int = 0

    def device(self, device: torch.device) -> torch.device:
        """This process's own GPU where GPUs are used."""
        return torch.device("cuda", self.local) if device.type == "cuda" and self.size > 1 else device

    def rows(self, batch: int) -> range:
        """The rows of a batch that this process makes. Raises ConfigError unless they can be shared out evenly."""
        if batch % self.size:
            raise ConfigError(f"training: 'batch' {batch} is no multiple of the {self.size} processes, which share it evenly; change one")
        return range(self.rank, batch, self.size)

    def joined(self, module: nn.Module, device: torch.device, all_used: bool = True) -> nn.Module:
        """The module with its gradients averaged over the group, and on GPUs with BatchNorm over the whole batch.

        all_used: whether each of its parameters takes part in every step.
        """
        if self.size == 1:
            return module
        own_group = distributed.new_group()  # it lives as long as the module; the default group must end in `leave`
        if device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(module, own_group)  # type: ignore[no-untyped-call]
        own = [device] if device.type == "cuda" else None
        return DistributedDataParallel(module, own, process_group=own_group, broadcast_buffers=False, find_unused_parameters=not all_used)

    def agreed(self, value: float) -> float:
        """The value of rank 0: clocks differ, and all must stop at the same step."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(shared, 0)
        return float(shared)

    def wait(self) -> None:
        """Waits until all processes are here."""
        self.agreed(0.0)

    def leave(self) -> None:
        """Leaves the group, together with all processes, at the end.

        Ends the threads that have sent tensors of Python's: one that lets go of such a tensor while Python shuts down aborts the process.
        """
        if self.size > 1:
            self.wait()
            distributed.destroy_process_group()


def join_process_group(cuda: bool) -> ProcessGroup:
    """Joins the process group that torchrun's environment describes; without one, a group of one."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return ProcessGroup()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if cuda:
        torch.cuda.set_device(local)
    importlib.import_module("torch.distributed.nn")  # whose functions hold for ever the group that exists when they are first imported
    distributed.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo")
    return ProcessGroup(distributed.get_rank(), size, local)


class Stopclock:
    """The time of a training. elapsed_s: of earlier runs that it continues; checkpoint_minutes: between checkpoints."""

    def __init__(self, elapsed_s: float, group: ProcessGroup, checkpoint_minutes: float) -> None:
        self._group = group
        self._start = time.monotonic() - elapsed_s
        self._period_s = 60 * checkpoint_minutes
        self._now = self._checkpoint = elapsed_s

    def read(self) -> float:
        """Seconds of training in all, the same in every process."""
        self._now = self._group.agreed(time.monotonic() - self._start)
        return self._now

    def checkpoint_due(self) -> bool:
        """Whether a checkpoint was due when the clock was last read; if so, the time to the next one starts there."""
        due = self._now - self._checkpoint > self._period_s
        if due:
            self._checkpoint = self._now
        return due
