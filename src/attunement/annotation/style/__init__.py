"""How something is written, as counts: function words, punctuation, emoji and what else is style and not topic.

Takes: texts of messages (the columns of READ where reasons for what cannot be read are wanted).
Gives: how often each class of style occurs in each message, and of how many words.
Never: keeps a word, counts what stands in quotations or code, or counts in a language that its lists are not of.
"""

from attunement.annotation.style.classes import MEASURES, VERSION
from attunement.annotation.style.counting import count_styles, read_styles

__all__ = ["MEASURES", "VERSION", "count_styles", "read_styles"]
