"""The field's tables. Import from here."""

from engine.prevention.models.alarm import Alarm, AlarmWeek
from engine.prevention.models.assistance import (
    PLAN_IN_FORCE,
    ApplicationBatch,
    AssistancePlan,
    BatchEntry,
    Measure,
    MeasureProgress,
    ResponsibleOfficial,
)
from engine.prevention.models.department import (
    DepartmentBatch,
    DepartmentCandidate,
    DepartmentRow,
    DepartmentThreshold,
    DepartmentToken,
)
from engine.prevention.models.foreign import ForeignForm
from engine.prevention.models.hazard import (
    Hazard,
    HazardAct,
    HazardArea,
    HazardConsultation,
    HazardHousehold,
    HazardMeasure,
    HazardPlan,
    HazardProgress,
)
from engine.prevention.models.household import (
    WITH_HOUSEHOLD,
    Correction,
    Household,
    HouseholdYear,
    MatchingResult,
    Member,
    Notice,
    Objection,
    Observation,
    RiskClue,
    Telling,
    household_of,
)
from engine.prevention.models.matching import (
    MatchingBatch,
    MatchingEntry,
    MatchingFinding,
    MatchingRequest,
)
from engine.prevention.models.member import MemberChange, MemberProof
from engine.prevention.models.parameter import CaseLine
from engine.prevention.models.place import ContactChange, Transfer
from engine.prevention.models.quality import Finding
from engine.prevention.models.quality_run import QualityPortion, QualityRhythm, QualityRun
from engine.prevention.models.report import ReportAnnex, SummaryReport, TownshipModule
from engine.prevention.models.sampling import Sample, SampleHousehold, SampleStratum
from engine.prevention.models.screening import (
    Campaign,
    Milestone,
    MilestoneDone,
    Screening,
    ScreeningArea,
    ScreeningCount,
    ScreeningInvestigator,
    ScreeningPaper,
)
from engine.prevention.models.watch import AreaLabel, WatchArea, WatchFigure, WatchWeek

__all__ = [
    "PLAN_IN_FORCE",
    "WITH_HOUSEHOLD",
    "Alarm",
    "AlarmWeek",
    "ApplicationBatch",
    "AreaLabel",
    "AssistancePlan",
    "BatchEntry",
    "Campaign",
    "CaseLine",
    "ContactChange",
    "Correction",
    "DepartmentBatch",
    "DepartmentCandidate",
    "DepartmentRow",
    "DepartmentThreshold",
    "DepartmentToken",
    "Finding",
    "ForeignForm",
    "Hazard",
    "HazardAct",
    "HazardArea",
    "HazardConsultation",
    "HazardHousehold",
    "HazardMeasure",
    "HazardPlan",
    "HazardProgress",
    "Household",
    "HouseholdYear",
    "MatchingBatch",
    "MatchingEntry",
    "MatchingFinding",
    "MatchingRequest",
    "MatchingResult",
    "Measure",
    "MeasureProgress",
    "Member",
    "MemberChange",
    "MemberProof",
    "Milestone",
    "MilestoneDone",
    "Notice",
    "Objection",
    "Observation",
    "QualityPortion",
    "QualityRhythm",
    "QualityRun",
    "ReportAnnex",
    "ResponsibleOfficial",
    "RiskClue",
    "Sample",
    "SampleHousehold",
    "SampleStratum",
    "Screening",
    "ScreeningArea",
    "ScreeningCount",
    "ScreeningInvestigator",
    "ScreeningPaper",
    "SummaryReport",
    "Telling",
    "TownshipModule",
    "Transfer",
    "WatchArea",
    "WatchFigure",
    "WatchWeek",
    "household_of",
]
