"""Every form that can be read, in the order in which a file is held against them."""

from attunement.sources.formats import chatgpt
from attunement.sources.forms import Form

FORMATS: dict[str, Form] = {form.key: form for form in (*chatgpt.FORMS,)}
"""Forms by key. A form that is told by fewer signs stands below those that are told by more."""

__all__ = ["FORMATS"]
