"""What the sample's own files say, read by Python's library: no code of ours takes part."""

import csv
import mailbox
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Truth:
    """A sample as it lies on disk."""

    folder: Path

    def with_party(self, code: str) -> set[str]:
        """Give the Message-IDs of the mail that a party sent or got, by addresses of it alone."""
        people = self._addresses_of(code)
        return {id for id, mail in self._mails() if people & _people(mail, "From", "To", "Cc")}

    def waiting(self) -> set[str]:
        """Give the Message-IDs of the mail that is meant to wait for an answer."""
        return set((self.folder / "unanswered.txt").read_text("utf-8").split())

    def _mails(self) -> Iterator[tuple[str, Message]]:
        for path in sorted((self.folder / "mailboxes").glob("*.mbox")):
            with_mail: mailbox.mbox = mailbox.mbox(path, create=False)
            try:
                for mail in with_mail:
                    yield bare(str(mail["Message-ID"])), mail
            finally:
                with_mail.close()

    def _addresses_of(self, code: str) -> set[str]:
        rows = self._rows("contacts.csv")
        shared = Counter(email for email, _ in {(row["email"], row["party_id"]) for row in rows})
        return {
            row["email"].casefold()
            for row in rows
            if row["party_id"] == code and shared[row["email"]] == 1
        }

    def _rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / "directory" / name).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))


def bare(id: str) -> str:
    """Take the brackets off a Message-ID."""
    return id.strip().removeprefix("<").removesuffix(">")


def _people(mail: Message, *fields: str) -> set[str]:
    values = [str(value) for name in fields for value in mail.get_all(name, [])]
    return {address.casefold() for _, address in getaddresses(values) if address}
