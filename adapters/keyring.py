"""The keys of a company: a root key opens the company key, the company key those of the subjects.

A subject is what can be erased by itself: a message, a party, an account. Its key is made, and
durable, before anything is sealed under it; once it is destroyed, its subject never gets another.
"""

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from psycopg import errors

from adapters.database import Database
from adapters.keystore import KeyStore, NoKeys, Row, open_store
from adapters.rootkey import FileRoot, RootKey, RootKeyUnusable, WrongKey
from adapters.sealing import Damaged, Key, open_box, seal, unwrap

__all__ = [
    "Damaged",
    "FileRoot",
    "Key",
    "KeyDestroyed",
    "Keyring",
    "NoKeys",
    "RootKey",
    "RootKeyUnusable",
    "WrongKey",
]

_SECRETS = ("identity", "name", "index")
_REMEMBERED = 4_000
_SECRET_SIZE = 32


class KeyDestroyed(Exception):
    """The key of this subject was destroyed: what it sealed cannot be read again."""


class Keyring:
    """Gives, makes and destroys the keys of one company; safe to share between threads."""

    def __init__(
        self, database: Database, root: RootKey, company: str, remembered: int = _REMEMBERED
    ) -> None:
        """Open the company key, or raise a RootKeyUnusable that says what is wrong."""
        self.company = company
        self._database = database
        self.root = root
        self._keys = _Remembered(remembered)
        with open_store(database) as store:
            self._company_keys = store.company_keys(root)
            rows = store.secrets()
        opened = {kind: unwrap(self._company_keys[version], box) for kind, box, version in rows}
        self.identity_key, self.name_key, self.index_key = (opened[kind] for kind in _SECRETS)

    @property
    def token_key(self) -> bytes:
        """Give the key under which signed tokens are made, for ever (domain/signedtoken.py)."""
        return hmac.digest(self.identity_key, b"signed tokens", "sha256")

    @classmethod
    def initialise(cls, database: Database, root: RootKey) -> None:
        """Make the company key and the company's secrets, unless they are there already."""
        with open_store(database) as store:
            store.lock()
            if store.epoch()[1] is not None:
                store.company_keys(root)
                return
            root.generate()
            company_key = _new_secret()
            store.add_company_key(1, root.wrap(company_key))
            for kind in _SECRETS:
                store.put_secret(kind, aes_key_wrap(company_key, _new_secret()), 1)

    def ensure(self, subjects: Collection[UUID]) -> dict[UUID, Key]:
        """Give the key of each subject, making and committing the missing ones.

        Subjects whose key was destroyed are absent.
        """
        wanted = sorted(set(subjects))  # one order for all, so that no two wait for each other
        try:
            return self._ensured(wanted) if wanted else {}
        except errors.ForeignKeyViolation:  # a rotation ended between our look and our insert
            return self._ensured(wanted)

    def find(self, key_ids: Collection[UUID]) -> dict[UUID, Key]:
        """Give the keys with these ids; unknown and destroyed ones are absent."""
        if not key_ids:
            return {}
        with open_store(self._database) as store:
            epoch = self._refresh(store)
            found = self._keys.with_ids(key_ids)
            missing = [id for id in set(key_ids) if id not in found]
            read = self._opened(store, store.keys_with_ids(missing)) if missing else {}
        fresh = {key.id: key for key in read.values() if key}
        self._keys.add(fresh.values(), epoch)
        return found | fresh

    def destroy(self, subjects: Collection[UUID]) -> int:
        """Destroy the keys of these subjects for ever, and say how many there were.

        A subject that had no key will not get one: a journal of erasures can be replayed over a
        restored backup in any order.
        """
        doomed = sorted(set(subjects))
        if not doomed:
            return 0
        with open_store(self._database) as store:
            store.lock()
            return store.destroy(doomed)

    def rewrap(self, batch: int = 1000) -> Iterator[int]:
        """Change the company key, and say after each committed batch how many keys it wrapped.

        A change that was interrupted is finished first; nothing that was sealed is touched.
        """
        with open_store(self._database) as store:
            store.lock()
            self._refresh(store)
            if not store.has_older_than(max(self._company_keys)):
                self._begin_change(store)
        with open_store(self._database) as store:
            self._refresh(store)
        last = UUID(int=0)
        while done := self._rewrap_after(last, batch):
            last = done[-1]
            yield len(done)
        with open_store(self._database) as store:
            store.retire_older_than(max(self._company_keys))

    def seal_secret(self, subject: UUID, secret: bytes, kind: str = "secret") -> bytes:
        """Seal a password or token of an account under the account's own key."""
        return seal(self._key_of(subject), secret, kind, subject.bytes)

    def open_secret(self, subject: UUID, sealed: bytes, kind: str = "secret") -> bytes:
        """Open what `seal_secret` gave for this subject and kind, and for no other."""
        return open_box(self._key_of(subject), sealed, kind, subject.bytes)

    def _key_of(self, subject: UUID) -> Key:
        keys = self.ensure([subject])
        if subject not in keys:
            raise KeyDestroyed(f"the key of {subject} was destroyed")
        return keys[subject]

    def _ensured(self, wanted: Sequence[UUID]) -> dict[UUID, Key]:
        with open_store(self._database) as store:
            epoch = self._refresh(store)
            found = self._keys.of_subjects(wanted)
            missing = [subject for subject in wanted if subject not in found]
            read = self._opened(store, store.keys_of(missing)) if missing else {}
            if new := [subject for subject in missing if subject not in read]:
                read |= self._opened(store, self._made(store, new))
                if others := [subject for subject in new if subject not in read]:
                    read |= self._opened(store, store.keys_of(others))
        # Only what is committed may be remembered: else a later call would give a lost key.
        fresh = {subject: key for subject, key in read.items() if key}
        self._keys.add(fresh.values(), epoch)
        return found | fresh

    def _made(self, store: KeyStore, subjects: Sequence[UUID]) -> list[Row]:
        version, company_key = max(self._company_keys.items())
        wrapped = [aes_key_wrap(company_key, _new_secret()) for _ in subjects]
        return store.add_keys(subjects, wrapped, version)

    def _opened(self, store: KeyStore, rows: Sequence[Row]) -> dict[UUID, Key | None]:
        """Open key rows, by subject; None stands for a destroyed key."""
        if any(version and version not in self._company_keys for *_, version in rows):
            self._company_keys = store.company_keys(self.root)
        return {
            subject: Key(id, subject, unwrap(self._company_keys[version], wrapped), self.company)
            if wrapped
            else None
            for id, subject, wrapped, version in rows
        }

    def _refresh(self, store: KeyStore) -> int:
        """Forget what others destroyed, learn of a new company key, and give the epoch."""
        epoch, version = store.epoch()
        self._keys.refresh(epoch)
        if version not in self._company_keys:
            self._company_keys = store.company_keys(self.root)
        return epoch

    def _begin_change(self, store: KeyStore) -> None:
        old, new, version = self._company_keys, _new_secret(), max(self._company_keys) + 1
        store.add_company_key(version, self.root.wrap(new))
        for kind, wrapped, before in store.secrets():
            store.put_secret(kind, aes_key_wrap(new, unwrap(old[before], wrapped)), version)

    def _rewrap_after(self, last: UUID, batch: int) -> list[UUID]:
        with open_store(self._database) as store:
            store.lock()
            version, new = max(self._company_keys.items())
            rows = store.keys_older_than(version, last, batch)
            wrapped = [aes_key_wrap(new, unwrap(self._company_keys[v], w)) for _, w, v in rows]
            ids = [row[0] for row in rows]
            store.change_wrapped(ids, wrapped, version)
        return ids


class _Remembered:
    """The keys used last, by id and by subject, as long as nobody destroys one."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._epoch = -1
        self._keys: OrderedDict[UUID, Key] = OrderedDict()
        self._ids: dict[UUID, UUID] = {}
        self._lock = threading.Lock()

    def refresh(self, epoch: int) -> None:
        with self._lock:
            if epoch != self._epoch:
                self._keys.clear()
                self._ids.clear()
                self._epoch = epoch

    def with_ids(self, ids: Iterable[UUID]) -> dict[UUID, Key]:
        with self._lock:
            found = {id: self._keys[id] for id in ids if id in self._keys}
            for id in found:
                self._keys.move_to_end(id)
            return found

    def of_subjects(self, subjects: Iterable[UUID]) -> dict[UUID, Key]:
        with self._lock:
            ids = [self._ids[subject] for subject in subjects if subject in self._ids]
        return {key.subject: key for key in self.with_ids(ids).values()}

    def add(self, keys: Iterable[Key], epoch: int) -> None:
        """Remember keys read in this epoch; another epoch may have destroyed them."""
        with self._lock:
            if epoch != self._epoch:
                return
            for key in keys:
                self._keys[key.id] = key
                self._ids[key.subject] = key.id
            while len(self._keys) > self._bound:
                _, key = self._keys.popitem(last=False)
                del self._ids[key.subject]


def _new_secret() -> bytes:
    return secrets.token_bytes(_SECRET_SIZE)
