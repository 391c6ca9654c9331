"""How mail programs write: ids, prefixes, quoted history, the headers they leave."""

import base64
import html
import textwrap
from datetime import UTC, date, datetime

from api.demo.chance import UPPER, number, token, uuid
from api.demo.company import Person
from api.demo.letters import Letter, forms
from api.demo.workdays import WESTERN, local

PROGRAM = {
    "outlook": (("X-Mailer", "Microsoft Outlook 16.0"),),
    "gmail": (),
    "apple": (("X-Mailer", "Apple Mail (2.3826.500.181)"),),
    "thunderbird": (("User-Agent", "Mozilla Thunderbird"),),
    "plain": (),
    "phone": (("X-Mailer", "iPhone Mail (22D72)"),),
    "erp": (("X-Mailer", "ERP document dispatch 9.4"),),
    "machine": (("X-Mailer", "Document service 2.0"),),
    "pec": (("X-Mailer", "Webmail PEC 4.2"),),
}
RULE = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
GMAIL_QUOTE = "margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"
FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def message_id(client: str, seed: str, domain: str) -> str:
    """Give a Message-ID in the style of the program, the same for the same seed."""
    match client:
        case "outlook":
            server = (
                f"AM{number(seed, 9)}PR0{number(seed + 's', 9)}MB{token(seed, 4, '123456789')}"
            )
            cluster = f"eurprd0{number(seed + 's', 9)}.prod.exchange.example"
            return f"{server}{token(seed, 24, UPPER)}@{server}.{cluster}"
        case "gmail":
            return f"CA{token(seed, 6)}={token(seed + 'b', 40)}@mail.postalibera.example"
        case "apple" | "phone":
            return f"{str(uuid(seed)).upper()}@{domain}"
        case "erp" | "machine":
            parts = (
                f"{number(seed, 10**9)}.{number(seed + 'n', 9999)}.{token(seed, 13, '123456789')}"
            )
            return f"{parts}.JavaMail.erp@erp.{domain}"
        case _:
            return f"{uuid(seed)}@{domain}"


def answered(client: str, language: str, subject: str) -> str:
    """Put the program's reply prefix before a subject that does not begin with it."""
    prefix = forms(language)["reply_prefix"] if client == "outlook" else "Re: "
    return subject if subject.startswith(prefix) else prefix + subject


def forwarded(client: str, language: str, subject: str) -> str:
    """Put the program's forward prefix before a subject."""
    return (forms(language)["forward_prefix"] if client == "outlook" else "Fwd: ") + subject


def thread_index(seed: str, sent_at: datetime, parent: str) -> str:
    """Give Exchange's Thread-Index: 22 octets for a first mail, 5 more for each reply."""
    if parent:
        added = number(seed, 2**40).to_bytes(5, "big")
        return base64.b64encode(base64.b64decode(parent) + added).decode()
    ticks = int((sent_at - FILETIME_EPOCH).total_seconds() * 10_000_000)
    return base64.b64encode(ticks.to_bytes(8, "big")[:6] + uuid(seed).bytes).decode()


def clock_of(person: Person, moment: datetime) -> datetime:
    """Show a moment on the person's clock."""
    return local(moment, WESTERN) if person.country in {"GB", "IE"} else local(moment)


def paragraphs(text: str) -> str:
    """Make simple HTML of a text: blank lines part paragraphs."""
    blocks = (html.escape(block, quote=False) for block in text.split("\n\n"))
    return "\n".join(f"<p>{block.replace(chr(10), '<br>')}</p>" for block in blocks)


def with_history(client: str, language: str, own: str, parent: Letter | None) -> tuple[str, str]:
    """Give text and HTML of a mail: what is new, then what it answers, as the program quotes."""
    if parent is None or client in {"erp", "machine"}:
        return _wrapped(client, own), paragraphs(own)
    if client == "outlook":
        text, quote = _outlook(language, parent)
        return f"{own}\n\n{text}", f"{paragraphs(own)}\n{quote}"
    line = _attribution(client, language, parent)
    quoted = "\n".join(_quoted(row) for row in parent.text.split("\n"))
    text = f"{_wrapped(client, own)}\n\n{line}\n" + ("\n" if client == "apple" else "") + quoted
    attribution = html.escape(line, quote=False)
    quote = (
        f'<div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f'{attribution}<br></div><blockquote class="gmail_quote" style="{GMAIL_QUOTE}">'
        f"{parent.html}</blockquote></div>"
    )
    return text, f"{paragraphs(own)}<br>\n{quote}"


def shown_date(language: str, day: date) -> str:
    """Write a date as letters in that language do."""
    form = forms(language)
    month = form["months"][day.month - 1]
    written: str = form["date"].format(d=day.day, m=day.month, y=day.year, month=month)
    return written


def _quoted(row: str) -> str:
    return f">{row}" if row.startswith(">") else f"> {row}".rstrip()


def _wrapped(client: str, own: str) -> str:
    # RFC 3676: a line that ends in a blank goes on in the next.
    if client not in {"thunderbird", "gmail"}:
        return own
    end = " \n" if client == "thunderbird" else "\n"
    return "\n".join(end.join(textwrap.wrap(row, 72)) for row in own.split("\n"))


def _attribution(client: str, language: str, parent: Letter) -> str:
    form = forms(language)
    at = local(parent.sent_at)
    pattern: str = form["apple" if client == "phone" else client]
    return pattern.format(
        weekday=form["weekdays"][at.weekday()],
        day=at.day,
        m=at.month,
        month=form["months"][at.month - 1],
        year=at.year,
        clock=f"{at:%H:%M}",
        numeric=shown_date(language, at),
        name=parent.author.name,
        address=parent.author.address,
    )


def _outlook(language: str, parent: Letter) -> tuple[str, str]:
    form = forms(language)
    when = f"{shown_date(language, local(parent.sent_at))} {local(parent.sent_at):%H:%M}"
    cc = "; ".join(f"{person.name} <{person.address}>" for person in parent.cc)
    author = f"{parent.author.name} <{parent.author.address}>"
    to = "; ".join(f"{person.name} <{person.address}>" for person in parent.to)
    values = zip(form["outlook"], (author, when, to, cc, parent.subject), strict=True)
    lines = [(label, value) for label, value in values if value]
    text = "\n".join(f"{label}: {value}" for label, value in lines)
    head = "<br>".join(f"<b>{label}:</b> {html.escape(value)}" for label, value in lines)
    quote = f'<div style="{RULE}"><p>{head}</p></div>\n{parent.html}'
    # The older form has a line of its own, the newer a rule.
    first = form["original"] if number(parent.id, 2) else "_" * 32
    return f"{first}\n{text}\n\n{parent.text}", quote
