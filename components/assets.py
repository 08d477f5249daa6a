"""Files of the board: scripts, style, chart library; gzipped once, served for ever under their hash."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from components import theme

FOLDER = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its media type, its bytes, and the same gzipped."""

    media_type: str
    body: bytes
    zipped: bytes


@cache
def assets() -> dict[str, Asset]:
    """Every file of the board by its public name; the style starts with the theme's colours."""
    found = {}
    for path in sorted((FOLDER / "board").iterdir()):
        body = path.read_bytes()
        if path.name == "style.css":
            body = theme.stylesheet().encode() + b"\n" + body
        found[path.name] = _asset(path.suffix, body)
    found["plotly.js"] = _asset(".js", (FOLDER / "vendor" / "plotly-cartesian.min.js").read_bytes())
    return found


def _asset(suffix: str, body: bytes) -> Asset:
    return Asset(_TYPES[suffix], body, gzip.compress(body, 9, mtime=0))


@cache
def base() -> str:
    """Address under which this very set of files is served: it changes when any of them does."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(name.encode() + b"\0" + asset.body)
    return f"/board/{digest.hexdigest()[:16]}"
