"""Bounces in forms of their own (qmail, exim, Exchange, …): known by sender and wording."""

import re

from adapters.mime.addresses import addresses_in
from adapters.mime.fields import Fields
from adapters.mime.words import raw_text

READ_AT_MOST = 20_000

_DAEMON = re.compile(
    r"(?i)mailer-?daemon|post_?master|mail[ ._-]?deliver(?:y|)[ ._-]?(?:sub)?[ ._-]?system"
    r"|\bmail-daemon|delivery[ ._-]?notification|smtp[ _.-]?(?:mail_service|gateway)"
)
_MAILER = re.compile(r"(?i)mailer-?daemon")
_COMPLAINT = re.compile(
    r"(?i)complaint about message from|(?:fbl|feedback loop) (?:report|complaint)"
)


def _any_of(*wordings: str, before: str = "") -> re.Pattern[str]:
    return re.compile(f"(?i){before}(?:{'|'.join(wordings)})")


_FAILED_SUBJECT = _any_of(
    r"(?:e?-?mail |message |permanent )?deliver(?:y|ing) (?:has )?"
    r"(?:failure|failed|error|warning|problem|status notification|delayed|report)",
    r"(?:message |mail )?delivery (?:notification: )?(?:has )?(?:failed|delayed)",
    r"(?:\S+ )?mail delivery (?:failed|failure|warning|problem|error)",
    r"fail(?:ure|ed) (?:notice|deliver)|mail (?:failed|system error|error)|returned mail",
    r"undeliver(?:able|ed)|non[- ]?deliver(?:y|able)|rejected:|automatically rejected",
    r"(?:e?-?mail |message |your message )?could not be delivered",
    r"there was an error sending your mail|delayed mail",
    r"warning.{0,60}(?:could not send|delayed|not delivered)",
    r"(?:message|mail) (?:status - )?(?:undeliverable|delayed|not delivered|you sent)",
    r"unzustellbar|nicht zustellbar|zustellung fehlgeschlagen|fehler bei der zustellung",
    r"mancat[ao] (?:consegna|recapito)|impossibile (?:recapitare|consegnare)",
    r"mail non (?:recapitat|consegnat)|non recapitabile",
    r"messaggio non (?:recapitato|consegnato)|consegna (?:non riuscita|fallita)",
    r"non remis|non[- ]distribu|remise impossible",
    r"échec (?:de la remise|d.envoi|de (?:la )?livraison)",
    r"no se (?:puede|pudo) entregar|error de entrega|no entregado|devuelto",
    r"niedostarcz|nie dostarczono|zwrot|onbestelbaar|niet afgeleverd|ej levererat",
    r"não (?:foi )?entreg|falha na entrega",
    r"недоставлен|ваше сообщение не доставлено|не доставлено",
    r"配信|送信エラー|退信|系统退信|邮件传输失败",
    before=r"(?:\[[^\]]{1,40}\]\s*|\*+\s*)?",
)
_FAILED_TEXT = _any_of(
    r"could(?: not|n't) be (?:delivered|found|reached|sent)|wasn't delivered",
    r"(?:was|were|is|been) (?:undeliver|not (?:yet )?(?:been )?deliver|unable to)",
    r"unable to deliver|not (?:be )?able to (?:be )?deliver|undeliver(?:able|ed)",
    r"deliver(?:y|ing)[^\n]{0,80}fail|failed[^\n]{0,60}(?:deliver|recipient|address)",
    r"user (?:unknown|not found|does not exist)|unknown (?:user|recipient|address)",
    r"no such (?:user|mailbox|address|person|recipient)|over ?quota",
    r"mailbox (?:full|unavailable|not found|quota|is full|does not exist)",
    r"host (?:unknown|not found)",
    r"(?:address|recipient)[^\n]{0,40}(?:rejected|unknown|not found|invalid)",
    r"permanent(?:ly)? (?:fatal )?(?:error|fail)|transcript of session",
    r"returning (?:message|your)|returned (?:to sender|below|mail)",
    r"can(?:not|'t) (?:be )?(?:deliver|send|forward)|not (?:been )?(?:delivered|accepted)",
    r"error (?:occurred|while)|had (?:permanent )?(?:fatal )?errors",
    r"non (?:è|e') stato (?:possibile|consegnato|recapitato)",
    r"nicht (?:zugestellt|zustellbar|ausgeliefert)|n'a pas pu être",
    r"no (?:se )?(?:pudo|ha podido)|nie (?:mog|został)[^\n]{0,20}dostarcz",
    r"не (?:удалось|может быть|было) достав|не доставлен",
    r"配信でき|届け|送信でき|投递|退回|delayed|still being retried",
    r"(?<![\d.])5\.\d\.\d{1,3}(?![\d.])|\b55[0-4][ -]",
)
_DELAYED = re.compile(
    r"(?i)\bdelayed\b|still (?:being )?(?:retr|tr(?:y|ied))|could not send (?:mail|message) for"
    r"|not (?:yet )?been delivered yet|will (?:continue to|keep|be) (?:try|retr)"
    r"|warning message only|has not yet been delivered|temporary (?:failure|problem)|ritardat"
    r"|verzögert|en attente|opóźni"
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])[0-5]\d(?:[ -](?=[A-Za-z<#:\[(]))")
_ADDRESS = re.compile(r"<?([\w.+=/~&-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{1,250}[A-Za-z0-9])>?")
# The last line before the addresses that failed: "did not reach the following recipient(s):".
_FAILED_BELOW = re.compile(
    r"(?im)^[^\n]{0,100}\b(?:recipient|address|destination|user)s?(?:\(e?s\))?\b[^\n]{0,60}"
    r"(?::[ \t]*$|(?<=error)s? -{3,}[ \t]*$)"
)
_LISTED = re.compile(r"(?m)^[ \t]*<([\w.+=/~&-]{1,64}@[A-Za-z0-9.-]{3,250})>:")
_NOBODY = re.compile(r"(?i)(?:post_?master|mailer-?daemon|abuse|help-?desk|support|uucp|root)@")
_QUOTED_HEADERS = re.compile(
    r"(?im)^(?:[ \t>-]*(?:return-path|received|message-id)[ \t]*:"
    r"|-{2,}[^\n]{0,60}(?:copy|original|returned|message)[^\n]*)"
)


def comes_from_a_machine(fields: Fields) -> bool:
    """Tell whether a mail system wrote: by a null return path, or by the author's name."""
    returns = raw_text(fields.first("return-path")).strip()
    if returns in ("<>", "<MAILER-DAEMON>", "MAILER-DAEMON"):
        return True
    author = fields.text("from")
    return bool(_DAEMON.search(author[:500])) or author.strip() in ("<>", '""')


def is_complaint(fields: Fields) -> bool:
    """Tell whether a provider reports a complaint in a form of its own."""
    return _COMPLAINT.match(fields.text("subject")[:100]) is not None


def is_bounce(fields: Fields, text: str, *, returned: bool) -> bool:
    """Tell whether a mail without a delivery report says all the same that one failed."""
    if fields.first("x-failed-recipients"):
        return True
    said = _FAILED_SUBJECT.match(fields.text("subject")[:300]) is not None
    head = text[:READ_AT_MOST]
    if comes_from_a_machine(fields):
        replies = fields.text("auto-submitted").lower().startswith("auto-replied")
        if returned and _MAILER.search(fields.text("from")[:500]):
            return True
        return said or (not replies and _FAILED_TEXT.search(head) is not None)
    if not said or fields.first("references"):
        return False
    # No sign but the wording: the original must have come back with it.
    brings = returned or _QUOTED_HEADERS.search(head) is not None
    return brings or _FAILED_TEXT.search(head[:1_000]) is not None


def outcome_in(fields: Fields, text: str) -> str:
    """Tell by wording whether delivery failed or is only late."""
    if _DELAYED.search(fields.text("subject")):
        return "delayed"
    told = _told(text)
    if status := status_in(told):
        return "delayed" if status.startswith("4") else "failed"
    return "delayed" if _DELAYED.search(told) else "failed"


def status_in(text: str) -> str:
    """Give the first enhanced status code (RFC 3463) of a text, or one for an SMTP reply."""
    told = _told(text)
    if found := _STATUS.search(told):
        return found[1]
    reply = _REPLY.search(told)
    return f"{reply[1]}.0.0" if reply else ""


def recipient_in(fields: Fields, text: str) -> str:
    """Give the address that could not be reached, as far as header or text tell."""
    failed = addresses_in(fields.every("x-failed-recipients"))
    if failed:
        return failed[0].spec
    told = _told(text)
    below = _FAILED_BELOW.search(told)
    own = {address.key for name in ("from", "to") for address in addresses_in(fields.every(name))}
    places = (told[below.end() :] if below else "", told)
    found = [spec for place in places for spec in _ADDRESS.findall(place)]
    likely = (spec for spec in found if spec.lower() not in own and not _NOBODY.match(spec))
    return next(likely, "") or _listed_in(told)


def _listed_in(told: str) -> str:
    """Give the address before a reason, `<a@b>: User unknown`, even if it is the reader's own."""
    found = _LISTED.search(told)
    return found[1] if found and not _NOBODY.match(found[1]) else ""


def _told(text: str) -> str:
    """Give what the mail system says, without the message that it returns."""
    head = text[:READ_AT_MOST]
    original = _QUOTED_HEADERS.search(head)
    return head[: original.start()] if original and original.start() > 40 else head
