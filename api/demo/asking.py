"""Three questions to the running API, and whether the answers are right.

What is right is known from two other sides: the sample's own files, read by Python's library,
and what was printed from the read models.
"""

import json
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.request import ProxyHandler, Request, build_opener, getproxies, proxy_bypass

from api.demo.serving import HOST
from api.demo.truth import Truth, bare
from api.work.answers import HistoryLine, WaitingLine

Asking = tuple[str, Callable[[], str]]
_TIMEOUT_S: Final = 20.0
_MOST: Final = 100

FIRST_QUERY: Final = (
    "{ unanswered(first: 5) { totalCount { value }"
    " edges { node { since message { subject from { email } } } } } }"
)
_UNANSWERED: Final = """
query($first: Int!) { unanswered(first: $first) {
  edges { node { since message { headerId } } } } }
"""
_TIMELINE: Final = """
query($code: String!, $first: Int!) {
  party(by: {code: {company: "main", kind: "customer", code: $code}}) {
    name timeline(first: $first) { edges { node { id headerId } } } } }
"""
_LINKS: Final = """
query($id: ID!) { message(id: $id) {
  links { reason place evidence target { ... on Party { code } ... on Document { number } } } } }
"""


class Failed(Exception):
    """An answer is not what it should be; the sentence says what is wrong."""


class Questions:
    """Asks the API over HTTP and compares."""

    def __init__(self, address: str, token: str, truth: Truth) -> None:
        """Ask at an address with a token; `truth` is what was taken in."""
        self._address, self._token, self._truth = address, token, truth

    def about(
        self, waiting: Sequence[WaitingLine], customer: str, history: Sequence[HistoryLine]
    ) -> Iterator[Asking]:
        """Give each question with the asking of it, which gives the answer in short."""
        yield "Which mail waits for an answer?", lambda: self._unanswered(waiting)
        yield (
            f"What was written with {customer}?",
            lambda: self._timeline(customer, history),
        )
        linked = next(line for line in history if line.documents)
        yield (
            f"Why does “{linked.subject}” belong to {customer}?",
            lambda: self._links(customer, linked),
        )

    def _unanswered(self, waiting: Sequence[WaitingLine]) -> str:
        found = self._asked(_UNANSWERED, first=len(waiting))["unanswered"]["edges"]
        ids = [bare(edge["node"]["message"]["headerId"]) for edge in found]
        _same("the mail that waits", ids, [bare(line.message_id) for line in waiting])
        meant = self._truth.waiting()
        _none("these wait, but should not", set(ids) - meant)
        _none("these should wait, but do not", meant - set(ids))
        return f"{len(ids)} messages, those that the sample leaves open; the oldest since {found[0]['node']['since']}"

    def _timeline(self, code: str, history: Sequence[HistoryLine]) -> str:
        party = self._asked(_TIMELINE, code=code, first=len(history))["party"]
        ids = [bare(edge["node"]["headerId"]) for edge in party["timeline"]["edges"]]
        _same(f"the mail with {code}", ids, [bare(line.message_id) for line in history])
        missing = self._truth.with_party(code) - set(ids)
        _none(f"these are mail with {code}, but not in its history", missing)
        return f"{len(ids)} messages with {party['name']}, every one that its mailboxes hold"

    def _links(self, code: str, line: HistoryLine) -> str:
        timeline = self._asked(_TIMELINE, code=code, first=_MOST)["party"]["timeline"]["edges"]
        ids = {bare(edge["node"]["headerId"]): edge["node"]["id"] for edge in timeline}
        links = self._asked(_LINKS, id=ids[bare(line.message_id)])["message"]["links"]
        reasons = {_target(one): _reason(one) for one in links}
        _none("these links are missing", {code, *line.documents} - set(reasons))
        _none("these links say no words", {_target(one) for one in links if not one["evidence"]})
        targets = [code, *(target for target in reasons if target != code)]
        return "\n".join(f"{target}: {reasons[target]}" for target in targets)

    def _asked(self, query: str, **variables: object) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(  # noqa: S310 -- our own address, on this machine
            f"{self._address}/graphql", body, _headers(self._token)
        )
        try:
            # A proxy that the environment names does not lead to this machine.
            with build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT_S) as answer:
                given = json.load(answer)
        except (OSError, ValueError) as trouble:
            raise Failed(f"the API gave no answer: {trouble}") from None
        if given.get("errors"):
            raise Failed(f"the API refused: {given['errors'][0].get('message')}")
        data: dict[str, Any] = given["data"]
        return data


def curl(address: str, token: str) -> str:
    """Give the first query as a line for a shell."""
    words = ["curl", "-s", f"{address}/graphql"]
    for name, value in _headers(token).items():
        words += ["-H", f"{name}: {value}"]
    words += ["-d", json.dumps({"query": FIRST_QUERY})]
    if "http" in getproxies() and not proxy_bypass(HOST):
        words[1:1] = ["--noproxy", HOST]
    return shlex.join(words)


def _target(link: Mapping[str, Any]) -> str:
    return str(link["target"].get("code") or link["target"].get("number"))


def _reason(link: Mapping[str, Any]) -> str:
    reason = str(link["reason"]).lower().replace("_", " ")
    return f"{reason} in {link['place']}, “{link['evidence']}”"


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _same(what: str, found: Sequence[str], printed: Sequence[str]) -> None:
    if list(found) != list(printed):
        raise Failed(
            f"{what}: the API gives {len(found)} messages, the read models {len(printed)}, "
            "and they are not the same"
        )


def _none(what: str, wrong: Collection[str]) -> None:
    if wrong:
        raise Failed(f"{what}: {', '.join(sorted(wrong)[:5])}")
