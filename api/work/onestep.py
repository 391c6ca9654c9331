"""A mail in one step, as programs and the command line send it: proposed, filled in, by a template."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from api.work.composing import Context, composed
from api.work.drafts import Writer
from api.work.instance import Carteggio
from api.work.templated import Wanted, by_template
from domain.draft import Attached, Draft
from domain.values import Rejected


@dataclass(frozen=True, slots=True)
class OneStep:
    """What is said of it; what is not is proposed (recipients, sender) or a template's (words)."""

    begun: Context
    files: tuple[Attached, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    send_at: datetime | None = None
    acknowledged: tuple[str, ...] = ()
    template: Wanted = field(default_factory=Wanted)


async def in_one_step(carteggio: Carteggio, writer: Writer, one: OneStep) -> Draft:
    """Give the whole draft; Rejected: what it is about is not there, or values or all words missing.

    About a document it has to bring a file (domain/doubts.py).
    """
    draft = (await composed(carteggio, writer, one.begun)).decided()
    draft = replace(
        draft,
        to=one.to or draft.to,
        cc=one.cc,
        bcc=one.bcc,
        subject=one.subject,
        text=one.text,
        html=one.html,
        files=one.files,
        presents=draft.document is not None,
        not_before=one.send_at,
        acknowledged=one.acknowledged,
    )
    draft = await by_template(carteggio, writer, draft, one.template)
    if not (draft.subject or draft.text or draft.html):
        do = "save one whose document_kind is the ERP's word (template samples, templateSave), or "
        do += "give subject and text"
        raise Rejected("NO_WORDS", f"no template fits, and nothing is written in this mail: {do}")
    return draft
