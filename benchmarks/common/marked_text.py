"""Figures that a benchmark puts into a document that people have written, between two lines that mark their place."""

from __future__ import annotations

import re

from mtdense_ros.errors import ConfigError


def put(document: str, mark: str, text: str) -> str:
    """The document with the text between `<!-- mark -->` and the next `<!-- end -->`. Raises ConfigError where they are missing."""
    begin, end = f"<!-- {mark} -->", "<!-- end -->"
    pattern = f"{re.escape(begin)}.*?{re.escape(end)}"
    if not re.search(pattern, document, flags=re.DOTALL):
        raise ConfigError(f"the document has no lines '{begin}' and '{end}'; put them where the figures belong")
    return re.sub(pattern, lambda _: f"{begin}\n{text}\n{end}", document, count=1, flags=re.DOTALL)
