"""Estimates how much and how it changes, for all relationships at once.

Takes: PANEL.
Gives: `Estimate`s with interval, n, rung and null, or a Missing with its reason.
Never: reads text, calls Python once an observation, or says why something changed.
"""

from attunement.dynamics.amounts import amounts
from attunement.dynamics.change import changes
from attunement.dynamics.shares import shares

__all__ = ["amounts", "changes", "shares"]
