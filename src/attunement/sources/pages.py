"""Pages of HTML to the text that a person sees on them, by the standard library alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SPACE = re.compile(r"\s+")
_TRAILING = re.compile(r"[ \t]+\n")
_MANY = re.compile(r"\n{3,}")
_LINE_TAGS = frozenset({"br", "div", "tr", "li", "ul", "ol", "section", "article", "hr", "dd", "dt"})
_BLOCK_TAGS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "blockquote"})
_HIDDEN_TAGS = frozenset({"script", "style", "head", "template"})


class PageText(HTMLParser):
    """Gathers the visible text of what it is fed; `taken` hands it out and starts anew."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._n_hidden = 0
        self._n_pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - their signature
        """Break the line where the tag does."""
        if tag in _HIDDEN_TAGS:
            self._n_hidden += 1
        elif tag == "pre":
            self._n_pre += 1
        self._break(tag)
        if tag == "li":
            self._pieces.append("- ")

    def handle_endtag(self, tag: str) -> None:
        """Break the line where the tag does."""
        if tag in _HIDDEN_TAGS:
            self._n_hidden = max(0, self._n_hidden - 1)
        elif tag == "pre":
            self._n_pre = max(0, self._n_pre - 1)
        if tag != "br":
            self._break(tag)

    def handle_data(self, data: str) -> None:
        """Keep the text, with white space as a browser shows it."""
        if self._n_hidden:
            return
        text = data if self._n_pre else _SPACE.sub(" ", data)
        if text.startswith(" ") and not self._n_pre and (not self._pieces or self._pieces[-1].endswith((" ", "\n"))):
            text = text[1:]
        if text:
            self._pieces.append(text)

    def parse_html_declaration(self, i: int) -> int:
        """Skip whatever begins with `<!`: the parser of the standard library raises on some of it."""
        return self.parse_bogus_comment(i)

    def taken(self) -> str:
        """The text so far."""
        text = _MANY.sub("\n\n", _TRAILING.sub("\n", "".join(self._pieces))).strip()
        self._pieces.clear()
        return text

    def _break(self, tag: str) -> None:
        if tag in {"td", "th"} and self._pieces and not self._pieces[-1].endswith(("\n", "\t")):
            self._pieces.append("\t")
        if tag == "br":
            self._pieces.append("\n")
        elif tag in _BLOCK_TAGS:
            self._lines(2)
        elif tag in _LINE_TAGS:
            self._lines(1)

    def _lines(self, n_wanted: int) -> None:
        if self._pieces:
            last = self._pieces[-1]
            n_there = len(last) - len(last.rstrip("\n"))
            if n_there < n_wanted:
                self._pieces.append("\n" * (n_wanted - n_there))


def plain(html: str) -> str:
    """The text of a piece of HTML."""
    if "<" not in html and "&" not in html:
        return html.strip()
    page = PageText()
    page.feed(html)
    page.close()
    return page.taken()
