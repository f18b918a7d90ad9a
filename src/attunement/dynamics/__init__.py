"""Estimates how much, how it changes and what goes before what, for all relationships at once.

Takes: PANEL, and where it is asked for SESSIONS, RELATIONSHIPS and MODEL_CHANGES.
Gives: `Estimate`s with interval, n, rung and null, or a Missing with its reason.
Never: reads text, calls Python once an observation, or says why something changed.
"""

from attunement.dynamics.accommodation import estimate_accommodation
from attunement.dynamics.breaks import estimate_breaks
from attunement.dynamics.breaks_dates import given_dates, outage_dates, release_dates
from attunement.dynamics.continuity import estimate_continuity
from attunement.dynamics.decoupling import estimate_decoupling
from attunement.dynamics.dilemmas import estimate_balances
from attunement.dynamics.drift import estimate_drift
from attunement.dynamics.drift_routes import Routes
from attunement.dynamics.everything import estimate
from attunement.dynamics.hacking import estimate_reward_hacking
from attunement.dynamics.influence import estimate_influence
from attunement.dynamics.influence_screen import screen_influence

__all__ = [
    "Routes",
    "estimate",
    "estimate_accommodation",
    "estimate_balances",
    "estimate_breaks",
    "estimate_continuity",
    "estimate_decoupling",
    "estimate_drift",
    "estimate_influence",
    "estimate_reward_hacking",
    "given_dates",
    "outage_dates",
    "release_dates",
    "screen_influence",
]
