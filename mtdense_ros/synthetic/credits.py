"""Writes whose models rendered sets show into NOTICE and cards: `python -m mtdense_ros.synthetic.credits SET ... --notice NOTICE`."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtdense_ros.data.datasets.shards import read_manifest
from mtdense_ros.errors import InputError
from mtdense_ros.utils.command_line import exit_code

HEADING = "Furniture libraries of Sweet Home 3D"
"""First words of the paragraph in NOTICE; what follows up to an empty line is replaced when credits are written again."""

_CHANGES = "Changes: triangles reduced, scaled, re-coloured, re-textured, placed into generated rooms and rendered."
_LICENCES = {
    "CC0-1.0": "CC0 1.0",
    "CC-BY-3.0": "CC BY 3.0, https://creativecommons.org/licenses/by/3.0/",
    "CC-BY-3.0-US": "CC BY 3.0 US, https://creativecommons.org/licenses/by/3.0/us/",
}
_WIDTH = 118

Credit = Mapping[str, str]


def credits_of(roots: Iterable[Path]) -> list[Credit]:
    """The credits of all models in these sets, each once, by library and name. Raises InputError on a folder without a set."""
    found = {}
    for root in roots:
        manifest = read_manifest(root)
        # The first sets with libraries kept them among the generator's settings.
        for credit in manifest.get("credits") or manifest["generator"].get("credits", []):
            found[credit["library"], credit["key"]] = credit
    return [found[key] for key in sorted(found)]


def notice(credits: Sequence[Credit]) -> str:
    """The paragraph of NOTICE: per library its licence, and per author the models' names."""
    lines = [f"{HEADING} (www.sweethome3d.com), models by the authors named here. {_CHANGES}"]
    for (library, licence), group in _grouped(credits, "library", "licence").items():
        works = [
            f"{creator} ({', '.join(sorted({c['name'] for c in of_one}))})" for (creator,), of_one in _grouped(group, "creator").items()
        ]
        lines.append(f"- {library}, {_LICENCES[licence]}: {'; '.join(works)}.")
    wrapped = (textwrap.wrap(line, _WIDTH, subsequent_indent="  " if line.startswith("-") else "") for line in lines)
    return "\n".join(row for rows in wrapped for row in rows)


def attribution(credits: Sequence[Credit]) -> str:
    """The sentence of a card: libraries with their licences and authors."""
    groups = _grouped(credits, "library", "licence").items()
    named = [
        f"{library} ({_LICENCES[licence]}) by {', '.join(sorted({c['creator'] for c in group}))}" for (library, licence), group in groups
    ]
    return f"{HEADING}: {'; '.join(named)}. {_CHANGES}" if named else ""


def write_notice(path: Path, credits: Sequence[Credit]) -> None:
    """Puts the paragraph at the end of a NOTICE file, or in place of an earlier one."""
    kept = [paragraph for paragraph in path.read_text(encoding="utf-8").strip().split("\n\n") if not paragraph.startswith(HEADING)]
    path.write_text("\n\n".join([*kept, notice(credits)]) + "\n", encoding="utf-8")


def write_card(path: Path, credits: Sequence[Credit]) -> None:
    """Puts the sentence into a card's attribution, in place of an earlier one; the models' list itself stays in the manifests."""
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        before = str(card["attribution"]).split(HEADING)[0].strip()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: no readable card ({error}); give the JSON file beside the weights") from error
    card["attribution"] = f"{before} {attribution(credits)}".strip()
    for entry in card.get("data", []):
        if isinstance(entry.get("generator"), dict):
            entry["generator"].pop("credits", None)
    path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def _grouped(credits: Iterable[Credit], *keys: str) -> dict[tuple[str, ...], list[Credit]]:
    groups: dict[tuple[str, ...], list[Credit]] = {}
    for credit in credits:
        groups.setdefault(tuple(credit[key] for key in keys), []).append(credit)
    return groups


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line; without a file to write it prints the paragraph."""
    parser = argparse.ArgumentParser(prog="mtdense_ros.synthetic.credits", description="Credits of the models that rendered sets show.")
    parser.add_argument("sets", type=Path, nargs="+", help="folders of rendered sets")
    parser.add_argument("--notice", type=Path, help="NOTICE file to write them into")
    parser.add_argument("--card", type=Path, action="append", default=[], help="weights card (JSON) to write them into; may be repeated")
    options = parser.parse_args(arguments)
    credits = credits_of(options.sets)
    if not credits:
        raise InputError(f"{', '.join(map(str, options.sets))}: these sets name no models of furniture libraries; nothing to write")
    if options.notice is not None:
        write_notice(options.notice, credits)
    for card in options.card:
        write_card(card, credits)
    if options.notice is None and not options.card:
        print(notice(credits))


if __name__ == "__main__":
    sys.exit(exit_code(main))
