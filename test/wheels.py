"""Small wheels of the package index."""

import base64
import hashlib
import io
import zipfile

import torch

METADATA = "Metadata-Version: 2.1\nName: some-model\nVersion: 0.1.0\nLicense: UNKNOWN\n"


def saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def write_wheel(path, files, metadata=METADATA, licence="MIT License\n\nCopyright", record=None):
    """A wheel of these files, each rightly recorded unless `record` says otherwise."""
    rows = [f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
            for name, data in files.items()]
    about = {"METADATA": metadata, "RECORD": "\n".join(rows) if record is None else record, "LICENSE": licence}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in [*files.items(), *((f"some_model-0.1.0.dist-info/{name}", text) for name, text in about.items())]:
            archive.writestr(name, data)
    return path
