"""Weights on disk: NAME.safetensors, or the file of a graph, and its card NAME.json, written atomically and loaded strictly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.models import DenseNetwork, create_model
from mtdense_ros.utils.files import find_resource, known_resources, write_atomically
from mtdense_ros.weights.card import Card
from mtdense_ros.weights.graph import GRAPH, GRAPH_SUFFIXES

SUFFIX = ".safetensors"
SUFFIXES = (SUFFIX, *GRAPH_SUFFIXES)


def list_weights() -> dict[str, Path]:
    """The weights that a name stands for, in the lookup order of `utils.files.search_folders`: name -> file."""
    return known_resources("weights", SUFFIXES)


def find_weights(name_or_path: str | Path) -> Path:
    """The safetensors file or graph that a name or a path stands for. Raises WeightsError, saying where it looked."""
    return find_resource("weights", name_or_path, SUFFIXES, WeightsError)


def new_weights_path(folder: Path, name: str, suffix: str = SUFFIX, force: bool = False) -> Path:
    """The file of new weights. Raises WeightsError for a name that is a path, and where there are weights of that name: with `force`
    only of another kind of file, whose name would then mean two networks."""
    if not name or Path(name).name != name or name.startswith(".") or name.endswith(SUFFIXES):
        raise WeightsError(f"--name '{name}': is not a plain name; give the folder with --out, and no suffix")
    for path in (folder / f"{name}{each}" for each in (*SUFFIXES, ".json")):
        if path.exists() and not force:
            raise WeightsError(f"{path}: exists already; choose another --name, or replace it with --force")
        if path.exists() and path.suffix not in (suffix, ".json"):
            raise WeightsError(f"{path}: is in the way, its name would mean two networks; remove it, or choose another --name")
    return folder / f"{name}{suffix}"


def save_weights(path: str | Path, net: DenseNetwork, card_fields: Mapping[str, Any]) -> Card:
    """Writes a network's state to `path` (its suffix may be left out) and its card next to it; returns the card.

    card_fields are arch, input, label_space, depth, foreground, metrics, data, licence, attribution, commit and command; the
    other fields of the card are computed from the network and the file. Raises WeightsError when a field is missing, when
    `arch` does not make this network, or when the folder cannot be written to.
    """
    path = Path(path)
    path = path if path.name.endswith(SUFFIX) else path.with_name(path.name + SUFFIX)
    state = {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    content = save(state)
    card = Card.from_fields({
        **card_fields,
        "name": path.name.removesuffix(SUFFIX),
        "config": net.config,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "parameters": parameter_count(net),
        "outputs": net.outputs,
    })
    check_state(state, _network_of(card, str(path)).state_dict(), str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        write_atomically(path.with_suffix(".json"), card.to_json().encode())
    except OSError as error:
        raise WeightsError(f"weights {path}: cannot be written ({error.strerror}); choose another folder") from error
    return card


def load_weights(name_or_path: str | Path) -> tuple[DenseNetwork, Card]:
    """The network, in evaluation mode on the CPU, and the card of a name or of a safetensors file.

    Strict: raises WeightsError for a missing, truncated or changed file, a card that does not fit it, and any entry that is
    missing, extra, of another shape or type, or not finite.
    """
    path = find_weights(name_or_path)
    card = read_card(path)
    if card.arch == GRAPH:
        raise WeightsError(f"weights {path}: are a file of another program, which runs, but cannot be trained or exported; name others")
    net = _network_of(card, str(path))
    state = _read_checked(path, card)
    check_state(state, net.state_dict(), str(path))
    check_finite(state, str(path))
    net.load_state_dict(state, assign=True)
    if parameter_count(net) != card.parameters or net.outputs != card.outputs:
        found = f"{parameter_count(net)} parameters and outputs {net.outputs}"
        raise WeightsError(f"card of {path}: says {card.parameters} parameters and outputs {card.outputs}, the network has {found}")
    return net.eval(), card


def check_graph(path: Path, card: Card) -> None:
    """Raises WeightsError unless the file of a graph, and the .bin of OpenVINO's IR, are byte for byte what the card describes."""
    _content(path, card)
    if card.graph.data_sha256:
        data = path.with_suffix(".bin")
        try:
            digest = hashlib.sha256(data.read_bytes()).hexdigest()
        except OSError as error:
            raise WeightsError(f"weights {data}: cannot be read ({error}); it belongs to {path.name}: copy both") from error
        if digest != card.graph.data_sha256:
            raise WeightsError(f"weights {data}: sha256 is {digest}, the card says {card.graph.data_sha256}; copy both files again")


def read_state(name_or_path: str | Path) -> dict[str, torch.Tensor]:
    """The entries of a name or of a safetensors file as its card describes it, whether or not a network of today takes them.

    Raises WeightsError.
    """
    path = find_weights(name_or_path)
    return _read_checked(path, read_card(path))


def read_card(name_or_path: str | Path) -> Card:
    """The card of a name or of a safetensors file, without reading the weights. Raises WeightsError."""
    path = find_weights(name_or_path).with_suffix(".json")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"card {path}: cannot be read ({error}); put the JSON card that came with the weights beside them") from error
    return Card.from_json(text, str(path))


def check_state(state: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor], where: str) -> None:
    """Raises WeightsError, naming the entry, unless both have the same names, shapes and types."""
    for name, value in expected.items():
        if name not in state:
            raise WeightsError(f"{where}: entry '{name}' is missing; use the architecture and file that belong together")
        found = state[name]
        if found.shape != value.shape or found.dtype != value.dtype:
            raise WeightsError(
                f"{where}: entry '{name}' is {found.dtype} {list(found.shape)}, the network has {value.dtype} {list(value.shape)}; "
                "use the architecture and configuration that the file was made with"
            )
    for name in state:
        if name not in expected:
            raise WeightsError(f"{where}: entry '{name}' is not part of the network; use the architecture and file that belong together")


def check_finite(state: Mapping[str, torch.Tensor], where: str) -> None:
    """Raises WeightsError, naming the entry, where a value is NaN or infinite: every output would be."""
    for name, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise WeightsError(f"{where}: entry '{name}' has values that are not finite; export a healthy checkpoint")


def parameter_count(net: DenseNetwork) -> int:
    """Learned values, without the running statistics of BatchNorm."""
    return sum(p.numel() for p in net.parameters())


def _network_of(card: Card, where: str) -> DenseNetwork:
    """The network without values: random ones would take longer to draw than the file's to read."""
    try:
        with torch.device("meta"):
            return create_model(card.arch, **card.config)
    except ConfigError as error:
        raise WeightsError(f"card of {where}: its config does not make a '{card.arch}': {error}") from error


def _read_checked(path: Path, card: Card) -> dict[str, torch.Tensor]:
    """The entries of a file that is byte for byte what its card describes."""
    try:
        return load(_content(path, card))
    except SafetensorError as error:
        raise WeightsError(f"weights {path}: no valid safetensors file ({error}); export or copy it again") from error


def _content(path: Path, card: Card) -> bytes:
    """What is in a file, if it is what its card describes. Raises WeightsError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"weights {path}: cannot be read ({error}); check the file's permissions") from error
    if len(content) != card.bytes:
        raise WeightsError(f"weights {path}: has {len(content)} bytes, its card says {card.bytes}; truncated, or another: copy it again")
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.sha256:
        raise WeightsError(f"weights {path}: sha256 is {digest}, its card says {card.sha256}; the file was changed: copy both again")
    return content
