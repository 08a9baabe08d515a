"""The tables of cases and of the office. Import from here."""

from engine.casework.models.bulk import BulkAct, BulkEntry, ColumnMapping, SheetImport, SheetImportRow
from engine.casework.models.case import IS_OPEN, ITEM_SUBJECT, CaseFile, Timer, WorkItem
from engine.casework.models.drafting import DraftEditor, DraftResource, ProcedureDraft
from engine.casework.models.figure import Figure, FigureGap, FigureMark, FigureState, WallLink
from engine.casework.models.migration import Migration, MigrationEntry
from engine.casework.models.operation import Job, OutgoingFile, OutgoingPart, RunningProcess
from engine.casework.models.organisation import (
    LEVELS,
    Account,
    ApiToken,
    Body,
    CalendarDay,
    CalendarYear,
    Division,
    DivisionCode,
    LegalBound,
    LogEntry,
    LogStream,
    MonitoringLine,
    Province,
    RoleGrant,
    Setting,
)
from engine.casework.models.paper import NumberedPaper, PaperEntry, PaperNumber
from engine.casework.models.process import Incident, Procedure, ProcedureVersion, Resource, Schedule
from engine.casework.models.rehearsal import Rehearsal, RehearsalEntry
from engine.casework.models.roster import AccountImport, AccountImportRow, JournalCheck, RoleRequest
from engine.casework.models.sign_in import PasswordPast, SignIn, SignInGate
from engine.casework.models.subject import Subject
from engine.casework.models.submission import Attachment, Draft, Idempotency, Submission
from engine.casework.models.supervision import (
    Notification,
    NotificationRule,
    OrderEntry,
    Outbox,
    SupervisionOrder,
    Urge,
)

__all__ = [
    "IS_OPEN",
    "ITEM_SUBJECT",
    "LEVELS",
    "Account",
    "AccountImport",
    "AccountImportRow",
    "ApiToken",
    "Attachment",
    "Body",
    "BulkAct",
    "BulkEntry",
    "CalendarDay",
    "CalendarYear",
    "CaseFile",
    "ColumnMapping",
    "Division",
    "DivisionCode",
    "Draft",
    "DraftEditor",
    "DraftResource",
    "Figure",
    "FigureGap",
    "FigureMark",
    "FigureState",
    "Idempotency",
    "Incident",
    "Job",
    "JournalCheck",
    "LegalBound",
    "LogEntry",
    "LogStream",
    "Migration",
    "MigrationEntry",
    "MonitoringLine",
    "Notification",
    "NotificationRule",
    "NumberedPaper",
    "OrderEntry",
    "Outbox",
    "OutgoingFile",
    "OutgoingPart",
    "PaperEntry",
    "PaperNumber",
    "PasswordPast",
    "Procedure",
    "ProcedureDraft",
    "ProcedureVersion",
    "Province",
    "Rehearsal",
    "RehearsalEntry",
    "Resource",
    "RoleGrant",
    "RoleRequest",
    "RunningProcess",
    "Schedule",
    "Setting",
    "SheetImport",
    "SheetImportRow",
    "SignIn",
    "SignInGate",
    "Subject",
    "Submission",
    "SupervisionOrder",
    "Timer",
    "Urge",
    "WallLink",
    "WorkItem",
]
