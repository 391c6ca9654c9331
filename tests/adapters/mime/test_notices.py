"""What machines say about other messages."""

from datetime import UTC, datetime

import pytest

from adapters.mime.pec import read_certification
from adapters.mime.reader import read
from benchmarks.receiptmaker import Receipt, Sent, receipt
from domain.content import NoticeKind, Report
from domain.values import Address

REPORT = """Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: anna@a.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <notice@mx.example>
Content-Type: multipart/report; report-type={kind}; boundary=b

--b

I'm sorry to have to inform you.
--b
Content-Type: message/{part}

{fields}
--b
Content-Type: {returned}

Message-ID: <ours@a.example>
Subject: Offer

--b--
"""
STATUS = """Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; good@b.example
Action: delivered
Status: 2.0.0

Original-Recipient: rfc822;bad@b.example
Final-Recipient: rfc822; other@b.example
Action: failed
Status: 5.1.1 (bad address)
"""


def report(kind: str, part: str, fields: str, returned: str = "message/rfc822") -> bytes:
    return REPORT.format(kind=kind, part=part, fields=fields, returned=returned).encode()


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_of_a_delivery_report_the_worst_recipient_counts(returned):
    notice = read(report("delivery-status", "delivery-status", STATUS, returned)).content.notice
    assert notice is not None
    assert (notice.kind, notice.outcome) == (NoticeKind.DELIVERY, "failed")
    assert (notice.status, notice.recipient) == ("5.1.1", "bad@b.example")
    assert notice.concerns == ("ours@a.example",)


def test_a_read_receipt_names_the_message_that_was_read():
    fields = (
        "Final-Recipient: rfc822;bob@b.example\n"
        "Original-Message-ID: <ours@a.example>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n"
    )
    raw = report("disposition-notification", "disposition-notification", fields)
    notice = read(raw).content.notice
    assert notice is not None
    assert (notice.kind, notice.outcome) == (NoticeKind.DISPOSITION, "displayed")
    assert (notice.recipient, notice.concerns) == ("bob@b.example", ("ours@a.example",))


def test_a_complaint_is_a_feedback_report():
    raw = report("feedback-report", "feedback-report", "Feedback-Type: abuse\nVersion: 1\n")
    notice = read(raw).content.notice
    assert notice is not None
    assert (notice.kind, notice.outcome) == (NoticeKind.FEEDBACK, "abuse")
    assert notice.concerns == ("ours@a.example",)


QMAIL = b"""Return-Path: <>
From: MAILER-DAEMON@mx.example
To: anna@a.example
Subject: failure notice

Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<bad@b.example>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 User unknown

--- Below this line is a copy of the message.

Return-Path: <anna@a.example>
Message-ID: <ours@a.example>
Subject: Offer
"""


def test_a_bounce_of_no_standard_is_known_by_sender_and_wording():
    notice = read(QMAIL).content.notice
    assert notice is not None
    assert (notice.kind, notice.outcome) == (NoticeKind.DELIVERY, "failed")
    assert (notice.status, notice.recipient) == ("5.1.1", "bad@b.example")
    assert notice.concerns == ("ours@a.example",)


def test_a_late_delivery_is_not_a_failed_one():
    raw = QMAIL.replace(b"failure notice", b"Warning: message delayed 24 hours")
    notice = read(raw).content.notice
    assert notice is not None
    assert notice.outcome == "delayed"


def test_a_person_who_writes_about_a_bounce_sends_none():
    raw = QMAIL.replace(b"Return-Path: <>", b"Return-Path: <bob@b.example>", 1)
    raw = raw.replace(b"MAILER-DAEMON@mx.example", b"Bob <bob@b.example>")
    assert read(raw.replace(b"failure notice", b"R: failure notice")).content.notice is None


def test_an_absence_reply_with_a_null_return_path_is_no_bounce():
    raw = b"Return-Path: <>\nFrom: bob@b.example\nSubject: Assente\n\nSono in ferie.\n"
    assert read(raw).content.notice is None


DATICERT = """<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="{kind}" errore="nessuno"><intestazione>
<mittente>anna@pec.example</mittente>
<destinatari tipo="certificato">bob@pec.example</destinatari>
<oggetto>Fattura</oggetto></intestazione><dati>
<identificativo>opec1@provider.example</identificativo>
<msgid>&lt;ours@pec.example&gt;</msgid>
<errore-esteso>5.1.1 - indirizzo non valido</errore-esteso></dati></postacert>
"""
CERTIFIED = """Return-Path: <posta@provider.example>
From: "Per conto di: anna@pec.example" <posta@provider.example>
Reply-To: anna@pec.example
To: bob@pec.example
Subject: {subject}
Message-ID: <opec1@provider.example>
X-Riferimento-Message-ID: <ours@pec.example>
{mark}
Content-Type: multipart/signed; protocol="application/x-pkcs7-signature"; boundary=s

--s
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: text/plain

Messaggio di posta certificata
--m
Content-Type: application/xml; name="daticert.xml"

{data}
--m
Content-Type: message/rfc822; name="postacert.eml"

From: Anna Rossi <anna@pec.example>
Message-ID: <opec1@provider.example>
Subject: Fattura

Il testo di Anna
--m--
--s
Content-Type: application/x-pkcs7-signature; name="smime.p7s"

x
--s--
"""


def certified(mark: str, kind: str) -> bytes:
    data = DATICERT.format(kind=kind)
    return CERTIFIED.format(subject="POSTA CERTIFICATA: Fattura", mark=mark, data=data).encode()


def test_a_transport_envelope_tells_who_wrote_and_what():
    content = read(certified("X-Trasporto: posta-certificata", "posta-certificata")).content
    assert content.notice is None
    assert content.pec_sender == Address("anna@pec.example", "Anna Rossi")
    assert content.pec_message_id == "ours@pec.example"
    assert content.message_id == "opec1@provider.example"
    assert content.subject == "POSTA CERTIFICATA: Fattura"
    assert content.text.strip() == "Il testo di Anna"
    names = [attachment.name for attachment in content.attachments]
    assert names == ["daticert.xml", "postacert.eml", "smime.p7s"]
    assert content.protection == "smime-signed"


def test_only_the_receipt_header_makes_a_receipt():
    content = read(certified("X-Ricevuta: errore-consegna", "errore-consegna")).content
    assert content.pec_sender is None
    assert content.notice is not None
    assert (content.notice.kind, content.notice.outcome) == (NoticeKind.PEC, "errore-consegna")
    assert (content.notice.status, content.notice.recipient) == ("5.1.1", "bob@pec.example")
    assert content.notice.concerns == ("ours@pec.example", "opec1@provider.example")


def test_certification_data_with_a_document_type_are_refused():
    bomb = b'<!DOCTYPE a [<!ENTITY x "y">]><postacert><mittente>&x;</mittente></postacert>'
    assert read_certification(bomb) is None


def test_certification_data_cut_short_are_read_as_far_as_they_go():
    data = read_certification(DATICERT.format(kind="accettazione").encode()[:200])
    assert data is not None
    assert (data.kind, data.sender) == ("accettazione", "anna@pec.example")


def test_other_xml_is_no_certification():
    assert read_certification(b"<other/>") is None
    assert read_certification(b"no xml") is None


def test_who_helps_with_a_failure_is_not_who_could_not_be_reached():
    told = b"For help, please contact <postmaster@mx.example>\n\n<bad@b.example>: unknown user\n"
    raw = QMAIL.replace(b"<bad@b.example>:", told).replace(b"192.0.2.1 does", b"It does")
    notice = read(raw).content.notice
    assert notice is not None
    assert notice.recipient == "bad@b.example"


def test_recipients_that_failed_stand_below_those_of_the_message():
    told = b"Your message\n  To: good@b.example\ndid not reach the following recipient(s):\n\n"
    notice = read(QMAIL.replace(b"<bad@b.example>:", told + b"bad@b.example on Monday")).content
    assert notice.notice is not None
    assert notice.notice.recipient == "bad@b.example"


def test_a_mailbox_of_ones_own_can_be_full():
    raw = QMAIL.replace(b"bad@b.example", b"anna@a.example")
    notice = read(raw).content.notice
    assert notice is not None
    assert notice.recipient == "anna@a.example"


def test_a_report_that_names_nobody_means_the_only_one_to_whom_the_returned_message_went():
    raw = report("delivery-status", "delivery-status", "Action: failed\nStatus: 5.0.0\n")
    raw = raw.replace(b"Subject: Offer", b"To: Bob <bob@b.example>")
    notice = read(raw).content.notice
    assert notice is not None
    assert notice.recipient == "bob@b.example"
    two = read(raw.replace(b"bob@b.example>", b"bob@b.example>, c@b.example")).content.notice
    assert two is not None
    assert two.recipient == ""


def test_a_returned_header_inside_the_report_names_the_message():
    raw = report("delivery-status", "delivery-status", STATUS)
    raw = raw.replace(b"--b\nContent-Type: message/rfc822", b"--c\nContent-Type: message/rfc822")
    notice = read(raw).content.notice
    assert notice is not None
    assert notice.concerns == ("ours@a.example",)


def test_a_report_that_a_gateway_wraps_into_a_notice_of_its_own_names_whom_it_is_about():
    inner = report("delivery-status", "delivery-status", STATUS).replace(b"--b", b"--i")
    inner = inner.replace(b"boundary=b", b"boundary=i")
    raw = b"From: MAILER-DAEMON@gw.example\nSubject: Returned mail: User unknown\n"
    raw += b"Content-Type: multipart/mixed; boundary=o\n\n--o\n\nThe addresses below had errors:\n"
    raw += b"--o\nContent-Type: message/rfc822\n\n" + inner + b"--o--\n"
    notice = read(raw).content.notice
    assert notice is not None
    assert notice.recipient == "bad@b.example"


@pytest.mark.parametrize(
    ("told", "concerns"),
    [
        ("<sent@a.example>", ("ours@a.example", "sent@a.example")),
        ("[/ADMD= /C=WW/;<sent@a.example>]", ("ours@a.example", "sent@a.example")),
        ("QQ314159", ("ours@a.example",)),
    ],
)
def test_an_envelopes_id_may_be_another_id_of_the_message(told, concerns):
    fields = f"Original-Envelope-Id: {told}\n{STATUS}"
    notice = read(report("delivery-status", "delivery-status", fields)).content.notice
    assert notice is not None
    assert notice.concerns == concerns


def test_a_delivery_report_tells_of_each_recipient():
    fields = f"Original-Envelope-Id: 0190abcd\n{STATUS}Diagnostic-Code: smtp; 550 5.1.1 nobody\n"
    notice = read(report("delivery-status", "delivery-status", fields)).content.notice
    assert notice is not None
    assert notice.reports == (
        Report("good@b.example", "delivered", "2.0.0", "", "good@b.example"),
        Report("bad@b.example", "failed", "5.1.1", "550 5.1.1 nobody", "other@b.example"),
    )
    assert notice.envelope == "0190abcd"


SENT = Sent("ours@pec.example", "anna@pec.example", ("bob@pec.example", "c@plain.example"))
AT = datetime(2026, 3, 9, 10, 5, tzinfo=UTC)


def reports(made: Receipt, **more: str) -> list[tuple[str, str, str, bool | None]]:
    notice = read(receipt(SENT, made, ("c@plain.example",), at=AT, more=more)).content.notice
    assert notice is not None
    return [(x.recipient, x.outcome, x.status, x.certified) for x in notice.reports]


def test_an_acceptance_tells_which_recipients_have_certified_mail():
    assert reports(Receipt("accettazione")) == [
        ("bob@pec.example", "accettazione", "", True),
        ("c@plain.example", "accettazione", "", False),
    ]


def test_a_receipt_of_one_recipient_is_about_him_alone_and_of_nobody_if_it_names_none():
    made = Receipt("errore-consegna", "BOB@pec.example", "no-dest")
    assert reports(made) == [("BOB@pec.example", "errore-consegna", "5.1.1", True)]
    assert reports(Receipt("avvenuta-consegna")) == []


def test_a_receipt_whose_header_says_otherwise_than_its_certification_says_nothing():
    disputed = reports(
        Receipt("errore-consegna", "bob@pec.example"), **{"X-Ricevuta": "accettazione"}
    )
    assert [outcome for _, outcome, _, _ in disputed] == ["disputed"]
