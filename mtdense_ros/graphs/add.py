"""The file of a network becomes weights with a card."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import asdict, replace
from pathlib import Path

from mtdense_ros.errors import WeightsError
from mtdense_ros.graphs.description import Description, describe
from mtdense_ros.graphs.form import CardForm
from mtdense_ros.graphs.resolution import resolve
from mtdense_ros.graphs.trial import Trial, try_out
from mtdense_ros.models.base import RAW_OUTPUTS
from mtdense_ros.utils.files import write_atomically
from mtdense_ros.weights import GRAPH, Card
from mtdense_ros.weights.files import new_weights_path


def add_file(file: Path, name: str, form: CardForm, out: Path, command: str = "", force: bool = False) -> tuple[Card, Trial]:
    """Copies a file to `out` under a name, with its card, after it was looked into and tried out.

    Raises WeightsError where something is wrong or unknown (resolution.IncompleteCardError), ConfigError where no engine runs it.
    """
    target = new_weights_path(out, name, file.suffix, force)
    card = card_of(file, name, describe(file), form, command)
    trial = try_out(file, card)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for source, place in [(file, target), (file.with_suffix(".bin"), target.with_suffix(".bin"))][: 1 + (file.suffix == ".xml")]:
            if source.resolve() != place.resolve():
                shutil.copyfile(source, place)
        write_atomically(target.with_suffix(".json"), card.to_json().encode())
    except OSError as error:
        raise WeightsError(f"weights {target}: cannot be written ({error.strerror}); choose another folder with --out") from error
    return card, trial


def card_of(file: Path, name: str, description: Description, form: CardForm, command: str) -> Card:
    """The card of a file. Raises WeightsError."""
    resolved = resolve(description, form)
    content = file.read_bytes()
    data = file.with_suffix(".bin").read_bytes() if file.suffix == ".xml" else None
    graph = resolved.graph if data is None else replace(resolved.graph, data_sha256=hashlib.sha256(data).hexdigest())
    return Card(
        name=name,
        arch=GRAPH,
        config=asdict(graph),
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        parameters=description.parameters,
        input=resolved.input,
        outputs=tuple(role for role in RAW_OUTPUTS if role in graph.outputs),
        label_space=resolved.label_space,
        depth=resolved.depth,
        foreground=resolved.foreground,
        metrics=(),
        data=form.data or ("unknown to this package",),
        licence=form.licence,
        attribution=form.attribution,
        commit="",
        command=command,
    )
