"""A ChatGPT export of any size, made up from a list of plain words: lengths and fields like those of real ones."""

from __future__ import annotations

import json
import random
from pathlib import Path

WORDS = (
    "again almost and back because before bread bring call came can clean close cold come could day did door down early"
    " evening few find first for from garden gave go good had hand have here home how if it just keep kept kind know last"
    " late leave let light list little long look made make many me might month more morning most move much my need never"
    " new next not note now of off old on once one only or other our out over page part people place plan put quite read"
    " room said same see send set she should side small so some soon still such table take talk tell than that the their"
    " them then there these they thing think this time to today told too took tree try turn two up us use very wait walk"
    " want was water way we week well went were what when where which while who why will with word work would write year"
).split()


def conversation(rng: random.Random, number: int, *, n_messages: int = 19) -> dict:
    """One conversation; every tenth has a regenerated reply."""
    start = 1.72e9 + number * 900.5
    names = [f"{number:08x}-{place:04x}-4aaa-bbbb-cccccccccccc" for place in range(n_messages + 1)]
    mapping = {names[0]: {"id": names[0], "message": None, "parent": None, "children": [names[1]]}}
    for place in range(1, n_messages + 1):
        is_person = place % 2 == 1
        text = " ".join(rng.choices(WORDS, k=30 if is_person else 150))
        mapping[names[place]] = {
            "id": names[place],
            "message": {
                "id": names[place],
                "author": {"role": "user" if is_person else "assistant", "name": None, "metadata": {}},
                "create_time": start + place * 60.123,
                "update_time": None,
                "content": {"content_type": "text", "parts": [text + ' and "so" on:\n {x}, {"title": 3}']},
                "status": "finished_successfully",
                "end_turn": True,
                "weight": 1.0,
                "metadata": {
                    "citations": [],
                    "content_references": [],
                    "message_type": "next",
                    "model_slug": "gpt-4o",
                    "default_model_slug": "auto",
                    "parent_id": names[place - 1],
                    "request_id": f"8b0abc-{place}",
                    "timestamp_": "absolute",
                    "finish_details": {"type": "stop", "stop_tokens": [100260]},
                    "is_complete": True,
                },
                "recipient": "all",
                "channel": None,
            },
            "parent": names[place - 1],
            "children": names[place + 1 : place + 2],
        }
    return {
        "title": " ".join(rng.choices(WORDS, k=4)),
        "create_time": start,
        "update_time": start + 1200,
        "mapping": mapping,
        "moderation_results": [],
        "current_node": names[-1],
        "conversation_id": f"c{number}",
        "gizmo_id": None,
        "is_archived": False,
        "safe_urls": [],
        "default_model_slug": "auto",
        "id": f"c{number}",
    }


def export(path: Path, *, n_bytes: int, seed: int = 1) -> int:
    """Write an export of about so many bytes, and give its messages."""
    rng = random.Random(seed)
    number = 0
    with path.open("w", encoding="utf-8") as stream:
        stream.write("[")
        while stream.tell() < n_bytes:
            stream.write((", " if number else "") + json.dumps(conversation(rng, number)))
            number += 1
        stream.write("]")
    return number * 19
