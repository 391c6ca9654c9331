"""What stands below the new text of an answer or a forward, in the correspondent's language."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from domain.composing import one_line, plain_body
from domain.content import Content
from domain.values import Address


@dataclass(frozen=True, slots=True)
class Wording:
    """How a language says who wrote when, and names the header fields of what is passed on."""

    wrote: str
    wrote_undated: str
    day: str
    forwarded: str
    sender: str
    date: str
    subject: str
    to: str
    cc: str


_EN: Final = Wording(
    "On {day}, {who} wrote:", "{who} wrote:", "%Y-%m-%d %H:%M",
    "Forwarded message", "From", "Date", "Subject", "To", "Cc",
)  # fmt: skip
_WORDINGS: Final = {
    "en": _EN,
    "it": Wording(
        "Il {day} {who} ha scritto:", "{who} ha scritto:", "%d/%m/%Y alle %H:%M",
        "Messaggio inoltrato", "Da", "Data", "Oggetto", "A", "Cc",
    ),
    "de": Wording(
        "Am {day} schrieb {who}:", "{who} schrieb:", "%d.%m.%Y um %H:%M",
        "Weitergeleitete Nachricht", "Von", "Datum", "Betreff", "An", "Kopie",
    ),
    "fr": Wording(
        "Le {day}, {who} a écrit :", "{who} a écrit :", "%d/%m/%Y à %H:%M",
        "Message transféré", "De", "Date", "Objet", "À", "Copie à",
    ),
    "pl": Wording(
        "W dniu {day} {who} pisze:", "{who} pisze:", "%d.%m.%Y o %H:%M",
        "Wiadomość przekazana", "Od", "Data", "Temat", "Do", "DW",
    ),
    "es": Wording(
        "El {day}, {who} escribió:", "{who} escribió:", "%d/%m/%Y a las %H:%M",
        "Mensaje reenviado", "De", "Fecha", "Asunto", "Para", "Cc",
    ),
}  # fmt: skip


def wording(language: str) -> Wording:
    """Give the words of a language (`it`, `de-AT`); English where there are none."""
    return _WORDINGS.get(language.partition("-")[0].lower(), _EN)


def attribution(content: Content, language: str, zone: tzinfo) -> str:
    """Give the line that says who wrote what is quoted, and when."""
    words, who = wording(language), _who(author_of(content))
    if content.sent_at is None:
        return words.wrote_undated.format(who=who)
    return words.wrote.format(day=_day(content.sent_at, words, zone), who=who)


def author_of(content: Content) -> Address:
    """Give who wrote a mail; of certified mail the person, not the provider (RFC 6109)."""
    authors = (content.pec_sender, *content.authors, content.sender)
    return next((one for one in authors if one is not None), Address(""))


def quoted(text: str) -> str:
    """Put `>` before every line, as RFC 3676 4.5 has it."""
    lines = plain_body(text).removesuffix("\n").split("\n")
    return "".join(
        f">{line}\n" if line[:1] == ">" else f"> {line}".rstrip() + "\n" for line in lines
    )


def forwarded_fields(content: Content, language: str, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """Give name and value of the lines that say what is passed on."""
    words = wording(language)
    yield words.sender, _written(author_of(content))
    if content.sent_at is not None:
        yield words.date, _day(content.sent_at, words, zone)
    yield words.subject, one_line(content.subject)
    for name, people in ((words.to, content.to), (words.cc, content.cc)):
        if people:
            yield name, ", ".join(map(_written, people))


def forwarded_head(content: Content, language: str, zone: tzinfo) -> str:
    """Give the block of lines before a text that is passed on, an empty line behind it."""
    fields = forwarded_fields(content, language, zone)
    lines = (f"{name}: {value}\n" for name, value in fields)
    return f"---------- {wording(language).forwarded} ----------\n{''.join(lines)}\n"


def _day(at: datetime, words: Wording, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime(words.day)


def _who(address: Address) -> str:
    return one_line(address.name) or one_line(address.spec) or "?"


def _written(address: Address) -> str:
    name, spec = one_line(address.name), one_line(address.spec)
    return f"{name} <{spec}>" if name and name != spec else spec
