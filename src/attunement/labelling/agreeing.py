"""How far people agree on each construct, in all and in each third of the relationship."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.labelling.frame import THIRDS
from attunement.statistics import Agreement, measure_agreement

ALL = "all"
"""Names the row of a construct over all thirds."""

FEWEST_MESSAGES = 20
"""With fewer messages that two people labelled, no agreement is told: one message more would change it too much."""

FEWEST_RELATIONSHIPS = 5
"""With fewer relationships, no interval is told: there is too little to draw from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """A figure and its interval."""

    value: float | None
    """None where it is not defined: everybody always said the same one thing."""
    interval: tuple[float, float] | None
    """None where there are too few relationships."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Agreement on one construct, in all or in one third."""

    construct: str
    third: str
    """One of THIRDS, or ALL."""
    n_messages: int
    """Messages that at least two people labelled with yes or no."""
    n_labellers: int
    n_relationships: int
    n_cannot_say: int
    """Labels that said neither."""
    share_yes: float | None
    """Of the messages with any yes or no: the share of yes in the log as a whole; None where there are none."""
    percent: Ends | None = None
    alpha: Ends | None = None
    kappa: Ends | None = None
    ac1: Ends | None = None
    refused: str | None = None
    """Why there are no figures, and what would give some."""


def agreements(labels: pa.Table, messages: pa.Table, *, rng: np.random.Generator, n_draws: int = 1000) -> list[Agreed]:
    """Agreement by construct and third.

    Messages are weighted by one over the probability with which they were drawn, so that each figure is of the log and
    not of what happened to be favoured in the draw. "Cannot say" is no label: it is counted beside.

    Args:
        labels: LABELS.
        messages: the messages that were drawn.
        rng: for the bootstrap.
        n_draws: of the bootstrap.
    """
    about = {
        row["message_id"]: (row["relationship_id"], row["third"], row["drawn_probability"])
        for row in messages.select(["message_id", "relationship_id", "third", "drawn_probability"]).to_pylist()
    }
    found = []
    for construct in sorted(set(labels["construct"].to_pylist())):
        own = labels.filter(pc.equal(labels["construct"], construct))
        thirds = pa.array([about[message][1] for message in own["message_id"].to_pylist()])
        for third in (ALL, *THIRDS):
            part = own if third == ALL else own.filter(pc.equal(thirds, third))
            if part.num_rows:
                found.append(_agreed(part, about, construct=construct, third=third, rng=rng, n_draws=n_draws))
    return found


def _agreed(
    labels: pa.Table,
    about: dict[int, tuple[str, str, float]],
    *,
    construct: str,
    third: str,
    rng: np.random.Generator,
    n_draws: int,
) -> Agreed:
    units, unit = np.unique(labels["message_id"].to_numpy(), return_inverse=True)
    people, person = np.unique(np.array(labels["labeller"].to_pylist()), return_inverse=True)
    said = np.full((len(people), len(units)), np.nan)
    said[person, unit] = labels["label"].to_numpy()
    weight = np.array([1 / about[message][2] for message in units.tolist()])
    _, cluster = np.unique(np.array([about[message][0] for message in units.tolist()]), return_inverse=True)
    is_known = ~np.isnan(said)
    paired = is_known.sum(axis=0) > 1
    n_relationships = len(np.unique(cluster[paired]))
    figures: dict[str, Ends | None] = {}
    refused = _refusal(n_labellers=int(is_known.any(axis=1).sum()), n_messages=int(paired.sum()))
    if refused is None:
        measured = measure_agreement(
            said[:, paired], cluster=cluster[paired], weight=weight[paired], rng=rng, n_draws=n_draws
        )
        figures = _figures(measured, with_interval=n_relationships >= FEWEST_RELATIONSHIPS)
    return Agreed(
        construct=construct,
        third=third,
        n_messages=int(paired.sum()),
        n_labellers=int(is_known.any(axis=1).sum()),
        n_relationships=n_relationships,
        n_cannot_say=int(labels["label"].null_count),
        share_yes=_share(said, weight),
        refused=refused,
        **figures,
    )


def _refusal(*, n_labellers: int, n_messages: int) -> str | None:
    if n_labellers < 2:
        return "one person labelled it; agreement takes two"
    if n_messages < FEWEST_MESSAGES:
        return f"two people labelled {n_messages} of the same messages; at least {FEWEST_MESSAGES} are needed"
    return None


def _figures(measured: Agreement, *, with_interval: bool) -> dict[str, Ends | None]:
    found: dict[str, Ends | None] = {}
    for name, (value, low, high) in measured._asdict().items():
        is_known = not np.isnan(value)
        ends = (low, high) if with_interval and is_known and not np.isnan([low, high]).any() else None
        found[name] = Ends(value=value if is_known else None, interval=ends)
    return found


def _share(said: np.ndarray, weight: np.ndarray) -> float | None:
    """The share of yes, people's labels of a message averaged first, and messages weighted."""
    n = (~np.isnan(said)).sum(axis=0)
    known = n > 0
    if not known.any():
        return None
    mean = np.nansum(said, axis=0)[known] / n[known]
    return float(np.average(mean, weights=weight[known]))
