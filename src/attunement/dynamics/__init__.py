"""Estimates how much and how it changes, for all relationships at once.

Takes: PANEL.
Gives: `Estimate`s with interval, n, rung and null, or a Missing with its reason.
Never: reads text, calls Python once an observation, or says why something changed.
"""

from attunement.dynamics.amounts import estimate_amounts
from attunement.dynamics.change import estimate_changes
from attunement.dynamics.habits import estimate_habits
from attunement.dynamics.shares import estimate_shares

__all__ = ["estimate_amounts", "estimate_changes", "estimate_habits", "estimate_shares"]
