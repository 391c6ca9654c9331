"""Templates: which there are, and every version of each."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from domain.classes import dataclass
from domain.recorded import Recorded
from domain.template import TemplateRenamed, TemplateRetired, TemplateSaved
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, one_of, rows_of, text_key


@dataclass(slots=True)
class TemplateRow:
    """A template as it is now, by the id of its stream; `roles` without case."""

    id: UUID
    name: str
    name_key: str
    kind: str
    document_kind: str
    language: str
    company: str
    owner: UUID | None
    roles: list[str]
    version: int
    retired: bool


@dataclass(slots=True)
class TemplateVersionRow:
    """A version of a template; `content` is its event's fields as JSON."""

    template: UUID
    version: int
    at: datetime
    actor_kind: str
    actor_id: str
    content: str

    @property
    def saved(self) -> TemplateSaved:
        """Give what it says."""
        return msgspec.json.decode(self.content, type=TemplateSaved)


TEMPLATE = Table("template", TemplateRow, key=("id",))
VERSION = Table("template_version", TemplateVersionRow, key=("template", "version"))


@dataclass(frozen=True, slots=True)
class TemplateFilter:
    """Which templates; what is None is any. `retired` ones are left out unless asked for."""

    kind: str | None = None
    document_kind: str | None = None
    language: str | None = None
    company: str | None = None
    name: str | None = None
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """Who wants to use templates: a colleague in his role; nobody else's and no other group's."""

    colleague: UUID
    role: str


@dataclass(slots=True)
class State:
    """What a batch touches."""

    templates: Rows[TemplateRow] = field(default_factory=lambda: Rows(TEMPLATE))
    versions: Rows[TemplateVersionRow] = field(default_factory=lambda: Rows(VERSION))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the templates that the batch changes; versions are only added."""
    state = State()
    streams = list({one.stream for one in batch})
    state.templates.fetch(connection, names, "id = ANY(%b)", streams)
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    before = state.templates.get(recorded.stream)
    match recorded.event:
        case TemplateSaved() as event:
            state.templates.put(_row(recorded.stream, event))
            state.versions.put(_version(recorded, event))
        case TemplateRenamed(name) if before is not None:
            before.name, before.name_key = name, text_key(name)
            state.templates.put(before)
        case TemplateRetired() if before is not None:
            before.retired = True
            state.templates.put(before)
        case _:
            return


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.templates.flush(connection, names)
    state.versions.flush(connection, names)


def _row(own: UUID, event: TemplateSaved) -> TemplateRow:
    return TemplateRow(
        id=own,
        name=event.name,
        name_key=text_key(event.name),
        kind=event.kind.value,
        document_kind=event.document_kind,
        language=event.language,
        company=event.company,
        owner=event.owner,
        roles=[one.casefold() for one in event.roles],
        version=event.version,
        retired=False,
    )


def _version(recorded: Recorded, event: TemplateSaved) -> TemplateVersionRow:
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    return TemplateVersionRow(
        template=recorded.stream,
        version=event.version,
        at=recorded.envelope.at,
        actor_kind=by.kind.value,
        actor_id=by.id,
        content=msgspec.json.encode(event).decode(),
    )


templates = Projection(
    "templates",
    version=1,
    tables=(TEMPLATE, VERSION),
    hears=(TemplateSaved, TemplateRenamed, TemplateRetired),
    load=load,
    fold=fold,
    flush=flush,
)

# ---- reading: templates tell of no mail and of no party, so every `reader` may know them; whose
# they are is the argument `use` (None: whoever manages them, or a program that sends).


async def templates_for(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    wanted: TemplateFilter,
    use: Use | None = None,
) -> list[TemplateRow]:
    """Give the templates that somebody may use, by name."""
    del reader
    conditions: dict[LiteralString, bool] = {
        "kind = %(kind)s": wanted.kind is not None,
        "document_kind = %(document_kind)s": wanted.document_kind is not None,
        "language = %(language)s": wanted.language is not None,
        "company = %(company)s": wanted.company is not None,
        "name_key = %(name)s": wanted.name is not None,
        "NOT retired": not wanted.retired,
        _MINE: use is not None,
    }
    query = names.sql(
        'SELECT {columns} FROM {template} WHERE {all} ORDER BY name_key COLLATE "C", id',
        columns=columns_of(TemplateRow),
        all=SQL(" AND ").join([SQL("true"), *(SQL(one) for one, on in conditions.items() if on)]),
    )
    values = {
        "kind": wanted.kind,
        "document_kind": wanted.document_kind,
        "language": wanted.language,
        "company": wanted.company,
        "name": text_key(wanted.name or ""),
        **_params(use),
    }
    return await rows_of(connection, TemplateRow, query, values)


async def templates_by_ids(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    ids: Sequence[UUID],
    use: Use | None = None,
) -> dict[UUID, TemplateRow]:
    """Give many templates at once, retired ones too."""
    del reader
    query = names.sql(
        "SELECT {columns} FROM {template} WHERE id = ANY(%(ids)s) AND {mine}",
        columns=columns_of(TemplateRow),
        mine=SQL(_MINE) if use else SQL("true"),
    )
    rows = await rows_of(connection, TemplateRow, query, {"ids": list(ids), **_params(use)})
    return {row.id: row for row in rows}


async def versions_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    templates: Sequence[UUID],
    use: Use | None = None,
    *,
    current: bool = False,
) -> dict[UUID, list[TemplateVersionRow]]:
    """Give the versions of templates, the newest first; `current`: the one that holds alone."""
    del reader
    query = names.sql(
        "SELECT {columns} FROM {template_version} v WHERE v.template IN ("
        "SELECT id FROM {template} WHERE id = ANY(%(ids)s) AND {mine}) AND {which}"
        " ORDER BY v.template, v.version DESC",
        columns=columns_of(TemplateVersionRow, "v"),
        mine=SQL(_MINE) if use else SQL("true"),
        which=names.sql("v.version = (SELECT version FROM {template} WHERE id = v.template)")
        if current
        else SQL("true"),
    )
    asked = {"ids": list(templates), **_params(use)}
    found: dict[UUID, list[TemplateVersionRow]] = {}
    for row in await rows_of(connection, TemplateVersionRow, query, asked):
        found.setdefault(row.template, []).append(row)
    return found


async def version_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    template: UUID,
    version: int | None = None,
    use: Use | None = None,
) -> TemplateVersionRow | None:
    """Give a version of a template; None: the one that holds."""
    if template not in await templates_by_ids(connection, names, reader, [template], use):
        return None
    query = names.sql(
        "SELECT {columns} FROM {template_version} WHERE template = %(id)s"
        " AND (%(version)s::bigint IS NULL OR version = %(version)s)"
        " ORDER BY version DESC LIMIT 1",
        columns=columns_of(TemplateVersionRow),
    )
    asked = {"id": template, "version": version}
    return await one_of(connection, TemplateVersionRow, query, asked)


_MINE: LiteralString = (
    "(owner IS NULL OR owner = %(colleague)s) AND (roles = '{}' OR %(role)s = ANY(roles))"
)


def _params(use: Use | None) -> dict[str, object]:
    return {
        "colleague": use.colleague if use else None,
        "role": use.role.casefold() if use else "",
    }
