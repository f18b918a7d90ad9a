"""The gate for acute risk: which messages of the person should be read by a person.

Takes: MESSAGES, of which it reads the person's.
Gives: FLAGS: raised or not, where the words are that raised it, or why a message could not be read.
Never: gives a probability, a score or a name of a condition, or says that somebody is safe.
"""

from attunement.annotation.gate.gating import Gate
from attunement.annotation.gate.loading import load_gate, shipped_rule, write_gate

__all__ = ["Gate", "load_gate", "shipped_rule", "write_gate"]
