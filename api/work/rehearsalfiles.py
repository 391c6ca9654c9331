"""A rehearsal that is written into a file goes on where it was cut off.

Beside the file lies how far it is: which rule and stretch, up to which position, after which message,
how long the file was then, and what was counted. What the file holds beyond that is cut off first.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self
from uuid import UUID

from api.ids import Kind, shown
from api.work.rehearsing import Tally, Trial
from domain.values import Rejected
from projections.stretches import Place

_SUFFIX: Final = ".progress"


def facts_of_trial(trial: Trial) -> dict[str, object]:
    """Give what is told of one message to programs."""
    asked, prevented = trial.asked, trial.asked.prevented_by
    return {
        "message": shown(Kind.MESSAGE, trial.message.id),
        "received_at": trial.message.received_at,
        "sender": trial.message.sender,
        "subject": trial.message.subject,
        "held": asked.held.holds,
        "applies": asked.applies,
        "prevented_by": prevented.name if prevented else None,
        "explanation": trial.explanation,
        "effects": trial.effects,
    }


class Journey:
    """How far a rehearsal is, and where what it finds is written, if anywhere."""

    def __init__(self, into: Path | None, asked: str) -> None:
        """Go on where the last one for the same question was cut off."""
        self.into = into
        self.tally = Tally()
        self.upto: int | None = None
        self.after: Place | None = None
        self._asked = asked
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Open the file, and read how far it is."""
        if self.into is None:
            return self
        try:
            length = self._read()
            self._file = self.into.open("r+b" if self.into.exists() and length else "wb")
            self._file.truncate(length)
            self._file.seek(length)
        except OSError as trouble:
            sentence = f"{self.into}: it cannot be written: {trouble.strerror or trouble}"
            raise Rejected("INVALID", sentence) from trouble
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; what was not cut off has nothing to go on with."""
        if self._file is not None and self.into is not None:
            self._file.close()
            if kind is None:
                self._beside.unlink(missing_ok=True)

    def begin(self, upto: int) -> None:
        """Note up to which position is told."""
        self.upto = upto

    def take(self, trials: Sequence[Trial], found: Sequence[Trial]) -> None:
        """Count a portion, and write what was found in it."""
        for one in trials:
            self.tally.add(one)
        self.after = trials[-1].message.place if trials else self.after
        if self._file is not None:
            lines = (
                json.dumps(facts_of_trial(one), ensure_ascii=False, default=str) for one in found
            )
            self._file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
            self._file.flush()
            self._note(self._file.tell())

    @property
    def _beside(self) -> Path:
        return Path(f"{self.into}{_SUFFIX}")

    def _note(self, length: int) -> None:
        said = {
            "asked": self._asked,
            "upto": self.upto,
            "after": [self.after[0].isoformat(), self.after[1].hex] if self.after else None,
            "length": length,
            "tally": {
                "asked": self.tally.asked,
                "held": self.tally.held,
                "applies": self.tally.applies,
                "effects": self.tally.effects,
                "prevented": self.tally.prevented,
            },
        }
        fresh = Path(f"{self._beside}.new")
        fresh.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
        os.replace(fresh, self._beside)  # noqa: PTH105  the name is what is replaced

    def _read(self) -> int:
        """Take up what was noted for the same question; give how long the file was then."""
        try:
            said: dict[str, Any] = json.loads(self._beside.read_text(encoding="utf-8"))
            if said["asked"] != self._asked:
                return 0
            at, id = said["after"]
            tally = said["tally"]
            self.tally = Tally(
                tally["asked"], tally["held"], tally["applies"],
                Counter(tally["effects"]), Counter(tally["prevented"]),
            )  # fmt: skip
            self.upto, self.after = said["upto"], (datetime.fromisoformat(at), UUID(hex=id))
            return int(said["length"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0


def begun(into: Path | None, question: object) -> Journey:
    """Give the journey of a question: the same one goes on."""
    return Journey(into, hashlib.sha256(repr(question).encode()).hexdigest())
