"""How often a construct is seen in a relationship, over all of its sessions."""

from __future__ import annotations

import pyarrow as pa

from attunement.dynamics.series import series
from attunement.statistics import share_interval
from attunement.vocabulary import Estimate, Missing, Rung

MIN_SESSIONS = 5
"""With fewer sessions an interval is as wide as the scale."""

MIN_MESSAGES = 20
"""With fewer messages one of them moves the share by more than 5 points."""

METHOD = "share of readable messages; Clopper-Pearson with the effective number of messages (Korn and Graubard 1998)"


def estimate_shares(panel: pa.Table, *, level: float = 0.95) -> list[Estimate]:
    """One estimate per relationship and construct, in units of 100 messages, from the rows of sessions."""
    found = series(panel, period="session", prefix="rate.")
    if len(found.starts) == 0:
        return []
    interval = share_interval(found.value / 100 * found.n, found.n, found.starts, level=level)
    rows = zip(
        found.relationship.tolist(),
        found.measure,
        *(100 * column for column in interval[:3]),
        *interval[3:],
        strict=True,
    )
    estimates = []
    for relationship, measure, value, low, high, n, n_sessions in rows:
        enough = n_sessions >= MIN_SESSIONS and n >= MIN_MESSAGES
        estimates.append(
            Estimate(
                measure=measure,
                relationship_id=relationship,
                value=float(value) if enough else Missing.TOO_FEW,
                low=float(low) if enough else Missing.TOO_FEW,
                high=float(high) if enough else Missing.TOO_FEW,
                level=level,
                n=int(n),
                n_of=_n_of(int(n), int(n_sessions)),
                rung=Rung.DESCRIBED,
                null=None,
                method=METHOD,
                unit="per 100 messages",
            )
        )
    return estimates


def _n_of(n: int, n_sessions: int) -> str:
    messages, sessions = "message" if n == 1 else "messages", "session" if n_sessions == 1 else "sessions"
    return f"readable {messages} in {n_sessions} {sessions}"
