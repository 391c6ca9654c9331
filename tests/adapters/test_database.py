import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.database import Database, DatabaseUnavailable
from adapters.migrations import available, migrate, pending


def test_a_migrated_database_lacks_nothing(each_database: Database):
    assert pending(each_database) == []
    assert migrate(each_database) == []


def test_a_new_company_gets_its_own_schemas(each_database: Database):
    acme = Database(each_database.dsn, "acme")

    assert pending(acme) == available()
    assert migrate(acme) == available()
    assert pending(acme) == []
    with acme.connect() as connection:
        schemas = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'carteggio_acme%' ORDER BY 1"
        ).fetchall()
    assert schemas == [("carteggio_acme",), ("carteggio_acme_keys",)]


def test_every_connection_finds_the_tables_of_its_company(database: Database):
    asked = "SELECT current_schema()"
    with database.connect() as one, database.connect(autocommit=False) as other:
        assert one.execute(asked).fetchone() == (database.schema,)
        other.rollback()
        assert other.execute(asked).fetchone() == (database.schema,)
    with database.pool.connection() as pooled:
        assert pooled.autocommit
        assert pooled.execute(asked).fetchone() == (database.schema,)


async def test_the_pool_for_reading_refuses_to_write(database: Database):
    async with database.async_pool() as pool, pool.connection() as connection:
        found = await (await connection.execute("SELECT current_schema()")).fetchone()
        assert found == (database.schema,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute("CREATE TABLE mine (a int)")


async def test_an_asynchronous_connection_is_like_any_other(database: Database):
    async with await database.connect_async(direct=True) as connection:
        found = await (await connection.execute("SELECT current_schema()")).fetchone()
    assert found == (database.schema,)


def test_a_server_that_is_not_there_is_named_without_its_password():
    database = Database("postgresql://giulia:geheim@127.0.0.1:1/mail")

    with pytest.raises(DatabaseUnavailable) as trouble:
        database.connect()

    assert "cannot reach the database at 127.0.0.1:1/mail" in str(trouble.value)
    assert "CARTEGGIO_DATABASE_URL" in str(trouble.value)
    assert "geheim" not in str(trouble.value) + repr(database)


@pytest.mark.parametrize("name", ["", "Acme", "1st", "a-b", "a" * 32, 'x"; DROP SCHEMA y'])
def test_a_company_has_a_plain_name(name: str):
    with pytest.raises(ValueError, match="no name for a company"):
        Database("", name)


def test_a_database_that_cannot_hold_every_letter_is_refused(each_database: Database):
    made = "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
    with each_database.connect() as connection:
        connection.execute(made.encode())
        try:
            latin = Database(make_conninfo(each_database.dsn, dbname="latin"))
            with pytest.raises(DatabaseUnavailable, match=r"LATIN1.*UTF8"):
                migrate(latin)
        finally:
            connection.execute("DROP DATABASE latin WITH (FORCE)")
