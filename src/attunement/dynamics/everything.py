"""Everything that is estimated of panels, in the order in which findings are made of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.dynamics.accommodation import estimate_accommodation
from attunement.dynamics.adjusting import adjusted
from attunement.dynamics.amounts import estimate_amounts
from attunement.dynamics.breaks import estimate_breaks
from attunement.dynamics.breaks_dates import outage_dates, release_dates
from attunement.dynamics.change import estimate_changes
from attunement.dynamics.continuity import estimate_continuity
from attunement.dynamics.decoupling import estimate_decoupling
from attunement.dynamics.dilemmas import estimate_balances
from attunement.dynamics.drift import estimate_drift
from attunement.dynamics.drift_routes import Routes
from attunement.dynamics.habits import estimate_habits
from attunement.dynamics.hacking import estimate_reward_hacking
from attunement.dynamics.influence import estimate_influence
from attunement.dynamics.shares import estimate_shares
from attunement.vocabulary import MODEL_CHANGES, PANEL, Estimate

SEED = 20250519
"""Of what is drawn for nulls, so that the same panel gives the same estimates."""

VIEWS: dict[str, str | None] = {
    "rate.user.mind": "rate.ai.mind_claim",
    "rate.user.defer": None,
    "rate.user.independent": None,
}
"""What may drift in a person, and the measure by which the AI says where it stands on the same matter, where there is
one. Set down before any data were seen."""

Told = Callable[[float], None]
"""Called with how much is done, from 0 to 1."""


def _silent(_share: float) -> None:
    """Say nothing of the progress."""


def estimate(
    panel: pa.Table,
    *,
    sessions: pa.Table,
    relationships: pa.Table,
    styles: pa.Table | None = None,
    model_changes: pa.Table | None = None,
    progress: Told = _silent,
) -> list[Estimate]:
    """All estimates of panels: what each relationship shows, and what many show together.

    Args:
        panel: PANEL with rows of sessions, days and weeks.
        sessions: SESSIONS of the same relationships.
        relationships: RELATIONSHIPS, which say whose they are.
        styles: PANEL of how each side writes; without it nothing is known of that.
        model_changes: MODEL_CHANGES; without them no date of a change is known.
        progress: called after each part.

    Raises:
        SchemaError: a table breaks its contract.
    """
    owners = zip(*(relationships.column(name).to_pylist() for name in ("relationship_id", "person_id")), strict=True)
    changes = MODEL_CHANGES.empty_table() if model_changes is None else model_changes
    dates = pa.concat_tables([release_dates(changes), outage_dates(sessions)])
    rng = np.random.default_rng(SEED)
    found = [
        *estimate_amounts(panel),
        *estimate_habits(panel),
        *estimate_continuity(panel, sessions, rng=rng, relationships=relationships),
        *estimate_changes(panel),
        *estimate_shares(panel),
        *estimate_balances(panel),
    ]
    progress(0.2)
    found += estimate_influence(panel, rng=rng, progress=lambda share: progress(0.2 + 0.4 * share))
    found += estimate_reward_hacking(panel, people=dict(owners))
    progress(0.7)
    found += estimate_decoupling(panel, sessions)
    found += estimate_breaks(panel, dates, rng=rng)
    progress(0.8)
    found += _drift(panel, dates, rng=rng)
    progress(0.9)
    found += adjusted(
        estimate_accommodation(PANEL.empty_table() if styles is None else styles, rng=rng),
        asked=("accommodation.person", "accommodation.ai", "accommodation.difference"),
    )
    progress(1.0)
    return found


def _drift(panel: pa.Table, dates: pa.Table, *, rng: np.random.Generator) -> list[Estimate]:
    """Each view that the person was read for, by the routes that logs alone can open."""
    of_release = dates.filter(pc.equal(dates.column("event"), "release")).select(["relationship_id", "at"])
    routes = Routes(releases=of_release if of_release.num_rows else None)
    found = [
        one
        for person, ai in VIEWS.items()
        for one in estimate_drift(panel, person=person, ai=ai, rng=rng, routes=routes)
    ]
    return adjusted(adjusted(found, asked=("drift.induced.",)), asked=("drift.total.",))
