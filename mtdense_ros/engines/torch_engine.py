"""Runs a network with PyTorch: BatchNorm folded, channels last; on a GPU as captured graphs, with one copy back to the host."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mtdense_ros.engines.base import PRECISIONS, Floats
from mtdense_ros.engines.cuda_graphs import CudaGraphs, flattened, unflattened
from mtdense_ros.engines.failures import engine_failures
from mtdense_ros.engines.torch_settings import exact_cudnn, torch_threads
from mtdense_ros.engines.work_counter import count_work
from mtdense_ros.errors import ConfigError, DeviceError, known_names
from mtdense_ros.models import DenseNetwork

Features = tuple[Tensor, ...]

_DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class TorchEngine:
    """A network on a device. The network that was passed stays as it is.

    The device is "auto" (CUDA when there is one), "cpu", "cuda" or "cuda:N", the precision "auto" (fp32), "fp32", "fp16" (CUDA
    only) or "bf16". The number of CPU threads is torch's own choice where it is 0. Raises DeviceError, ConfigError.
    """

    name = "torch"

    def __init__(self, net: DenseNetwork, device: str = "auto", precision: str = "auto", threads: int = 0) -> None:
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self._threads = threads
        self.rule = ""
        self.may_stall = True
        self.counters: Counter[str] = Counter()
        self._dtype = _DTYPES[self.precision]
        self._net = folded(net).to(self.device, self._dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        count_work(self._net, self.counters)
        on_gpu = self.device.type == "cuda"
        self._graphs = CudaGraphs(self._net, self.device, self._dtype, self.counters) if on_gpu else None

    def encode_background(self, image: Floats) -> Features:
        """The features, on the device, of a normalised background image (1, 3, h, w) float32."""
        with self._running():
            features: Features = self._net.encode_background(self._to_device(image))
            return features

    def concatenate(self, backgrounds: Sequence[Features]) -> Features:
        """See Engine."""
        return tuple(torch.cat(maps) for maps in zip(*backgrounds, strict=True))

    def run(self, images: Floats, background: Features | None = None, outputs: Collection[str] | None = None) -> dict[str, Floats]:
        """Raw maps of normalised images (B, 3, h, w) float32, each (B, C, h', w') float32 on the host, in fresh memory.

        The background features are of one image for the whole batch, or of one per frame. Only `outputs` are computed.
        """
        with self._running():
            if self._graphs is not None:
                return self._graphs.run(images, background, outputs)
            return unflattened(*flattened(self._net(self._to_device(images), background, outputs)))

    def close(self) -> None:
        """Forgets the network."""
        del self._net, self._graphs

    def _to_device(self, images: Floats) -> Tensor:
        tensor = torch.from_numpy(images).to(self.device, self._dtype, non_blocking=True)
        return tensor.contiguous(memory_format=torch.channels_last)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Without gradients; see `engine_failures`."""
        with ExitStack() as stack:
            stack.enter_context(engine_failures(self.name, self.device))
            stack.enter_context(torch.inference_mode())
            stack.enter_context(torch_threads(self._threads))
            if self.device.type == "cuda":
                stack.enter_context(exact_cudnn())
            yield


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
    """The precision of a name on a device: fp32, fp16 or bf16. Raises ConfigError."""
    if precision not in PRECISIONS:
        raise ConfigError(f"precision: '{precision}' is unknown; {known_names(precision, PRECISIONS)}")
    if precision == "auto":
        return "fp32"
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
