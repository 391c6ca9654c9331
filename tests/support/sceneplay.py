"""All scenarios, played in one office as time goes on; asked while they go on, and once more at the end."""

from dataclasses import dataclass, field
from typing import Any

from scenecommands import NotYet, command, deliver, send
from sceneoffice import SceneOffice
from scenequestions import alarms_missed, misses, told, unsettled
from scenes import Act, Scene, acts


@dataclass
class Play:
    """What was otherwise than expected, by the scenarios' titles."""

    office: SceneOffice
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def play(self, played: list[Scene]) -> None:
        """Play them."""
        self.wrong = {scene.title: [] for scene in played}
        batches = acts(played)
        for batch in batches:
            self.office.clock.at = batch[0].at
            if batch[0].asks:
                self._ask(batch, "then")
            else:
                self._steps([act for act in batch if not self.wrong[act.scene.title]])
        for batch in batches:
            if batch[0].asks:
                self._ask(batch, "at the end")
        self._ask_now([act for batch in batches for act in batch if act.asks])

    def table(self) -> str:
        """Write how each came out."""
        lines = [
            f"{'as expected' if not wrong else wrong[0]}: {title}"
            for title, wrong in self.wrong.items()
        ]
        held = sum(not wrong for wrong in self.wrong.values())
        return "\n".join([*lines, f"{held} of {len(lines)} are as expected"])

    def _steps(self, batch: list[Act]) -> None:
        deliver(self.office, [act for act in batch if "in" in act.facts or "sent" in act.facts])
        for act in batch:
            try:
                if "do" in act.facts:
                    command(self.office, act)
                elif "composed" in act.facts:
                    send(self.office, act)
            except (NotYet, AssertionError, KeyError) as error:
                self._note(act, f"{act.facts.get('do', 'composed')}: {error!r}")
        self.office.settled()

    def _ask(self, batch: list[Act], when: str) -> None:
        if when == "then" and any("alarms" in act.facts for act in batch):
            self.office.tell_alarms()
        waits = told(self.office, batch[0].at)
        for act in batch:
            if when == "then" and self.wrong[act.scene.title]:
                continue
            last = "asof" not in act.facts
            found = [
                *misses(self.office, act, waits),
                *(unsettled(self.office, act) if last else ()),
            ]
            if when == "then":
                found += alarms_missed(self.office, act)
            for one in found:
                self._note(act, f"{when}, as of {act.at:%Y-%m-%d %H:%M} UTC: {one}")

    def _ask_now(self, asked: list[Act]) -> None:
        """What waits after all steps waits until now, however long ago they were."""
        waits: dict[str, Any] = told(self.office, None)
        for act in asked:
            if "asof" not in act.facts:
                plain = {"waits": [{"message": one["message"]} for one in act.facts["waits"]]}
                for one in misses(self.office, Act(act.at, act.turn, act.scene, plain), waits):
                    self._note(act, f"now: {one}")

    def _note(self, act: Act, miss: str) -> None:
        self.wrong[act.scene.title].append(miss)
