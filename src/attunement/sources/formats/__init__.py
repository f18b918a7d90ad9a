"""Every form that can be read, in the order in which a file is held against them."""

from attunement.sources.formats import (
    ai_studio,
    character_ai,
    chatgpt,
    claude,
    deepseek,
    gemini,
    gemini_page,
    grok,
    inspect_logs,
    lmsys,
    open_webui,
    openai_chat,
    otel,
    replika,
    sharegpt,
    sillytavern,
    wildchat,
)
from attunement.sources.forms import Form

FORMATS: dict[str, Form] = {
    form.key: form
    for form in (
        *chatgpt.FORMS,
        *claude.FORMS,
        *gemini.FORMS,
        *gemini_page.FORMS,
        *ai_studio.FORMS,
        *deepseek.FORMS,
        *grok.FORMS,
        *inspect_logs.FORMS,
        *open_webui.FORMS,
        *otel.FORMS,
        *replika.FORMS,
        *sillytavern.FORMS,
        *character_ai.FORMS,
        *wildchat.FORMS,
        *lmsys.FORMS,
        *sharegpt.FORMS,
        *openai_chat.FORMS,
    )
}
"""Forms by key. A form that is told by fewer signs stands below those that are told by more."""

__all__ = ["FORMATS"]
