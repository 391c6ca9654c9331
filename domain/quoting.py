"""What stands below the new text of an answer or a forward, in the correspondent's language."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final

from domain.classes import dataclass
from domain.composing import one_line, plain_body
from domain.content import Content
from domain.values import Address


@dataclass(frozen=True, slots=True)
class Wording:
    """How a language says who wrote when, and names the header fields of what is passed on."""

    wrote: str
    day: str
    forwarded: str
    sender: str
    date: str
    subject: str
    to: str
    cc: str


_EN: Final = Wording(
    "On {day}, {who} wrote:", "%Y-%m-%d %H:%M",
    "Forwarded message", "From", "Date", "Subject", "To", "Cc",
)  # fmt: skip
_WORDINGS: Final = {
    "en": _EN,
    "it": Wording(
        "Il {day} {who} ha scritto:", "%d/%m/%Y alle %H:%M",
        "Messaggio inoltrato", "Da", "Data", "Oggetto", "A", "Cc",
    ),
    "de": Wording(
        "Am {day} schrieb {who}:", "%d.%m.%Y um %H:%M",
        "Weitergeleitete Nachricht", "Von", "Datum", "Betreff", "An", "Kopie",
    ),
    "fr": Wording(
        "Le {day}, {who} a écrit :", "%d/%m/%Y à %H:%M",
        "Message transféré", "De", "Date", "Objet", "À", "Copie à",
    ),
    "pl": Wording(
        "W dniu {day} {who} pisze:", "%d.%m.%Y o %H:%M",
        "Wiadomość przekazana", "Od", "Data", "Temat", "Do", "DW",
    ),
    "es": Wording(
        "El {day}, {who} escribió:", "%d/%m/%Y a las %H:%M",
        "Mensaje reenviado", "De", "Fecha", "Asunto", "Para", "Cc",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Telling:
    """How it is told what a quote is: the reader's language and zone, and when the mail came.

    The time of arrival stands where the mail has no date: without one, mail programs do not
    recognise the line before a quote.
    """

    language: str
    zone: tzinfo
    received_at: datetime

    @property
    def words(self) -> Wording:
        """Give the words of the language (`it`, `de-AT`); English where there are none."""
        return _WORDINGS.get(self.language.partition("-")[0].lower(), _EN)

    def day(self, content: Content) -> str:
        """Give when a mail was written."""
        at = (content.sent_at or self.received_at).astimezone(self.zone)
        return at.strftime(self.words.day)


def attribution(content: Content, telling: Telling) -> str:
    """Give the line that says who wrote what is quoted, and when."""
    who = author_of(content)
    name = one_line(who.name) or one_line(who.spec) or "?"
    return telling.words.wrote.format(day=telling.day(content), who=name)


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


def forwarded_fields(content: Content, telling: Telling) -> Iterator[tuple[str, str]]:
    """Give name and value of the lines that say what is passed on."""
    words = telling.words
    yield words.sender, _written(author_of(content))
    yield words.date, telling.day(content)
    yield words.subject, one_line(content.subject)
    for name, people in ((words.to, content.to), (words.cc, content.cc)):
        if people:
            yield name, ", ".join(map(_written, people))


def forwarded_head(content: Content, telling: Telling) -> str:
    """Give the block of lines before a text that is passed on, an empty line behind it."""
    fields = forwarded_fields(content, telling)
    lines = (f"{name}: {value}\n" for name, value in fields)
    return f"---------- {telling.words.forwarded} ----------\n{''.join(lines)}\n"


def _written(address: Address) -> str:
    name, spec = one_line(address.name), one_line(address.spec)
    return f"{name} <{spec}>" if name and name != spec else spec
