"""What scenarios expect, beside what the API tells."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from scenecommands import REASONS
from sceneoffice import SceneOffice
from scenes import Act, Facts, Scene, moment

_WAITS: Final = """query($asOf: AsOf, $after: String) {
  unanswered(asOf: $asOf, first: 100, after: $after, filter: {
    states: [WAITING, IN_HAND, SNOOZED, PAUSED]}) { pageInfo { hasNextPage endCursor }
    edges { node { since businessAge due sla reason attention { state ownerReason owner { email } }
      mailboxes { address } message { headerId } } } } }"""
_SETTLED: Final = """query($id: ID!) { message(id: $id) {
  answeredBy { headerId } closeReason why { reason } unanswered { since }
  audit(first: 100) { edges { node { event onBehalfOf { id } } } } } }"""
_TOLD: Final = """query($id: ID!) { message(id: $id) {
  audit(first: 100) { edges { node { event data } } } } }"""
_ALARM: Final = "message.alarm_told"
Told = dict[str, Facts]
"""What waits, by the Message-ID with which it began."""


def told(office: SceneOffice, at: datetime | None) -> Told:
    """Ask what waits at a moment, or now."""
    found: Told = {}
    as_of, after, more = None if at is None else {"time": at.isoformat()}, None, True
    while more:
        page = office.api.ask(_WAITS, asOf=as_of, after=after)["unanswered"]
        found |= {one["node"]["message"]["headerId"]: one["node"] for one in page["edges"]}
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    return found


def misses(office: SceneOffice, act: Act, waits: Told) -> Iterator[str]:
    """Say what is otherwise than the scenario expects, of what waits at the moment of its question."""
    scene = act.scene
    own = {id: one for id, one in waits.items() if id.endswith(f".s{scene.number}@mail.example")}
    expected = {scene.header_id(one["message"]): one for one in act.facts.get("waits", ())}
    if own.keys() != expected.keys():
        yield f"{sorted(own)} wait, not {sorted(expected)}"
        return
    for id, one in expected.items():
        for name, value in one.items():
            if name != "message" and (miss := _miss(scene, name, value, own[id])):
                yield f"{one['message']}: {miss}"


def _miss(scene: Scene, name: str, expected: Any, wait: Facts) -> str:
    """Compare one thing that is expected of a wait; empty: it is so."""
    found: object
    wanted: object
    match name:
        case "since" | "due":
            found, wanted = wait[name] and datetime.fromisoformat(wait[name]), moment(expected)
        case "for":
            found = sorted(one["address"] for one in wait["mailboxes"])
            wanted = sorted(map(scene.address, expected))
        case "sla":
            found, wanted = wait["sla"], expected.upper()
        case "business_age":
            found, wanted = wait["businessAge"], expected
        case "state":
            found, wanted = wait["attention"]["state"], expected.upper()
        case "owner":
            found = (wait["attention"]["owner"] or {"email": ""})["email"]
            wanted = scene.address(expected) if expected else ""
        case "reason":
            found = {wait["reason"], wait["attention"]["ownerReason"]} & {expected.upper()}
            wanted = {expected.upper()}
        case _:
            return f"its {name} is not told yet"
    return "" if found == wanted else f"{name} is {found}, not {wanted}"


def alarms_missed(office: SceneOffice, act: Act) -> Iterator[str]:
    """Say which alarms were told by now otherwise than a scenario expects."""
    if "alarms" not in act.facts:
        return
    found = []
    for one in act.facts["waits"]:
        id = office.messages[act.scene.header_id(one["message"])]
        entries = office.api.ask(_TOLD, id=id)["message"]["audit"]["edges"]
        told = [one["node"]["data"] for one in entries if one["node"]["event"] == _ALARM]
        found += [data["stage"] for data in told]
    if sorted(found) != sorted(act.facts["alarms"]):
        yield f"{found} were told, not {act.facts['alarms']}"


def unsettled(office: SceneOffice, act: Act) -> Iterator[str]:
    """Say which messages a scenario expects to be settled otherwise than they are."""
    for one in act.facts.get("settled", ()):
        id = office.messages[act.scene.header_id(one["message"])]
        found = office.api.ask(_SETTLED, id=id)["message"]
        wanted = {
            "by": _by(office, act.scene, one),
            "reason": REASONS.get(one["reason"], one["reason"].upper()),
            "who": office.people[act.scene.address(one["who"])] if "who" in one else None,
        }
        is_now = {
            "by": (found["answeredBy"] or {}).get("headerId"),
            "reason": _reason(found),
            "who": _who(found) if "who" in one else None,
        }
        if is_now != wanted:
            yield f"{one['message']} is settled by {is_now}, not {wanted}"


def _by(office: SceneOffice, scene: Scene, expected: Facts) -> str | None:
    """Give the Message-ID of what is to have answered."""
    if "by" not in expected:
        return None
    id = scene.header_id(expected["by"])
    return office.composed.get(id, id)


def _reason(found: Facts) -> str:
    if found["answeredBy"]:
        return "ANSWERED"
    return str(found["closeReason"] or found["why"]["reason"]).upper()


def _who(found: Facts) -> str | None:
    """Give who closed it last."""
    entries = [one["node"] for one in found["audit"]["edges"]]
    closed = [one["onBehalfOf"] for one in entries if one["event"] == "message.closed"]
    return closed[-1]["id"] if closed and closed[-1] else None
