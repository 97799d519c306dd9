"""What Python 2 and torch 0.4 pickled, in words that torch's restricted unpickler knows. Nothing here executes a pickle."""

from __future__ import annotations

import io
import pickletools
import struct
from typing import Any

_PICKLES = 5
"""Before its raw storages a file of the older format holds: magic number, version, system, the object, the storages' keys."""

_BYTE_STRINGS = ("STRING", "BINSTRING", "SHORT_BINSTRING")
_TEXT_INTEGERS = ("INT", "LONG")
_LAYOUTS = {
    "f2": "e", "f4": "f", "f8": "d", "b1": "?",
    "i1": "b", "i2": "h", "i4": "i", "i8": "q",
    "u1": "B", "u2": "H", "u4": "I", "u8": "Q",
}  # fmt: skip
"""numpy's code of a number -> the struct module's."""


def with_text_strings(content: bytes) -> bytes:
    """The same file with every byte string of Python 2 as text (latin1, so that any byte is some character).

    Integers that Python 2 wrote as digits become binary ones too. Raises ValueError for what is no pickle.
    """
    stream, out = io.BytesIO(content), bytearray()
    for _ in range(_PICKLES):
        begin = stream.tell()
        opcodes = [(opcode.name, argument, position) for opcode, argument, position in pickletools.genops(stream)]
        ends = [*(position for _, _, position in opcodes[1:]), stream.tell() if opcodes else begin]
        for (name, argument, start), end in zip(opcodes, ends, strict=True):
            out += _translated(name, argument) or content[start:end]
        if stream.tell() == len(content):  # a lone pickle, which torch then refuses with a better reason than its length
            break
    return bytes(out) + content[stream.tell() :]


def named_code(content: bytes) -> str:
    """What a file's first pickle names that is neither torch's nor a container, as "module.name"; empty where there is nothing.

    For the reason of a refusal: torch reads no newer protocol than 2, and then does not say what it was spared.
    """
    texts: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if isinstance(argument, str):
                texts.append(argument)
            if opcode.name in ("GLOBAL", "STACK_GLOBAL"):
                name = argument.replace(" ", ".") if argument else ".".join(texts[-2:])
                if not name.startswith(("torch.", "collections.")):
                    return name
    except ValueError:
        pass
    return ""


def _translated(name: str, argument: Any) -> bytes:
    """The opcode that replaces one of Python 2's, or nothing."""
    if name in _BYTE_STRINGS:
        text: bytes = argument.encode()
        return b"X" + struct.pack("<I", len(text)) + text
    if name in _TEXT_INTEGERS and not isinstance(argument, bool):
        digits: bytes = argument.to_bytes(argument.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8a" + bytes([len(digits)]) + digits
    return b""


class NumpyType:
    """Stands in for numpy.dtype, as far as numbers need it: the code, such as "f8", and the byte order."""

    def __init__(self, code: str, align: object = None, copy: object = None) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Takes what numpy pickles of a type; the second item is the byte order."""
        self.order = state[1]


def numpy_number(kind: NumpyType, content: str | bytes) -> float | int | bool:
    """Stands in for numpy's own function, which would trust whatever type a file declares. Raises ValueError."""
    data = content.encode("latin1") if isinstance(content, str) else content
    order = {"|": "="}.get(kind.order, kind.order)
    if kind.code not in _LAYOUTS or order not in ("<", ">", "="):
        raise ValueError(f"numpy scalar of type '{kind.code}'")
    number: float | int | bool
    (number,) = struct.unpack(order + _LAYOUTS[kind.code], data)
    return number


STAND_INS = [
    (NumpyType, "numpy.dtype"),
    (numpy_number, "numpy.core.multiarray.scalar"),
    (numpy_number, "numpy._core.multiarray.scalar"),
]
"""For torch.serialization.safe_globals: names in a pickle -> the harmless function or class that takes their place."""
