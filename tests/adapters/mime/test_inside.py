"""What attachments hold is shown behind them; each stays as it came."""

import time
from base64 import encodebytes

from adapters.mime import tnef as reader_of_tnef
from adapters.mime.reader import Reading, read
from signing import signatory
from tnefs import attribute, body, file, message_file, tnef


def mail(*parts: tuple[str, bytes], text: str = "Ecco.") -> bytes:
    head = "From: anna@a.example\nMessage-ID: <m@a.example>\nMIME-Version: 1.0\n"
    head += (
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n{text}\n"
    )
    lines = [head.encode()]
    for kind, octets in parts:
        lines.append(f"--b\nContent-Type: {kind}\n".encode())
        if kind.startswith("message/"):
            lines.append(b"\n" + octets + b"\n")
        else:
            lines.append(b"Content-Transfer-Encoding: base64\n\n" + encodebytes(octets))
    return b"".join((*lines, b"--b--\n"))


def files(reading: Reading) -> list[tuple[str, int | None, bytes]]:
    pairs = zip(reading.content.attachments, reading.files, strict=True)
    return [(one.name, one.inside, octets) for one, octets in pairs]


WINMAIL = 'application/ms-tnef; name="winmail.dat"'
INNER = (
    b"From: bob@b.example\nSubject: Ordine 12\nContent-Type: multipart/mixed; boundary=i\n\n"
    b"--i\nContent-Type: text/plain\n\nBuongiorno\n--i\n"
    b'Content-Type: application/pdf; name="ordine.pdf"\n\n%PDF\n--i--\n'
)


def test_the_files_in_winmail_dat_stand_behind_it():
    packed = tnef(file("Angebot März.pdf", b"%PDF", "application/pdf"), file("b.txt", b"B"))
    reading = read(mail((WINMAIL, packed), ("image/png; name=logo.png", b"png")))
    assert files(reading) == [
        ("winmail.dat", None, packed),
        ("logo.png", None, b"png"),
        ("Angebot März.pdf", 0, b"%PDF"),
        ("b.txt", 0, b"B"),
    ]
    types = [one.media_type for one in reading.content.attachments]
    assert types[2:] == ["application/pdf", "text/plain"]
    assert reading.content.text == "Ecco."
    assert not reading.content.defects


def test_a_text_that_only_winmail_dat_has_is_the_text():
    packed = tnef(body("<p>Grüße aus <b>Bozen</b></p>"))
    assert read(mail((WINMAIL, packed), text="")).content.text == "Grüße aus Bozen"


def test_a_message_in_winmail_dat_is_opened_too():
    packed = tnef(message_file("Alt", tnef(file("alt.xls", b"xls"))))
    reading = read(mail((WINMAIL, packed)))
    assert [(name, inside) for name, inside, _ in files(reading)] == [
        ("winmail.dat", None),
        ("Alt", 0),
        ("alt.xls", 1),
    ]


def test_winmail_dat_cut_short_is_opened_as_far_as_it_goes():
    whole = tnef(file("a.txt", b"A"), file("b.txt", b"B" * 100))
    reading = read(mail((WINMAIL, whole[: whole.index(b"BBB") + 10])))
    assert [name for name, _, _ in files(reading)][:2] == ["winmail.dat", "a.txt"]
    assert reading.content.defects == ("attachment not opened in full",)
    assert not reading.content.degraded


def test_what_only_looks_like_winmail_dat_is_left_as_it_is():
    assert len(read(mail((WINMAIL, b"no tnef"))).files) == 1


def test_an_attached_mail_is_opened_and_known_by_its_subject():
    reading = read(mail(("message/rfc822", INNER)))
    assert [(name, inside) for name, inside, _ in files(reading)] == [
        ("", None),
        ("ordine.pdf", 0),
    ]
    assert reading.content.attachments[0].title == "Ordine 12"
    assert reading.content.text == "Ecco."


def test_a_mail_attached_as_a_file_is_opened_if_it_is_one():
    kind = 'application/octet-stream; name="ordine.eml"'
    assert [name for name, _, _ in files(read(mail((kind, INNER))))] == [
        "ordine.eml",
        "ordine.pdf",
    ]
    assert len(read(mail((kind, b"\x00\x01 no mail"))).files) == 1


def test_mails_within_mails_are_opened_to_a_depth():
    raw = INNER
    for boundary in b"cdefg":
        outer = mail(("message/rfc822", b"the inner one"))
        outer = outer.replace(b"boundary=b", b"boundary=%c" % boundary)
        raw = outer.replace(b"--b", b"--%c" % boundary).replace(b"the inner one", raw)
    depths = read(raw).content.attachments
    assert [one.inside for one in depths] == [None, 0, 1, 2]


def test_what_a_bounce_brings_back_is_not_opened():
    raw = mail(("message/rfc822", INNER)).replace(b"anna@a.example", b"MAILER-DAEMON@mx.example")
    raw = raw.replace(b"Message-ID", b"Subject: Undelivered Mail Returned to Sender\nMessage-ID")
    reading = read(raw)
    assert reading.content.notice is not None
    assert len(reading.files) == 1


def test_a_signed_invoice_is_opened():
    invoice = b"<FatturaElettronica/>"
    signed = signatory().signed(invoice)
    kind = 'application/pkcs7-mime; name="IT01234567890_00001.xml.p7m"'
    reading = read(mail((kind, signed)))
    assert files(reading) == [
        ("IT01234567890_00001.xml.p7m", None, signed),
        ("IT01234567890_00001.xml", 0, invoice),
    ]
    assert reading.content.attachments[1].media_type == "application/xml"
    assert reading.content.protection == ""


def test_an_opaque_signed_mail_is_read_like_any_other():
    signed = signatory().signed(INNER)
    raw = b'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\n'
    raw += b"From: bob@b.example\nContent-Transfer-Encoding: base64\n\n" + encodebytes(signed)
    reading = read(raw)
    assert files(reading) == [("smime.p7m", None, signed), ("ordine.pdf", 0, b"%PDF")]
    assert reading.content.text == "Buongiorno"
    assert (reading.content.protection, reading.content.signature) == ("smime-signed", "intact")


def test_a_mail_cannot_become_many_times_its_size():
    many = b"".join(b"--i\nContent-Type: image/png; name=a.png\n\nx\n" for _ in range(900))
    inner = b"Content-Type: multipart/mixed; boundary=i\n\n" + many + b"--i--\n"
    reading = read(mail(("message/rfc822", inner), ("message/rfc822", inner)))
    assert len(reading.files) == 500
    assert "attachment not opened in full" in reading.content.defects
    nested = tnef(*(file("a", bytes(4_000)) for _ in range(40)))
    for _ in range(3):
        nested = tnef(message_file("m", nested))
    found = read(mail((WINMAIL, nested)))
    assert sum(map(len, found.files)) < 4 * len(nested)


def test_hostile_streams_cost_little():
    properties = (
        (4_000_000).to_bytes(4, "little") + b"\x1e\x10\x00\x30\xff\xff\xff\xff" + bytes(9_000_000)
    )
    packed = tnef(attribute(0x00069003, properties, level=1))
    begun = time.process_time()
    unpacked = reader_of_tnef.unpack(packed)
    assert unpacked is not None
    assert not unpacked.complete
    assert reader_of_tnef.unpack(tnef(attribute(1, b"") * 500_000)) is not None
    assert time.process_time() - begun < 1
