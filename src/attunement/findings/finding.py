"""The findings of an audit, in the order in which they are to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from attunement.findings.accommodation import accommodation
from attunement.findings.breaks import breaks
from attunement.findings.course import use
from attunement.findings.decoupling import decoupling
from attunement.findings.depth import relationship_depth
from attunement.findings.dilemmas import dilemmas
from attunement.findings.drift import drift
from attunement.findings.habits import habits
from attunement.findings.influence import influence
from attunement.findings.needs import acts, ledgers
from attunement.findings.people import distributions
from attunement.findings.reading import read_of
from attunement.findings.reward_hacking import reward_hacking_findings
from attunement.vocabulary import Estimate, Finding


def find(
    estimates: Sequence[Estimate],
    *,
    relationships: pa.Table,
    constructs: Sequence[Mapping[str, object]],
    group_floor: int = 10,
    evidence: Mapping[tuple[int, str], Sequence[int]] | None = None,
) -> tuple[Finding, ...]:
    """Say what the estimates say, and refuse what they cannot.

    Args:
        estimates: from `dynamics`.
        relationships: RELATIONSHIPS.
        constructs: what was looked for, as `described` gives it.
        group_floor: the fewest people of whom a distribution is shown.
        evidence: message_ids that show a construct best, by relationship and construct.
    """
    by_relationship: dict[int, dict[str, Estimate]] = {}
    for estimate in estimates:
        if estimate.relationship_id is not None:
            by_relationship.setdefault(estimate.relationship_id, {})[estimate.measure] = estimate
    together = [estimate for estimate in estimates if estimate.relationship_id is None]
    shown = dict(evidence or {})
    looked_for = [read_of(construct) for construct in constructs]
    names = {construct.key: construct.name for construct in looked_for}
    # What only many can tell, with what little that says of each of them.
    of_many = [
        *influence(together, looked_for),
        *reward_hacking_findings(estimates, names=names),
        *decoupling(estimates, looked_for),
        *breaks(estimates, looked_for),
        *drift(estimates, looked_for),
        *accommodation(estimates),
    ]
    own: dict[int | None, list[Finding]] = {None: []}
    for finding in of_many:
        own.setdefault(finding.relationship_id, []).append(finding)
    found: list[Finding] = []
    for row in relationships.to_pylist():
        known = by_relationship.get(row["relationship_id"], {})
        found += [
            *use(row, known),
            *relationship_depth(row, known, together=together, constructs=looked_for),
            *habits(row, known),
            *acts(row, known, looked_for, shown),
            *ledgers(row, known, looked_for),
            *dilemmas(row, known, looked_for),
            *own.get(row["relationship_id"], ()),
        ]
    found += own[None]
    found += distributions(estimates, relationships=relationships, constructs=looked_for, group_floor=group_floor)
    return tuple(found)
