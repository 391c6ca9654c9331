"""Which folders of an account are fetched, under whatever names they go by now.

A chosen folder that is no longer there was renamed if another one has its id (RFC 8474), or its
numbering and its messages: the account then names that one. Folders that nobody chose are asked how
they stand, and are not fetched.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from adapters.ids import uuid7
from adapters.imap.session import ImapSession
from adapters.imap.values import FolderState, Namespace, RemoteFolder, Role
from adapters.logs import log
from api.work.accounts import Account
from api.work.cursors import Cursor, Cursors, Known
from api.work.instance import Carteggio
from api.work.recognising import Recognising
from api.work.synced import Synced
from domain import account as accounts
from domain.account import ConfigureAccount
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind

_SAMPLE: Final = 5


@dataclass(slots=True)
class Choice:
    """The folders of an account that are fetched, the inbox last, and those that are gone.

    `stale`: it has to be chosen anew, since not all that the account names was there. `not_there`
    says what.
    """

    folders: list[RemoteFolder]
    gone: list[Known] = field(default_factory=list)
    stale: bool = False
    not_there: str = ""


class Choosing:
    """Chooses the folders of one company's accounts."""

    def __init__(self, carteggio: Carteggio, cursors: Cursors, recognising: Recognising) -> None:
        self._carteggio = carteggio
        self._cursors = cursors
        self._recognising = recognising

    async def choose(self, session: ImapSession, synced: Synced) -> Choice:
        """List the server's folders, and choose; follow those that bear another name now."""
        account, there = synced.account, await session.folders()
        keys = {self._cursors.key(account.id, one): one for one in there}
        beside = await asyncio.to_thread(self._cursors.beside, account.id, keys.keys())
        refused = await session.states(one.folder for one in beside) if beside else {}
        gone = [one for one in beside if one.folder.wire not in refused]
        missing = [one for one in gone if one.folder.name in (*account.folders, account.sent)]
        if missing:
            account = await self._followed(session, account, missing, list(keys.items()))
        folders = chosen(account, there, synced)
        return Choice(folders, gone, not_there=_not_there(account, there))

    async def _followed(
        self,
        session: ImapSession,
        account: Account,
        missing: Sequence[Known],
        there: Sequence[tuple[UUID, RemoteFolder]],
    ) -> Account:
        """Find chosen folders under their new names, and let the account name those."""
        candidates = [one for _, one in there if one.name not in account.folders]
        states = await session.states(candidates)
        for known in missing:
            cursor = await asyncio.to_thread(self._cursors.find, account.id, known.key)
            for folder in candidates:
                state = states.get(folder.wire)
                if cursor and state and await self._is_same(session, cursor, folder, state):
                    account = await asyncio.to_thread(
                        self._renamed, account, known.folder.name, folder.name
                    )
                    candidates.remove(folder)
                    break
        return account

    async def _is_same(
        self, session: ImapSession, cursor: Cursor, folder: RemoteFolder, state: FolderState
    ) -> bool:
        if cursor.mailbox_id is not None:
            return cursor.mailbox_id == self._cursors.mailbox_id(cursor.account, state)
        if state.uidvalidity != cursor.uid_validity or state.uidnext <= cursor.last_uid:
            return False
        sample = await asyncio.to_thread(self._recognising.sample, cursor, _SAMPLE)
        await session.select(folder)
        shown = await session.shown(sample, header=True)
        prints = {
            uid: self._recognising.fingerprint_of(cursor.account, one)
            for uid, one in shown.items()
        }
        return bool(prints) and all(sample[uid] == one for uid, one in prints.items())

    def _renamed(self, account: Account, before: str, now: str) -> Account:
        """Record that the account names a folder otherwise."""
        state = accounts.initial
        for recorded in self._carteggio.journal.stream(account.id):
            state = accounts.evolve(state, recorded.event)
        if state.configured is None:
            return account
        names = tuple(now if one == before else one for one in state.configured.folders)
        sent = now if state.configured.sent == before else state.configured.sent
        command = ConfigureAccount(replace(state.configured, folders=names, sent=sent))
        actor = Actor(ActorKind.SYSTEM, "reception")
        envelope = Envelope(uuid7(), datetime.now(UTC), actor, Origin("imap"))
        self._carteggio.journal.record(account.id, accounts, command, envelope)
        log("sync").warning("a chosen folder was renamed", account=account.id)
        return replace(account, folders=names, sent=sent)


def chosen(account: Account, there: Sequence[RemoteFolder], synced: Synced) -> list[RemoteFolder]:
    """Choose our INBOX and Sent, or the folders that the account names; say which are not there.

    What the account names as the folder of sent mail is that alone, whatever the server says. INBOX comes last: it is the one in which news is waited for.
    """
    if account.sent:
        there = [_as_named(one, account.sent) for one in there]
    if missing := _not_there(account, there):
        synced.leave_out(missing)
    if account.folders:
        names = {one.name: one for one in there}
        found = [names[name] for name in _named(account) if name in names]
    else:
        found = [
            one
            for one in there
            if (one.namespace is Namespace.PERSONAL and one.role is not Role.OTHER)
            or one.name == account.sent
        ]
        if not missing and not any(one.role is Role.SENT for one in found):
            synced.warning = "no Sent folder is found; name it with --sent: answers are not seen"
    return sorted(found, key=lambda one: one.role is Role.INBOX)


def _named(account: Account) -> list[str]:
    """Give the folders that the account names, in order."""
    return list(dict.fromkeys((*account.folders, *([account.sent] if account.sent else []))))


def _not_there(account: Account, there: Sequence[RemoteFolder]) -> str:
    """Say which of the folders that the account names are not there; nothing if all are."""
    names = {one.name for one in there}
    missing = ", ".join(name for name in _named(account) if name not in names)
    return f"these folders are not there: {missing}" if missing else ""


def _as_named(folder: RemoteFolder, sent: str) -> RemoteFolder:
    """Let our sent mail lie in the folder of this name, and in no other."""
    if folder.name == sent:
        return replace(folder, role=Role.SENT)
    ours = folder.namespace is Namespace.PERSONAL and folder.role is Role.SENT
    return replace(folder, role=Role.OTHER) if ours else folder
