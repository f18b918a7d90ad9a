"""Estimates how much, how it changes and what goes before what, for all relationships at once.

Takes: PANEL, and where it is asked for SESSIONS and RELATIONSHIPS.
Gives: `Estimate`s with interval, n, rung and null, or a Missing with its reason.
Never: reads text, calls Python once an observation, or says why something changed.
"""

from attunement.dynamics.accommodation import estimate_accommodation
from attunement.dynamics.amounts import estimate_amounts
from attunement.dynamics.change import estimate_changes
from attunement.dynamics.continuity import estimate_continuity
from attunement.dynamics.dilemmas import estimate_balances
from attunement.dynamics.drift import estimate_drift
from attunement.dynamics.drift_routes import Routes
from attunement.dynamics.everything import estimate
from attunement.dynamics.habits import estimate_habits
from attunement.dynamics.hacking import estimate_reward_hacking
from attunement.dynamics.influence import estimate_influence
from attunement.dynamics.influence_screen import screen_influence
from attunement.dynamics.shares import estimate_shares

__all__ = [
    "Routes",
    "estimate",
    "estimate_accommodation",
    "estimate_amounts",
    "estimate_balances",
    "estimate_changes",
    "estimate_continuity",
    "estimate_drift",
    "estimate_habits",
    "estimate_influence",
    "estimate_reward_hacking",
    "estimate_shares",
    "screen_influence",
]
