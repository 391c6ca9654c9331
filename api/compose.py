"""The only place that puts the pieces together: an instance opened for one company."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from adapters import migrations
from adapters.allocator import give_back_memory
from adapters.blobs import Blobs, BlobStore, FolderStore, ObjectStore
from adapters.clock import Clock, utc
from adapters.database import COMPANY, Database
from adapters.home import Home
from adapters.journal import Journal
from adapters.keyring import FileRoot, Keyring
from adapters.postgres import EmbeddedPostgres
from adapters.settings import Settings
from api.work.feed import Feed
from api.work.instance import PROJECTIONS, Carteggio
from api.work.reactions import Reactions
from api.work.sentdocuments import SentDocuments


class NoCompany(Exception):
    """The instance does not hold this company, or not in the form that this version needs."""


@contextmanager
def compose(
    home: Home, settings: Settings, company: str | None = None, clock: Clock = utc
) -> Iterator[Carteggio]:
    """Open an instance, with its embedded database if it has one; the last one out stops that."""
    home.require()
    give_back_memory()
    with ExitStack() as stack:
        database = stack.enter_context(opened_database(home, settings, company))
        missing = migrations.pending(database)
        if missing:
            raise NoCompany(_what_to_do(database.company, missing))
        keyring = Keyring(database, _root_key(home, settings), database.company)
        journal = Journal(database, keyring)
        reactions = Reactions(journal, database, settings.ticket_marker)
        feed = Feed(journal, PROJECTIONS, (reactions, SentDocuments(journal)))
        stack.callback(feed.close)
        yield Carteggio(
            home=home,
            settings=settings,
            company=database.company,
            database=database,
            keyring=keyring,
            blobs=Blobs(blob_store(home, settings, database.company), keyring, database),
            journal=journal,
            feed=feed,
            clock=clock,
        )


def init(home: Home, settings: Settings, company: str | None = None) -> list[str]:
    """Make what an instance and a company need, or bring it up to date; say what was applied."""
    home.create()
    with opened_database(home, settings, company) as database:
        applied = migrations.migrate(database)
        root = _root_key(home, settings)
        Keyring.initialise(database, root)
        feed = Feed(Journal(database, Keyring(database, root, database.company)), PROJECTIONS)
        feed.prepare()
        feed.close()
        return applied


@contextmanager
def opened_database(
    home: Home, settings: Settings, company: str | None = None
) -> Iterator[Database]:
    """Reach a company's database; bring up the embedded server where no other is named."""
    name = company or settings.company
    if not COMPANY.fullmatch(name):
        raise NoCompany(f"{name!r} is no name for a company: a-z, 0-9 and _, 31 at most")
    with ExitStack() as stack:
        dsn = settings.dsn_of(name)
        if dsn is None:
            dsn = stack.enter_context(EmbeddedPostgres(home.postgres))
        database = Database(dsn, name, direct_dsn=settings.direct_dsn_of(name))
        stack.callback(database.close)
        yield database


def blob_store(home: Home, settings: Settings, company: str) -> BlobStore:
    """Say where sealed blobs lie: a company's own corner of a folder or bucket."""
    place = settings.blobs
    if place is not None and place.startswith("s3://"):
        secret = settings.s3_secret_access_key
        return ObjectStore(
            f"{place.rstrip('/')}/{company}",
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            access_key_id=settings.s3_access_key_id,
            secret_access_key=secret.get_secret_value() if secret else None,
            allow_http=settings.s3_allow_http,
        )
    folder = home.blobs if place is None else type(home.blobs)(place)
    return FolderStore(folder / company)


def _root_key(home: Home, settings: Settings) -> FileRoot:
    return FileRoot(settings.root_key_file or home.root_key)


def _what_to_do(company: str, missing: list[str]) -> str:
    if missing == migrations.available():
        init = f"carteggio --company {company} init"
        return f"there is no company {company!r} here; create it with: {init}"
    return f"the tables of company {company!r} are of an older version; run: carteggio init"
