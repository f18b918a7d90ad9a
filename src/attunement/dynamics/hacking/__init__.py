"""Social reward hacking as a test of two parts: an act goes with a short-term reward, and with a later loss of a good.

Takes: PANEL with session rows of acts, rewards and goods, and a plan that was fixed beforehand.
Gives: `Estimate`s for each act, reward and good, with robustness values and what would be seen of each channel.
Never: calls what goes together a cause, tests fewer people than it needs, or looks before the margin is fixed.
"""

from attunement.dynamics.hacking.estimating import estimate_reward_hacking
from attunement.dynamics.hacking.plan import GOODS, LIMITS, REWARDS, Plan

__all__ = ["GOODS", "LIMITS", "REWARDS", "Plan", "estimate_reward_hacking"]
