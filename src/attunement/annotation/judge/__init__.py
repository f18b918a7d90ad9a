"""A language model as an annotator: one structured call for all the constructs of a message.

Takes: MESSAGES, a codebook, and a language model behind an endpoint that the user names.
Gives: ANNOTATIONS with the quoted evidence as a span; before that, a Plan of calls and costs.
Never: lets a message speak to the language model as anything but material, or shows it the AI's side with the person's.
"""

from attunement.annotation.judge.judging import Asker, Judge
from attunement.llm import Budget, Endpoint, LanguageModel, Plan, Prices

__all__ = ["Asker", "Budget", "Endpoint", "Judge", "LanguageModel", "Plan", "Prices"]
