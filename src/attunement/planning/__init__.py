"""How many people and sessions a study takes, by simulation on the estimators of an audit.

Takes: a question, an effect, and sizes of studies.
Gives: power, false findings, the smallest effect and how many people it takes, each with its Monte-Carlo interval.
Never: reads a log, uses a formula in the place of the estimator, or tells a number that runs do not bear out.
"""

from attunement.planning.planned import QUESTIONS, plan
from attunement.planning.rates import plan_rate
from attunement.planning.records import Cell, Design, Planned, PlannedRate, RateDesign, Row
from attunement.planning.studies import Question

__all__ = [
    "QUESTIONS",
    "Cell",
    "Design",
    "Planned",
    "PlannedRate",
    "Question",
    "RateDesign",
    "Row",
    "plan",
    "plan_rate",
]
