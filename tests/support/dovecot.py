"""A real mail server for tests: Dovecot without root, on random ports of the loopback.

`dovecot` runs once a session; `mail_account` gives each test a user of its own on it. It answers
IMAP with STARTTLS, and IMAP over TLS, under a certificate of an authority made for the session;
POP3 likewise where that is installed.
"""

import datetime as dt
import getpass
import grp
import imaplib
import itertools
import os
import pwd
import re
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from places import quick_folder

BINARY = Path("/usr/sbin/dovecot")
POP3 = Path("/usr/lib/dovecot/pop3")
WAIT = 15
PASSWORD = "correct horse"
_LOOPBACK = "127.0.0.1"
_numbers = itertools.count(1)

# The penalty of failed logins would slow down the good ones after them: its socket is closed.
COMMON = """
base_dir = {root}/run
state_dir = {root}/state
instance_name = carteggio-test-{imap}
log_path = {root}/dovecot.log
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
default_process_limit = 40
default_vsz_limit = 0
shutdown_clients = yes
ssl = yes
auth_mechanisms = plain login
auth_failure_delay = 0
mail_max_userip_connections = 100
first_valid_uid = 1
mail_fsync = never
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
"""

WITH_POP3 = """
service pop3-login {{
  chroot =
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
"""

VERSION_2_3 = """
protocols = imap {more}
disable_plaintext_auth = no
ssl_cert = <{root}/server.pem
ssl_key = <{root}/server.key
mail_location = maildir:~/mail
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {root}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/home/%u
}}
"""

# Written from the documentation of 2.4, which reads none of the above; the versions come first.
VERSION_2_4 = """
protocols {{
  imap = yes
  {more}
}}
auth_allow_cleartext = yes
ssl_server_cert_file = {root}/server.pem
ssl_server_key_file = {root}/server.key
mail_driver = maildir
mail_path = ~/mail
passdb passwd-file {{
  passwd_file_path = {root}/users
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {root}/home/%{{user}}
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running server: its ports, its authority's certificate, and its users' mail."""

    root: Path
    imap: int
    imaps: int
    pop3: int
    pop3s: int
    user: str
    host: str = _LOOPBACK
    _process: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def authority(self) -> Path:
        return self.root / "ca.pem"

    def add_user(self) -> "MailAccount":
        return MailAccount(self, f"user{next(_numbers)}")

    def own(self, *paths: Path) -> None:
        """Give files to the user that the server runs as."""
        if os.getuid() == 0:
            who = pwd.getpwnam(self.user)
            for path in paths:
                os.chown(path, who.pw_uid, who.pw_gid)


@dataclass(frozen=True)
class MailAccount:
    """A user of the server, with ways to put mail into its folders."""

    server: Dovecot
    user: str
    password: str = PASSWORD

    def login(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4(self.server.host, self.server.imap, timeout=WAIT)
        try:
            client.login(self.user, self.password)
        except BaseException:
            client.shutdown()
            raise
        return client

    def append(
        self,
        *mails: bytes,
        folder: str = "INBOX",
        when: dt.datetime | None = None,
        flags: str = "",
    ) -> None:
        date = imaplib.Time2Internaldate(when) if when else ""
        with self.login() as client:
            for raw in mails:
                answer, said = client.append(f'"{folder}"', flags, date, raw)
                assert answer == "OK", said

    def deliver(self, mails: Iterable[tuple[str, bytes]]) -> None:
        """Put files, by name, straight into the Maildir: quick for thousands."""
        home = self.server.root / "home" / self.user
        folders = [home, home / "mail", *(home / "mail" / x for x in ("new", "cur", "tmp"))]
        for folder in folders:
            folder.mkdir(exist_ok=True)
        paths = []
        for name, raw in mails:
            paths.append(home / "mail/cur" / name)
            paths[-1].write_bytes(raw)
        self.server.own(*folders, *paths)

    def renumber(self) -> None:
        """Write another UIDVALIDITY into the list of UIDs of INBOX; flags are in the files' names."""
        folder = self.server.root / "home" / self.user / "mail"
        for index in folder.glob("dovecot.index*"):
            index.unlink()
        uids = folder / "dovecot-uidlist"
        uids.write_text(re.sub(r" V\d+ ", " V4711 ", uids.read_text(), count=1))
        self.server.own(uids)

    def expunge(self, uids: str) -> None:
        with self.login() as client:
            client.select()
            client.uid("STORE", uids, "+FLAGS", r"(\Deleted)")
            client.expunge()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """Run Dovecot for the session."""
    if not BINARY.exists():
        pytest.skip("Dovecot is not installed: apt-get install dovecot-imapd")
    with running() as server:
        yield server


@contextmanager
def running(more: str = "") -> Iterator[Dovecot]:
    """Run a server, with further lines of configuration, until the block is left."""
    with quick_folder("dovecot") as root:
        server = _prepare(root, more)
        process = _start(server)
        try:
            yield server
        finally:
            _stop(process)


@pytest.fixture
def maildrop(mail_account: MailAccount) -> MailAccount:
    """Give a new user without mail who can also come by POP3."""
    if not POP3.exists():
        pytest.skip("Dovecot's POP3 is not installed: apt-get install dovecot-pop3d")
    return mail_account


@pytest.fixture
def mail_account(dovecot: Dovecot) -> MailAccount:
    """Give a new user without mail."""
    return dovecot.add_user()


def _prepare(root: Path, more: str) -> Dovecot:
    root.chmod(0o711)
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    imap, imaps, pop3, pop3s = free_ports(4)
    for name in ("run", "state", "home"):
        (root / name).mkdir()
    # All users are there from the start: a file that changes twice a second is read once.
    (root / "users").write_text("".join(f"user{n}:{{PLAIN}}{PASSWORD}\n" for n in range(1_000)))
    from certificates import certify  # noqa: PLC0415 # heavy

    certify(root)
    server = Dovecot(root, imap, imaps, pop3, pop3s, user)
    (root / "dovecot.conf").write_text(_configuration(server) + more)
    server.own(root, *root.iterdir())
    return server


def _configuration(server: Dovecot) -> str:
    who = pwd.getpwnam(server.user)
    words = {
        "root": server.root, "imap": server.imap, "imaps": server.imaps, "pop3": server.pop3,
        "pop3s": server.pop3s, "user": server.user, "group": grp.getgrgid(who.pw_gid).gr_name, "uid": who.pw_uid,
        "gid": who.pw_gid,
    }  # fmt: skip
    version = subprocess.run([BINARY, "--version"], check=True, capture_output=True, text=True)
    major, minor = version.stdout.split(".")[:2]
    common = COMMON + WITH_POP3 if POP3.exists() else COMMON
    if (int(major), int(minor)) < (2, 4):
        return (common + VERSION_2_3).format(**words, more="pop3" if POP3.exists() else "")
    more = "pop3 = yes" if POP3.exists() else ""
    first = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
    return first + (common + VERSION_2_4).format(**words, more=more)


def _start(server: Dovecot) -> "subprocess.Popen[bytes]":
    command = [str(BINARY), "-F", "-c", str(server.root / "dovecot.conf")]
    if os.getuid() == 0:  # Dovecot refuses to read mail as root
        who = pwd.getpwnam(server.user)
        drop = [f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"]
        command = ["setpriv", *drop, *command]
    with (server.root / "stdout").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=server.root)
    try:
        _await_greeting(server, process)
    except BaseException:
        _stop(process)
        raise
    return process


def _await_greeting(server: Dovecot, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        try:
            with socket.create_connection((server.host, server.imap), 1) as peer:
                if peer.recv(100).startswith(b"* OK"):
                    return
        except OSError:
            pass
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        logs = [server.root / "stdout", server.root / "dovecot.log"]
        raise RuntimeError("".join(x.read_text() for x in logs if x.exists()))
    raise TimeoutError("Dovecot does not answer")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop the master, and what it leaves behind if it does not go by itself."""
    import psutil  # noqa: PLC0415

    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        children = []
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
    for child in psutil.wait_procs(children, timeout=3)[1]:
        child.kill()


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((_LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]
