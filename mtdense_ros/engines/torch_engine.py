"""Runs a network with PyTorch, eagerly: BatchNorm folded, channels last, half precision on CUDA, one copy back to the host."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mtdense_ros.engines.base import PRECISIONS, Floats
from mtdense_ros.errors import ConfigError, DeviceError
from mtdense_ros.hints import known_names
from mtdense_ros.models import DenseNetwork

Features = tuple[Tensor, ...]

_DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class TorchEngine:
    """A network on a device. The network that was passed stays as it is.

    device: "auto" (CUDA when there is one), "cpu", "cuda" or "cuda:N". precision: "auto" (fp16 on CUDA, fp32 on the CPU),
    "fp32", "fp16" (CUDA only) or "bf16". threads: of the process's torch operations on the CPU, 0 is torch's own choice.
    `counters`: images that the encoder and each head have worked on. Raises DeviceError, ConfigError.
    """

    name = "torch"

    def __init__(self, net: DenseNetwork, device: str = "auto", precision: str = "auto", threads: int = 0) -> None:
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        use_threads(threads)
        self.rule = ""
        self.counters: Counter[str] = Counter()
        self._dtype = _DTYPES[self.precision]
        self._net = folded(net).to(self.device, self._dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._count_work()

    def encode_background(self, image: Floats) -> Features:
        """The features, on the device, of a normalised background image (1, 3, h, w) float32."""
        with self._running():
            features: Features = self._net.encode_background(self._to_device(image))
            return features

    def joined(self, backgrounds: Sequence[Features]) -> Features:
        """See Engine."""
        return tuple(torch.cat(maps) for maps in zip(*backgrounds, strict=True))

    def run(self, images: Floats, background: Features | None = None, outputs: Collection[str] | None = None) -> dict[str, Floats]:
        """Raw maps of normalised images (B, 3, h, w) float32, each (B, C, h', w') float32 on the host, in fresh memory.

        background: of `encode_background`, of one image for the whole batch or one per frame. outputs: compute these only.
        """
        with self._running():
            raw = self._net(self._to_device(images), background, outputs)
            return to_host(raw)

    def close(self) -> None:
        """Forgets the network."""
        del self._net

    def _to_device(self, images: Floats) -> Tensor:
        tensor = torch.from_numpy(images).to(self.device, self._dtype, non_blocking=True)
        return tensor.contiguous(memory_format=torch.channels_last)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Without gradients; a device that fails is told from an error of our own."""
        try:
            with torch.inference_mode():
                yield
        except RuntimeError as error:
            if self.device.type != "cuda":
                raise
            raise DeviceError(f"device {self.device}: {error}; restart the process, or use device: cpu") from error

    def _count_work(self) -> None:
        for name, module in (("encoder", self._net.encoder), *self._net.heads.items()):
            module.register_forward_pre_hook(self._counter_of(name))

    def _counter_of(self, name: str) -> Callable[[nn.Module, tuple[Tensor | Features, ...]], None]:
        def count(_: nn.Module, inputs: tuple[Tensor | Features, ...]) -> None:
            first = inputs[0]
            self.counters[name] += len(first[0] if isinstance(first, tuple) else first)

        return count


def use_threads(threads: int) -> None:
    """Makes the process's torch operations on the CPU use this many threads; 0: as many as torch itself chose."""
    own_choice = _default_threads()
    if (threads or own_choice) != torch.get_num_threads():
        torch.set_num_threads(threads or own_choice)


@lru_cache(maxsize=1)
def _default_threads() -> int:
    """How many threads torch chose, asked before the first engine sets another number: torch itself forgets it."""
    return torch.get_num_threads()


def choose_device(device: str) -> torch.device:
    """The device of a name; DeviceError when CUDA is asked for and absent, ConfigError for another name."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = device.partition(":")
    if device != "cpu" and (kind != "cuda" or (":" in device and not index.isdigit())):
        raise ConfigError(f"device: '{device}' is unknown; use auto, cpu, cuda or cuda:N")
    if kind == "cuda" and not torch.cuda.is_available():
        built = "has no CUDA support" if torch.version.cuda is None else "finds no CUDA device"
        remedy = "install the NVIDIA driver and a CUDA build of torch, or use device: auto"
        raise DeviceError(f"device: '{device}' was asked for and torch {torch.__version__} {built}; {remedy}")
    if index and int(index) >= torch.cuda.device_count():
        raise DeviceError(f"device: '{device}' was asked for, there are {torch.cuda.device_count()} CUDA devices, counted from 0")
    return torch.device(device)


def choose_precision(precision: str, device: torch.device) -> str:
    """The number format of a name on a device: a key of fp32, fp16, bf16. Raises ConfigError."""
    if precision not in PRECISIONS:
        raise ConfigError(f"precision: '{precision}' is unknown; {known_names(precision, PRECISIONS)}")
    if precision == "auto":
        return "fp16" if device.type == "cuda" else "fp32"
    if precision == "fp16" and device.type == "cpu":
        raise ConfigError("precision: fp16 on the CPU would be slower than fp32; use fp32 or bf16")
    return precision


def folded(net: DenseNetwork) -> DenseNetwork:
    """A copy in evaluation mode with every BatchNorm that directly follows a convolution folded into it."""
    net = copy.deepcopy(net).eval().requires_grad_(False)
    for module in net.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for i in range(len(module) - 1):
            conv, norm = module[i], module[i + 1]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[i], module[i + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    return net


def to_host(raw: dict[str, Tensor]) -> dict[str, Floats]:
    """Tensors as float32 arrays on the host. From a GPU they travel in one flat buffer: each copy costs a synchronisation."""
    if not raw:
        return {}
    flat = torch.cat([value.float().flatten() for value in raw.values()]).cpu().numpy()
    ends = np.cumsum([value.numel() for value in raw.values()])
    return {key: part.reshape(value.shape) for (key, value), part in zip(raw.items(), np.split(flat, ends[:-1]), strict=True)}
