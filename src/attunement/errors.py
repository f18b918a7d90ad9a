"""Every error a user can meet, as one tree.

AttunementError
    SourceError       an export or log cannot be read; nothing was stored
    StoreError        a store cannot be opened, unlocked or migrated
    SchemaError       a table does not have the columns its stage promised
    CodebookError     a construct is unknown, or its file is incomplete
    WeightsError      the weights of an annotator cannot be read, or are not those of this version
    ProcessError      a decision process has a row that makes no sense, or is too large to solve exactly
    OptionError       an argument or option has a value that makes no sense
    ExtraMissing      a feature needs an optional package that is not installed
    ServiceError      a service outside this machine failed

Each prints as four lines: what went wrong, what was got, what was to be had, what to do. What goes wrong with one
unit (a message, a conversation) is not an error but data: a `Missing` with a reason, or a row of NOTICES.
"""

from __future__ import annotations

from typing import ClassVar


class AttunementError(Exception):
    """The root of the tree. Catch it to catch everything this package raises on purpose."""

    exit_code: ClassVar[int] = 2
    """What the command line exits with: 2 bad input, 3 an outside service failed."""

    def __init__(self, what: str, *, got: str = "", have: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.got = got
        self.have = have
        self.do = do

    def __str__(self) -> str:
        rows = [("got", self.got), ("have", self.have), ("do", self.do)]
        lines = [self.what, *(f"  {word:<5} {text}" for word, text in rows if text)]
        return "\n".join(" ".join(line.splitlines()) for line in lines)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.got, self.have, self.do))


def _rebuild(kind: type[AttunementError], what: str, got: str, have: str, do: str) -> AttunementError:
    return kind(what, got=got, have=have, do=do)


class SourceError(AttunementError):
    """Look at the file named in the error; the store is as it was before the import."""


class StoreError(AttunementError):
    """Check the path, the passphrase and the version of the program that wrote the store."""


class SchemaError(AttunementError):
    """A stage gave or was given a table that breaks its contract: a fault of an extension or of this program."""


class CodebookError(AttunementError):
    """Use a construct that `attune codebook` lists, or complete the file that is named."""


class WeightsError(AttunementError):
    """Train the heads again with `attune train`, or use the weights that ship."""


class ProcessError(AttunementError):
    """Mend the row that is named, or ask a smaller question: fewer steps, states or reward parameters."""


class OptionError(AttunementError):
    """Give the option one of the values that the error lists."""


class ExtraMissing(AttunementError):
    """Run the `pip install` line that the error prints."""


class ServiceError(AttunementError):
    """The service said no or nothing; what was done until then is kept, so run the command again."""

    exit_code: ClassVar[int] = 3
