"""A firm with people, a group and rules, whose mail comes from files."""

import asyncio
import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from adapters.ids import uuid7
from api.work.absences import Said, Span, set_absence
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.mailrules import new_rule, save_rule, written
from api.work.ruleruns import apply
from api.work.settling import settle
from api.work.sharing import colleague_at
from api.work.staffgroups import save_group
from api.work.tokens import by_operator
from domain import mailrules
from domain.identity import mailbox_id
from domain.mailrules import RuleSaved, SaveRule
from domain.ruleactions import RuleApplied
from domain.values import AbsenceId, ColleagueId, MailboxId
from instances import events_of
from letters import letter

INFO, ORDERS, SERVICE = (f"{one}@firm.example" for one in ("info", "orders", "service"))
FOUR = ("anna", "bert", "carla", "dora")
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"],'
    f' "aliases": {{"bestellung@firm.example": "{ORDERS}"}}}}',
    "colleagues.csv": "name,email,role,mailbox_collected\n"
    + "".join(f"{one.title()},{one}@firm.example,sales,no\n" for one in (*FOUR, "elio")),
    "mailboxes.csv": f"address\n{INFO}\n{ORDERS}\n{SERVICE}\n",
    "parties.csv": "party_id,kind,name,sales_manager\n"
    "C1,customer,Acme,bert@firm.example\nC2,customer,Beta,\n",
    "contacts.csv": "party_id,name,role,email\nC1,Ada,,ada@acme.example\nC2,Bo,,bo@beta.example\n",
}
EVERY_MAIL: dict[str, object] = {"all": []}


class Firm:
    """Rules are saved, mail comes, and it is told what rules did."""

    def __init__(self, carteggio: Carteggio, folder: Path) -> None:
        self.carteggio, self.folder = carteggio, folder
        self.numbers = itertools.count(1)
        erp = folder / "erp"
        erp.mkdir()
        for name, text in FILES.items():
            (erp / name).write_text(text)
        import_directory(carteggio, erp)

    def who(self, name: str) -> ColleagueId:
        return colleague_at(self.carteggio, f"{name}@firm.example")

    def box(self, address: str) -> MailboxId:
        return mailbox_id(self.carteggio.identity_key, address)

    def group(self, name: str, *members: str) -> None:
        save_group(self.carteggio, name, [self.who(one) for one in members], by_operator())

    def away(self, name: str, substitute: str = "") -> None:
        instead = self.who(substitute) if substitute else None
        said = Said(Span(datetime(2026, 1, 1, tzinfo=UTC)), substitute=instead)
        set_absence(self.carteggio, AbsenceId(uuid7()), self.who(name), said, by_operator())

    def rule(
        self,
        *then: Mapping[str, object],
        when: object = None,
        mailbox: str = "",
        order: int = 1,
        name: str = "",
        checked: bool = True,
    ) -> UUID:
        """Save a rule; one that is not `checked` stands as if it had been saved before that was."""
        id = new_rule(self.carteggio, uuid7().hex)
        box = self.box(mailbox) if mailbox else None
        named = name or f"rule {next(self.numbers)}"
        saved = RuleSaved(
            0, order, True, box, named, written(when or EVERY_MAIL), written(list(then))
        )
        if checked:
            save_rule(self.carteggio, id, saved, by_operator())
        else:
            self.carteggio.journal.record(id, mailrules, SaveRule(saved), by_operator())
        return id

    def letters(
        self, count: int, sender: str = "ada@acme.example", more: bytes = b""
    ) -> list[bytes]:
        numbers = [next(self.numbers) for _ in range(count)]
        return [
            letter(f"{n}@x.example", b"Letter %d" % n, sender=sender, more=more) for n in numbers
        ]

    def arrives(
        self, mails: Sequence[bytes], mailbox: str = INFO, ago: timedelta = timedelta(0)
    ) -> list[RuleApplied]:
        """Let mail come in and rules act on it; give what they did with it."""
        before = len(self.told())
        self.imported(mails, mailbox, ago)
        self.act()
        return self.told()[before:]

    def imported(
        self, mails: Sequence[bytes], mailbox: str = INFO, ago: timedelta = timedelta(0)
    ) -> None:
        """Let mail come in, and be decided on; rules have not acted yet."""
        path = self.folder / f"{next(self.numbers)}.mbox"
        at = (datetime.now(UTC) - ago + timedelta(seconds=2)).strftime("%a %b %d %H:%M:%S %Y")
        path.write_bytes(b"".join(f"From x@x.example {at}\n".encode() + x + b"\n" for x in mails))
        import_mail(self.carteggio, Wanted(path, mailbox), lambda _: None)
        self.settled()

    def act(self) -> None:
        self.settled()

        async def go() -> None:
            while await apply(self.carteggio, datetime.now(UTC)):
                settle(self.carteggio, self.carteggio.journal.head())

        asyncio.run(go())
        self.settled()

    def settled(self) -> None:
        settle(self.carteggio, self.carteggio.journal.head())

    def told(self) -> list[RuleApplied]:
        found = events_of(self.carteggio, "message.rule_applied")
        return [one for one in found if isinstance(one, RuleApplied)]

    def told_of(self) -> list[tuple[UUID, UUID]]:
        """Give each message on which a rule acted, with the rule, in order."""
        found = self.carteggio.journal.read(0, limit=10_000, names=("message.rule_applied",))
        return [(x.stream, x.event.rule) for x in found if isinstance(x.event, RuleApplied)]


def condition(field: str, op: str, wanted: object) -> dict[str, object]:
    return json.loads(json.dumps({"field": field, op: wanted}))  # type: ignore[no-any-return]
