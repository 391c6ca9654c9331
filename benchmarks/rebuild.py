"""How fast all read models are filled again from the journal.

Beside it, in the same run: reading and decoding the same events alone, which is the limit. The
events come from a real import of mail without attachments, linked to master data.
"""

import argparse
from pathlib import Path

from adapters.home import Home
from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.compose import compose
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.instance import PROJECTIONS, Carteggio
from api.work.replay import Replay
from benchmarks.mailmaker import MAILBOX, Maker, write_mbox
from benchmarks.stage import Stopwatch, instance, middle, ratio, say, tell

EVENTS_A_MESSAGE = 4
PIECE = 3_000


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=60_000)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    set_up_logs("warning")
    with instance() as home, compose(home, Settings()) as carteggio:
        fill(carteggio, home, given.events)
        events = carteggio.journal.head()
        alone = [_read_alone(carteggio) for _ in range(given.rounds)]
        rebuilt = [_rebuild(carteggio) for _ in range(given.rounds)]
    tell(
        "rebuild",
        {
            "events": events,
            "events_per_s": round(events / middle(rebuilt)),
            "read_and_decode_events_per_s": round(events / middle(alone)),
            "ratio_to_read_and_decode": ratio(middle(alone), middle(rebuilt)),
        },
    )


def fill(carteggio: Carteggio, home: Home, events: int) -> None:
    """Import mail until the journal holds so many events; there are some three for a message."""
    maker = Maker(1, attachments=False)
    mail, erp = maker.messages(), home.folder.parent / "erp"
    maker.write_directory(erp)
    import_directory(carteggio, erp, "erp")
    for number in range(1_000):
        left = events - carteggio.journal.head()
        if left <= 0:
            return
        mbox = Path(home.folder.parent / f"{number}.mbox")
        write_mbox(mbox, mail, messages=min(PIECE, left // EVENTS_A_MESSAGE + 1))
        import_mail(carteggio, Wanted(mbox, MAILBOX), lambda _: None)
        mbox.unlink()
        say(f"{carteggio.journal.head():,} events")


def _read_alone(carteggio: Carteggio) -> float:
    after, watch = 0, Stopwatch()
    while recorded := carteggio.journal.read(after, limit=5_000, octets=16 << 20):
        after = recorded[-1].position
    say(f"read in {watch.seconds:.1f} s")
    return watch.seconds


def _rebuild(carteggio: Carteggio) -> float:
    watch = Stopwatch()
    Replay(carteggio.journal, PROJECTIONS).rebuild()
    say(f"rebuilt in {watch.seconds:.1f} s, {watch.cpu:.1f} s of them here on a processor")
    return watch.seconds


if __name__ == "__main__":
    main()
