"""Logging in to a database of tests costs little: its password is known to the test anyway."""


def log_in_quickly(dsn: str) -> None:
    """Let a server's password be proved in one round, not 4,096: each connection begins with it."""
    import psycopg  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415
    from psycopg.sql import SQL, Identifier  # noqa: PLC0415

    known = conninfo_to_dict(dsn)
    role, password = str(known["user"]), str(known["password"])
    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.info.server_version < 160_000:  # it has no such setting
            return
        connection.execute("SET scram_iterations = 1")
        change = SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(role), password)
        connection.execute(change)
