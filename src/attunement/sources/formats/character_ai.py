"""Character.AI: chats as its own interface gives them, in whatever wrapping a person's tool or export put around them.

Newer chats are turns with candidates, newest first: the further candidates are replies that the person swiped away.
Older ones are messages that say whom they are from. Both are looked for at any depth, because the wrapping of the
official download is not documented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from attunement.sources.fields import compact, id_of, items_of, object_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread, keyed
from attunement.sources.times import microseconds

_MAX_DEPTH = 8
_MAX_LOOKED_AT = 20_000

About = dict[str, str]
"""What the wrapping says about a chat: chat, character, character_id, person."""


@dataclass(slots=True)
class _Chat:
    """The turns or messages of one chat, gathered from all places that hold some of them."""

    about: About
    items: list[dict[str, Any]] = field(default_factory=list)


def recognise(seen: Sample) -> bool:
    """Turns with candidates, or messages that say whether a human wrote them, at any depth."""
    if seen.kind not in {"array", "object", "lines"}:
        return False
    value = seen.first if seen.kind == "object" else list(seen.records)
    return next(_chats(value, limit=_MAX_LOOKED_AT), None) is not None


def _is_turn(item: object) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("candidates"), list):
        return False
    return (
        "turn_key" in item
        or "primary_candidate_id" in item
        or any(isinstance(candidate, dict) and "raw_content" in candidate for candidate in item["candidates"])
    )


def _is_old_message(item: object) -> bool:
    return (
        isinstance(item, dict)
        and "text" in item
        and ("src__is_human" in item or "src__name" in item or ("src" in item and "tgt" in item))
    )


def _chats(value: object, *, limit: int | None = None) -> Iterator[tuple[About, list[dict[str, Any]]]]:
    """The lists of turns or of messages inside a value, with what stands around them."""
    stack: list[tuple[object, About, int]] = [(value, {}, 0)]
    n_looked_at = 0
    while stack and (limit is None or n_looked_at < limit):
        found, about, depth = stack.pop()
        n_looked_at += 1
        if isinstance(found, dict):
            about = about | _about(found)
            children = list(found.values())
        elif isinstance(found, list):
            told = [item for item in found if _is_turn(item) or _is_old_message(item)]
            if told:
                yield about, told
            children = [item for item in found if not _is_turn(item) and not _is_old_message(item)]
        else:
            continue
        if depth < _MAX_DEPTH:
            stack += [(child, about, depth + 1) for child in reversed(children) if isinstance(child, dict | list)]


def _about(found: dict[str, Any]) -> About:
    character = object_of(found, "character") or object_of(object_of(found, "info"), "character")
    holds = "turns" in found or "msgs" in found or "messages" in found
    return compact(
        chat=id_of(found, "chat_id", "history_id") or (id_of(found, "external_id") if holds else ""),
        character=text_of(character, "name", "participant__name") or text_of(found, "character_name"),
        character_id=id_of(character, "external_id", "character_id")
        or id_of(found, "character_id", "character_external_id"),
        person=id_of(found, "creator_id") if "chat_id" in found else "",
        started=text_of(found, "create_time", "created"),
    )


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each chat, once all are seen: one chat may come in several pages, and its turns on lines of their own."""
    found: dict[tuple[bool, str], _Chat] = {}
    for number, record in enumerate(records):
        n_items = 0
        lists = [({}, [record])] if _is_turn(record) or _is_old_message(record) else _chats(record)
        for place, (about, items) in enumerate(lists):
            n_items += len(items)
            for item in items:
                chat = id_of(object_of(item, "turn_key"), "chat_id") or about.get("chat", "")
                lone = "" if item is record else f"{number}.{place}"  # a list without an id is a chat of its own
                kept = found.setdefault((_is_turn(item), chat or lone), _Chat(about | compact(chat=chat)))
                kept.items.append(item)
        if not n_items:
            rows.notice("skipped", "a part without messages", example=f"element {number}")
        yield
    for (is_new, _), gathered in found.items():
        (_add_chat if is_new else _add_old)(gathered.about, gathered.items, rows)
        yield


# -- turns with candidates -----------------------------------------------------------------------------------------


def _add_chat(about: About, items: list[dict[str, Any]], rows: Rows) -> None:
    items = _oldest_first(items)
    person = about.get("person", "")
    authors = [object_of(item, "author") for item in items]
    person = person or next((id_of(one, "author_id") for one in authors if one.get("is_human") is True), "")
    characters = [one for one in authors if not _is_person(one, person)]
    about = {
        "character": next(filter(None, (text_of(one, "name") for one in characters)), ""),
        "character_id": next(filter(None, (id_of(one, "author_id") for one in characters)), ""),
    } | about
    chat = about.get("chat", "") or f"from turn {_turn_id(items[0])}"
    where = f"chat {chat}"
    rows.conversation(chat, person_id=person, ai_id=_ai_id(about))
    turns: list[Turn] = []
    last = ""
    for item in items:
        candidates = _candidates(item, last, person, rows, where)
        if about["character_id"] and not _is_person(object_of(item, "author"), person):
            _note_other_character(item, about["character_id"], candidates)
        turns += candidates
        last = _primary(item, candidates, rows, where) or last
    started_at = rows.stated(about.get("started"))
    add_thread(turns, rows, where=where, leaf=last, started_at=started_at)


def _is_person(author: dict[str, Any], person: str) -> bool:
    """`is_human` is left out, not false, where a character wrote."""
    return author.get("is_human") is True or (person != "" and id_of(author, "author_id") == person)


def _ai_id(about: About) -> str:
    """The character's name, with the beginning of its id: many characters bear the same name."""
    name, key = about.get("character", ""), about.get("character_id", "")
    return f"{name} ({key[:8]})" if name and key else name or key or "Character.AI"


def _turn_id(item: dict[str, Any]) -> str:
    return id_of(object_of(item, "turn_key"), "turn_id") or id_of(item, "turn_id") or text_of(item, "create_time")


def _oldest_first(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Turns by time; they are listed newest first, and that is kept to where times are missing."""
    ordered: list[tuple[int, dict[str, Any]]] = []
    at = 0
    for item in reversed(items):
        at = microseconds(item.get("create_time")) or at
        ordered.append((at, item))
    return [item for _, item in sorted(ordered, key=lambda pair: pair[0])]


def _candidates(item: dict[str, Any], parent: str, person: str, rows: Rows, where: str) -> list[Turn]:
    role = "person" if _is_person(object_of(item, "author"), person) else "ai"
    turn_at = rows.stated(item.get("create_time"))
    found: list[Turn] = []
    for number, candidate in enumerate(items_of(item, "candidates")):
        if not isinstance(candidate, dict):
            rows.notice("skipped", "a candidate that is no object", example=where)
            continue
        truncated = candidate.get("safety_truncated") is True
        if truncated:
            rows.notice("skipped", "words that the product's filter cut off, with nothing in the source to show them")
        found.append(
            Turn(
                key=id_of(candidate, "candidate_id") or (f"{_turn_id(item)}:{number}" if _turn_id(item) else ""),
                parent=parent,
                role=role,
                text=text_of(candidate, "raw_content"),
                sent_at=rows.stated(candidate.get("create_time")) or turn_at,
                extra=compact(
                    safety_truncated=truncated,
                    unfinished=candidate.get("is_final") is False,
                    image=bool(candidate.get("tti_image_rel_path")),
                ),
            )
        )
    if not found:
        rows.notice("skipped", "a turn without a candidate", example=where)
    found.sort(key=lambda turn: turn.sent_at or 0)
    return keyed(found, rows)


def _note_other_character(item: dict[str, Any], character_id: str, candidates: list[Turn]) -> None:
    """In a room of several characters the further ones are named beside their words."""
    author = object_of(item, "author")
    if id_of(author, "author_id") not in {"", character_id} and text_of(author, "name"):
        for candidate in candidates:
            candidate.extra["author"] = text_of(author, "name")


def _primary(item: dict[str, Any], candidates: list[Turn], rows: Rows, where: str) -> str:
    """The candidate that the person kept."""
    stated = id_of(item, "primary_candidate_id")
    if any(turn.key == stated for turn in candidates):
        return stated
    if stated:
        rows.notice("mended", "a turn whose kept candidate is not there: its newest was taken", example=where)
    elif len(candidates) > 1:
        rows.notice("inferred", "which of several candidates was kept is not stated: the newest was taken")
    return candidates[-1].key if candidates else ""


# -- messages of the older interface -------------------------------------------------------------------------------


def _add_old(about: About, items: list[dict[str, Any]], rows: Rows) -> None:
    if all(isinstance(item.get("id"), int) for item in items):
        items = sorted(items, key=lambda item: item["id"])  # the ids of the product count up
    names = [_old_name(item) for item in items if not _old_is_person(item)]
    about = {"character": next(filter(None, names), "")} | about
    chat = about.get("chat", "") or f"from message {id_of(items[0], 'uuid', 'id') or 'unnamed'}"
    person = next((id_of(item, "src__user__username") for item in items if _old_is_person(item)), "")
    rows.conversation(chat, person_id=about.get("person", "") or person, ai_id=_ai_id(about))
    turns = keyed([_old_turn(item, rows) for item in items], rows)
    last = ""
    kept: Turn | None = None
    for turn in turns:
        beside = turn.extra.get("alternative") is True and kept is not None and kept.role == turn.role
        turn.parent = kept.parent if kept is not None and beside else last
        if not turn.extra.get("alternative"):
            kept, last = turn, turn.key
    rows.notice("inferred", "messages of the older interface name no parent: each answers the one before it")
    add_thread(turns, rows, where=f"chat {chat}", leaf=last, started_at=rows.stated(about.get("started")))


def _old_is_person(item: dict[str, Any]) -> bool:
    stated = item.get("src__is_human", object_of(item, "src").get("is_human"))
    return stated is True or (isinstance(stated, str) and stated.lower() == "true")


def _old_name(item: dict[str, Any]) -> str:
    named = text_of(item, "src__name", "display_name") or text_of(object_of(item, "src"), "name")
    return named or text_of(object_of(object_of(item, "src_char"), "participant"), "name")


def _old_turn(item: dict[str, Any], rows: Rows) -> Turn:
    deleted = bool(item.get("deleted"))
    if deleted:
        rows.notice("inferred", "messages that were deleted in the product, kept and marked so in `extra`")
    return Turn(
        key=id_of(item, "uuid", "id"),
        role="person" if _old_is_person(item) else "ai",
        text=text_of(item, "text"),
        sent_at=rows.stated(item.get("created")),
        extra=compact(
            alternative=item.get("is_alternative") is True, image=bool(item.get("image_rel_path")), deleted=deleted
        ),
    )


FORMS = (
    Form(
        key="character_ai",
        title="Character.AI chats",
        recognise=recognise,
        read=read,
        inferred=("the shape of the official download is not documented: chats are looked for wherever they stand",),
        notes="Settings, Account, Download my data, or a copy that a browser extension such as CAI Tools saved.",
    ),
)
