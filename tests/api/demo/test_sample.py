"""The sample company: believable, the same every time, and nobody's real mail."""

import csv
import email
import json
import mailbox
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest

from api.demo.company import SAMPLE, load, rows
from api.demo.correspondence import Filed, told
from api.demo.letters import stories
from api.demo.mail import SampleMail, left_open, sample_mail, write_sample
from api.demo.workdays import Calendar, local, working_days_back

TUESDAY = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)
MOMENTS = [
    TUESDAY,
    datetime(2026, 11, 24, 0, 4, tzinfo=UTC),
    datetime(2026, 11, 24, 6, 31, 12, tzinfo=UTC),
    datetime(2027, 1, 1, 12, 0, tzinfo=UTC),
    datetime(2027, 3, 28, 9, 0, tzinfo=UTC),  # a Sunday, the clocks have just been put forward
    datetime(2028, 2, 29, 22, 59, tzinfo=UTC),
]
DOMAIN = re.compile(rb"(?:@|https?://)([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
COLUMNS = {
    "parties.csv": "party_id,kind,name,country,language,vat",
    "contacts.csv": "party_id,name,role,email",
    "documents.csv": "doc_id,type,number,party_id,date,due_date,amount,currency,customer_ref",
    "colleagues.csv": "name,email,role,mailbox_collected",
    "mailboxes.csv": "file,address,folder,messages",
}
OPTIONAL = {
    "sales_manager", "agent", "zone", "city", "category", "pec", "privacy_level", "receives",
}  # fmt: skip


@pytest.fixture(scope="module")
def mails():
    return sample_mail(TUESDAY)


@pytest.fixture(scope="module")
def parsed(mails):
    return [parse(mail) for mail in mails]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, TUESDAY)
    return folder


def parse(mail: SampleMail) -> EmailMessage:
    return email.message_from_bytes(mail.raw, policy=policy.default)


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain", "html"))
    return "" if body is None else body.get_content()


def test_the_same_moment_gives_the_same_bytes(mails):
    assert sample_mail(TUESDAY) == mails


def test_about_three_hundred_messages_in_five_mailboxes(mails, parsed):
    assert 300 <= len({message["Message-ID"] for message in parsed}) <= 340
    assert len({mail.mailbox for mail in mails}) == 5
    assert len(parties := rows("parties.csv")) == len({row["party_id"] for row in parties})
    assert 25 <= len(parties) <= 40


@pytest.mark.parametrize("until", MOMENTS)
def test_the_sample_ends_when_it_is_shown(until, mails):
    found = sample_mail(until)
    last = Calendar(until).last
    assert until - timedelta(days=60) < min(mail.received_at for mail in found)
    assert max(mail.received_at for mail in found) <= until
    assert local(found[-1].received_at).date() == last
    assert all(local(mail.received_at).weekday() < 5 for mail in found)
    assert len(found) == len(mails)


@pytest.mark.parametrize("until", MOMENTS)
def test_an_answer_comes_after_what_it_answers(until):
    calendar = Calendar(until)
    company = load(calendar)
    for story in stories():
        times = [filed.letter.sent_at for filed in told(story, company, calendar)]
        assert times == sorted(times), story.key


def test_another_day_changes_dates_and_nothing_else(mails):
    later = sample_mail(TUESDAY + timedelta(days=30))
    ids = [Counter(parse(mail)["Message-ID"] for mail in found) for found in (mails, later)]
    human = [
        Counter({id: times for id, times in found.items() if "@mx." not in id}) for found in ids
    ]
    assert human[0] == human[1]


def test_every_mail_parses_without_defects(mails, parsed):
    for mail, message in zip(mails, parsed, strict=True):
        assert [part.defects for part in message.walk() if part.defects] == [], message["Subject"]
        assert b"\n" not in mail.raw.replace(b"\r\n", b"")
        assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 998


def test_no_domain_is_anybodys(mails, parsed):
    unfolded = (mail.raw.replace(b"=\r\n", b"") for mail in mails)
    named = {domain for raw in unfolded for domain in DOMAIN.findall(raw)}
    for part in (part for message in parsed for part in message.walk()):
        if part.get_content_maintype() != "image":
            named |= set(DOMAIN.findall(part.get_payload(decode=True) or b""))
    for path in SAMPLE.iterdir():
        named |= set(DOMAIN.findall(path.read_bytes()))
    assert {domain for domain in named if not domain.endswith(b".example")} == set()


@pytest.mark.parametrize(
    "words",
    ["Cordiali saluti", "Mit freundlichen Grüßen", "Cordialement", "Z poważaniem", "Kind regards"],
)
def test_five_languages_are_written(parsed, words):
    assert sum(words in text_of(message) for message in parsed) >= 4


@pytest.mark.parametrize("prefix", ["R: ", "AW: ", "RE: ", "Re: ", "Odp: ", "I: ", "Fwd: "])
def test_programs_put_their_prefixes(parsed, prefix):
    assert any(message["Subject"].startswith(prefix) for message in parsed)


@pytest.mark.parametrize(
    "words",
    [
        "ha scritto:", "schrieb", "a écrit :", "wrote:", "Wiadomość napisana przez",
        "-----Messaggio originale-----", "Gesendet: ", "Envoyé: ",
    ],
)  # fmt: skip
def test_programs_quote_in_their_way(parsed, words):
    assert any(words in text_of(message) for message in parsed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied"),
        ("Auto-Submitted", "auto-generated"),
        ("List-Unsubscribe", "<https://"),
        ("List-Id", "esterni"),
        ("X-Ricevuta", "accettazione"),
        ("X-Ricevuta", "avvenuta-consegna"),
        ("X-Trasporto", "posta-certificata"),
        ("Content-Type", "multipart/report"),
        ("Precedence", "bulk"),
        ("From", "no-reply@"),
    ],
)
def test_machine_mail_of_every_kind_is_there(parsed, name, value):
    assert any(value in str(message.get(name, "")) for message in parsed)


def test_clients_thread_in_their_ways(parsed):
    def having(field: str, *, references: bool) -> int:
        return sum(
            field in message and ("References" in message) is references for message in parsed
        )

    assert having("In-Reply-To", references=False) >= 5
    assert having("In-Reply-To", references=True) >= 80
    stripped = [m for m in parsed if "In-Reply-To" not in m and m["Subject"].startswith("R: Re: ")]
    assert stripped
    assert any("text/calendar" in part.get_content_type() for m in parsed for part in m.walk())


def test_a_colleague_answers_from_a_mailbox_that_is_not_collected(mails, parsed):
    kept = {row["email"] for row in rows("colleagues.csv") if row["mailbox_collected"] == "no"}
    seen = [
        mail
        for mail, message in zip(mails, parsed, strict=True)
        if message["From"].addresses[0].addr_spec in kept and message["Cc"]
    ]
    assert len(seen) >= 4
    assert {mail.folder for mail in seen} == {"INBOX"}


def test_some_mail_lies_in_two_mailboxes_and_one_date_is_wrong(mails, parsed):
    times = Counter(message["Message-ID"] for message in parsed)
    assert sum(number == 2 for number in times.values()) >= 4
    wrong = [
        mail
        for mail, message in zip(mails, parsed, strict=True)
        if abs(parsedate_to_datetime(message["Date"]) - mail.received_at) > timedelta(days=1)
    ]
    assert len(wrong) == 1


def test_attachments_are_real_files_some_with_foreign_names(mails, parsed):
    files = [part for message in parsed for part in message.walk() if part.get_filename()]
    pdfs = [part for part in files if part.get_content_type() == "application/pdf"]
    assert len(pdfs) >= 80
    assert all(part.get_content().startswith(b"%PDF-1.4") for part in pdfs)
    assert all(part.get_content().endswith(b"%%EOF\n") for part in pdfs)
    assert sum(not part.get_filename().isascii() for part in files) >= 15
    assert sum(b"filename*=utf-8''" in mail.raw for mail in mails) >= 15


def test_a_certified_envelope_holds_the_mail_itself(parsed):
    envelopes = [message for message in parsed if "X-Trasporto" in message]
    assert len(envelopes) == 2
    for envelope in envelopes:
        inner = [part for part in envelope.walk() if part.get_content_type() == "message/rfc822"]
        assert inner[0].get_content()["Message-ID"] == envelope["X-Riferimento-Message-ID"]


def test_between_twelve_and_twenty_questions_wait(parsed):
    waiting = [
        filed.letter
        for story in stories()
        for filed in _open(told(story, load(Calendar(TUESDAY)), Calendar(TUESDAY)))
    ]
    assert 12 <= len(waiting) <= 20
    ages = [TUESDAY - letter.sent_at for letter in waiting]
    assert sum(age > timedelta(days=14) for age in ages) >= 2
    assert sum(timedelta(days=4) < age for age in ages) >= 5


def test_what_is_meant_to_wait_is_what_nothing_of_ours_follows(parsed):
    calendar = Calendar(TUESDAY)
    company = load(calendar)
    letters = [told(story, company, calendar) for story in stories()]
    unfollowed = {filed.letter.id for story in letters for filed in _open(story)}
    assert unfollowed <= left_open()
    # A certified mail and an invitation are told by no story.
    others = {id_of(mail) for mail in parsed} & left_open() - unfollowed
    assert len(others) == len(left_open()) - len(unfollowed) == 2


def id_of(message: EmailMessage) -> str:
    return str(message["Message-ID"]).strip().strip("<>")


def _open(letters):
    """Find what a story leaves open: no letter of ours refers to it or bears its subject."""
    waiting: dict[str, Filed] = {}
    for filed in letters:
        letter = filed.letter
        base = re.sub(r"^((R|RE|Re|AW|Odp|I|Fwd): )+", "", letter.subject)
        if letter.author.domain != "fanaleria-morgenti.example":
            asks = not letter.automatic and filed.step.text != "thanks"
            waiting |= {base: filed} if asks and base not in waiting else {}
        elif letter.to[0].domain != "fanaleria-morgenti.example":
            waiting.pop(base, None)
    return list(waiting.values())


def test_the_directory_has_the_expected_columns(written):
    for name, columns in COLUMNS.items():
        with (written / "directory" / name).open(encoding="utf-8", newline="") as lines:
            found = next(csv.reader(lines))
        wanted = columns.split(",")
        assert found[: len(wanted)] == wanted
        assert set(found[len(wanted) :]) <= OPTIONAL


def test_the_directory_is_whole(written):
    company = json.loads((written / "directory" / "company.json").read_text("utf-8"))
    assert company["end"].startswith(TUESDAY.date().isoformat())
    with (written / "directory" / "documents.csv").open(encoding="utf-8", newline="") as lines:
        documents = list(csv.DictReader(lines))
    parties = {row["party_id"] for row in rows("parties.csv")}
    assert {row["party_id"] for row in documents} <= parties
    assert {row["party_id"] for row in rows("contacts.csv")} == parties
    assert len({(row["type"], row["number"]) for row in documents}) == len(documents)
    assert all("{" not in row["number"] + row["customer_ref"] for row in documents)
    assert all(date.fromisoformat(row["date"]) <= TUESDAY.date() for row in documents)
    kinds = {"offer", "sales_order", "purchase_order", "delivery_note", "invoice"}
    assert {row["type"] for row in documents} == kinds


def test_the_mailboxes_read_back_as_they_were_written(written, mails):
    with (written / "directory" / "mailboxes.csv").open(encoding="utf-8", newline="") as lines:
        places = list(csv.DictReader(lines))
    assert sum(int(row["messages"]) for row in places) == len(mails)
    for row in places:
        box = mailbox.mbox(written / "mailboxes" / row["file"], create=False)
        ids = [message["Message-ID"] for message in box]
        kept = [m for m in mails if (m.mailbox, m.folder) == (row["address"], row["folder"])]
        assert ids == [parse(mail)["Message-ID"] for mail in kept]
        stamps = [message.get_from().split(" ", 1)[1] for message in box]
        assert stamps == [mail.received_at.replace(tzinfo=None).ctime() for mail in kept]
        box.close()


@pytest.mark.parametrize("last", [date(2026, 6, 24), date(2026, 6, 26), date(2026, 6, 29)])
def test_working_days_count_back_and_forth(last):
    calendar = Calendar(datetime(last.year, last.month, last.day, 20, tzinfo=UTC))
    for back in range(80):
        assert working_days_back(calendar.day(back), last) == back
        assert calendar.day(back).weekday() < 5
