"""What people say in scenarios of who has a conversation in hand, and that it rests."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from scenes import Act, moment

if TYPE_CHECKING:
    from sceneoffice import SceneOffice

_CONVERSATION: Final = "query($id: ID!) { message(id: $id) { conversation { id } } }"
_NAMES: Final = {
    "take": "Take",
    "hand_over": "HandOver",
    "snooze": "Snooze",
    "pause": "Pause",
    "go_on": "Continue",
    "undo": "AttentionUndo",
}
_said: dict[int, str] = {}
"""The last such command of each scenario: that is the one which is undone."""


def _say(office: "SceneOffice", act: Act) -> None:
    what, token = _NAMES[act.facts["do"]], office.tokens[act.scene.address(act.facts["who"])]
    query = (
        f"mutation($input: Conversation{what}Input!) {{ conversation{what}(input: $input) {{"
        " userErrors { message } } }"
    )
    more = _undoing(act) if what == "AttentionUndo" else _saying(office, act, token)
    command = str(uuid4())
    office.ordered(query, token, commandId=command, **more)
    _said[act.scene.number] = command


def _undoing(act: Act) -> dict[str, Any]:
    return {"undoes": _said[act.scene.number]}


def _saying(office: "SceneOffice", act: Act, token: str) -> dict[str, Any]:
    step, scene = act.facts, act.scene
    named = step.get("messages") or [step["message"]]
    ids = [office.messages[scene.header_id(one)] for one in named]
    found = [office.api.ask(_CONVERSATION, token, id=one)["message"] for one in ids]
    more: dict[str, Any] = {"conversationIds": [one["conversation"]["id"] for one in found]}
    if step["do"] == "hand_over":
        more["toId"] = office.people[scene.address(step["to"])] if step["to"] else None
    more |= {"until": moment(step["until"]).isoformat()} if "until" in step else {}
    return more | {name: step[name] for name in ("note", "reason") if name in step}


ATTENTION: Final[Mapping[str, Callable[["SceneOffice", Act], None]]] = dict.fromkeys(_NAMES, _say)
"""What does each of these."""
