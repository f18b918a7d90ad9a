"""Gemini in Google's activity log: one entry for each prompt, newest first, as JSON or as a page.

The log has no conversations. Where an entry links to its chat, the link names the conversation; elsewhere a pause of
more than 30 minutes is taken to begin a new one. A reply is HTML, and has no time of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from attunement.sources.fields import compact, items_of, named, objects_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.pages import plain
from attunement.sources.rows import Rows

GAP_MINUTES = 30
"""A longer pause begins a new conversation, where entries do not link to theirs."""

INFERRED = (
    f"conversations, where an entry does not link to its own: a pause of over {GAP_MINUTES} minutes begins a new one",
    "the time of each reply: that of its prompt",
)
"""What the log never states, in either form."""

PRODUCT = re.compile(r"gemini|bard", re.IGNORECASE)
"""The names of the product, as headers of entries bear them."""

CHAT = re.compile(r"//(?:gemini|bard)\.google\.com/(?:u/\d+/)?(?:app|chat|gem/[\w-]+)/(?:c/)?([\w-]{6,})")
"""A link to a chat, with its id."""

_GAP_US = GAP_MINUTES * 60 * 1_000_000
_PROMPT = re.compile(r"(?:Prompted with:|Prompted|Asked Gemini:|Asked Bard:|Asked|Said|Eingegebener Prompt:)\s+")
_FEEDBACK = re.compile(r"(?:Gave feedback|Feedback gegeben):?\s*")
_OTHER_VERBS = (
    "Created",
    "Used",
    "Selected preferred draft",
    "Cleared previous feedback",
    "Answered survey question",
    "Added",
    "Shared",
    "Deleted",
    "Viewed",
    "Visited",
    "Edited",
    "Pinned",
    "Renamed",
    "Exported",
    "Updated",
)
_OPENING_AT_LEAST = 4
"""So many prompts in an unknown language are needed to learn the words that all of them open with."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One entry of the log."""

    title: str
    """What the person wrote, once the verb before it is taken away."""
    at: int | None
    """When the prompt was sent."""
    replies: list[str]
    """The replies to it, as text."""
    chat: str = ""
    """The id of the chat that the entry links to, or ""."""
    kind: str = "prompt"
    """prompt, feedback, or unknown where the verb is in a language not known."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What else is worth keeping."""
    guessed_at: int = 0
    """`at`, or the time of the neighbour."""


def _is_gemini(record: object) -> bool:
    labels = [text_of(record, "header"), *items_of(record, "products")]
    return text_of(record, "title") != "" and any(isinstance(label, str) and PRODUCT.search(label) for label in labels)


def recognise(seen: Sample) -> bool:
    """Entries of an activity log, with a header or a product that names Gemini or Bard."""
    return seen.kind in {"array", "lines"} and any(
        isinstance(record, dict) and "time" in record and _is_gemini(record) for record in seen.records
    )


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add the log, once all of it is seen: it is written from the newest entry to the oldest."""
    entries: list[Entry] = []
    for number, record in enumerate(records):
        if _is_gemini(record):
            entry = _entry(record, rows)
            if entry is not None:
                entries.append(entry)
        else:
            rows.notice("skipped", "an entry that is not of Gemini", example=f"element {number}")
        yield
    yield from add_entries(entries, rows)


def _entry(record: dict[str, Any], rows: Rows) -> Entry | None:
    replies = [plain(text_of(item, "html")) for item in objects_of(record, "safeHtmlItem", rows)]
    title = text_of(record, "title")
    for detail in objects_of(record, "details", rows):
        name = text_of(detail, "name")
        if name == "Request":
            title = "Prompted " + text_of(detail, "value")
        elif name == "Response":
            replies.append(plain(text_of(detail, "value")))
        else:
            rows.notice("unknown_type", f"a detail {named(detail.get('name'))}, left out")
    chat = CHAT.search(text_of(record, "titleUrl"))
    return told(
        Entry(
            title=title,
            at=rows.stated(record.get("time")),
            replies=[reply for reply in replies if reply],
            chat=chat[1] if chat else "",
            extra=compact(
                attachments=len(items_of(record, "attachedFiles")) + bool(record.get("imageFile")),
                subtitles=len(items_of(record, "subtitles")),
            ),
        ),
        rows,
    )


def told(entry: Entry, rows: Rows) -> Entry | None:
    """The entry with its kind, and its title without the verb; None where it holds no words of either side."""
    title = entry.title.replace("\xa0", " ").replace("\u202f", " ")
    prompt = _PROMPT.match(title)
    feedback = _FEEDBACK.match(title)
    if prompt:
        entry.title = entry.title[prompt.end() :]
    elif feedback:
        entry.kind, entry.title = "feedback", entry.title[feedback.end() :]
    elif entry.replies:
        entry.kind = "unknown"
    else:
        verb = next((verb for verb in _OTHER_VERBS if title.startswith(verb)), None)
        what = f"an activity that is no prompt ({verb})" if verb else "an entry without an answer, of an unknown verb"
        rows.notice("skipped" if verb else "unknown_type", what)
        return None
    return entry


def add_entries(entries: list[Entry], rows: Rows) -> Iterator[None]:
    """Add the entries of a log, which stands newest first, one conversation after another."""
    _strip_openings(entries, rows)
    conversations: dict[str, list[Entry]] = {}
    name, last_at = "", 0
    for entry in _oldest_first(entries):
        if entry.chat:
            conversations.setdefault(entry.chat, []).append(entry)
            continue
        if not name or entry.guessed_at - last_at > _GAP_US:
            name = _name(entry.guessed_at)
        last_at = entry.guessed_at
        conversations.setdefault(name, []).append(entry)
    for conversation, members in conversations.items():
        _add_conversation(conversation, members, rows)
        yield


def _strip_openings(entries: Sequence[Entry], rows: Rows) -> None:
    """Take away the words that every prompt in an unknown language opens with ("Prompted " in English)."""
    unknown = [entry for entry in entries if entry.kind == "unknown"]
    if not unknown:
        return
    titles = {entry.title for entry in unknown}
    opening = _shared_opening(titles) if len(titles) >= _OPENING_AT_LEAST else ""
    for entry in unknown:
        entry.kind, entry.title = "prompt", entry.title[len(opening) :]
    rows.notice(
        "inferred",
        "prompts that open with words in a language not known: the words that all of them open with were taken away"
        if opening
        else "prompts that open with words in a language not known, kept with them",
        n=len(unknown),
    )


def _shared_opening(titles: Collection[str]) -> str:
    """The whole words that all titles begin with."""
    first, last = min(titles), max(titles)  # what these two share, all share
    shared = next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), 0)
    return first[: max((n + 1 for n in range(shared) if first[n].isspace() or first[n] in ":\uff1a"), default=0)]


def _oldest_first(entries: list[Entry]) -> list[Entry]:
    """The entries by time; one without a time stays beside its older neighbour."""
    ordered = entries[::-1]
    before = next((entry.at for entry in ordered if entry.at is not None), 0)
    for entry in ordered:
        entry.guessed_at = before = entry.at if entry.at is not None else before
    return sorted(ordered, key=lambda entry: entry.guessed_at)


def _name(at: int) -> str:
    begun = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return f"from {begun.isoformat(timespec='milliseconds')}" if at else "without times"


def _add_conversation(name: str, entries: Sequence[Entry], rows: Rows) -> None:
    rows.conversation(name, ai_id="Gemini")
    last = ""
    for entry in entries:
        if entry.kind == "feedback":
            rows.event("feedback", entry.title or None, at=entry.at)
            continue
        guess = entry.guessed_at or None
        prompt = last = rows.add(
            "person",
            entry.title.strip() or None,
            parent=last,
            sent_at=entry.at,
            inferred_at=guess,
            extra=entry.extra or None,
        )
        if len(entry.replies) > 1:
            rows.notice("inferred", "of several replies to one prompt the last is taken to be the one that was kept")
        for number, reply in enumerate(entry.replies, 1):
            last = rows.add("ai", reply, parent=prompt, inferred_at=guess, on_path=number == len(entry.replies))


FORMS = (
    Form(
        key="gemini",
        title="Gemini activity (Google Takeout, JSON)",
        recognise=recognise,
        read=read,
        inferred=INFERRED,
        notes="Google Takeout, My Activity (not the item Gemini), only Gemini Apps, and JSON under Multiple formats.",
    ),
)
