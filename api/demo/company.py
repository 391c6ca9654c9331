"""The sample company's people, parties and papers, read from the data files beside this one."""

import csv
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from api.demo.workdays import Calendar

SAMPLE = Path(__file__).parent / "sample"
DOMAIN = "fanaleria-morgenti.example"
FIRM = "Fanaleria Morgenti S.r.l."
CLIENTS = ("outlook", "gmail", "outlook", "thunderbird", "apple")
SELLERS = {"it": "Chiara", "de": "Katja", "fr": "Sophie", "pl": "Piotr", "en": "Matteo"}
BOX_NAMES = {
    "info": "Fanaleria Morgenti",
    "orders": "Ufficio Vendite - Fanaleria Morgenti",
    "administration": "Amministrazione Fanaleria Morgenti",
}
BOX_CLIENTS = {"info": "thunderbird", "orders": "outlook", "administration": "outlook"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes or is written to, and the mail program used."""

    name: str
    address: str
    language: str
    role: str
    firm: str = FIRM
    city: str = ""
    country: str = "IT"
    client: str = "outlook"

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]

    @property
    def first(self) -> str:
        return self.name.split(" ")[0]

    @property
    def last(self) -> str:
        return self.name.partition(" ")[2]


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of the ERP with its dates as the sample is shown."""

    kind: str
    number: str
    issued_on: date
    due_on: date | None
    amount: float
    currency: str


@dataclass(frozen=True, slots=True)
class Company:
    """Everybody and everything that the stories speak of."""

    contacts: dict[str, list[Person]]
    colleagues: dict[str, Person]
    papers: dict[str, Paper]
    boxes: dict[str, Person]

    def seller(self, language: str, box: str) -> Person:
        """Give the colleague who signs what leaves a shared mailbox."""
        if box == "matteo":
            return self.colleagues["Matteo"]
        return self.colleagues["Ilaria" if box == "administration" else SELLERS[language]]


def rows(name: str) -> list[dict[str, str]]:
    """Read a table of the sample."""
    with (SAMPLE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def load(calendar: Calendar) -> Company:
    """Read the sample company, its papers dated by the calendar."""
    colleagues = {person.first: person for person in map(_colleague, rows("colleagues.csv"))}
    boxes = {
        box: Person(name, f"{box}@{DOMAIN}", "it", "vendite", client=BOX_CLIENTS[box])
        for box, name in BOX_NAMES.items()
    }
    boxes["matteo"] = colleagues["Matteo"]
    papers = {row["doc_id"]: _paper(row) for row in shifted_documents(calendar)}
    return Company(_contacts(), colleagues, papers, boxes)


def shifted_documents(calendar: Calendar) -> list[dict[str, str]]:
    """Give the documents' rows with dates and yearly numbers as the calendar has them."""
    return [_shifted(row, calendar) for row in rows("documents.csv")]


def shifted_company(calendar: Calendar) -> dict[str, Any]:
    """Give company.json with its period moved so that it ends where the sample is shown."""
    company: dict[str, Any] = json.loads((SAMPLE / "company.json").read_text("utf-8"))
    start = calendar.until - timedelta(days=60)
    checks = [calendar.at(back, "18:00:00") for back in (20, 10)]
    company["start"] = start.strftime("%Y-%m-%dT00:00:00Z")
    company["end"] = calendar.until.strftime("%Y-%m-%dT%H:%M:%SZ")
    company["check_times"] = [f"{check:%Y-%m-%d}T18:00:00Z" for check in checks]
    return company


def _shifted(row: dict[str, str], calendar: Calendar) -> dict[str, str]:
    issued = calendar.shifted(date.fromisoformat(row["date"]))
    due = ""
    if row["due_date"]:
        term = date.fromisoformat(row["due_date"]) - date.fromisoformat(row["date"])
        due = (issued + term).isoformat()
    number = row["number"].format(yyyy=issued.year, yy=issued.year % 100, mm=f"{issued.month:02}")
    return {**row, "number": number, "date": issued.isoformat(), "due_date": due}


def _paper(row: dict[str, str]) -> Paper:
    due = date.fromisoformat(row["due_date"]) if row["due_date"] else None
    issued = date.fromisoformat(row["date"])
    return Paper(row["type"], row["number"], issued, due, float(row["amount"]), row["currency"])


def _colleague(row: dict[str, str]) -> Person:
    return Person(row["name"], row["email"], "it", row["role"])


def _contacts() -> dict[str, list[Person]]:
    parties = {row["party_id"]: row for row in rows("parties.csv")}
    contacts: dict[str, list[Person]] = {}
    for at, row in enumerate(rows("contacts.csv")):
        person = _contact(row, parties[row["party_id"]], CLIENTS[at % len(CLIENTS)])
        contacts.setdefault(row["party_id"], []).append(person)
    return contacts


def _contact(row: dict[str, str], party: dict[str, str], client: str) -> Person:
    agent = row["role"] == "agente"
    return Person(
        row["name"],
        row["email"],
        party["language"],
        row["role"],
        "Agenzia Venanzi" if agent else party["name"],
        "" if agent else party["city"],
        party["country"],
        client,
    )
