"""Everything that is estimated of a panel, in the order in which findings are made of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from attunement.dynamics.amounts import estimate_amounts
from attunement.dynamics.change import estimate_changes
from attunement.dynamics.continuity import estimate_continuity
from attunement.dynamics.dilemmas import estimate_balances
from attunement.dynamics.habits import estimate_habits
from attunement.dynamics.hacking import estimate_reward_hacking
from attunement.dynamics.influence import estimate_influence
from attunement.dynamics.shares import estimate_shares
from attunement.vocabulary import Estimate

SEED = 20250519
"""Of what is drawn for nulls, so that the same panel gives the same estimates."""


def estimate(panel: pa.Table, *, sessions: pa.Table, relationships: pa.Table) -> list[Estimate]:
    """All estimates of a panel: what each relationship shows, and what many show together.

    Args:
        panel: PANEL with rows of sessions, days and weeks.
        sessions: SESSIONS of the same relationships.
        relationships: RELATIONSHIPS, which say whose they are.

    Raises:
        SchemaError: a table breaks its contract.
    """
    owners = zip(*(relationships.column(name).to_pylist() for name in ("relationship_id", "person_id")), strict=True)
    rng = np.random.default_rng(SEED)
    return [
        *estimate_amounts(panel),
        *estimate_habits(panel),
        *estimate_continuity(panel, sessions, rng=rng, relationships=relationships),
        *estimate_changes(panel),
        *estimate_shares(panel),
        *estimate_balances(panel),
        *estimate_influence(panel, rng=rng),
        *estimate_reward_hacking(panel, people=dict(owners)),
    ]
