"""What people and programmes do to cases. Each function is one step transaction, whole or not at all.

All take a session, the acting account (None for the system) and a clock. A refusal raises one of
`engine.ground.errors`; what an official had typed is then kept as a draft.
"""

from engine.casework.acts.belated import NOT_NOW, REASON, Over, over, reason_of, send_belated
from engine.casework.acts.completing import complete, complete_many
from engine.casework.acts.holding import claim, reassign, release
from engine.casework.acts.items import (
    Outcome,
    StaleDraft,
    StepResult,
    definition_of,
    form_of,
    record_incident,
    save_draft,
)
from engine.casework.acts.messaging import let_time_pass, locked_case, report_step, send_message, tell_subject
from engine.casework.acts.passing import take_back_passings
from engine.casework.acts.returning import (
    NO_TARGET,
    ReturnTarget,
    may_withdraw,
    return_many,
    return_targets,
    return_to,
    withdraw,
)
from engine.casework.acts.separation import obstacle, obstacles
from engine.casework.acts.starting import open_case, open_of_group, open_of_procedure, start_case

__all__ = [
    "NOT_NOW",
    "NO_TARGET",
    "REASON",
    "Outcome",
    "Over",
    "ReturnTarget",
    "StaleDraft",
    "StepResult",
    "claim",
    "complete",
    "complete_many",
    "definition_of",
    "form_of",
    "let_time_pass",
    "locked_case",
    "may_withdraw",
    "obstacle",
    "obstacles",
    "open_case",
    "open_of_group",
    "open_of_procedure",
    "over",
    "reason_of",
    "reassign",
    "record_incident",
    "release",
    "report_step",
    "return_many",
    "return_targets",
    "return_to",
    "save_draft",
    "send_belated",
    "send_message",
    "start_case",
    "take_back_passings",
    "tell_subject",
    "withdraw",
]
