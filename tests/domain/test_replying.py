"""Answering and passing on: recipients, subject, references, quote."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.content import Attachment, Content
from domain.quoting import Telling, attribution, forwarded_head, quoted
from domain.replying import To, chain, forward, marked, reply
from domain.values import Address
from domain.wording import new_text

ANNA, MARCO, LUCA = (Address(f"{one}@x.example", one) for one in ("anna", "marco", "luca"))
OWN = frozenset(("anna@x.example",))
MAIL = Content(
    reader=1,
    message_id="two@x.example",
    sent_at=datetime(2026, 3, 9, 9, 5, tzinfo=UTC),
    subject="AW: RE: Angebot 7",
    authors=(MARCO,),
    to=(ANNA, LUCA),
    cc=(Address("list@x.example"),),
    references=("one@x.example",),
    text="Wie geht es?\n> Gut\n",
)
LATER = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)


def telling(language):
    return Telling(language, ZoneInfo("Europe/Rome"), LATER)


def test_an_answer_goes_to_the_author_and_names_what_it_answers():
    answer = reply(MAIL, OWN)
    assert (answer.to, answer.cc) == ((MARCO,), ())
    assert answer.subject == "Re: Angebot 7"
    assert answer.in_reply_to == ("two@x.example",)
    assert answer.references == ("one@x.example", "two@x.example")


def test_an_answer_to_all_leaves_out_who_answers():
    answer = reply(MAIL, OWN, To.ALL)
    assert (answer.to, answer.cc) == ((MARCO,), (LUCA, Address("list@x.example")))


def test_an_answer_to_all_goes_to_every_mailbox_though_letters_fold_alike():
    alike = (Address("groß@x.example"), Address("gross@x.example"), Address("GROSS@X.example"))
    assert reply(replace(MAIL, to=alike, cc=alike), OWN, To.ALL).cc[:2] == alike[:2]
    assert len(reply(replace(MAIL, to=alike, cc=alike), OWN, To.ALL).cc) == 2


def test_reply_to_stands_for_the_author_unless_it_is_ours():
    assert reply(replace(MAIL, reply_to=(LUCA,)), OWN).to == (LUCA,)
    assert reply(replace(MAIL, reply_to=(ANNA,)), OWN).to == (MARCO,)


def test_an_own_address_with_a_token_is_an_own_address():
    token = Address(f"anna+c.m{'a' * 45}@x.example")
    assert reply(replace(MAIL, to=(token, LUCA)), OWN, To.ALL).cc[0] == LUCA


def test_who_answers_his_own_mail_goes_on_with_its_readers():
    own = replace(MAIL, authors=(ANNA,), to=(MARCO,), cc=(LUCA,))
    assert (reply(own, OWN).to, reply(own, OWN).cc) == ((MARCO,), ())
    assert reply(own, OWN, To.ALL).cc == (LUCA,)
    assert reply(replace(own, to=(ANNA,)), OWN).to == (ANNA,)


def test_an_answer_to_a_list_goes_to_its_address():
    listed = replace(MAIL, signals=(("list-post", "<mailto:list@x.example?subject=a>"),))
    assert reply(listed, OWN, To.LIST).to == (Address("list@x.example"),)
    assert reply(MAIL, OWN, To.LIST) == reply(MAIL, OWN, To.ALL)


def test_an_answer_to_certified_mail_goes_to_the_person_inside():
    envelope = replace(MAIL, authors=(Address("pec@provider.example"),), pec_sender=MARCO,
                       pec_message_id="inner@x.example")  # fmt: skip
    answer = reply(envelope, OWN)
    assert answer.to == (MARCO,)
    assert answer.references == ("one@x.example", "inner@x.example", "two@x.example")


def test_a_mail_by_nobody_is_answered_to_nobody():
    assert reply(Content(reader=1), OWN).to == ()


@pytest.mark.parametrize("subject", ["Ordine", "R: Ordine", "RE: R: I: Ordine", "Re: Ordine"])
def test_a_subject_has_exactly_one_mark(subject):
    assert marked("Re", subject) == "Re: Ordine"
    assert marked("Fwd", subject) == "Fwd: Ordine"


def test_of_many_references_the_first_and_the_last_stay():
    long = replace(MAIL, references=tuple(f"{place}@x.example" for place in range(500)))
    ids = chain(long)
    assert (len(ids), ids[0], ids[1], ids[-1]) == (
        100, "0@x.example", "402@x.example", "two@x.example",
    )  # fmt: skip


def test_without_references_the_answered_one_stands_for_them_and_bad_ids_fall_out():
    assert chain(replace(MAIL, references=(), in_reply_to=("a@x", "b@x"))) == (
        "a@x",
        "two@x.example",
    )
    assert chain(replace(MAIL, references=("a b", "two@x.example"))) == ("two@x.example",)
    assert reply(replace(MAIL, message_id="a b"), OWN).in_reply_to == ()


def test_passing_on_takes_files_along_that_are_not_shown_in_the_text():
    files = (
        Attachment("logo.png", "image/png", 1, "logo"),
        Attachment("m.eml", "message/rfc822", 1),
        Attachment("in.pdf", "application/pdf", 1, inside=1),
    )
    passed = forward(replace(MAIL, attachments=files), pictures=(0,))
    assert (passed.subject, passed.files) == ("Fwd: Angebot 7", (1,))
    assert passed.references == ("one@x.example", "two@x.example")


@pytest.mark.parametrize("language", ["it", "de-AT", "fr", "pl", "en", "es", "hu", ""])
def test_a_quote_says_who_wrote_and_is_known_as_one(language):
    line = attribution(MAIL, telling(language))
    assert "marco" in line
    assert "10:05" in line
    assert new_text(f"Danke.\n\n{line}\n{quoted(MAIL.text)}") == "Danke."


def test_the_attribution_speaks_the_language():
    assert attribution(MAIL, telling("it")) == "Il 09/03/2026 alle 10:05 marco ha scritto:"
    assert attribution(replace(MAIL, sent_at=None), telling("de")) == (
        "Am 10.03.2026 um 00:30 schrieb marco:"
    )
    assert attribution(Content(reader=1), telling("en")) == "On 2026-03-10 00:30, ? wrote:"


def test_quotes_are_marked_line_by_line():
    assert quoted("a\n\n> b") == "> a\n>\n>> b\n"


def test_a_forward_begins_with_what_it_is():
    assert forwarded_head(MAIL, telling("de")) == (
        "---------- Weitergeleitete Nachricht ----------\n"
        "Von: marco <marco@x.example>\nDatum: 09.03.2026 um 10:05\nBetreff: AW: RE: Angebot 7\n"
        "An: anna <anna@x.example>, luca <luca@x.example>\nKopie: list@x.example\n\n"
    )
    assert forwarded_head(Content(reader=1), telling("en")).endswith(
        "Date: 2026-03-10 00:30\nSubject: \n\n"
    )
