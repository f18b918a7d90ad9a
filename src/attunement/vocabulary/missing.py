"""Why a value is not there. Never 0, NaN or an empty cell."""

from __future__ import annotations

from enum import StrEnum


class Missing(StrEnum):
    """A reason in the place of a value."""

    UNSURE = "unsure"
    """An annotator looked and could not decide."""
    UNREADABLE = "unreadable"
    """There is no text to read: it is empty, masked, filtered by the product, or not words."""
    OTHER_LANGUAGE = "other_language"
    """The text is in a language that the annotator was not made for."""
    NO_ANNOTATOR = "no_annotator"
    """No annotator for this construct ran, so nothing is known about it."""
    REFUSED = "refused"
    """A language model was asked and declined, or a content filter stopped it."""
    UNUSABLE = "unusable"
    """A language model was asked, and its answer was broken, cut short or not about what it was asked."""
    UNANSWERED = "unanswered"
    """A language model was asked, and no answer came; it may be asked again."""
    OVER_BUDGET = "over_budget"
    """A language model was not asked, because the budget was spent; it may be asked later."""
    NO_TIMES = "no_times"
    """The source states no times, so nothing that needs an order or a duration can be said."""
    NO_TIME_ZONE = "no_time_zone"
    """Times are in UTC and the person's time zone is not known, so the hour of the day is not known."""
    NOT_RECORDED = "not_recorded"
    """The source has no field for it: that it is absent does not say that it did not happen."""
    TOO_FEW = "too_few"
    """There are fewer observations than the method needs to say anything honest."""
    NOT_IDENTIFIED = "not_identified"
    """The data cannot tell this quantity from another, however much of it there is."""
    NOT_INSTALLED = "not_installed"
    """What would tell it is an extra of this program that is not installed; more data would change nothing."""
    WITHHELD = "withheld"
    """The group is so small that a figure could point at a person."""

    @property
    def sentence(self) -> str:
        """The reason in plain words, as reports print it."""
        return _SENTENCES[self]


_SENTENCES = {
    Missing.UNSURE: "The annotator looked and could not decide.",
    Missing.UNREADABLE: "There is no text to read (empty, masked or not words).",
    Missing.OTHER_LANGUAGE: "The text is not in English, the only language that this annotator reads.",
    Missing.NO_ANNOTATOR: "No annotator for this has been run, so nothing is known.",
    Missing.REFUSED: "The language model declined to answer, or a content filter stopped it.",
    Missing.UNUSABLE: "The language model's answer was broken or cut short.",
    Missing.UNANSWERED: "The language model was asked and no answer came; run the command again to ask once more.",
    Missing.OVER_BUDGET: "The language model was not asked, because the budget was spent.",
    Missing.NO_TIMES: "The source states no times.",
    Missing.NO_TIME_ZONE: "The person's time zone is not known; give it with --time-zone.",
    Missing.NOT_RECORDED: "The source does not record it.",
    Missing.TOO_FEW: "There are too few observations to say anything honest.",
    Missing.NOT_IDENTIFIED: "These data cannot tell it from other explanations.",
    Missing.NOT_INSTALLED: "The part of the program that would tell it is not installed.",
    Missing.WITHHELD: "The group is too small to be shown.",
}
