"""The read models of a company: all that can be asked is answered from these."""

from typing import Any, Final

from projections.absences import absences
from projections.access import access
from projections.alarms import alarms
from projections.approvals import approvals
from projections.authentication import authentication
from projections.calendars import calendars
from projections.choices import choices
from projections.company import company
from projections.deliveries import deliveries
from projections.directory import directory
from projections.folders import folders
from projections.history import history
from projections.mail import mail
from projections.mailrules import mailrules
from projections.merges import merges
from projections.notes import notes
from projections.permission import permission
from projections.projection import Projection
from projections.ruleruns import ruleruns
from projections.sendingside import sendingside
from projections.staffgroups import staffgroups
from projections.tags import tags
from projections.templates import templates
from projections.trail import trail
from projections.unanswered import CORRESPONDENCE

PROJECTIONS: Final[tuple[Projection[Any], ...]] = (
    company,
    directory,
    merges,
    access,
    mail,
    authentication,
    CORRESPONDENCE,
    history,
    choices,
    folders,
    deliveries,
    sendingside,
    permission,
    approvals,
    notes,
    calendars,
    alarms,
    absences,
    templates,
    staffgroups,
    ruleruns,
    mailrules,
    tags,
    trail,
)
