"""The classes of style: closed classes of English words, and marks on the page.

What belongs to a closed class is a fact of the language; which classes, and the spellings of chat, are ours.
"""

from __future__ import annotations

from collections.abc import Iterable

VERSION = "1"
"""Raised when a list changes: counts of different versions are not to be compared."""

_SUBJECTS = {
    "i": "i",
    "you": "you u",
    "we": "we",
    "others": "he she they",
    "impersonal": "it that this there what who",
}
_LISTS = {
    "articles": "a an the",
    "prepositions": (
        "about above across after against along among around as at before behind below beneath beside between beyond by"
        " despite down during except for from in inside into like near of off on onto out outside over past per since"
        " through throughout till to toward towards under until up upon via with within without"
    ),
    "conjunctions": (
        "and but or nor so yet because cause cuz although though while whereas if unless whether than as since once"
        " until when whenever where wherever plus"
    ),
    "auxiliaries": (
        "am is are was were be been being have has had having do does did doing done will would shall should can could"
        " may might must ought cannot gonna wanna gotta aint dont doesnt didnt cant couldnt wont wouldnt shouldnt isnt"
        " arent wasnt werent havent hasnt hadnt im ive"
    ),
    "negations": (
        "no not never none nothing nobody nowhere neither nor cannot nope nah without aint dont doesnt didnt cant"
        " couldnt wont wouldnt shouldnt isnt arent wasnt werent havent hasnt hadnt"
    ),
    "i": "i me my mine myself im ive",
    "you": "you your yours yourself yourselves u ur ya",
    "we": "we us our ours ourselves",
    "others": "he him his himself she her hers herself they them their theirs themselves",
    "impersonal": (
        "it its itself this that these those there what which who whom whose anything everything something nothing"
        " anyone everyone someone anybody everybody somebody one"
    ),
    "quantifiers": (
        "all any both each either every few fewer less least lot lots many more most much neither none several some"
        " enough plenty half bit couple"
    ),
    "intensifiers": (
        "very really so too quite extremely totally absolutely completely incredibly super pretty truly deeply utterly"
        " highly such even just"
    ),
    "hedges": (
        "maybe perhaps possibly probably presumably apparently seemingly somewhat somehow roughly approximately might"
        " may could seem seems seemed appear appears guess suppose suspect likely unlikely almost nearly kinda sorta"
        " generally usually often sometimes tend tends"
    ),
    "certainty": (
        "always never definitely certainly surely clearly obviously undoubtedly exactly indeed absolutely totally"
        " completely every must truly"
    ),
    "fillers": "um uh hmm hm er erm well oh ah like anyway anyways yknow meh ugh lol lmao haha hahaha hehe omg",
    "assent": "yes yeah yep yup ok okay sure right alright agreed exactly true",
    "courtesy": "please thanks thank sorry welcome pardon appreciate kindly thx ty pls plz",
    "connectives": (
        "however therefore moreover furthermore additionally thus hence consequently meanwhile nevertheless nonetheless"
        " instead otherwise ultimately overall finally first second third lastly"
    ),
}
_SHORTENED = {
    "i": "m ve ll d",
    "you": "re ve ll d",
    "we": "re ve ll d",
    "others": "re ve ll d s",
    "impersonal": "s ll d",
}
_NEGATED = "ai are ca could did do does had has have is might must need ought sha should was were wo would"

MARKS = (
    "contractions",
    "long_words",
    "capitals",
    "small_i",
    "sentences",
    "commas",
    "exclamations",
    "questions",
    "ellipses",
    "dashes",
    "colons",
    "brackets",
    "emoji",
    "emoticons",
    "list_items",
    "emphasis",
)
"""Classes that are seen in how words are spelled and what stands between them, in the order of their columns."""

WORD_CLASSES = tuple(_LISTS)
"""Classes of words, in the order of their columns."""

MEASURES = (*WORD_CLASSES, *MARKS)
"""All classes. Each is counted a message, and read per 100 words."""


def word_lists() -> dict[str, frozenset[str]]:
    """The words of each class in small letters, with shortened forms: "i'm" is the first person and an auxiliary."""
    lists = {name: set(words.split()) for name, words in _LISTS.items()}
    for name, endings in _SHORTENED.items():
        forms = _joined(_SUBJECTS[name].split(), endings.split())
        lists[name].update(forms)
        lists["auxiliaries"].update(forms)
    negated = {f"{word}n't" for word in _NEGATED.split()}
    lists["negations"].update(negated)
    lists["auxiliaries"].update(negated)
    return {name: frozenset(words) for name, words in lists.items()}


def _joined(words: Iterable[str], endings: Iterable[str]) -> set[str]:
    tails = tuple(endings)
    return {f"{word}'{tail}" for word in words for tail in tails}
