"""Asks forty questions one after another: a program to be killed. Arguments: address, file for answers."""

import sys
from pathlib import Path

from attunement.llm import Endpoint, LanguageModel, Question

url, cache = sys.argv[1:]
questions = [
    Question(
        instructions="Repeat it.",
        material=f"question {number}",
        schema_name="said",
        schema={"type": "object"},
        prompt_version="1",
        max_tokens=20,
        read=lambda one: {"n": len(one["said"])},
    )
    for number in range(40)
]
with LanguageModel(endpoint=Endpoint(url=url, llm="pretended"), cache=Path(cache), concurrency=2) as llm:
    answers = llm.ask(questions)
    sys.stdout.write(f"{sum(answer.kept is not None for answer in answers)} {llm.usage.n_calls}")
