"""Ways in which a weights file (.safetensors, its card beside it) cannot be what its card says."""

import json


def truncated(path):
    path.write_bytes(path.read_bytes()[:-1000])


def altered(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 255
    path.write_bytes(content)


def of_another_architecture(path):
    card = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**card, "arch": "mdeas", "config": {}}))
