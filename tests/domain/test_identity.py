"""What makes two copies one message. These functions are frozen: the values below never change."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.identity import (
    account_id,
    colleague_id,
    company_stream,
    contact_id,
    document_id,
    header_key,
    identify,
    identify_in,
    mailbox_id,
    occurrence_id,
    party_id,
    projection_stream,
    reaction_event,
)

KEY = b"an identity key for the tests only"
RAW = (
    b"Received: from a by b\r\nMessage-ID: <1@cliente.example>\r\nFrom: Anna <anna@cliente.example>\r\n"
    b"To: info@firma.example\r\nDate: Mon,  2 Feb 2026 08:00:00 +0100\r\nSubject: Ordine\r\n\r\nTesto\r\n"
)


def test_trace_headers_and_line_ends_make_no_other_message_and_no_variant() -> None:
    copy = b"Delivered-To: x@firma.example\n" + RAW.replace(b"\r\n", b"\n").replace(
        b"a by b", b"c"
    )
    assert identify(KEY, copy) == identify(KEY, RAW)


def test_other_content_is_a_variant_of_the_same_message() -> None:
    other = identify(KEY, RAW.replace(b"Testo", b"Testo falso"))
    assert other.message == identify(KEY, RAW).message
    assert other.content_key != identify(KEY, RAW).content_key


def test_the_same_id_from_another_writer_or_date_is_a_message_of_its_own() -> None:
    first = identify(KEY, RAW)
    for change in ((b"anna@", b"eva@"), (b"2 Feb", b"3 Feb")):
        other = identify(KEY, RAW.replace(*change))
        assert other.message != first.message
        assert other.header_key == first.header_key


def test_a_display_name_or_a_comment_is_no_other_writer() -> None:
    named = RAW.replace(b"Anna <anna@cliente.example>", b'"A. Rossi" <ANNA@cliente.example>')
    assert identify(KEY, named).message == identify(KEY, RAW).message
    bare = RAW.replace(b"Anna <anna@cliente.example>", b"anna@cliente.example (Anna)")
    assert identify(KEY, bare).message == identify(KEY, RAW).message


def test_without_a_message_id_the_bytes_are_the_identity() -> None:
    bare = RAW.replace(b"Message-ID: <1@cliente.example>\r\n", b"")
    assert identify(KEY, bare).header_key == ""
    assert identify(KEY, bare).message == identify(KEY, bare.replace(b"\r\n", b"\n")).message
    assert identify(KEY, bare).message != identify(KEY, bare + b"altro").message


def test_folded_ids_and_a_second_id_are_read_as_one() -> None:
    folded = RAW.replace(b"<1@cliente.example>", b"\r\n <1@\r\n cliente.example> <2@x.example>")
    assert identify(KEY, folded).message == identify(KEY, RAW).message


def test_the_frozen_values() -> None:
    found = identify(KEY, RAW)
    assert found.message == UUID("98d4c7ac-2cf8-88c4-ae6b-08d40279c0f5")
    assert found.content_key == "521cd8a21d8ab3050fffdf7e5f73850c"
    assert (
        header_key(KEY, "1@cliente.example")
        == found.header_key
        == "56def313b4ebe4be3f2c2e401b025ae3"
    )
    mailbox = mailbox_id(KEY, "Info@Firma.example")
    party = party_id("main", "erp", "C1")
    assert (
        mailbox
        == mailbox_id(KEY, "info@firma.example")
        == UUID("9bd58ac4-84de-8540-b751-bba3a97f53d6")
    )
    assert occurrence_id(KEY, mailbox, "INBOX", RAW) == UUID(
        "22507764-12d5-81a4-a592-bd33f512d67f"
    )
    assert party == UUID("94ddebc5-e27e-59f1-8a42-43ea7d621f23")
    assert document_id("main", "erp", "D1") == UUID("fb7f7fce-b275-52d7-a9d1-791f94f52ba4")
    assert contact_id(KEY, party, "anna@cliente.example") == UUID(
        "e66cae52-3e9d-8097-9396-e44acdcb41c9"
    )
    assert colleague_id(KEY, "luca@firma.example") == UUID("4cbaf60b-defc-8283-9ff8-23ba13e2f402")
    assert account_id(KEY, mailbox) == UUID("a7a2da9b-8c17-8b83-9f77-b1a993aa2a34")
    assert company_stream("main") == UUID("e543f9e1-b750-5fad-abed-2c28c2b29c99")
    assert projection_stream("main", "history") == UUID("8d921d5b-aa32-5291-836e-144a84e2e604")
    assert reaction_event(party, "address-exact", 1, mailbox) == UUID(
        "73960427-bf4e-55b5-8437-cc61808e3ba6"
    )


@given(st.binary(max_size=400))
def test_any_bytes_have_an_identity(raw: bytes) -> None:
    assert identify(KEY, raw) == identify(KEY, raw)
    assert identify(KEY, raw).message.version == 8


@given(st.binary(max_size=400))
def test_who_asks_for_both_ids_at_once_is_told_the_same(raw: bytes) -> None:
    mailbox = mailbox_id(KEY, "info@firma.example")
    apart = identify(KEY, raw), occurrence_id(KEY, mailbox, "INBOX", raw)
    assert identify_in(KEY, mailbox, "INBOX", raw) == apart


@given(st.binary(min_size=1, max_size=60), st.binary(min_size=1, max_size=60))
def test_different_bytes_in_a_folder_are_different_occurrences(one: bytes, other: bytes) -> None:
    mailbox = mailbox_id(KEY, "info@firma.example")
    plain = [
        raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n") for raw in (one, other)
    ]
    same = occurrence_id(KEY, mailbox, "INBOX", one) == occurrence_id(KEY, mailbox, "INBOX", other)
    assert same == (plain[0] == plain[1])


def test_a_megabyte_without_a_colon_is_gone_through_once() -> None:
    endless = b"x" * (1 << 20)
    assert identify(KEY, endless).header_key == ""
    assert identify(KEY, b"Message-ID: <1@cliente.example>\n" + endless).header_key != ""


def test_a_field_begins_with_its_line() -> None:
    inside = b"Garbage Message-ID: <1@cliente.example>\n\nText\n"
    assert identify(KEY, inside).header_key == ""
