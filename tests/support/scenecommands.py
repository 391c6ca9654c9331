"""What people command in scenarios, over the API; what a mail of theirs does, by IMAP and SMTP."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from sceneattention import ATTENTION
from scenemail import raw
from sceneoffice import SceneOffice
from scenes import OURS, Act, Scene, moment

_CLOSE: Final = """mutation($input: MessageCloseInput!) { messageClose(input: $input) {
  userErrors { message } } }"""
_REOPEN: Final = """mutation($input: MessageReopenInput!) { messageReopen(input: $input) {
  userErrors { message } } }"""
_HEADER: Final = "query($id: ID!) { message(id: $id) { headerId } }"
_CONVERSATION: Final = "query($id: ID!) { message(id: $id) { conversation { id } } }"
_MERGE: Final = """mutation($input: ConversationMergeInput!) { conversationMerge(input: $input) {
  userErrors { message } } }"""
_SPLIT: Final = """mutation($input: ConversationSplitInput!) { conversationSplit(input: $input) {
  userErrors { message } } }"""
_FORM: Final = """mutation($input: WebFormDeclareInput!) { webFormDeclare(input: $input) {
  userErrors { message } } }"""
_ABSENCE: Final = """mutation($input: AbsenceSetInput!) { absenceSet(input: $input) {
  userErrors { message } } }"""
_CALENDAR: Final = """mutation($input: CalendarSaveInput!) { calendarSave(input: $input) {
  userErrors { message } } }"""
_TARGET: Final = """mutation($input: TargetSetInput!) { targetSet(input: $input) {
  userErrors { message } } }"""
_SEND: Final = """mutation($input: MessageSendInput!) { messageSend(input: $input) {
  messageId userErrors { message } } }"""
REASONS: Final = {"no_reply_needed": "NO_ANSWER_NEEDED"}
"""The words of scenarios that are others in the API."""


class NotYet(Exception):
    """Nothing does this yet."""


def deliver(office: SceneOffice, acts: list[Act]) -> None:
    """Let the mail of several scenarios come in, and be taken in together."""
    touched = set()
    for act in acts:
        for box in _boxes(act):
            folder = "Sent" if "sent" in act.facts else "INBOX"
            at = moment(act.facts["at"])
            office.accounts[box].append(raw(act.scene, act.facts, at), folder=folder, when=at)
            touched.add(box)
    if touched:
        office.take_in(touched)
        for at in {moment(act.facts["at"]) for act in acts}:
            office.learn(at, at + timedelta(seconds=1))


def _boxes(act: Act) -> list[str]:
    step = act.facts
    if "sent" in step:
        return [act.scene.address(step["box"])]
    to = (*step["to"], *step.get("cc", ()))
    return [act.scene.address(one) for one in to if one.endswith(f"@{OURS}")]


def send(office: SceneOffice, act: Act) -> None:
    """Let a mail leave through the outbox, by a real server."""
    step = act.facts
    box, who = act.scene.address(step["box"]), act.scene.address(f"rossi@{OURS}")
    content = {
        "mailboxId": office.boxes[box],
        "to": [act.scene.address(one) for one in step["to"]],
        "subject": step["subject"],
        "text": step["text"],
        "answersId": office.messages[act.scene.header_id(step["answers"])],
    }
    sent = office.ordered(_SEND, office.tokens[who], content=content)
    office.leave(box)
    header = office.api.ask(_HEADER, id=sent["messageId"])["message"]["headerId"]
    office.composed[act.scene.header_id(step["composed"])] = header


def command(office: SceneOffice, act: Act) -> None:
    """Do what somebody commands.

    Raises NotYet.
    """
    if act.facts["do"] not in _COMMANDS:
        raise NotYet(f"nobody can {act.facts['do']} yet")
    _COMMANDS[act.facts["do"]](office, act)


def _token(office: SceneOffice, act: Act) -> str:
    return office.tokens[act.scene.address(act.facts["who"])]


def _ids(office: SceneOffice, act: Act) -> list[str]:
    named = act.facts.get("messages") or [act.facts["message"]]
    return [office.messages[act.scene.header_id(one)] for one in named]


def _close(office: SceneOffice, act: Act) -> None:
    reason = REASONS.get(act.facts["reason"], act.facts["reason"].upper())
    more = {"reason": reason, "note": act.facts.get("note")}
    office.ordered(_CLOSE, _token(office, act), messageIds=_ids(office, act), **more)


def _reopen(office: SceneOffice, act: Act) -> None:
    office.ordered(_REOPEN, _token(office, act), messageIds=_ids(office, act))


def _merge(office: SceneOffice, act: Act) -> None:
    token = _token(office, act)
    found = [office.api.ask(_CONVERSATION, token, id=one) for one in _ids(office, act)]
    these = [one["message"]["conversation"]["id"] for one in found]
    office.ordered(_MERGE, token, conversationIds=these)


def _split(office: SceneOffice, act: Act) -> None:
    office.ordered(_SPLIT, _token(office, act), messageIds=_ids(office, act))


def _web_form(office: SceneOffice, act: Act) -> None:
    office.ordered(_FORM, address=act.scene.address(act.facts["address"]))


def _absence(office: SceneOffice, act: Act) -> None:
    step = act.facts
    person = partial(_person, office, act.scene)
    more: dict[str, Any] = {"firstDay": step["from"], "lastDay": step["to"]}
    if "substitute" in step:
        more["substituteId"] = person(step["substitute"])
    office.ordered(_ABSENCE, _token(office, act), userId=person(step["who"]), **more)


def _person(office: SceneOffice, scene: Scene, address: str) -> str:
    return office.people[scene.address(address)]


def _calendar(office: SceneOffice, act: Act) -> None:
    box = office.boxes[act.scene.address(act.facts["mailbox"])]
    office.ordered(
        _CALENDAR, _token(office, act), name=f"Servizio {act.scene.number}", zone="Europe/Rome",
        hours=act.facts["hours"], mailboxIds=[box],
    )  # fmt: skip
    _target(office, act)


def _target(office: SceneOffice, act: Act) -> None:
    step = act.facts
    box = office.boxes[act.scene.address(step["mailbox"])]
    hours = {"alarmHours": step["alarms"]} if "alarms" in step else {}
    token = _token(office, act)
    office.ordered(_TARGET, token, mailboxId=box, firstAnswer=step["first"], **hours)


_COMMANDS: Final[dict[str, Callable[[SceneOffice, Act], None]]] = {
    "close": _close,
    "reopen": _reopen,
    "merge": _merge,
    "split": _split,
    "web_form": _web_form,
    "absence": _absence,
    "calendar": _calendar,
    "target": _target,
    **ATTENTION,
}
