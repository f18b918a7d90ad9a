"""Threads of turns on their way into rows: who answers whom, which branch the person saw, and when.

The forms whose messages name their parent, and those that only list them, all end here, so that branches, broken
links and missing times are treated alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from attunement.sources.fields import named
from attunement.sources.rows import Rows
from attunement.sources.trees import Tree, grow, leaves, newest, path


@dataclass(slots=True, kw_only=True)
class Turn:
    """One message before it becomes a row, or a node without one."""

    key: str
    """The source's own id; "" where it gives none, until `keyed` makes one from the content."""
    parent: str = ""
    """The key of what it answers, or ""."""
    role: str = ""
    """person, ai, system or tool; "" for a node that holds no message, over which its children hang together."""
    text: str | None = None
    """The words."""
    sent_at: int | None = None
    """The time that the source states."""
    model: str | None = None
    """The language model that wrote it."""
    rating: float | None = None
    """From 0 to 1."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What else is worth keeping."""


def role_of(said_by: object, roles: Mapping[str, str], rows: Rows, *, where: str) -> str:
    """The role that a source's word for a sender stands for; unknown words are counted and kept as tool."""
    role = roles.get(said_by.lower()) if isinstance(said_by, str) else None
    if role is None:
        rows.notice("unknown_type", f"a sender {named(said_by)}, kept as tool", example=where)
        return "tool"
    return role


def keyed(turns: Sequence[Turn], rows: Rows) -> list[Turn]:
    """Give a key to turns without one, and leave out turns whose key another has already taken."""
    taken: set[str] = set()
    found: list[Turn] = []
    for turn in turns:
        turn.key = turn.key or rows.content_id(turn.role, turn.sent_at, turn.text)
        if turn.key in taken:
            rows.notice("skipped", "a message whose id another of its conversation already has")
            continue
        rows.message_id(turn.key)
        taken.add(turn.key)
        found.append(turn)
    return found


def chain(turns: Sequence[Turn], rows: Rows, *, retries: bool) -> list[Turn]:
    """Let each turn answer the one before it, for sources that only list them.

    Args:
        turns: oldest first.
        rows: where notices go.
        retries: whether a second reply of the AI in a row is taken for a regeneration of the first, which then is off
            the path. Right for products in which the two sides take turns; wrong where an AI sends several messages.
    """
    found = keyed(turns, rows)
    last: Turn | None = None
    for turn in found:
        if last is not None and retries and last.role == turn.role == "ai" and last.parent:
            turn.parent = last.parent
            rows.notice(
                "inferred", "two replies in a row without stated parents: the first is taken to be a regenerated one"
            )
        else:
            turn.parent = last.key if last is not None else ""
        last = turn
    return found


def add_thread(
    turns: Sequence[Turn],
    rows: Rows,
    *,
    where: str,
    leaf: str = "",
    started_at: int | None = None,
    stated: Mapping[str, Sequence[object]] | None = None,
) -> None:
    """Add the turns of the current thread.

    Args:
        turns: with the keys of their parents.
        rows: that `conversation` was called on.
        where: the place of this thread, for notices.
        leaf: the key of the last message that the person saw; without one the newest leaf is taken.
        started_at: when the thread began: the time of turns that have none, where nothing above them has one.
        stated: the order of the children of some keys.
    """
    nodes = {turn.key: turn for turn in keyed(turns, rows)}
    tree = grow({key: turn.parent for key, turn in nodes.items()}, stated=stated)
    _say_what_was_broken(tree, rows, where)
    spoken = {key for key, turn in nodes.items() if turn.role}
    if not spoken:
        rows.notice("skipped", "empty conversations", example=where)
        return
    times: dict[str, int | None] = {}
    over: dict[str, str] = {}  # the nearest message above
    for key in tree.order:
        parent = tree.parents[key]
        over[key] = parent if not parent or parent in spoken else over[parent]
        times[key] = nodes[key].sent_at or (times[parent] if parent else started_at)
    seen = _seen(tree, spoken, times, rows, leaf=leaf, where=where)
    for key in tree.order:
        turn = nodes[key]
        if turn.role:
            rows.add(
                turn.role,
                turn.text or None,
                source_id=key,
                parent=over[key],
                sent_at=turn.sent_at,
                inferred_at=times[key],
                on_path=key in seen,
                model=turn.model,
                rating=turn.rating,
                extra=turn.extra or None,
            )


def _say_what_was_broken(tree: Tree, rows: Rows, where: str) -> None:
    if tree.n_orphans:
        rows.notice("mended", "a message that answers one that is not in the export", n=tree.n_orphans, example=where)
    if tree.n_cut:
        rows.notice("mended", "a cycle of messages that answer each other was cut open", n=tree.n_cut, example=where)


def _seen(
    tree: Tree, spoken: set[str], times: Mapping[str, int | None], rows: Rows, *, leaf: str, where: str
) -> set[str]:
    """The thread that the person saw."""
    seen = path(tree, leaf) if leaf in tree.parents else set()
    if seen & spoken:
        return seen
    ends = leaves(tree, spoken)
    if leaf:
        rows.notice(
            "mended",
            "a conversation whose stated last message is not there: the thread that ends in its newest was taken",
            example=where,
        )
    elif len(ends) > 1:
        rows.notice("inferred", "which branch was seen last is not stated: the one that ends in the newest message")
    return path(tree, newest(ends, lambda key: times[key] or 0))
