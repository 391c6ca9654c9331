"""What objects ask of who made them: that which is read by pages, once it is asked for.

Their own types are told there: those know this, and not the other way round.
"""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from strawberry import Info

from api.graphql.inputs import AsOf, DocumentFilter, TimelineFilter
from api.graphql.paging import Connection
from api.graphql.parts import CorrespondenceStats


class Asking(Protocol):
    """Who made an object, and can tell more of it: what is asked by pages is read when asked."""

    async def timeline(
        self,
        info: Info[Any, Any],
        target: UUID,
        wanted: TimelineFilter | None,
        as_of: AsOf | None,
        **page: Any,
    ) -> Any: ...

    async def papers(
        self, info: Info[Any, Any], party: UUID, wanted: DocumentFilter | None, **page: Any
    ) -> Connection[Any]: ...

    async def parts(
        self, info: Info[Any, Any], whole: UUID, wanted: DocumentFilter | None, **page: Any
    ) -> Connection[Any]: ...

    async def waits(self, info: Info[Any, Any], party: UUID, **page: Any) -> Connection[Any]: ...

    async def thread(
        self, info: Info[Any, Any], conversation: UUID, **page: Any
    ) -> Connection[Any]: ...

    async def ancestor(self, info: Info[Any, Any], conversation: UUID) -> Any: ...

    async def regroupings(self, conversation: UUID) -> Any: ...

    async def stats(self, target: UUID, since: datetime | None) -> CorrespondenceStats: ...
