"""Masks pages of HTML: their text goes, their tags stay, and of what tags bear only what a reader looks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser

from attunement.sources import kept

TITLES = re.compile(
    r"(?:Prompted with:|Prompted|Asked Gemini:|Asked Bard:|Asked|Said|Eingegebener Prompt:|Gave feedback|"
    r"Feedback gegeben|Created|Used|Selected preferred draft|Cleared previous feedback|Answered survey question|Added|"
    r"Shared|Deleted|Viewed|Visited|Edited|Pinned|Renamed|Exported|Updated|Searched)(?=[\s:]|$)"
)
"""What Google writes before the words of a person."""

PRODUCT = re.compile(r"gemini|bard", re.IGNORECASE)
CHAT = re.compile(r"//(?:gemini|bard)\.google\.com/(?:u/\d+/)?(?:app|chat|gem/[\w-]+)/(?:c/)?([\w-]{6,})")
"""Links to chats, with their ids."""

_TAGS = frozenset(
    "html head title body div p span pre code ol ul li b i em strong br table tr td th thead tbody a h1 h2 h3 h4 h5 h6"
    " blockquote hr style script dd dt dl section article img sup sub details summary template".split()
)
_CLASSES = re.compile(r"(?:mdl-[a-z0-9-]+|(?:outer|header|content)-cell)")
_ATTACHED = re.compile(r"(?:Attached \d+ files?|\d+ Datei(?:en)? angehängt)\.?")
_CLOCK = re.compile(r"(?=.*\d{4})(?=.*\d{1,2}[:.]\d\d[:.]\d\d).{12,60}")
_WORD = re.compile(r"[^\W\d_]+")


def between(pattern: re.Pattern[str], text: str, mask: Callable[[str], str]) -> str:
    """Mask what lies between the matches."""
    found: list[str] = []
    at = 0
    for match in pattern.finditer(text):
        found += [mask(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*found, mask(text[at:])]) if found else mask(text)


class Page(HTMLParser):
    """A page whose text is masked as it is fed."""

    def __init__(self, text: Callable[[str], str], plain: Callable[[str], str], link: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=True)
        self._text = text
        self._plain = plain
        self._link = link
        self._pieces: list[str] = []
        self._is_hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag, and of what it bears the classes that a reader knows and links to chats."""
        name = tag if tag in _TAGS else "span"
        shown = ""
        for key, value in attrs:
            if key == "class":
                known = " ".join(word for word in (value or "").split() if _CLASSES.fullmatch(word))
                shown += f' class="{known}"' if known else ""
            elif key == "href" and CHAT.search(value or ""):
                shown += f' href="{self._link(value or "")}"'
        self._pieces.append(f"<{name}{shown}>")
        self._is_hidden = name in {"style", "script"}

    def handle_endtag(self, tag: str) -> None:
        """Keep the tag."""
        self._pieces.append(f"</{tag if tag in _TAGS else 'span'}>")
        self._is_hidden = False

    def handle_data(self, data: str) -> None:
        """Mask the text. A line that is a time stays one."""
        if self._is_hidden:
            return
        words = data.strip()
        if _CLOCK.fullmatch(words):
            shown = _WORD.sub(lambda match: match[0] if kept.is_time_word(match[0]) else self._plain(match[0]), data)
        elif _ATTACHED.fullmatch(words) or PRODUCT.match(words):
            shown = between(PRODUCT, data, self._text) if PRODUCT.match(words) else data
        else:
            begun = TITLES.match(words)
            start = data.index(words) + (begun.end() if begun else 0)
            shown = data[:start] + self._text(data[start:])
        self._pieces.append(escape(shown, quote=False))

    def parse_html_declaration(self, i: int) -> int:
        """Skip whatever begins with `<!`: the parser of the standard library raises on some of it."""
        return self.parse_bogus_comment(i)

    def taken(self) -> str:
        """The masked page so far."""
        found = "".join(self._pieces)
        self._pieces.clear()
        return found
