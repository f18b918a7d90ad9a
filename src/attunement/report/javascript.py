"""The drawing programs that a page carries, once for all its charts, and the digests by which the page allows them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache

import vl_convert

from attunement.report.drawing import Drawing

_OUTSIDE = re.compile(r"https://vega\.github\.io/editor/")


@cache
def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed in one text, which declares nothing but window.vegaEmbed and asks for nothing.

    About one second, without holding the interpreter's lock; kept for the next page of the same process.
    """
    text: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    text = _OUTSIDE.sub("", text).replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return f"(() => {{{text}\n}})();"


def digest(text: str) -> str:
    """How a content security policy names one inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def specifications(drawings: Mapping[str, Drawing]) -> str:
    """Charts as JSON that can stand inside a script element: no sign of HTML is left in it."""
    specs = {key: _on_page(drawing) for key, drawing in drawings.items()}
    text = json.dumps(specs, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _on_page(drawing: Drawing) -> dict[str, object]:
    spec: dict[str, object] = drawing.to_dict(validate=False)
    return spec | {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
