"""Files of torch.save from 0.4 and Python 2 on: what is only data is read, and what is code is refused and not run."""

import os
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mtdense_ros.errors import WeightsError
from mtdense_ros.weights import read_foreign

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class Python2:
    """A file as torch 0.4 wrote it under Python 2: five pickles of protocol 2, then per storage its length and its values.

    Opcode by opcode: text is byte strings, an OrderedDict is made of a list of pairs, and so are the empty hooks of tensors.
    """

    def __init__(self):
        self.storages = {}

    def file(self, content):
        system = {"protocol_version": PROTOCOL, "type_sizes": {"int": 4, "long": 8, "short": 2}, "little_endian": True}
        body = self.pickle(self.item(content))
        keys = sorted(self.storages)
        head = [self.pickle(self.item(value)) for value in (MAGIC, PROTOCOL, system)]
        raw = (struct.pack("<q", self.storages[key].size) + self.storages[key].tobytes() for key in keys)
        return b"".join([*head, body, self.pickle(self.item(keys)), *raw])

    @staticmethod
    def pickle(content):
        return b"\x80\x02" + content + b"."

    def item(self, value):
        if isinstance(value, np.generic):
            return self.number(value)
        if isinstance(value, (str, bytes)):
            text = value.encode("utf-8") if isinstance(value, str) else value
            return (b"U" + bytes([len(text)]) if len(text) < 256 else b"T" + struct.pack("<i", len(text))) + text
        if isinstance(value, bool):
            return b"\x88" if value else b"\x89"
        if isinstance(value, int):
            return b"\x8a\x0a" + value.to_bytes(10, "little") if value >= 2**31 else b"J" + struct.pack("<i", value)
        if isinstance(value, float):
            return b"G" + struct.pack(">d", value)
        if isinstance(value, np.ndarray):
            return self.tensor(value)
        if isinstance(value, OrderedDict):
            return b"ccollections\nOrderedDict\n" + self.item([list(pair) for pair in value.items()]) + b"\x85R"
        if isinstance(value, dict):
            return b"}(" + b"".join(self.item(part) for pair in value.items() for part in pair) + b"u"
        return b"](" + b"".join(self.item(part) for part in value) + b"e"

    def number(self, value):
        kind = b"cnumpy\ndtype\n" + self.item(value.dtype.str[1:]) + self.item(0) + self.item(1) + b"\x87R"
        state = b"(" + self.item(3) + self.item("<") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + self.item(0) + b"tb"
        return b"cnumpy.core.multiarray\nscalar\n" + kind + state + self.item(value.tobytes()) + b"\x86R"

    def tensor(self, array):
        """float32 as torch 0.4 rebuilt it, on a GPU; float64 as the versions before did."""
        key = str(94000000000000 + 64 * len(self.storages))
        self.storages[key] = array
        new = array.dtype == np.float32
        storage = b"ctorch.cuda\nFloatStorage\n" if new else b"ctorch\nDoubleStorage\n"
        place = self.item("storage") + storage + self.item(key) + self.item("cuda:0" if new else "cpu") + self.item(array.size) + b"N"
        sizes = b"(" + b"".join(self.item(n) for n in array.shape) + b"t"
        strides = b"(" + b"".join(self.item(n // array.itemsize) for n in array.strides) + b"t"
        function = b"ctorch._utils\n_rebuild_tensor_v2\n" if new else b"ctorch._utils\n_rebuild_tensor\n"
        hooks = self.item(False) + self.item(OrderedDict()) if new else b""
        return function + b"((" + place + b"tQ" + self.item(0) + sizes + strides + hooks + b"tR"


@pytest.fixture
def written(tmp_path):
    """written(bytes) -> the path of a file with them."""

    def write(content):
        (tmp_path / "c.pth").write_bytes(content)
        return tmp_path / "c.pth"

    return write


def test_torch_04_under_python_2(written):
    kernel, old = np.arange(24, dtype=np.float32).reshape(2, 3, 4), np.float64([1.5, -2])
    content = {
        "state_dict": OrderedDict([("module.conv.weight", kernel), ("module.conv.bias", old)]),
        "arch": "caf\xe9".encode("latin1"),
        "note": "x" * 300,
        "epoch": 30,
        "best_val": np.float64(0.4202),
        "best_epoch": np.int64(-7),
        "improved": np.bool_(True),
    }
    read = read_foreign(written(Python2().file(content)))
    state = read.pop("state_dict")
    assert list(state) == ["module.conv.weight", "module.conv.bias"]
    assert torch.equal(state["module.conv.weight"], torch.arange(24.0).reshape(2, 3, 4))
    assert torch.equal(state["module.conv.bias"], torch.tensor([1.5, -2], dtype=torch.float64))
    assert read == {"arch": "caf\xe9", "note": "x" * 300, "epoch": 30, "best_val": 0.4202, "best_epoch": -7, "improved": True}


def test_metadata_of_modules_in_python_2(written):
    """state_dict() has an attribute with the version of each module, which Python 2 pickled as the dictionary's own state."""
    file = Python2()
    attribute = file.item({"_metadata": OrderedDict([("", {"version": 1})])})
    state = file.item(OrderedDict([("w", np.ones(2, np.float32))]))
    file.item = lambda value, item=file.item: state + attribute + b"b" if value is None else item(value)
    assert torch.equal(read_foreign(written(file.file(None)))["w"], torch.ones(2))


def test_integers_beyond_32_bits(written):
    """Python 2 wrote them as decimal digits."""
    file = Python2()
    item = file.item
    file.item = lambda value: b"I-5000000000\n" if value == "big" else item(value)
    assert read_foreign(written(file.file({"seed": "big"}))) == {"seed": -5000000000}


@pytest.mark.parametrize("legacy", [False, True])
def test_reading_what_torch_saved(tmp_path, legacy):
    content = {"state_dict": {"w": torch.ones(2)}, "best": np.float32(0.5), "half": np.float64(3).astype(">f8")}
    torch.save(content, tmp_path / "c.pth", _use_new_zipfile_serialization=not legacy)
    read = read_foreign(tmp_path / "c.pth")
    assert torch.equal(read["state_dict"]["w"], torch.ones(2))
    assert (read["best"], read["half"]) == (0.5, 3.0)


def test_numbers_of_other_kinds_are_no_data(written):
    """Records and objects of numpy hold pointers: a file must not choose how they are read."""
    with pytest.raises(WeightsError, match=r"damaged \(ValueError: numpy scalar of type 'c8'"):
        read_foreign(written(Python2().file({"best": np.complex64(1)})))


class Trap:
    """Unpickling it would create the file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("legacy", [False, True])
def test_pickled_code_is_refused_and_not_run(tmp_path, legacy):
    torch.save({"state_dict": Trap(tmp_path / "sprung")}, tmp_path / "c.pth", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(WeightsError, match=r"refused, loading it would run code \('(posix|nt).system'\); where you trust its source"):
        read_foreign(tmp_path / "c.pth")
    assert not (tmp_path / "sprung").exists()
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()  # the trap does work


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_a_plain_pickle_is_the_reason_of_the_refusal(tmp_path, written, protocol):
    content = pickle.dumps(OrderedDict(weight=Trap(tmp_path / "sprung")), protocol)
    with pytest.raises(WeightsError, match=r"refused, loading it would run code \('(posix|nt).system'\)"):
        read_foreign(written(content))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("place", range(5))
def test_code_in_any_pickle_of_a_python_2_file(tmp_path, written, place):
    """Also in those around the object: magic number, version, system and keys."""
    trap = b"\x80\x02cos\nsystem\n" + Python2().item(f"touch {tmp_path / 'sprung'}") + b"\x85R."
    file, parts = Python2(), []
    for value in (MAGIC, PROTOCOL, {"little_endian": True}, {"a": 1}, []):
        parts.append(file.pickle(file.item(value)))
    parts[place] = trap
    with pytest.raises(WeightsError, match=r"refused, loading it would run code \('os.system'\)"):
        read_foreign(written(b"".join(parts)))
    assert not (tmp_path / "sprung").exists()


def test_whole_modules_are_refused(tmp_path):
    torch.save(torch.nn.Linear(1, 1), tmp_path / "c.pth")
    with pytest.raises(WeightsError, match=r"would run code \('torch.nn.modules.linear.Linear'\).*save only its state_dict\(\)"):
        read_foreign(tmp_path / "c.pth")


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_torchscript_is_refused(tmp_path):
    torch.jit.script(torch.nn.Linear(1, 1)).save(str(tmp_path / "c.pt"))
    with pytest.raises(WeightsError, match=r"TorchScript program, which is code; where you trust its source.*save only its state_dict\(\)"):
        read_foreign(tmp_path / "c.pt")


def test_tar_files_of_the_first_versions(written):
    with pytest.raises(WeightsError, match="is a tar file, as torch before 0.1.10 wrote"):
        read_foreign(written(b"\0" * 257 + b"ustar\0" + b"\0" * 249))


def test_safetensors(tmp_path):
    save_file({"w": torch.ones(2)}, tmp_path / "c.safetensors")
    assert torch.equal(read_foreign(tmp_path / "c.safetensors")["w"], torch.ones(2))
    content = (tmp_path / "c.safetensors").read_bytes()
    (tmp_path / "half.safetensors").write_bytes(content[:-4])
    with pytest.raises(WeightsError, match="half.safetensors: no valid safetensors file"):
        read_foreign(tmp_path / "half.safetensors")


def test_truncated_python_2_file(written):
    content = Python2().file({"w": np.ones(8, np.float32)})
    for end in (len(content) - 4, len(content) // 2):
        with pytest.raises(WeightsError, match="damaged"):
            read_foreign(written(content[:end]))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken"])
def test_no_checkpoint(written, content):
    with pytest.raises(WeightsError, match="damaged"):
        read_foreign(written(content))


def test_checkpoint_without_names(tmp_path):
    torch.save([torch.ones(1)], tmp_path / "c.pth")
    with pytest.raises(WeightsError, match="holds a list, no state_dict"):
        read_foreign(tmp_path / "c.pth")
