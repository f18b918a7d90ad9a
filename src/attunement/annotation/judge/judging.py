"""A language model as an annotator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from attunement.annotation.columns import annotation_rows, empty_annotations, readable, with_context
from attunement.annotation.exchanges import NOT_GIVEN, trace
from attunement.annotation.judge.material import make_material
from attunement.annotation.judge.prompts import Prompt, make_prompt, short
from attunement.annotation.judge.verdicts import Verdict, reader_for
from attunement.annotation.readability import reasons
from attunement.codebook import Codebook, Construct
from attunement.errors import CodebookError
from attunement.llm import Answer, Plan, Question
from attunement.vocabulary import Missing

_ROLE_OF = {"ai": "ai", "user": "person"}
_UNITS = {"ai": ("turn", "exchange"), "user": ("turn",)}
"""What one call can show. A person's message is judged without any word of the AI's, so by itself alone."""


class Asker(Protocol):
    """Who is asked: `attunement.llm.LanguageModel`, or something that stands in for one."""

    @property
    def llm(self) -> str:
        """The name of the language model."""
        ...

    @property
    def parameters(self) -> str:
        """What every call asks for, in one line."""
        ...

    def plan(self, questions: Iterable[Question]) -> Plan:
        """What asking these would take."""
        ...

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers, in order. It may be called from many threads."""
        ...


class Judge:
    """A language model that is asked for all constructs of a message at once.

    A reply is judged with the message it answers; where that was not given, its exchange constructs are
    Missing.UNSURE. A person's message is judged alone. What cannot be read, or is not in English, is not asked about.
    """

    def __init__(self, *, asker: Asker, codebook: Codebook, keys: Sequence[str] | None = None) -> None:
        """Write the prompts. Nothing is asked.

        Args:
            asker: who is asked.
            codebook: what the constructs are.
            keys: which of them; without any, all that a message can show (of the AI's, with the one it answers).

        Raises:
            CodebookError: a key is not in the codebook or cannot be seen in a message, or none is left.
        """
        wanted = list(codebook) if keys is None else [codebook.construct(key) for key in keys]
        judged = [construct for construct in wanted if construct.unit in _UNITS.get(construct.side, ())]
        odd = [construct.key for construct in wanted if construct not in judged and keys is not None]
        if odd or not judged:
            raise CodebookError(
                "a judge of single messages cannot look for this",
                got=", ".join(odd) or "no construct",
                have="ai constructs with the unit turn or exchange, user constructs with the unit turn",
                do="leave it out",
            )
        self._asker = asker
        self._prompts = {
            side: make_prompt(side, of_side)
            for side in _ROLE_OF
            if (of_side := [construct for construct in judged if construct.side == side])
        }
        versions = [prompt.version for prompt in self._prompts.values()]
        everything = json.dumps([asker.llm, asker.parameters, versions])
        self._version = hashlib.sha256(everything.encode()).hexdigest()[:10]

    @property
    def name(self) -> str:
        """Who looks: a judge, and which language model it asks."""
        return f"judge:{self._asker.llm}"

    @property
    def version(self) -> str:
        """A hash of the prompts, the constructs in them, the language model's name and its parameters."""
        return self._version

    @property
    def constructs(self) -> tuple[str, ...]:
        """The keys that it asks about."""
        return tuple(construct.key for prompt in self._prompts.values() for construct in prompt.constructs)

    def annotate(
        self, messages: pa.RecordBatch | pa.Table, *, context: pa.RecordBatch | pa.Table | None = None
    ) -> pa.Table:
        """One row for each message of a construct's side. Returns when the last answer is there."""
        batch = _Batch(messages, context=context)
        places, questions = self._questions(batch)
        answers = dict(zip(places, self._asker.ask(questions), strict=True))
        found = [
            _rows(self, construct, batch, answers)
            for prompt in self._prompts.values()
            for construct in prompt.constructs
        ]
        return pa.concat_tables([empty_annotations(), *found])

    def plan(self, batches: Iterable[tuple[pa.RecordBatch | pa.Table, pa.RecordBatch | pa.Table | None]]) -> Plan:
        """What it would take to annotate these batches with their contexts, as `annotate_batches` takes them."""
        return self._asker.plan(self._all_questions(batches))

    def _all_questions(
        self, batches: Iterable[tuple[pa.RecordBatch | pa.Table, pa.RecordBatch | pa.Table | None]]
    ) -> Iterator[Question]:
        for messages, context in batches:
            yield from self._questions(_Batch(messages, context=context))[1]

    def _questions(self, batch: _Batch) -> tuple[list[int], list[Question]]:
        """Which messages are asked about, in their order, so that a budget ends for both sides at one place."""
        prompts = {_ROLE_OF[side]: prompt for side, prompt in self._prompts.items()}
        places = [
            place
            for place, (role, reason) in enumerate(zip(batch.roles, batch.missing, strict=True))
            if role in prompts and reason is None
        ]
        return places, [_question(prompts[batch.roles[place]], batch, place) for place in places]


class _Batch:
    """Messages made ready once, for both sides."""

    def __init__(self, messages: pa.RecordBatch | pa.Table, *, context: pa.RecordBatch | pa.Table | None) -> None:
        self.n_messages = messages.num_rows
        self.rows = with_context(readable(messages, stage="annotation"), context)
        self.roles: list[str] = self.rows["role"].slice(0, self.n_messages).to_pylist()
        self.missing: list[str | None] = reasons(self.rows, n_messages=self.n_messages).to_pylist()
        self.answered: np.ndarray = trace(self.rows, n_messages=self.n_messages)[0]

    def text(self, place: int) -> str:
        """The text of a row, of the context too."""
        return self.rows["text"][place].as_py() or "" if place >= 0 else ""


def _question(prompt: Prompt, batch: _Batch, place: int) -> Question:
    text = batch.text(place)
    answers = batch.text(int(batch.answered[place])) if prompt.side == "ai" else None
    material, item = make_material(text=text, answers=answers, side=prompt.side)
    return Question(
        instructions=prompt.instructions,
        material=material,
        schema_name=f"verdicts_on_{prompt.side}",
        schema=prompt.schema,
        prompt_version=prompt.version,
        max_tokens=prompt.max_tokens,
        read=reader_for(item=item, text=text, names=prompt.names),
    )


def _rows(judge: Judge, construct: Construct, batch: _Batch, answers: dict[int, Answer]) -> pa.Table:
    places = [place for place, role in enumerate(batch.roles) if role == _ROLE_OF[construct.side]]
    found = [_row(construct, batch, place, answers.get(place)) for place in places]
    verdicts, missing = [verdict for verdict, _ in found], [reason for _, reason in found]
    percents = [None if one.percent is None else one.percent / 100 for one in verdicts]
    return annotation_rows(
        message_id=batch.rows["message_id"].combine_chunks().take(pa.array(places, type=pa.int64())),
        construct=construct.key,
        annotator=judge.name,
        annotator_version=judge.version,
        probability=pa.array(percents, type=pa.float32()),
        span_start=pa.array([one.start for one in verdicts], type=pa.int32()),
        span_end=pa.array([one.end for one in verdicts], type=pa.int32()),
        missing=pa.array(missing, type=pa.string()),
    )


def _row(construct: Construct, batch: _Batch, place: int, answer: Answer | None) -> tuple[Verdict, str | None]:
    """The verdict on one construct of one message, or the reason why there is none."""
    nothing = Verdict(None, None, None)
    if answer is None:
        return nothing, batch.missing[place]
    if answer.kept is None:
        return nothing, (answer.missing or Missing.UNUSABLE).value
    if construct.unit == "exchange" and batch.answered[place] == NOT_GIVEN:
        return nothing, Missing.UNSURE.value
    stated = answer.kept.get(short(construct.key))
    if stated is None:
        return nothing, Missing.UNUSABLE.value
    verdict = Verdict(*stated)
    return (verdict, None) if verdict.percent is not None else (nothing, Missing.UNSURE.value)
