"""What is ordered over the API is done by the work behind it, without anybody asking again."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic

from adapters.mime.frames import Limits
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, configure
from api.work.importing import register_mailbox
from api.work.instance import Carteggio
from api.work.reception import Arrival, Place, Reception
from consenting import CLIENT, SECRET
from domain.account import OAuth
from domain.message import FolderRole
from letters import letter
from serving import Api, serving

BOX = "info@firm.example"
SLOW = b"--x\nContent-Type: text/html\n\n" + b"<pre>\n" * 150_000 + b"\n--x--\n"
MULTIPART = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n"
DEADLINE_S = 60.0


def until(told: Callable[[], bool]) -> None:
    """Ask again and again; the server's own answers are what is waited for."""
    end = monotonic() + DEADLINE_S
    while not told():
        assert monotonic() < end


def degraded(carteggio: Carteggio) -> None:
    with ReadingWorker(Limits(cpu_seconds=0.02)) as worker:
        reception = Reception(carteggio.journal, carteggio.blobs, worker, "import")
        mail = letter("slow@acme.example", b"Slow", more=MULTIPART, body=SLOW)
        place = Place(register_mailbox(carteggio, BOX), "INBOX", FolderRole.INBOX)
        at = datetime(2026, 2, 2, 9, tzinfo=UTC)
        reception.store(reception.read([Arrival(mail, place, at)]))


def test_mail_in_quarantine_is_read_and_consent_is_waited_for(
    carteggio: Carteggio, believer, provider
):
    user, provider.secret, provider.pending = believer.add_user(), SECRET, 0
    oauth = OAuth("other", CLIENT, endpoints=provider.endpoints(), scopes=("mail",))
    server = user.server
    configure(
        carteggio,
        Entered(
            BOX,
            server.host,
            server.imaps,
            "tls",
            user.user,
            SECRET,
            str(server.authority),
            oauth=oauth,
        ),
    )
    degraded(carteggio)
    provider.person = user.user
    with serving(carteggio, working=True) as api:
        ordered(api)
        until(
            lambda: (
                api.ask("{ quarantine { edges { node { isOrdered } } } }")["quarantine"]["edges"]
                == []
            )
        )
        until(lambda: api.ask("{ accounts { state } }")["accounts"][0]["state"] == "OK")


def ordered(api: Api) -> None:
    (account,) = api.ask("{ accounts { id state } }")["accounts"]
    assert account["state"] == "NEEDS_CONSENT"
    api.ask(
        """mutation($q: QuarantineReprocessInput!, $c: AccountConsentBeginInput!) {
        quarantineReprocess(input: $q) { waiting } accountConsentBegin(input: $c) { position } }""",
        q={"commandId": "q-1"}, c={"commandId": "c-1", "accountId": account["id"]},
    )  # fmt: skip
