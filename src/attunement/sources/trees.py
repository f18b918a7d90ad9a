"""Trees of messages: their order, the path to a leaf, and what to do where the links are broken.

Everything here is about keys and the keys above them; there is no text in it, and no recursion, so that a thread of a
million messages is as good as one of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Keys with the key above each, free of cycles and of keys that are not there."""

    order: list[str]
    """All keys, each after the one above it; a branch is followed to its end before the next."""
    parents: dict[str, str]
    """The key above each key, or "" at a root."""
    n_orphans: int
    """Keys whose stated parent is not there; they became roots."""
    n_cut: int
    """Cycles that were cut open, each at its smallest key."""


def grow(above: Mapping[str, str], *, stated: Mapping[str, Sequence[object]] | None = None) -> Tree:
    """Order a tree.

    Args:
        above: the key above each key, or "" for none. Its order is the order of siblings.
        stated: for some keys, the keys below them in the order that the source states.
    """
    below: dict[str, list[str]] = {}
    roots: list[str] = []
    parents: dict[str, str] = {}
    n_orphans = 0
    for key, parent in above.items():
        if parent and parent in above:
            below.setdefault(parent, []).append(key)
            parents[key] = parent
        else:
            n_orphans += bool(parent)
            roots.append(key)
            parents[key] = ""
    for key, siblings in below.items():
        if len(siblings) > 1 and stated and key in stated:
            rank = {child: place for place, child in enumerate(stated[key]) if isinstance(child, str)}
            siblings.sort(key=lambda child, rank=rank: rank.get(child, len(rank)))  # type: ignore[misc]
    order: list[str] = []
    _walk(roots, below, order)
    n_cut = 0
    if len(order) < len(parents):
        reached = set(order)
        for key in above:
            if key not in reached:
                start = min(_cycle(key, parents))
                below[parents[start]].remove(start)
                parents[start] = ""
                n_cut += 1
                n_before = len(order)
                _walk([start], below, order)
                reached.update(order[n_before:])
    return Tree(order=order, parents=parents, n_orphans=n_orphans, n_cut=n_cut)


def _walk(roots: Sequence[str], below: Mapping[str, Sequence[str]], order: list[str]) -> None:
    stack = list(reversed(roots))
    while stack:
        key = stack.pop()
        order.append(key)
        stack.extend(reversed(below.get(key, ())))


def _cycle(key: str, parents: Mapping[str, str]) -> list[str]:
    """The keys of the cycle that the way up from a key ends in."""
    seen: dict[str, int] = {}
    trail: list[str] = []
    while key not in seen:
        seen[key] = len(trail)
        trail.append(key)
        key = parents[key]
    return trail[seen[key] :]


def path(tree: Tree, leaf: str) -> set[str]:
    """The keys from a leaf up to its root."""
    found: set[str] = set()
    while leaf:
        found.add(leaf)
        leaf = tree.parents[leaf]
    return found


def leaves(tree: Tree, counted: Collection[str]) -> list[str]:
    """Of the keys that count, those with none that counts below them, in order."""
    covered: set[str] = set()
    found: list[str] = []
    for key in reversed(tree.order):
        counts = key in counted
        if counts and key not in covered:
            found.append(key)
        if counts or key in covered:
            covered.add(tree.parents[key])
    return found[::-1]


def newest(keys: Sequence[str], age: Callable[[str], float]) -> str:
    """The key with the greatest age; of several the last; "" of none."""
    return max(enumerate(keys), key=lambda item: (age(item[1]), item[0]), default=(0, ""))[1]
