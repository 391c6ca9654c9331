"""Mail is drawn by lot among four colleagues: evenly, never to who is away, and the same when read again.

Mail comes in from a file, is linked and classified, and a rule gives each to one of a group. Then one
of them is away, without and with a substitute, and more comes. What was drawn is decided again from
the log alone (who was in the group, who was away, the ticket), and the read models are compared
with ones filled anew.

    python -m benchmarks.proofs.lots [--mails 1000]
"""

import argparse
import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from adapters.ids import uuid7
from api.work.absences import Said, Span, set_absence
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.mailrules import new_rule, save_rule
from api.work.models import PROJECTIONS
from api.work.replay import Replay
from api.work.ruleruns import apply
from api.work.settling import settle
from api.work.sharing import colleague_at
from api.work.staffgroups import save_group
from api.work.tokens import by_operator
from benchmarks.stage import Stopwatch, folder, opened, say, tell
from domain.absence import Absence, AbsenceEntered
from domain.attention import MessageHandedOver
from domain.drawing import Draw, again, present
from domain.mailrules import RuleSaved
from domain.recorded import Recorded
from domain.ruleactions import RuleApplied
from domain.staffgroup import GroupSaved
from domain.values import AbsenceId, ColleagueId

INFO: Final = "info@firm.example"
FOUR: Final = ("anna", "bert", "carla", "dora")
LIKELY: Final = 16.27
"""Chi-square of three degrees of freedom is above this once in a thousand times (p = 0.001)."""
_NUMBERS: Final = itertools.count(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1_000)
    mails = parser.parse_args().mails
    with folder() as place, opened() as carteggio:
        _office(carteggio, place)
        watch = Stopwatch()
        first = _drawn(carteggio, place, mails)
        seconds = watch.seconds
        _away(carteggio, "bert")
        second = _drawn(carteggio, place, mails // 4)
        _away(carteggio, "carla", "elio")
        third = _drawn(carteggio, place, mails // 4)
        figures = _figures(carteggio, first, second, third)
    tell("lots", {"mails": mails, "mails_a_second": round(mails / seconds, 1), **figures})


def _office(carteggio: Carteggio, place: Path) -> None:
    people = "".join(f"{x.title()},{x}@firm.example,sales,no\n" for x in (*FOUR, "elio"))
    erp = place / "erp"
    erp.mkdir()
    (erp / "company.json").write_text('{"name": "Firm", "domains": ["firm.example"]}')
    (erp / "colleagues.csv").write_text(f"name,email,role,mailbox_collected\n{people}")
    (erp / "mailboxes.csv").write_text(f"address\n{INFO}\n")
    import_directory(carteggio, erp)
    save_group(carteggio, "Sales", [_who(carteggio, one) for one in FOUR], by_operator())
    then = [{"kind": "assign_group", "group": "Sales", "by": "lot"}]
    saved = RuleSaved(0, 1, True, None, "Sales", json.dumps({"all": []}), json.dumps(then))  # noqa: FBT003
    save_rule(carteggio, new_rule(carteggio, "lots"), saved, by_operator())


def _who(carteggio: Carteggio, name: str) -> ColleagueId:
    return colleague_at(carteggio, f"{name}@firm.example")


def _away(carteggio: Carteggio, name: str, substitute: str = "") -> None:
    instead = _who(carteggio, substitute) if substitute else None
    said = Said(Span(date(2026, 1, 1)), substitute=instead)
    set_absence(carteggio, AbsenceId(uuid7()), _who(carteggio, name), said, by_operator())


def _drawn(carteggio: Carteggio, place: Path, count: int) -> Counter[str]:
    """Let mail come in and be drawn; count to whom it was given."""
    head = carteggio.journal.head()
    path = place / f"{head}.mbox"
    path.write_bytes(b"".join(_letters(count)))
    import_mail(carteggio, Wanted(path, INFO), lambda _: None)
    settle(carteggio, carteggio.journal.head())

    async def act() -> None:
        while await apply(carteggio, datetime.now(UTC)):
            settle(carteggio, carteggio.journal.head())

    asyncio.run(act())
    names = {_who(carteggio, one): one for one in (*FOUR, "elio")}
    given = Counter(
        names[one.event.to]
        for one in _events(carteggio, "message.handed_over", after=head)
        if isinstance(one.event, MessageHandedOver) and one.event.to is not None
    )
    say(f"{count} mails: {dict(given)}")
    return given


def _letters(count: int) -> Iterator[bytes]:
    at = datetime.now(UTC) + timedelta(seconds=2)
    for _ in range(count):
        n = next(_NUMBERS)
        yield (
            f"From x@client{n}.example {at:%a %b %d %H:%M:%S %Y}\n"
            f"From: x@client{n}.example\nTo: {INFO}\nMessage-ID: <{n}@client{n}.example>\n"
            f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000\nSubject: Question {n}\n\n"
            f"When does order {n} come?\n\n"
        ).encode()


def _figures(
    carteggio: Carteggio, first: Counter[str], second: Counter[str], third: Counter[str]
) -> dict[str, object]:
    expected = first.total() / len(FOUR)
    chi = sum((first[one] - expected) ** 2 / expected for one in FOUR)
    draws, again_same = _again(carteggio)
    differences = Replay(carteggio.journal, PROJECTIONS).verify(["ruleruns", "correspondence"])
    ok = chi < LIKELY and not second["bert"] and not (third["bert"] or third["carla"])
    return {
        "given": dict(sorted(first.items())),
        "chi_square": round(chi, 2),
        "chi_square_limit": LIKELY,
        "one_away": dict(sorted(second.items())),
        "two_away_one_substitute": dict(sorted(third.items())),
        "draws": draws,
        "decided_again_the_same": again_same,
        "rows_that_differ_when_filled_anew": len(differences),
        "holds": ok and draws == again_same and not differences,
    }


def _again(carteggio: Carteggio) -> tuple[int, int]:
    """Decide every draw again from the log: give how many there are, and how many come out equal."""
    members: tuple[ColleagueId, ...] = ()
    absences: list[Absence] = []
    draws = same = 0
    for one in _events(carteggio, "group.saved", "absence.entered", "message.rule_applied"):
        match one.event:
            case GroupSaved(members=now):
                members = now
            case AbsenceEntered():
                absences.append(_absence(one, one.event))
            case RuleApplied(done=done):
                drawn = done[0].draw
                draws += 1
                same += drawn is not None and _equal(drawn, members, absences, one.envelope.at)
            case _:
                pass
    return draws, same


def _equal(
    drawn: Draw, members: tuple[ColleagueId, ...], absences: list[Absence], at: datetime
) -> bool:
    candidates = present(members, absences, at)
    return (drawn.members, drawn.candidates) == (members, candidates) and (
        again(drawn) == drawn.picked
    )


def _absence(recorded: Recorded, event: AbsenceEntered) -> Absence:
    away = event.away
    return Absence(
        event.absence,
        ColleagueId(recorded.stream),
        away.begins,
        away.ends,
        away.substitute,
        recorded.envelope.at,
    )


def _events(carteggio: Carteggio, *names: str, after: int = 0) -> Iterator[Recorded]:
    while batch := carteggio.journal.read(after, names=names):
        yield from batch
        after = batch[-1].position


if __name__ == "__main__":
    main()
