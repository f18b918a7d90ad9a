"""Asks a language model behind any OpenAI-compatible endpoint: structured, cached, within a budget.

Takes: an endpoint, a budget, and Questions: instructions, material, the shape of the answer and how it is read.
Gives: Answers in order: what a question keeps of its reply, or the reason why there is nothing; before that, a Plan.
Never: sends words to another address, writes down a key or what was asked, or knows what the questions are about.
"""

from attunement.llm.asking import LanguageModel
from attunement.llm.endpoint import Endpoint
from attunement.llm.patience import Patience
from attunement.llm.plans import Plan
from attunement.llm.prices import Budget, Prices, Usage
from attunement.llm.questions import Answer, Kept, Question, Tokens

__all__ = [
    "Answer",
    "Budget",
    "Endpoint",
    "Kept",
    "LanguageModel",
    "Patience",
    "Plan",
    "Prices",
    "Question",
    "Tokens",
    "Usage",
]
