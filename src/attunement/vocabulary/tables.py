"""The tables that stages give each other, as Arrow schemas.

Times are UTC with microseconds. Ids that are sorted or joined are 64-bit hashes (`vocabulary.ids`); the ids of the
source stay beside them as text. A column that may be null says in its metadata what a null means.
"""

from __future__ import annotations

import pyarrow as pa

ROLES = ("person", "ai", "system", "tool")
"""Who wrote a message: the person, the AI, the product's own instructions, or a tool that the AI called."""

TIME_IS = ("stated", "inferred", "unknown")
"""How a time is known: written in the source for this very message, taken from its neighbours, or not at all."""

PERIODS = ("session", "day", "week")
"""The lengths of time that a row of PANEL can stand for. Days and weeks (from Monday) are those of the time zone given,
else of UTC."""

NOTICE_KINDS = ("skipped", "mended", "inferred", "unknown_type", "not_measured")
"""What a notice says: left out; repaired on the way in; assumed; kept without being understood; not measurable."""

TIME = pa.timestamp("us", tz="UTC")
WORD = pa.dictionary(pa.int8(), pa.string())


def _column(name: str, kind: pa.DataType, meaning: str, *, null: str = "") -> pa.Field:
    metadata = {"meaning": meaning} | ({"null": null} if null else {})
    return pa.field(name, kind, nullable=bool(null), metadata=metadata)


MESSAGES = pa.schema(
    [
        _column("relationship_id", pa.uint64(), "one person and one AI through time: a hash of person_id and ai_id"),
        _column("person_id", pa.string(), "the person, as the source names them; 'owner' for the holder of an export"),
        _column(
            "ai_id", pa.string(), "the persona where there is one (a character, a custom assistant), else the product"
        ),
        _column("conversation_id", pa.string(), "the thread, as the source names it"),
        _column("message_id", pa.uint64(), "a hash of the source, the conversation and the source's own message id"),
        _column("source_id", pa.string(), "the source's own message id, or a digest of the content where it has none"),
        _column("parent_id", pa.uint64(), "the message that this one answers", null="the first of its thread"),
        _column("position", pa.int32(), "the order within the conversation, from 0"),
        _column("role", WORD, "person, ai, system or tool"),
        _column("sent_at", TIME, "when it was sent", null="the source states no time"),
        _column("sent_at_is", WORD, "stated, inferred or unknown"),
        _column("text", pa.string(), "the words", null="nothing to read, such as an image or a filtered reply"),
        _column("on_path", pa.bool_(), "false for edits and regenerations that were left behind"),
        _column("model", pa.string(), "the language model that wrote it", null="not stated, or not written by one"),
        _column("source", pa.string(), "the form it was read from, such as chatgpt"),
        _column("rating", pa.float64(), "the person's rating, from 0 (worst) to 1 (best)", null="not rated"),
        _column("extra", pa.string(), "what else the source says, as JSON", null="nothing else"),
    ]
)
"""One row a message. Branches are behaviour, so every branch is kept and the abandoned ones are marked off path."""

TURNS = pa.schema(
    [
        _column("relationship_id", pa.uint64(), "as in MESSAGES"),
        _column("thread_id", pa.uint64(), "a hash of the relationship and the conversation"),
        _column("message_id", pa.uint64(), "as in MESSAGES"),
        _column("parent_id", pa.uint64(), "as in MESSAGES", null="the first of its thread"),
        _column("role", pa.int8(), "the index of the role in ROLES"),
        _column("sent_at", TIME, "as in MESSAGES", null="the source states no time"),
        _column("is_stated", pa.bool_(), "whether the source states the time of this very message"),
        _column("on_path", pa.bool_(), "as in MESSAGES"),
        _column("n_words", pa.int32(), "words in the text, 0 where there is none"),
        _column("rating", pa.float64(), "as in MESSAGES", null="not rated"),
    ]
)
"""MESSAGES without the words, sorted by relationship, time and position: what panels are made from."""

EVENTS = pa.schema(
    [
        _column("relationship_id", pa.uint64(), "the relationship it belongs to"),
        _column("person_id", pa.string(), "as in MESSAGES"),
        _column("ai_id", pa.string(), "as in MESSAGES"),
        _column("event_id", pa.uint64(), "a hash of the source and the content, so that reading twice adds nothing"),
        _column("at", TIME, "when it is first seen", null="the source states no time"),
        _column("kind", pa.string(), "memory, instructions, feedback, ..."),
        _column("text", pa.string(), "what is kept about the person, or told to the AI", null="not stated"),
        _column("source", pa.string(), "the form it was read from"),
    ]
)
"""The state of a relationship that is not a turn: memories, custom instructions, feedback."""

NOTICES = pa.schema(
    [
        _column("form", pa.string(), "the form that was being read, or 'files' before one was known"),
        _column("kind", WORD, "skipped, mended, inferred, unknown_type or not_measured"),
        _column("what", pa.string(), "what was met, in words"),
        _column("n", pa.int64(), "how many times"),
        _column(
            "example", pa.string(), "where it was met first, without any text of a message", null="no single place"
        ),
        _column("do", pa.string(), "what the reader can do about it", null="nothing needs to be done"),
    ]
)
"""What was skipped, mended, inferred or not understood: one row a kind of thing, with its count."""

ANNOTATIONS = pa.schema(
    [
        _column("message_id", pa.uint64(), "the message that was read"),
        _column("construct", pa.dictionary(pa.int16(), pa.string()), "a key of the codebook, such as ai.mind_claim"),
        _column("annotator", WORD, "who looked: a rule set, a head, a language model, a person"),
        _column("annotator_version", WORD, "which version of it"),
        _column("probability", pa.float32(), "that the construct is present", null="see missing"),
        _column("span_start", pa.int32(), "where the evidence begins, in characters", null="no span"),
        _column("span_end", pa.int32(), "where the evidence ends, in characters", null="no span"),
        _column("missing", WORD, "why there is no probability, a value of Missing", null="there is one"),
    ]
)
"""One row a message, construct and annotator that looked, so that the rows are also the denominator."""

FLAGS = pa.schema(
    [
        _column("message_id", pa.uint64(), "the message of the person that was read"),
        _column("gate", WORD, "which gate read it, such as acute_risk"),
        _column("gate_version", WORD, "which version of it"),
        _column("flagged", pa.bool_(), "whether a person should read it", null="see missing"),
        _column("span_start", pa.int32(), "where the words begin that raised it, in characters", null="not raised"),
        _column("span_end", pa.int32(), "where they end, in characters", null="not raised"),
        _column("missing", WORD, "why it could not be read, a value of Missing", null="it was read"),
    ]
)
"""One row a message of the person that a gate read. A flag says that a person should read it, and nothing else."""

TO_READ = pa.schema(
    [
        _column("relationship_id", pa.uint64(), "the relationship"),
        _column("conversation_id", pa.string(), "the thread, as the source names it"),
        _column("message_id", pa.uint64(), "the message that a person should read"),
        _column("sent_at", TIME, "when it was sent", null="the source states no time"),
        _column("gate", pa.string(), "which gate raised it"),
        _column("gate_version", pa.string(), "which version of it"),
    ]
)
"""One row a message that a person should read, and where it is found."""

STYLES = pa.schema(
    [
        _column("message_id", pa.uint64(), "the message that was counted"),
        _column("measure", WORD, "a class of style such as hedges, or words for all of them"),
        _column("count", pa.int32(), "how often it occurs", null="see missing"),
        _column("words", pa.int32(), "words of the message, the denominator"),
        _column("missing", WORD, "why it was not counted, a value of Missing", null="it was counted"),
        _column("version", WORD, "which version of the lists counted"),
    ]
)
"""One row `words` a message, which says that it was looked at, and one for each class that occurs in it."""

LABELS = pa.schema(
    [
        _column("message_id", pa.uint64(), "the message that was labelled"),
        _column("construct", pa.string(), "a key of the codebook"),
        _column("labeller", pa.string(), "the person who labelled it, by whatever name they gave"),
        _column("label", pa.float64(), "from 0 (no) to 1 (yes)", null="the labeller could not say"),
        _column("drawn_unit", pa.string(), "the relationship or session that was drawn, as in drawn.json"),
        _column("drawn_probability", pa.float64(), "the probability with which that unit was to be drawn"),
        _column("stratum", WORD, "the stratum of that unit, as in drawn.json"),
        _column("labelled_at", TIME, "when it was labelled", null="not stated"),
    ]
)
"""One row a message, construct and person that labelled it."""

SESSIONS = pa.schema(
    [
        _column("relationship_id", pa.uint64(), "the relationship"),
        _column("session", pa.int32(), "its number within the relationship, from 0"),
        _column("started_at", TIME, "the first stated time in it"),
        _column("ended_at", TIME, "the last stated time in it"),
        _column("n_messages", pa.int32(), "messages of the person and of the AI, every branch"),
        _column("n_person", pa.int32(), "messages of the person"),
        _column("n_ai", pa.int32(), "messages of the AI"),
        _column("words_person", pa.int64(), "words of the person"),
        _column("words_ai", pa.int64(), "words of the AI"),
        _column("n_conversations", pa.int32(), "threads that were open in it"),
        _column("n_off_path", pa.int32(), "messages left behind by edits and regenerations"),
        _column("n_regenerations", pa.int32(), "further AI replies to a message that already had one"),
        _column("n_unanswered", pa.int32(), "threads that end in it on a message of the person, without a reply"),
        _column("n_rated", pa.int32(), "messages with a rating"),
        _column("sum_rating", pa.float64(), "sum of the ratings, each from 0 to 1"),
        _column(
            "started_by", WORD, "the role of its first message, system and tool left aside", null="neither side wrote"
        ),
        _column("gap_minutes", pa.float64(), "minutes since the last session ended", null="the first session"),
    ]
)
"""One row a session: a gap longer than --gap minutes between stated times starts a new one."""

PANEL = pa.schema(
    [
        _column("relationship_id", pa.uint64(), "the relationship"),
        _column("period_start", TIME, "when the period began"),
        _column("period", WORD, "session, day or week"),
        _column("measure", WORD, "what was measured, such as messages_person or rate.ai.mind_claim"),
        _column("value", pa.float64(), "the measure", null="see missing"),
        _column("se", pa.float64(), "its standard error", null="it is a count of everything there is, not an estimate"),
        _column("n", pa.int32(), "how many units it was made from"),
        _column("exposure", pa.float64(), "minutes of contact in the period"),
        _column("missing", WORD, "why there is no value, a value of Missing", null="there is one"),
    ]
)
"""One row a relationship, period and measure. Long, so that a new measure needs no new column."""

RELATIONSHIPS = pa.schema(
    [
        _column("relationship_id", pa.uint64(), "the relationship"),
        _column("person_id", pa.string(), "the person"),
        _column("ai_id", pa.string(), "the AI or persona"),
        _column("sources", pa.string(), "the forms it was read from, with commas"),
        _column("n_conversations", pa.int64(), "threads"),
        _column("n_messages", pa.int64(), "messages of every role"),
        _column("n_person", pa.int64(), "messages of the person"),
        _column("n_ai", pa.int64(), "messages of the AI"),
        _column("n_off_path", pa.int64(), "messages left behind by edits and regenerations"),
        _column("n_branch_points", pa.int64(), "messages with more than one answer or edit"),
        _column("n_stated", pa.int64(), "messages whose time the source states"),
        _column("first_at", TIME, "the first stated time", null="no times"),
        _column("last_at", TIME, "the last stated time", null="no times"),
    ]
)
"""One row a relationship: who, with which AI, how much and from when to when."""

MODEL_CHANGES = pa.schema(
    [
        _column("relationship_id", pa.uint64(), "the relationship"),
        _column("at", TIME, "the first message of the model after"),
        _column("model_before", pa.string(), "the language model that had written until then"),
        _column("model_after", pa.string(), "the one that writes from then on"),
        _column("is_new", pa.bool_(), "whether the model after had not written there before"),
        _column("is_final", pa.bool_(), "whether the model before never writes there again"),
        _column("n_before", pa.int64(), "messages of the model before until then"),
        _column("n_after", pa.int64(), "messages of the model after from then on"),
    ]
)
"""One row a change of the language model that writes. A person who picks models by turns makes many rows, and only few
that are new and final."""
