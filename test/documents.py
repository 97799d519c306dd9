"""Reading the project's Markdown: tables and links."""

import re
from pathlib import Path

from project import ROOT


def text(name: str) -> str:
    """A document by its path from the project's root."""
    return (ROOT / name).read_text(encoding="utf-8")


def table(document: str, first_column: str) -> list[list[str]]:
    """The cells of the rows of the table whose header starts with `first_column`, without backquotes."""
    lines = document.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    return rows


def links(name: str) -> list[Path]:
    """The files and folders that a document links to."""
    found = re.findall(r"\]\((?!https?:)([^)#]+)\)", text(name))
    return [(ROOT / name).parent / link for link in found]
