"""Credits: every model's author and licence reaches NOTICE and the card, once."""

import json

import pytest

from mtdense_ros.data.datasets.shards import create_manifest
from mtdense_ros.errors import InputError
from mtdense_ros.synthetic.credits import credits_of, main

CHAIR = {"library": "L", "key": "c", "name": "Chair", "creator": "Ann", "licence": "CC-BY-3.0"}
LAMP = {"library": "L", "key": "l", "name": "Lamp", "creator": "Bob", "licence": "CC-BY-3.0"}


def test_notice_and_card_name_each_author_once_however_often_they_are_written(tmp_path):
    for name, credits in (("a", [CHAIR]), ("b", [LAMP, CHAIR])):
        create_manifest(tmp_path / name, (4, 4), {"seed": 1}, credits)
    notice, card = tmp_path / "NOTICE", tmp_path / "card.json"
    notice.write_text("project\n\nmore\n")
    card.write_text(json.dumps({"attribution": "Gazebo models.", "data": [{"generator": {"seed": 1, "credits": [CHAIR]}}]}))
    for _ in range(2):
        main([str(tmp_path / "a"), str(tmp_path / "b"), "--notice", str(notice), "--card", str(card)])
    text = notice.read_text()
    assert text.startswith("project\n\nmore\n\nFurniture libraries") and text.count("Ann (Chair)") == text.count("Bob (Lamp)") == 1
    assert "https://creativecommons.org/licenses/by/3.0/" in text
    written = json.loads(card.read_text())
    assert written["attribution"].startswith("Gazebo models. Furniture libraries") and written["attribution"].count("Ann, Bob") == 1
    assert written["data"] == [{"generator": {"seed": 1}}]


def test_sets_without_libraries_have_nothing_to_write(tmp_path):
    create_manifest(tmp_path / "a", (4, 4), {"seed": 1})
    assert credits_of([tmp_path / "a"]) == []
    with pytest.raises(InputError, match="nothing to write"):
        main([str(tmp_path / "a")])
