"""Header fields: whatever is written comes back, in one field, in lines that servers take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.building import headers
from adapters.mime.addresses import addresses_in
from adapters.mime.fields import read_fields
from adapters.mime.parameters import structured
from composed import as_others_read
from domain.composing import one_line
from domain.filenames import safe_name, shown
from domain.values import Address

TEXTS = st.text(max_size=300) | st.text('ab ",;<>@=?utf-8Q.\\\r\n\u2028é中', max_size=300)


def read(field):
    octets = f"{field}\r\n".encode()
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    fields = read_fields(octets)
    assert len(fields.named) == 1
    assert not fields.defects
    return fields


@given(TEXTS)
def test_a_subject_comes_back_as_one_line_of_itself(text):
    field = headers.text("Subject", text)
    assert read(field).text("subject") == one_line(text)
    assert max(map(len, field.split("\r\n"))) <= 78


@given(TEXTS)
def test_the_standard_library_reads_the_same_subject(text):
    mail = as_others_read(f"{headers.text('Subject', text)}\r\n\r\n".encode())
    assert mail.keys() == ["Subject"]
    assert mail["subject"] == one_line(text)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_names_come_back_and_make_no_further_addresses(names):
    people = [Address(f"a{place}@x.example", name) for place, name in enumerate(names)]
    found = addresses_in(read(headers.addresses("To", people)).every("to"))
    assert [one.spec for one in found] == [one.spec for one in people]
    for one, name in zip(found, names, strict=True):
        plain = one_line(name)
        if plain.strip(" '\"") == plain:  # our reader takes quotes off names
            assert one.name == (shown(plain) if plain != one.spec else "")


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_the_standard_library_sees_no_further_addresses(names):
    people = [Address(f"a{place}@x.example", name) for place, name in enumerate(names)]
    mail = as_others_read(f"{headers.addresses('To', people)}\r\n\r\n".encode())
    assert [one.addr_spec for one in mail["to"].addresses] == [one.spec for one in people]


@given(TEXTS)
def test_file_names_come_back_by_either_way_of_writing(name):
    file = safe_name(name)
    field = headers.parameters("Content-Disposition: attachment", "filename", file)
    old = headers.parameters("Content-Type: application/pdf", "name", file, words=True)
    mail = as_others_read(f"{field}\r\n{old}\r\n\r\n".encode())
    assert len(mail.keys()) == 2
    assert mail.get_filename() == file
    kind, found = structured(read(field).first("content-disposition"))
    assert (kind, found["filename"]) == ("attachment", file)
    kind, found = structured(read(old).first("content-type"))
    assert (kind, found["name"]) == ("application/pdf", file)
    assert max(map(len, f"{field}\r\n{old}".split("\r\n"))) <= 140


def test_encoded_words_are_whole_characters_each():
    words = headers.encoded("Straßenbahnhaltestelle 中" * 10)
    assert all(len(word) <= 75 and read(f"Subject: {word}").text("subject") for word in words)
    assert "\ufffd" not in "".join(read(f"Subject: {word}").text("subject") for word in words)


def test_domains_are_written_in_ascii_and_local_parts_as_they_are():
    people = [Address("jörg@straße.example", "jörg@straße.example"), Address("a@b.example", "A B")]
    assert headers.addresses("Cc", people) == "Cc: jörg@xn--strae-oqa.example, A B <a@b.example>"


@pytest.mark.parametrize("word", ["a\r\nBcc: b@x.example", "a\nb", "a\0", "a\r\n "])
def test_the_last_gate_lets_no_torn_field_through(word):
    with pytest.raises(ValueError, match="header field"):
        headers.field("References", [word])


def test_an_address_without_a_domain_is_written_nowhere():
    with pytest.raises(ValueError, match="no domain"):
        headers.wire("a@b_c.example")
