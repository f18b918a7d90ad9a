"""Decision processes in TOML files, and the five worked examples that ship."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from attunement.errors import ProcessError
from attunement.theory.building import Builder
from attunement.theory.decisions import DRMDP

_FOLDER = Path(__file__).parent / "examples"

EXAMPLES = ("conspiracy", "trainer", "writer", "clickbait", "dehydration")
"""The worked examples, in the order of the paper's table."""

_FIELDS = {"name", "about", "source", "states", "thetas", "actions", "noop", "start", "horizon", "discount"}
_ROWS = {
    "transitions": {"state", "theta", "action", "to"},
    "rewards": {"theta", "state", "action", "next_state", "value"},
}
_OUTCOME = {"state", "theta", "p"}
_NEEDED = ("name", "states", "thetas", "actions", "horizon", "transitions", "rewards")


def read(example: str | Path) -> DRMDP:
    """A worked example by its name, or a decision process from a TOML file.

    Args:
        example: one of EXAMPLES, or the path of a file in their form.

    Raises:
        ProcessError: there is no such file, or a row of it makes no sense.

    Source:   carroll2024
    """
    named = str(example) in EXAMPLES
    path = _FOLDER / f"{example}.toml" if named else Path(example)
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ProcessError(
            "there is no decision process of that name or in that file",
            got=f"{example} ({type(fault).__name__})",
            have=f"{', '.join(EXAMPLES)}, or a TOML file",
            do="use one of these, or write a file in their form",
        ) from fault
    return _built(stated, str(path.name))


def _built(stated: dict[str, Any], file: str) -> DRMDP:
    absent = [field for field in _NEEDED if field not in stated]
    unknown = sorted(set(stated) - _FIELDS - set(_ROWS))
    if absent or unknown:
        got = "; ".join([f"{field} is absent" for field in absent] + [f"{field} is unknown" for field in unknown])
        _refuse(file, got, ", ".join(sorted(_FIELDS | set(_ROWS))))
    fields = {field: stated[field] for field in _FIELDS - {"about", "source", "start"} if field in stated}
    start = stated.get("start")
    if start is not None and (not isinstance(start, dict) or set(start) != {"state", "theta"}):
        _refuse(file, f"start = {start}", 'start = { state = "...", theta = "..." }')
    try:
        builder = Builder(**fields, start=(start["state"], start["theta"]) if start else None)
        for kind, keys in _ROWS.items():
            for number, row in enumerate(stated[kind], start=1):
                if not isinstance(row, dict) or set(row) - keys:
                    _refuse(file, f"row {number} of {kind}: {row}", ", ".join(sorted(keys)))
                _add(builder, kind, dict(row))
    except (TypeError, KeyError, AttributeError, ValueError) as fault:
        raise ProcessError(
            f"the decision process in {file} is not whole", got=f"{type(fault).__name__}: {fault}", do=f"mend {file}"
        ) from fault
    return builder.build()


def _add(builder: Builder, kind: str, row: dict[str, Any]) -> None:
    if kind == "rewards":
        builder.reward(float(row.pop("value")), **row)
        return
    to: dict[tuple[str | None, str | None], float] = {}
    for outcome in row.pop("to"):
        if set(outcome) - _OUTCOME:
            raise KeyError(f"{sorted(set(outcome) - _OUTCOME)} in an outcome, which may have {sorted(_OUTCOME)}")
        onward = (outcome.get("state"), outcome.get("theta"))
        to[onward] = to.get(onward, 0.0) + float(outcome.get("p", 1.0))
    builder.transition(to, **row)


def _refuse(file: str, got: str, have: str) -> None:
    raise ProcessError(f"the decision process in {file} is not whole", got=got, have=have, do=f"mend {file}")
