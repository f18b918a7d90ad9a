"""Many questions asked at once, and one question of two parts: what may be claimed of them together.

Takes: p-values, e-values, or estimates of two effects with their errors.
Gives: adjusted p-values, rejections with their rate of errors, tests that need both parts, and joint confidence sets.
Never: picks a margin after the estimates were seen, or counts a test that was not made.
"""

from attunement.statistics.multiplicity.discoveries import (
    benjamini_hochberg,
    benjamini_yekutieli,
    e_bh,
)
from attunement.statistics.multiplicity.intersections import (
    IntersectionUnion,
    Margin,
    intersection_union,
)
from attunement.statistics.multiplicity.joint_sets import JointSet, joint_set

__all__ = [
    "IntersectionUnion",
    "JointSet",
    "Margin",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "e_bh",
    "intersection_union",
    "joint_set",
]
