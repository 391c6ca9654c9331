"""What a person newly wrote: quoted history and signature are folded away, nothing is deleted."""

import re

_QUOTE = re.compile(r"^\s*>", re.MULTILINE)
_WROTE = re.compile(
    r"^[ \t>]*(?:"
    r"(?:on|am|il|le|el|w dniu|dnia|em|den|op|(?:pon|wt|śr|czw|pt|sob|niedz)\.,)(?=\s)(?:[^\n]{4,360}|[^\n]{4,200}\n[^\n]{0,160})"
    r"(?:wrote|schrieb|ha scritto|a écrit|escribió|napisa[łl]\(?a?\)?|pisze|escreveu|skrev)"
    r"[^\n]{0,120}:?\s*$"
    r"|wiadomość napisana przez [^\n]{2,200}:\s*$"
    r"|-{3,}\s*[^\n-]{3,60}\s*-{3,}\s*$"
    r"|_{10,}\s*$"
    r"|(?:from|von|da|de|od|van)\s?:[^\n]{2,200}\n(?:[ \t>]*[^\n:]{2,30}\s?:[^\n]*\n?){2,}"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
_CLOSING = re.compile(
    r"^\s*(?:grazie e (?:buona giornata|saluti|cordiali saluti)|(?:con i )?(?:migliori |cordiali |distinti )?saluti|cordialmente"
    r"|(?:best |kind |warm )?regards|sincerely|yours"
    r"|mit (?:freundlichen|besten) grü(?:ß|ss)en|(?:freundliche|viele|beste) grü(?:ß|ss)e|gruß|mfg"
    r"|(?:bien )?cordialement|salutations|bien à vous"
    r"|(?:inviato da|sent from|get outlook|gesendet v[oi]|von unterwegs|von meinem|envoyé de|wysłan[eo] z)\w*"
    r"|z (?:poważaniem|wyrazami szacunku)|pozdrawiam|pozdrowienia)\b[^\n]{0,40}$",
    re.IGNORECASE | re.MULTILINE,
)
_LIMIT = 64 * 1024


def new_text(text: str) -> str:
    """Give what stands before the quoted history; the whole text if nothing stands before it."""
    head = text[:_LIMIT].replace("\r\n", "\n")
    cuts = [found.start() for found in (_WROTE.search(head), _QUOTE.search(head)) if found]
    new = head[: min(cuts)] if cuts else head
    return new.strip() or head.strip()


def below(text: str) -> str:
    """Give what stands below the new text: quoted history, with what is written between it."""
    head, new = text[:_LIMIT].replace("\r\n", "\n").strip(), new_text(text)
    return head[len(new) :].strip() if head.startswith(new) else ""


def spoken(text: str) -> str:
    """Give the new text without signature and closing formula: what the writer says."""
    new = new_text(text)
    cuts = [found.start() for found in (_SIGNATURE.search(new), _CLOSING.search(new)) if found]
    return (new[: min(cuts)] if cuts else new).strip() or new
