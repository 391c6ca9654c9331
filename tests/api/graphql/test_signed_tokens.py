"""Mail with signed tokens of ours, from raw mail through capture to what the API tells of it."""

from pathlib import Path

from api.graphql.ids import of_kind
from api.ids import Kind
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from domain.identity import document_id
from domain.signedtoken import Named, Names, body_marker, message_id, plus_address, sign
from letters import letter, mbox
from office import ADA, SALES, Asks, nodes

SHOWN = """query($id: ID!) { message(id: $id) { conversation { id }
  links(states: [AUTOMATIC, CONFIRMED, SUGGESTED, AMBIGUOUS]) { state reason ruleId place evidence
    target { __typename ... on Party { name } ... on Document { number } } } } }"""
TOLD = "query($id: ID!) { message(id: $id) { audit(first: 50) { edges { node { summary } } } } }"
MAIL_OF = "{ colleagues { timeline(first: 20) { edges { node { headerId } } } } }"
EVE = "Eve <eve@nowhere.example>"
ACME = ("Acme", "AUTOMATIC", "ADDRESS", "from")
INHERITED = ("2026/17", "AUTOMATIC", "REPLY", "reply")
HTML = b"MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n"


def of_document(ask: Asks, erp_id: str) -> str:
    id = document_id("main", "erp", erp_id)
    return sign(ask.carteggio.keyring.token_key, Named(Names.DOCUMENT, id))


async def of_message(ask: Asks, header: str) -> str:
    id = of_kind(Kind.MESSAGE, await ask.message(header))
    return sign(ask.carteggio.keyring.token_key, Named(Names.MESSAGE, id))


async def shown(ask: Asks, folder: Path, mail: bytes, id: str):
    """Let a mail come; give its links as (target, state, reason, place), and its conversation."""
    import_mail(ask.carteggio, Wanted(mbox(folder / "more.mbox", [mail]), SALES), lambda _: None)
    ask.carteggio.feed.catch_up()
    ask.ids.clear()
    return await again(ask, id)


async def again(ask: Asks, id: str):
    data = (await ask(SHOWN, id=await ask.message(id)))["message"]
    links = {
        (
            one["target"].get("name") or one["target"].get("number"),
            one["state"],
            one["reason"],
            one["place"],
        )
        for one in data["links"]
    }
    return links, data["conversation"] and data["conversation"]["id"]


async def test_a_reply_to_a_plus_address_is_linked_without_any_header(
    own_ask: Asks, tmp_path: Path
) -> None:
    to = plus_address(SALES, await of_message(own_ask, "a1@acme.example")) or ""
    mail = letter("t1@acme.example", b"It is fine", sender=ADA, to=to.upper())
    links, conversation = await shown(own_ask, tmp_path, mail, "t1@acme.example")
    assert links == {ACME, INHERITED}
    assert conversation == (await again(own_ask, "a1@acme.example"))[1]
    data = await own_ask(TOLD, id=await own_ask.message("t1@acme.example"))
    token = to.partition("+")[2].partition("@")[0].upper()
    said = f"goes on with another mail by signed-token (plus-address): {token}"
    assert said in nodes(data["message"]["audit"], "summary")


async def test_a_forged_id_gives_no_link(own_ask: Asks, tmp_path: Path) -> None:
    token = of_document(own_ask, "D1")
    forged = token[:-1] + ("a" if token[-1] != "a" else "b")
    for id, one, found in (
        ("f1@acme.example", forged, {ACME}),
        ("g1@acme.example", token, {ACME, ("2026/17", "AUTOMATIC", "SIGNED_TOKEN", "message-id")}),
    ):
        named = f"In-Reply-To: <{message_id(one, 'k1', 'firm.example')}>\n".encode()
        mail = letter(id, b"It is fine", sender=ADA, to=SALES, more=named)
        assert (await shown(own_ask, tmp_path, mail, id))[0] == found


async def test_a_marker_quoted_in_html_links_where_headers_were_stripped(
    own_ask: Asks, tmp_path: Path
) -> None:
    marker = body_marker(await of_message(own_ask, "a1@acme.example")).upper().encode()
    body = b"<p>Fine.</p><blockquote><p>Hello</p><p>" + marker[:30] + b"<br>\n" + marker[30:]
    mail = letter(
        "h1@acme.example",
        b"Fine",
        sender=ADA,
        to=SALES,
        more=HTML,
        body=body + b"</p></blockquote>",
    )
    links, conversation = await shown(own_ask, tmp_path, mail, "h1@acme.example")
    assert links == {ACME, INHERITED}
    assert conversation == (await again(own_ask, "a1@acme.example"))[1]


async def test_a_stranger_with_the_token_is_only_suggested(own_ask: Asks, tmp_path: Path) -> None:
    marker = body_marker(await of_message(own_ask, "a1@acme.example")).encode()
    mail = letter("e1@nowhere.example", b"Hi", sender=EVE, to=SALES, body=b"Hi\n> " + marker)
    links, conversation = await shown(own_ask, tmp_path, mail, "e1@nowhere.example")
    suggested = ("SUGGESTED", "SIGNED_TOKEN", "body")
    assert links == {("Acme", *suggested), ("2026/17", *suggested)}
    assert conversation != (await again(own_ask, "a1@acme.example"))[1]


async def test_a_document_that_is_registered_later_is_found(own_ask: Asks, tmp_path: Path) -> None:
    to = plus_address(SALES, of_document(own_ask, "D9")) or ""
    mail = letter("d1@acme.example", b"It is fine", sender=ADA, to=to)
    links, _ = await shown(own_ask, tmp_path, mail, "d1@acme.example")
    assert links == {ACME}
    (tmp_path / "documents.csv").write_text(
        "doc_id,type,number,party_id,date\nD9,sales_order,SO-9,C1,2026-02-01\n"
    )
    import_directory(own_ask.carteggio, tmp_path)
    own_ask.carteggio.feed.catch_up()
    links, _ = await again(own_ask, "d1@acme.example")
    assert links == {ACME, ("SO-9", "AUTOMATIC", "SIGNED_TOKEN", "plus-address")}


async def test_a_mail_to_a_plus_address_is_the_mail_of_who_has_the_address(
    own_ask: Asks, tmp_path: Path
) -> None:
    (tmp_path / "colleagues.csv").write_text(f"name,email\nMara,{SALES}\n")
    import_directory(own_ask.carteggio, tmp_path)
    to = plus_address(SALES, of_document(own_ask, "D1")) or ""
    await shown(own_ask, tmp_path, letter("m1@acme.example", sender=ADA, to=to), "m1@acme.example")
    (mara,) = (await own_ask(MAIL_OF))["colleagues"]
    assert "m1@acme.example" in nodes(mara["timeline"], "headerId")
