"""How likely a study finds what is there, from simulated runs of its very test.

Takes: test statistics of simulated studies as normal scores, with how many people each study had.
Gives: power at any number of people, how many a power takes, and the smallest effect, each with Monte-Carlo intervals.
Never: hides Monte-Carlo error, or says how many people where runs do not tell.
"""

from attunement.statistics.power.curves import Ends, PowerCurve, Scores, fit_curve
from attunement.statistics.power.shares import Share, counted

__all__ = ["Ends", "PowerCurve", "Scores", "Share", "counted", "fit_curve"]
