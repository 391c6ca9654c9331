"""Notes over the API: told where what they are about is told, with their history."""

from typing import Any

from api.work.replay import Replay
from domain.access import Scope
from office import BULK, INFO, SALES, nodes
from projections.notes import notes

NOTE = "id text by { kind id } at changedAt"
PAYLOAD = f"note {{ {NOTE} }} position userErrors {{ code message }}"
INPUTS = {
    "messageNoteAdd": "MessageNoteAddInput", "documentNoteAdd": "DocumentNoteAddInput",
    "noteChange": "NoteChangeInput", "noteWithdraw": "NoteWithdrawInput",
}  # fmt: skip
ON_MESSAGE = f"""query($id: ID!) {{ message(id: $id) {{ notes {{ {NOTE} }}
  conversation {{ notes {{ text }} }} audit(first: 50) {{ edges {{ node {{ event summary data }} }} }} }} }}"""
ON_ALL = """{ messages(first: 100) { edges { node { headerId notes { text } } } }
  documents { edges { node { number notes { text } } } } }"""


def query(what: str) -> str:
    return f"mutation($input: {INPUTS[what]}!) {{ {what}(input: $input) {{ {PAYLOAD} }} }}"


async def say(ask: Any, what: str, command: str, *sees: str, **input: Any) -> Any:
    given = {"commandId": command, **input}
    return (await ask(query(what), *sees, input=given))[what]


async def noted(ask: Any, text: str, header: str = "a2@acme.example", command: str = "n-1") -> Any:
    id = await ask.message(header)
    done = await say(ask, "messageNoteAdd", command, messageId=id, text=text)
    assert done["userErrors"] == []
    return done["note"]


async def document(ask: Any, number: str) -> Any:
    data = await ask("{ documents { edges { node { id number } } } }")
    return next(one["id"] for one in nodes(data["documents"]) if one["number"] == number)


def codes(payload: Any) -> list[str]:
    return [one["code"] for one in payload["userErrors"]]


async def test_a_note_shows_on_its_message_its_conversation_and_in_the_trail(own_ask):
    note = await noted(own_ask, "He rang: Monday will do.")
    id = await own_ask.message("a2@acme.example")
    told = (await own_ask(ON_MESSAGE, id=id))["message"]
    assert told["notes"] == [note]
    assert (note["by"]["kind"], note["changedAt"]) == ("CLIENT", None)
    assert [one["text"] for one in told["conversation"]["notes"]] == ["He rang: Monday will do."]
    changed = await say(own_ask, "noteChange", "n-2", noteId=note["id"], text="Tuesday.")
    assert (changed["note"]["text"], changed["note"]["changedAt"] is not None) == (
        "Tuesday.",
        True,
    )
    gone = await say(own_ask, "noteWithdraw", "n-3", noteId=note["id"])
    assert (gone["note"], gone["position"] is not None) == (None, True)
    told = (await own_ask(ON_MESSAGE, id=id))["message"]
    assert told["notes"] == []
    trail = [one for one in nodes(told["audit"]) if "note" in one["event"]]
    assert [one["event"] for one in trail] == [
        "message.noted", "message.note_changed", "message.note_withdrawn",
    ]  # fmt: skip
    assert [one["data"].get("text") for one in trail] == [
        "He rang: Monday will do.", "Tuesday.", None,
    ]  # fmt: skip
    assert Replay(own_ask.carteggio.journal, (notes,)).verify() == []


async def test_notes_on_documents_and_on_a_page_of_messages_are_each_their_own(own_ask):
    for at, header in enumerate(("a1@acme.example", "b1@rossi.example")):
        await noted(own_ask, f"about {header}", header, f"n-{at}")
    order = await document(own_ask, "AG-2026-100")
    done = await say(own_ask, "documentNoteAdd", "d-1", documentId=order, text="Not before May.")
    assert done["userErrors"] == []
    data = await own_ask(ON_ALL)
    assert {one["headerId"]: one["notes"] for one in nodes(data["messages"]) if one["notes"]} == {
        header: [{"text": f"about {header}"}] for header in ("a1@acme.example", "b1@rossi.example")
    }
    assert {one["number"]: one["notes"] for one in nodes(data["documents"])} == {
        "AG-2026-100": [{"text": "Not before May."}], "2026/17": [],
    }  # fmt: skip


async def test_who_does_not_see_a_message_neither_sees_its_notes_nor_writes_any(own_ask):
    note = await noted(own_ask, "Not for bulk.", "b1@rossi.example")
    id = await own_ask.message("b1@rossi.example")
    assert (await own_ask(ON_MESSAGE, INFO, id=id))["message"]["notes"] == [note]
    assert (await own_ask(ON_MESSAGE, SALES, id=id))["message"] is None
    refused = await say(own_ask, "messageNoteAdd", "x-1", BULK, messageId=id, text="x")
    assert codes(refused) == ["NOT_FOUND"]
    for at, what in enumerate(("noteChange", "noteWithdraw")):
        more = {"text": "x"} if what == "noteChange" else {}
        refused = await say(own_ask, what, f"x-2{at}", SALES, noteId=note["id"], **more)
        assert (codes(refused), refused["note"]) == (["NOT_FOUND"], None)
    confidential = await document(own_ask, "AG-2026-100")
    given = {"commandId": "x-3", "documentId": confidential, "text": "x"}
    hidden = await own_ask.result(query("documentNoteAdd"), clearance=0, input=given)
    assert codes(hidden.data["documentNoteAdd"]) == ["NOT_FOUND"]


async def test_a_token_that_only_reads_writes_no_notes(own_ask):
    about = {"messageNoteAdd": {"messageId": "msg_" + "0" * 32},
             "documentNoteAdd": {"documentId": "doc_" + "0" * 32}}  # fmt: skip
    scopes = frozenset(Scope) - {Scope.WRITE_NOTES}
    for what in INPUTS:
        text = {} if what == "noteWithdraw" else {"text": "x"}
        input = {**about.get(what, {"noteId": "nte_" + "0" * 32}), **text}
        given = {"commandId": f"s-{what}", **input}
        assert await own_ask.refusal(query(what), scopes=scopes, input=given) == "FORBIDDEN"
        assert codes(await say(own_ask, what, f"t-{what}", **input)) == ["NOT_FOUND"]


async def test_the_same_command_writes_one_note_and_another_text_under_it_is_refused(own_ask):
    first = await noted(own_ask, "Once.")
    assert await noted(own_ask, "Once.") == first
    id = await own_ask.message("a2@acme.example")
    reused = await say(own_ask, "messageNoteAdd", "n-1", messageId=id, text="Twice.")
    assert codes(reused) == ["COMMAND_ID_REUSED"]
    for at, text in enumerate(("", " ", "x" * 20_001)):
        refused = await say(own_ask, "messageNoteAdd", f"n-2{at}", messageId=id, text=text)
        assert codes(refused) == ["INVALID"]
    gone = await say(own_ask, "noteWithdraw", "n-3", noteId=first["id"])
    assert await say(own_ask, "noteWithdraw", "n-3", noteId=first["id"]) == gone
    late = await say(own_ask, "noteChange", "n-4", noteId=first["id"], text="x")
    assert codes(late) == ["NOT_FOUND"]
