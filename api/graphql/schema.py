"""The schema: what can be asked."""

import asyncio
from enum import Enum
from typing import Any, Final

import strawberry
from strawberry import ID, UNSET, Info
from strawberry.schema.config import StrawberryConfig

from api.graphql import people
from api.graphql.absences import AbsenceMutation, AbsenceQuery
from api.graphql.access import requires
from api.graphql.addresses import AddressQuery
from api.graphql.alarms import AlarmQuery
from api.graphql.approvals import ApprovalQuery
from api.graphql.approvalsaying import ApprovalRuleMutation
from api.graphql.approving import ApprovalMutation
from api.graphql.asking import Asking
from api.graphql.calendars import CalendarQuery
from api.graphql.calendarsaving import CalendarMutation
from api.graphql.changes import Subscription
from api.graphql.closing import ClosingMutation
from api.graphql.comparing import ComparingMutation
from api.graphql.composing import ComposingQuery
from api.graphql.configuring import AccountMutation
from api.graphql.consenting import ConsentMutation
from api.graphql.contacts import ContactMutation
from api.graphql.deliveries import DeliveryQuery
from api.graphql.drafts import DraftMutation, DraftQuery
from api.graphql.excluding import ExclusionMutation, ExclusionQuery
from api.graphql.fetching import FetchingMutation
from api.graphql.handover import HandOverMutation
from api.graphql.ids import Kind, encoded
from api.graphql.inputs import (
    AsOf,
    AuditFilter,
    DocumentFilter,
    DocumentKey,
    MessageFilter,
    PartyFilter,
    PartyKey,
    moment,
)
from api.graphql.limits import LIMITS
from api.graphql.linking import LinkingMutation
from api.graphql.linkmoves import LinkMovesMutation
from api.graphql.mail import Conversation, Document, Message, Party
from api.graphql.mailruleasking import RuleQuery
from api.graphql.mailrulesaving import RuleMutation
from api.graphql.managing import ManagingQuery
from api.graphql.marking import MarkingMutation
from api.graphql.merging import MergingMutation
from api.graphql.node import AuditEntry, Node
from api.graphql.notes import NoteMutation
from api.graphql.outbox import OutboxQuery
from api.graphql.overseeing import OverseeingMutation
from api.graphql.paging import Connection
from api.graphql.parts import Mailbox
from api.graphql.people import User, user_object
from api.graphql.permission import PermissionQuery
from api.graphql.permitting import PermissionMutation
from api.graphql.quarantine import QuarantineMutation, QuarantineQuery
from api.graphql.recipients import RecipientMutation, RecipientQuery
from api.graphql.recomputing import RecomputingQuery
from api.graphql.regrouping import RegroupingMutation
from api.graphql.rehearsing import RehearsalQuery
from api.graphql.remembering import ChoiceMutation, ChoiceQuery
from api.graphql.reminding import RemindMutation
from api.graphql.responsetimes import ResponseTimesQuery
from api.graphql.scalars import SCALARS
from api.graphql.selection import Selection
from api.graphql.sendingmail import SendingMailMutation
from api.graphql.sendingside import SendingMutation, SendingQuery
from api.graphql.sharing import SharingMutation
from api.graphql.staffgroups import StaffGroupMutation, StaffGroupQuery
from api.graphql.status import SystemStatus, system_status
from api.graphql.supervising import SupervisingQuery
from api.graphql.tagging import TaggingMutation
from api.graphql.tags import TagQuery
from api.graphql.templateasking import TemplateQuery
from api.graphql.templatesaving import TemplateMutation
from api.graphql.trusting import ServerMutation, ServerQuery
from api.graphql.webforms import WebFormMutation, WebFormQuery
from api.graphql.webhooks import WebhookMutation, WebhookQuery
from domain.access import Scope
from projections import links, messages


@strawberry.enum(description="In which order messages are given.")
class MessageOrder(Enum):
    RECEIVED_DESC = strawberry.enum_value("received_desc", description="The newest first.")
    RECEIVED_ASC = strawberry.enum_value("received_asc", description="The oldest first.")


_MAIL: Final = {
    MessageOrder.RECEIVED_DESC: messages.NEWEST_FIRST,
    MessageOrder.RECEIVED_ASC: messages.OLDEST_FIRST,
}


@strawberry.type(description="Who asks: the bearer of a token.")
class Viewer:
    id: ID = strawberry.field(description="The token's id.")
    name: str = strawberry.field(description="The token's name.")
    permissions: list[Scope] = strawberry.field(description="What the token may do.")
    company: str = strawberry.field(description="The company that is asked.")

    @strawberry.field(description="The mailboxes that may be seen.", **requires(Scope.READ_MAIL))
    async def mailboxes(self, info: Info[Any, Any]) -> list[Mailbox]:
        return await Asking.by(info).mailboxes()

    @strawberry.field(description="The colleague whose token it is; null for a program's.")
    async def user(self, info: Info[Any, Any]) -> User | None:
        colleague, context = info.context.viewer.colleague, info.context
        row = (await people.colleagues(context)).get(colleague) if colleague else None
        return user_object(row, Asking(context)) if row else None


@strawberry.type(description="What can be asked.")
class Query(
    AddressQuery,
    ManagingQuery,
    QuarantineQuery,
    ExclusionQuery,
    WebFormQuery,
    ServerQuery,
    SendingQuery,
    ComposingQuery,
    DraftQuery,
    DeliveryQuery,
    OutboxQuery,
    PermissionQuery,
    ApprovalQuery,
    AbsenceQuery,
    ChoiceQuery,
    WebhookQuery,
    TemplateQuery,
    TagQuery,
    CalendarQuery,
    StaffGroupQuery,
    RecipientQuery,
    AlarmQuery,
    RecomputingQuery,
    SupervisingQuery,
    ResponseTimesQuery,
    RuleQuery,
    RehearsalQuery,
):
    @strawberry.field(description="Who asks, and what he may do.")
    def viewer(self, info: Info[Any, Any]) -> Viewer:
        context = info.context
        return Viewer(
            id=encoded(Kind.TOKEN, context.viewer.token),
            name=context.viewer.name,
            permissions=sorted(context.viewer.scopes),
            company=context.carteggio.company,
        )

    @strawberry.field(
        description="An object by its id; null if it may not be seen.", **requires(Scope.READ_MAIL)
    )
    async def node(self, info: Info[Any, Any], id: ID) -> Node | None:
        return (await Asking.by(info).nodes([id], Selection.of(info)))[0]

    @strawberry.field(
        description="Up to 100 objects by their ids, in that order; null for what may not be seen.",
        **requires(Scope.READ_MAIL),
    )
    async def nodes(self, info: Info[Any, Any], ids: list[ID]) -> list[Node | None]:
        return await Asking.by(info).nodes(ids, Selection.of(info))

    @strawberry.field(description="The one party that a key names.", **requires(Scope.READ_MAIL))
    async def party(self, info: Info[Any, Any], by: PartyKey) -> Party | None:
        return await Asking.by(info).party(by, Selection.of(info))

    @strawberry.field(
        description="The one document that a key names.", **requires(Scope.READ_MAIL)
    )
    async def document(self, info: Info[Any, Any], by: DocumentKey) -> Document | None:
        return await Asking.by(info).document(by, Selection.of(info))

    @strawberry.field(description="Parties by name.", **requires(Scope.READ_MAIL))
    async def parties(
        self,
        info: Info[Any, Any],
        filter: PartyFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Party]:
        at = {"first": first, "after": after, "last": last, "before": before}
        return await Asking.by(info).parties(info, (filter or PartyFilter()).wanted(), **at)

    @strawberry.field(
        description="Documents of the ERP, the newest first.", **requires(Scope.READ_MAIL)
    )
    async def documents(
        self,
        info: Info[Any, Any],
        filter: DocumentFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Document]:
        at = {"first": first, "after": after, "last": last, "before": before}
        return await Asking.by(info).documents(info, (filter or DocumentFilter()).wanted(), **at)

    @strawberry.field(
        description="A message, now or as it was; null if it may not be seen, or was not there.",
        **requires(Scope.READ_MAIL),
    )
    async def message(
        self, info: Info[Any, Any], id: ID, as_of: AsOf | None = UNSET
    ) -> Message | None:
        return await Asking.by(info).message(id, moment(as_of), Selection.of(info))

    @strawberry.field(
        description="A conversation; an id that it had before leads to it as well.",
        **requires(Scope.READ_MAIL),
    )
    async def conversation(self, info: Info[Any, Any], id: ID) -> Conversation | None:
        return await Asking.by(info).conversation(id)

    @strawberry.field(description="The mailboxes that may be seen.", **requires(Scope.READ_MAIL))
    async def mailboxes(self, info: Info[Any, Any]) -> list[Mailbox]:
        return await Asking.by(info).mailboxes()

    @strawberry.field(description="The company's people, by name.", **requires(Scope.READ_MAIL))
    async def colleagues(self, info: Info[Any, Any]) -> list[User]:
        return await Asking.by(info).colleagues()

    @strawberry.field(
        description="Messages by the time they were received.", **requires(Scope.READ_MAIL)
    )
    async def messages(
        self,
        info: Info[Any, Any],
        filter: MessageFilter | None = UNSET,
        order: MessageOrder = MessageOrder.RECEIVED_DESC,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Message]:
        at = {"first": first, "after": after, "last": last, "before": before}
        wanted = (filter or MessageFilter()).wanted()
        return await Asking.by(info).messages(info, wanted, _MAIL[order], **at)

    @strawberry.field(
        description="Mail from or to outside that belongs to no party, the newest first.",
        **requires(Scope.READ_MAIL),
    )
    async def unmatched(
        self, info: Info[Any, Any], first: int | None = UNSET, after: str | None = UNSET
    ) -> Connection[Message]:
        return await Asking.by(info).work(info, links.unmatched, first=first, after=after)

    @strawberry.field(
        description="Mail that several parties may be meant by, the newest first.",
        **requires(Scope.READ_MAIL),
    )
    async def ambiguous(
        self, info: Info[Any, Any], first: int | None = UNSET, after: str | None = UNSET
    ) -> Connection[Message]:
        return await Asking.by(info).work(info, links.ambiguous, first=first, after=after)

    @strawberry.field(
        description="Mail with links that a person has to confirm, the newest first.",
        **requires(Scope.READ_MAIL),
    )
    async def suggested(
        self, info: Info[Any, Any], first: int | None = UNSET, after: str | None = UNSET
    ) -> Connection[Message]:
        return await Asking.by(info).work(info, links.suggested, first=first, after=after)

    @strawberry.field(
        description="What happened in the company, the newest first.", **requires(Scope.READ_AUDIT)
    )
    async def audit_log(
        self,
        info: Info[Any, Any],
        filter: AuditFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[AuditEntry]:
        at = {"first": first, "after": after, "last": last, "before": before}
        return await Asking.by(info).log(info, (filter or AuditFilter()).wanted(), **at)

    @strawberry.field(description="How far everything is.")
    async def system_status(self, info: Info[Any, Any]) -> SystemStatus:
        return await asyncio.to_thread(system_status, info.context.carteggio)


@strawberry.type(description="What may be changed.")
class Mutation(
    ClosingMutation,
    MarkingMutation,
    LinkingMutation,
    LinkMovesMutation,
    RegroupingMutation,
    ContactMutation,
    MergingMutation,
    ChoiceMutation,
    FetchingMutation,
    AccountMutation,
    ConsentMutation,
    SendingMutation,
    SendingMailMutation,
    DraftMutation,
    PermissionMutation,
    ApprovalMutation,
    ApprovalRuleMutation,
    OverseeingMutation,
    AbsenceMutation,
    NoteMutation,
    ComparingMutation,
    SharingMutation,
    QuarantineMutation,
    ExclusionMutation,
    WebFormMutation,
    ServerMutation,
    WebhookMutation,
    TemplateMutation,
    CalendarMutation,
    StaffGroupMutation,
    RecipientMutation,
    HandOverMutation,
    RemindMutation,
    RuleMutation,
    TaggingMutation,
):
    pass


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    extensions=LIMITS,
    config=StrawberryConfig(scalar_map=SCALARS),
)
