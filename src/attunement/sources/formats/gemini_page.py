"""Gemini's activity log as the page that Google Takeout gives by default.

The page holds less than the JSON: several replies to one prompt run together, and times are written in the words and
in the time zone of the account.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from attunement.sources.fields import compact
from attunement.sources.formats.gemini import CHAT, INFERRED, PRODUCT, Entry, add_entries, told
from attunement.sources.forms import Form, Sample
from attunement.sources.opening import Member, blocks
from attunement.sources.pages import PageText
from attunement.sources.rows import Rows

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_CLOCK = r",? (?P<h>\d{1,2}):(?P<m>\d\d):(?P<s>\d\d)(?: ?(?P<half>[AP]M))? ?(?P<zone>[A-Z]\w*(?:[+-]\d\d?:?\d*)?)?"
_DATES = tuple(
    re.compile(date + _CLOCK)
    for date in (
        r"(?P<month>[A-Z][a-z]{2})[a-z]*\.? (?P<day>\d{1,2}), (?P<year>\d{4})",
        r"(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2})[a-z]*\.? (?P<year>\d{4})",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
    )
)
_ANY_DATE = re.compile(r"(?=.*\d{4})(?=.*\d{1,2}[:.]\d\d[:.]\d\d).{12,60}")
_ZONE_HOURS = (
    {"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2}
    | {"EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13}
    | {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
)


_ATTACHED = re.compile(r"(?:Attached \d+ files?|\d+ Datei(?:en)? angehängt)\.?")
_MAIN, _MARGIN = "mdl-typography--body-1", "mdl-typography--text-right"
_HEADER = re.compile(rb"header-cell[^>]*>\s*(?:<p[^>]*>)?[^<]{0,40}(?:Gemini|Bard)")


class _Log(PageText):
    """The entries of the page, one after another as they are fed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        """Header, text and link of each entry."""
        self._cells: list[str] = []
        self._header = self._text = self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note which cell begins."""
        marks = dict(attrs)
        if tag == "div":
            words = (marks.get("class") or "").split()
            cell = next((name for name in ("outer-cell", "header-cell", "content-cell") if name in words), "")
            if cell == "content-cell" and _MAIN in words and _MARGIN not in words:
                cell = "main-cell"
            self._cells.append(cell)
            if cell:
                self.taken()
        elif tag == "a" and "main-cell" in self._cells and CHAT.search(marks.get("href") or ""):
            self._link = marks["href"] or ""
        super().handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Keep the text of the cell that ends."""
        super().handle_endtag(tag)
        if tag != "div" or not self._cells:
            return
        cell = self._cells.pop()
        if cell == "header-cell":
            self._header = self.taken()
        elif cell == "main-cell":
            self._text = self.taken()
        elif cell == "outer-cell":
            self.found.append((self._header, self._text, self._link))
            self._header = self._text = self._link = ""


def recognise(seen: Sample) -> bool:
    """The page of an activity log with a header that names Gemini or Bard."""
    return seen.kind == "html" and _HEADER.search(seen.head) is not None


def _read_member(member: Member, rows: Rows) -> Iterator[None]:
    log = _Log()
    entries: list[Entry] = []
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    with member.open() as stream:
        for block in blocks(stream, 1 << 18):
            log.feed(decoder.decode(block))
            entries += _page_entries(log, rows)
            yield
    log.close()
    entries += _page_entries(log, rows)
    yield from add_entries(entries, rows)


def _page_entries(log: _Log, rows: Rows) -> Iterator[Entry]:
    for header, text, link in log.found:
        if not PRODUCT.search(header):
            rows.notice("skipped", "an entry that is not of Gemini")
            continue
        lines = text.split("\n")
        place = next((n for n, line in enumerate(lines) if _ANY_DATE.fullmatch(line.strip())), None)
        if place is None:
            rows.notice("skipped", "an entry of the page without a line that is a time")
            continue
        above = lines[:place]
        n_attached = next((n for n, line in enumerate(above) if n and _ATTACHED.fullmatch(line.strip())), None)
        chat = CHAT.search(link)
        reply = "\n".join(lines[place + 1 :]).strip()
        entry = told(
            Entry(
                title="\n".join(above[:n_attached]).strip(),
                at=_page_time(lines[place].strip(), rows),
                replies=[reply] if reply else [],
                chat=chat[1] if chat else "",
                extra=compact(attachments=len(above) - n_attached - 1 if n_attached else 0),
            ),
            rows,
        )
        if entry is not None:
            yield entry
    log.found.clear()


def _page_time(line: str, rows: Rows) -> int | None:
    """The time that a line of the page states, in the words of a language."""
    match = next((found for date in _DATES if (found := date.fullmatch(line))), None)
    month = match["month"] if match else ""
    number = int(month) if month.isdigit() else _MONTHS.index(month) + 1 if month in _MONTHS else 0
    hours = _zone_hours(match["zone"] or "") if match else None
    if match is None or not number or hours is None:
        rows.notice("mended", "a time in words or in a time zone not known was left out", do="export as JSON instead")
        return None
    hour = int(match["h"]) % 12 + (12 if match["half"] == "PM" else 0) if match["half"] else int(match["h"])
    try:
        local = datetime(
            int(match["year"]), number, int(match["day"]), hour, int(match["m"]), int(match["s"]), tzinfo=UTC
        )
        return rows.stated((local - timedelta(hours=hours)).isoformat())
    except (ValueError, OverflowError):
        rows.notice("mended", "a time that is no time (such as NaN, or before 1995) was left out")
        return None


def _zone_hours(zone: str) -> float | None:
    if zone in _ZONE_HOURS:
        return _ZONE_HOURS[zone]
    offset = re.fullmatch(r"(?:GMT|UTC)([+-])(\d{1,2}):?(\d\d)?", zone)
    if offset is None:
        return None
    return (int(offset[2]) + int(offset[3] or 0) / 60) * (-1 if offset[1] == "-" else 1)


FORMS = (
    Form(
        key="gemini_page",
        title="Gemini activity (Google Takeout, HTML)",
        recognise=recognise,
        read_member=_read_member,
        inferred=INFERRED,
        notes="Google Takeout, My Activity, only Gemini Apps. JSON holds more than this page: prefer it.",
    ),
)
