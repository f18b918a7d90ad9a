"""Turns messages into sessions, and sessions into one row a relationship, period and measure.

Takes: TURNS sorted by relationship and time, and the annotations and styles of the same messages in the same order.
Gives: SESSIONS and PANEL, each row with its n, its error and its minutes of contact.
Never: calls Python once a relationship, sees a word of text, or fills a period that it knows nothing about.
"""

from attunement.panels.constructs import measure_rates
from attunement.panels.everything import Measured, measure_everything
from attunement.panels.rewards import measure_rewards
from attunement.panels.sessions import find_sessions
from attunement.panels.styles import measure_styles
from attunement.panels.usage import measure_usage

__all__ = [
    "Measured",
    "find_sessions",
    "measure_everything",
    "measure_rates",
    "measure_rewards",
    "measure_styles",
    "measure_usage",
]
