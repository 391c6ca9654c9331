"""Signed tokens: made, read back however mail systems treat them, and forged in vain."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.content import Content, Forwarded
from domain.signedtoken import (
    BODY,
    MESSAGE_ID,
    PLUS_ADDRESS,
    SUBJECT,
    Named,
    Names,
    Seen,
    Signing,
    body_marker,
    claimed,
    gathered,
    message_id,
    plus_address,
    read,
    sign,
    subject_marker,
    tokens_in,
    tokens_in_trace,
    without_token,
)
from domain.values import Address

KEY = bytes(range(32))
ORDER = Named(Names.DOCUMENT, UUID(int=0x118))
ASKED = Named(Names.MESSAGE, UUID(int=2**127 + 5))
TOKEN = sign(KEY, ORDER)

named = st.builds(Named, st.sampled_from(Names), st.uuids())
letters = st.sampled_from("abcdefghijklmnopqrstuvwxyz")


def mail(**more: object) -> Content:
    return Content(reader=1, **more)  # type: ignore[arg-type]


def seen_in(**more: object) -> list[Seen]:
    return list(tokens_in(mail(**more)))


@given(named)
def test_a_token_tells_what_it_names_in_any_case(one: Named) -> None:
    token = sign(KEY, one)
    assert len(token) == 46
    assert token.isalpha()
    assert read(KEY, token) == read(KEY, token.upper()) == claimed(token) == one


@given(named, st.integers(0, 45), letters)
def test_one_letter_changed_names_nothing(one: Named, at: int, letter: str) -> None:
    token = sign(KEY, one)
    changed = token[:at] + letter + token[at + 1 :]
    assert read(KEY, changed) == (one if changed == token else None)


@given(named, st.binary(min_size=32, max_size=32))
def test_who_has_not_the_key_makes_none(one: Named, key: bytes) -> None:
    assert read(KEY, sign(key, one)) == (one if key == KEY else None)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert read(KEY, text) is None
    assert list(tokens_in(mail(text=text, subject=text, references=(text,)))) == []


@given(named, st.data())
def test_a_marker_survives_wrapping_and_quoting_anywhere(one: Named, data: st.DataObject) -> None:
    marker, breaks = body_marker(sign(KEY, one)), ("", "\n> ", "\r\n>> ", " ", "\n", "\u00a0")
    cuts = data.draw(st.lists(st.integers(4, len(marker) - 1), max_size=4, unique=True))
    for at in sorted(cuts, reverse=True):
        marker = marker[:at] + data.draw(st.sampled_from(breaks)) + marker[at:]
    (found,) = seen_in(text=f"Buongiorno,\n\n> {marker}\n> altro [vedi sotto] [Ref: 4711]")
    assert (found.where, found.text) == (BODY, marker)
    assert read(KEY, found.text) == one


def test_a_token_stands_in_ids_addresses_and_texts() -> None:
    address = plus_address("office@firm.example", TOKEN)
    assert address == f"office+c.{TOKEN}@firm.example"
    own = message_id(TOKEN, "k3x9", "firm.example")
    inside = f"c.{TOKEN}"
    upper = address.upper()
    for content, where, text in (
        (mail(in_reply_to=(own,)), MESSAGE_ID, inside),
        (mail(references=("1@x.example", own.upper())), MESSAGE_ID, inside.upper()),
        (mail(to=(Address(address),)), PLUS_ADDRESS, inside),
        (mail(cc=(Address(upper),)), PLUS_ADDRESS, inside.upper()),
        (mail(trace=(("delivered-to", address),)), PLUS_ADDRESS, inside),
        (mail(trace=(("received", f"from a by b for <{address}>; Mon"),)), PLUS_ADDRESS, inside),
        (mail(text=f"> {body_marker(TOKEN)}"), BODY, body_marker(TOKEN)),
        (
            mail(forwarded=Forwarded(Address("a@b.example"), text=body_marker(TOKEN))),
            BODY,
            body_marker(TOKEN),
        ),
    ):
        assert list(tokens_in(content)) == [Seen(where, text)]
        assert Signing(KEY).read(Seen(where, text)) == ORDER


def test_what_a_mail_calls_itself_is_no_token_in_it() -> None:
    reply_to = Address(plus_address("office@firm.example", TOKEN) or "")
    own = message_id(TOKEN, "1", "firm.example")
    assert seen_in(message_id=own, reply_to=(reply_to,), authors=(reply_to,)) == []
    assert list(tokens_in_trace((("return-path", reply_to.spec),))) == []


def test_a_long_local_part_leaves_no_room() -> None:
    assert plus_address("amministrazione@firm.example", TOKEN) is not None
    assert plus_address("amministrazioni1@firm.example", TOKEN) is None
    assert plus_address("ufficio-qualità@firm.example", TOKEN) is None


def test_an_address_is_known_without_the_token() -> None:
    address = plus_address("office@firm.example", TOKEN) or ""
    assert without_token(address) == "office@firm.example"
    assert without_token("office+c.other@firm.example") == "office+c.other@firm.example"


@pytest.mark.parametrize(
    ("marker", "counts"), [("", False), ("ACME", True), ("acme", True), ("Other", False)]
)
def test_a_token_in_the_subject_counts_where_the_settings_say_so(
    marker: str, *, counts: bool
) -> None:
    (found,) = seen_in(subject=f"Re: {subject_marker('ACME', TOKEN)} Your order [urgent #1]")
    assert found == Seen(SUBJECT, f"[ACME #{TOKEN}]")
    assert Signing(KEY, marker).read(found) == (ORDER if counts else None)


def test_the_key_shows_nowhere() -> None:
    assert str(KEY) not in repr(Signing(KEY))


@given(st.permutations([*seen_in(text=body_marker(TOKEN) + body_marker(sign(KEY, ASKED)))]))
def test_tokens_are_kept_in_one_order(found: list[Seen]) -> None:
    better = Seen(MESSAGE_ID, f"c.{TOKEN}")
    assert gathered([*found, better, better]) == gathered([better, *reversed(found)])
    assert gathered([*found, better])[0] == better


def test_very_many_tokens_are_not_looked_at() -> None:
    markers = [body_marker(sign(KEY, Named(Names.MESSAGE, UUID(int=n)))) for n in range(50)]
    ids = tuple(f"c.{sign(KEY, Named(Names.MESSAGE, UUID(int=n)))}.1@x" for n in range(50))
    assert len(seen_in(text="\n".join(markers))) == 8
    assert len(seen_in(references=ids)) == 8
