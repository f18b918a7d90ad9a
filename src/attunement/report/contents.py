"""What a report is written from, and what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from attunement.errors import OptionError
from attunement.vocabulary import NOTICES, PANEL, RELATIONSHIPS, SESSIONS, TO_READ, Finding, check


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything a report says, already measured. It checks itself when built and asks nobody for more."""

    title: str
    """The heading of the page."""
    written_at: datetime
    """When the audit was run, with its time zone."""
    program: str
    """What ran, with its version, such as 'attunement 0.1.0'."""
    read_from: str
    """What was read, as the user named it."""
    settings: Mapping[str, str]
    """The options of the run: gap_minutes, time_zone, ..."""
    relationships: pa.Table
    """RELATIONSHIPS."""
    sessions: pa.Table
    """SESSIONS."""
    panel: pa.Table
    """PANEL."""
    notices: pa.Table
    """NOTICES."""
    findings: tuple[Finding, ...]
    """What was found and what was refused, in the order in which it is to be read."""
    constructs: tuple[Mapping[str, object], ...]
    """What was read for: key, version, side, definition, need, sign, dilemma, draft, annotator, annotator_version,
    known_faults, n_read, n_missing (a count for each reason), source."""
    to_read: pa.Table = field(default_factory=TO_READ.empty_table)
    """TO_READ: messages that the gate for acute risk raised."""
    quotes: Mapping[int, str] | None = None
    """The text of a message by its message_id, only where the reader asked for quotes."""
    group_floor: int = 10
    """The fewest people of whom a distribution is shown."""
    most_cards: int = 20
    """The most relationships that are told in detail on the page; the rest are in the tables."""

    def __post_init__(self) -> None:
        check(self.relationships, RELATIONSHIPS, stage="report")
        check(self.sessions, SESSIONS, stage="report")
        check(self.panel, PANEL, stage="report")
        check(self.notices, NOTICES, stage="report")
        check(self.to_read, TO_READ, stage="report")
        if self.written_at.tzinfo is None:
            raise OptionError("written_at has no time zone", got=str(self.written_at), do="give a time in UTC")
        if self.group_floor < 2:
            raise OptionError(
                "group_floor is so low that a distribution would show one person",
                got=f"group_floor={self.group_floor}",
                have="2 or more; 10 is the default",
                do="leave it at 10",
            )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that days and weeks are in: the one given, else UTC."""
        name = self.settings.get("time_zone", "UTC")
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files of a report, as they lie on disk."""

    folder: Path
    """The folder that holds them all."""
    page: Path
    """report.html, which is whole in itself."""
    findings: Path
    """findings.json."""
    tables: tuple[Path, ...]
    """The tidy tables, each as CSV and as Parquet."""
    figures: tuple[Path, ...]
    """The figures as files, where they were asked for."""
