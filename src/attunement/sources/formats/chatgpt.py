"""ChatGPT: conversations as trees of nodes, with edits and regenerations as branches.

The thread that the person saw is the walk from `current_node` to the root; everything else is kept and marked off
path. Memories and custom instructions are state of the relationship, not turns. A node whose time is null takes the
time of the node above it, or of the conversation, and is marked so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attunement.sources.fields import id_of, items_of, named, object_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.times import microseconds
from attunement.sources.trees import Tree, grow, leaves, newest, path
from attunement.vocabulary import hashed

_ROLES = {"user": "person", "assistant": "ai", "system": "system", "tool": "tool"}
_STATE_TYPES = {"user_editable_context": "instructions", "model_editable_context": "memory"}
_KNOWN_TYPES = frozenset(
    {
        "text",
        "multimodal_text",
        "code",
        "execution_output",
        "thoughts",
        "reasoning_recap",
        "tether_quote",
        "tether_browsing_display",
        "sonic_webpage",
        "computer_output",
        "citable_code_output",
        "system_error",
        "super_widget",
        "app_pairing_content",
    }
)
_SILENT_PARTS = {
    "image_asset_pointer": "images",
    "audio_asset_pointer": "audio",
    "real_time_user_audio_video_asset_pointer": "audio and video",
    "video_container_asset_pointer": "video",
}
_CITATION = re.compile("\ue200[^\ue200\ue201]*\ue201?")
"""A citation: a mark of the private-use area, the names of sources, and a closing mark."""


def recognise(seen: Sample) -> bool:
    """An object with a `mapping` of nodes that name their parent, and no `inserted_at` (that is DeepSeek)."""
    first = seen.first
    if seen.kind not in {"array", "object", "lines"} or not isinstance(first, dict):
        return False
    mapping = first.get("mapping")
    if not isinstance(mapping, dict) or "inserted_at" in first:
        return False
    nodes = [node for node in list(mapping.values())[:-1] or list(mapping.values()) if isinstance(node, dict)]
    return all("fragments" not in object_of(node, "message") for node in nodes) and (
        not nodes or any("message" in node or "parent" in node for node in nodes)
    )


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each conversation of an export."""
    for record in records:
        if isinstance(record, dict) and isinstance(record.get("mapping"), dict):
            _Conversation(record, rows).add()
        else:
            rows.notice("skipped", "an element that is no conversation")
        yield


class _Conversation:
    """One tree of nodes, on its way into rows."""

    def __init__(self, record: dict[str, Any], rows: Rows) -> None:
        self.record = record
        self.rows = rows
        self.name = id_of(record, "conversation_id", "id") or _name_from_nodes(record["mapping"])
        self.nodes: dict[str, dict[str, Any]] = {
            key: node for key, node in record["mapping"].items() if isinstance(node, dict)
        }
        self.model = text_of(record, "default_model_slug") or None
        self.times: dict[str, int] = {}
        self.started_at = rows.stated(record.get("create_time"))

    def add(self) -> None:
        """Add its messages, parents before children."""
        rows = self.rows
        rows.conversation(self.name, ai_id=text_of(self.record, "gizmo_id", "conversation_template_id") or "ChatGPT")
        tree = self._tree()
        path = self._path(tree)
        above: dict[str, str] = {}
        for key in tree.order:
            over = above.get(tree.parents[key], "")
            message = self.nodes[key].get("message")
            if isinstance(message, dict) and self._add_message(key, message, over, on_path=key in path):
                over = key
            above[key] = over

    def _tree(self) -> Tree:
        """Nodes from the roots down; siblings as their parent's `children` states, since `mapping` is not in order."""
        tree = grow(
            {key: text_of(node, "parent") for key, node in self.nodes.items()},
            stated={key: items_of(node, "children") for key, node in self.nodes.items()},
        )
        if tree.n_cut:
            self.rows.notice(
                "mended",
                "a cycle in `mapping`, cut open at one node",
                n=tree.n_cut,
                example=f"conversation {self.name}",
                do="send a copy made by `attune mask` to the maintainers",
            )
        return tree

    def _path(self, tree: Tree) -> set[str]:
        """The thread that the person saw: from `current_node`, or from the newest leaf, up to the root."""
        key = text_of(self.record, "current_node")
        found = path(tree, key) if key in self.nodes else set()
        with_message = {name for name, node in self.nodes.items() if isinstance(node.get("message"), dict)}
        if found & with_message or not with_message:
            return found
        self.rows.notice(
            "mended",
            "a conversation without a valid `current_node`: the thread that ends in its newest message was taken",
            example=f"conversation {self.name}",
        )
        return path(tree, newest(leaves(tree, with_message), self._age))

    def _age(self, key: str) -> float:
        return float(microseconds(object_of(self.nodes[key], "message").get("create_time")) or 0)

    def _add_message(self, key: str, message: dict[str, Any], over: str, *, on_path: bool) -> bool:
        """Add a message; False where the node holds state instead of a turn."""
        rows = self.rows
        said_by = object_of(message, "author").get("role")
        role = _ROLES.get(said_by) if isinstance(said_by, str) else None
        if role is None:
            rows.notice(
                "unknown_type", f"an author role {named(said_by)}, kept as tool", example=f"conversation {self.name}"
            )
            role = "tool"
        content = object_of(message, "content")
        kind = content.get("content_type", "text")
        kind = kind if isinstance(kind, str) else named(kind)
        stated = message.get("create_time")
        at = None if stated is None else rows.stated(stated)
        guess = at or self.times.get(over) or self.started_at
        if kind in _STATE_TYPES:
            rows.event(_STATE_TYPES[kind], _state_text(content), at=guess)
            return False
        if kind not in _KNOWN_TYPES:
            rows.notice(
                "unknown_type",
                f"a content type {named(kind)}, kept with what text it has",
                example=f"conversation {self.name}",
            )
        if guess is not None:
            self.times[key] = guess
        metadata = object_of(message, "metadata")
        rows.add(
            role,
            _text(content, rows),
            source_id=key,
            parent=over,
            sent_at=at,
            inferred_at=guess,
            on_path=on_path,
            model=text_of(metadata, "model_slug") or (self.model if role == "ai" else None),
            extra=_extra(message, metadata, kind),
        )
        return True


def _name_from_nodes(mapping: dict[str, Any]) -> str:
    """A name for a conversation without an id: the same at every reading, whatever the order of its nodes."""
    return f"nodes-{hashed(*sorted(mapping)):016x}"


def _text(content: dict[str, Any], rows: Rows) -> str | None:
    parts = content.get("parts")
    if isinstance(parts, list):
        if len(parts) == 1 and isinstance(parts[0], str):
            text = parts[0]
        else:
            text = "\n".join(filter(None, (_part_text(part, rows) for part in parts)))
    else:
        text = _other_text(content)
    if "\ue200" in text:
        text = _CITATION.sub("", text)
    return text or None


def _part_text(part: object, rows: Rows) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    kind = text_of(part, "content_type")
    if kind == "audio_transcription":
        return str(part.get("text") or "")
    if kind in _SILENT_PARTS:
        rows.notice("skipped", f"{_SILENT_PARTS[kind]} in messages: there are no words in them")
        return ""
    rows.notice("unknown_type", f"a message part {named(kind)}, kept with what text it has")
    return str(part.get("text") or "")


def _other_text(content: dict[str, Any]) -> str:
    """The words of content types that have no parts: code, output, quotes, thoughts."""
    for key in ("text", "result", "content", "name"):
        if isinstance(content.get(key), str) and content[key]:
            return str(content[key])
    thoughts = content.get("thoughts")
    if isinstance(thoughts, list):
        return "\n".join(str(thought.get("content") or "") for thought in thoughts if isinstance(thought, dict))
    return ""


def _state_text(content: dict[str, Any]) -> str | None:
    found = [
        str(content[key])
        for key in ("user_profile", "user_instructions", "model_set_context", "repository", "repo_summary")
        if content.get(key)
    ]
    return "\n".join(found) or None


def _extra(message: dict[str, Any], metadata: dict[str, Any], kind: object) -> dict[str, Any] | None:
    extra: dict[str, Any] = {}
    if kind != "text":
        extra["content_type"] = kind
    if text_of(message, "recipient") not in {"all", ""}:
        extra["recipient"] = message["recipient"]
    if message.get("weight") == 0 or metadata.get("is_visually_hidden_from_conversation"):
        extra["hidden"] = True
    return extra or None


def _recognise_user(seen: Sample) -> bool:
    return seen.kind == "object" and seen.has("id", "email") and not seen.has("mapping")


def _read_user(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    for record in records:
        rows.facts.person_id = id_of(record, "id") or rows.facts.person_id
        yield


def _recognise_feedback(seen: Sample) -> bool:
    return seen.kind in {"array", "lines"} and seen.has("rating", "conversation_id") and not seen.has("mapping")


def _read_feedback(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    marks = {"thumbs_up": 1.0, "thumbsUp": 1.0, "thumbs_down": 0.0, "thumbsDown": 0.0}
    for record in records:
        mark = text_of(record, "rating")
        if mark in marks:
            rows.facts.ratings[id_of(record, "message_id", "id")] = marks[mark]
        yield


def _recognise_known(seen: Sample) -> bool:
    shared = seen.kind == "array" and seen.has("is_anonymous", "conversation_id", "title") and not seen.has("mapping")
    library = seen.kind == "array" and seen.has("sha256") and not seen.has("mapping")
    manifest = seen.kind == "object" and (
        seen.has("export_files") or seen.has("logical_files") or seen.has("user_settings")
    )
    page = seen.kind == "html" and b"var jsonData" in seen.head
    return shared or library or manifest or page


FORMS = (
    Form(
        key="chatgpt",
        title="ChatGPT export",
        recognise=recognise,
        read=read,
        is_splittable=True,
        notes="Settings, Data controls, Export data. A zip, its folder, one conversations.json or its numbered parts.",
    ),
    Form(key="chatgpt_user", title="ChatGPT account", recognise=_recognise_user, read=_read_user, part="facts"),
    Form(
        key="chatgpt_feedback",
        title="ChatGPT feedback",
        recognise=_recognise_feedback,
        read=_read_feedback,
        part="facts",
    ),
    Form(key="chatgpt_known", title="other files of a ChatGPT export", recognise=_recognise_known, part="known"),
)
