"""What the field brings: the services, receivers, given values and whatever else diagrams name.

A registry never imports its members: whoever assembles a process (the server, a command, the tests) says
``kit.use(KIT)`` (engine.casework.kit).
"""

from engine.casework import own
from engine.prevention.assistance import measures, officials, plans
from engine.prevention.assistance import outgoing as assistance_out
from engine.prevention.campaign import milestones, township_modules
from engine.prevention.campaign import outgoing as campaign_out
from engine.prevention.campaign.reports import reports
from engine.prevention.hazards import beginnings as hazards
from engine.prevention.hazards import outgoing as hazards_out
from engine.prevention.hazards import plans as hazard_plans
from engine.prevention.hazards import raising, response
from engine.prevention.hazards.watch import weekly
from engine.prevention.identification import announcements, clues, registration
from engine.prevention.identification import outgoing as clues_out
from engine.prevention.identification.departments import brought as departments
from engine.prevention.identification.departments import outgoing as departments_out
from engine.prevention.identification.matching import batches as matching
from engine.prevention.identification.matching import exports, feedback
from engine.prevention.identification.matching import intake as matching_intake
from engine.prevention.identification.matching import outgoing as matching_out
from engine.prevention.identification.matching import results as matched
from engine.prevention.identification.notices import services as notices
from engine.prevention.quality import runs
from engine.prevention.quality.correcting import outgoing as findings_out
from engine.prevention.quality.correcting import services as correcting
from engine.prevention.quality.sampling import drawing, sheets
from engine.prevention.records import outgoing as records_out
from engine.prevention.register import beginnings, observations, persons, posted_lists
from engine.prevention.register.filled import acts as filled
from engine.prevention.register.filled import asking
from engine.prevention.register.filled import workbook as register_out
from engine.prevention.register.households import checked as households
from engine.prevention.register.monitoring_lines import outgoing as lines_out
from engine.prevention.register.monitoring_lines import ruling as monitoring_lines
from engine.prevention.rollback import batches, rollbacks
from engine.prevention.rollback import outgoing as batches_out
from engine.prevention.screening import entries, flags, groups, prefill, workbook
from engine.prevention.screening import outgoing as screening_out
from engine.prevention.standing import changes, elimination
from engine.prevention.transfers import lists as transfers
from engine.prevention.transfers import outgoing as transfers_out

REGISTER = (
    beginnings.KIT | households.KIT | monitoring_lines.KIT | persons.KIT | observations.KIT | posted_lists.KIT
)
MATCHING = matching.KIT | matched.KIT | matching_intake.KIT | feedback.KIT
IDENTIFICATION = clues.KIT | departments.KIT | MATCHING | registration.KIT | notices.KIT | announcements.KIT
ASSISTANCE = officials.KIT | plans.KIT | measures.KIT
ROLLBACK = batches.KIT | rollbacks.KIT
UPWARDS = reports.KIT.on(reports.KIND) | township_modules.KIT.on(township_modules.KIND) | campaign_out.KIT
SCREENING = milestones.KIT | entries.KIT | groups.KIT | flags.KIT | prefill.KIT | workbook.KIT
HAZARDS = hazards.KIT | raising.KIT | (response.KIT | hazard_plans.KIT).on(hazards.KIND) | weekly.KIT
PROCEDURES = IDENTIFICATION | ASSISTANCE | changes.KIT | elimination.KIT | ROLLBACK | transfers.KIT
OUTGOING = (
    clues_out.KIT
    | register_out.KIT
    | assistance_out.KIT
    | records_out.KIT
    | batches_out.KIT
    | screening_out.KIT
    | transfers_out.KIT
    | hazards_out.KIT
    | departments_out.KIT
    | matching_out.KIT
    | findings_out.KIT
    | lines_out.KIT
    | sheets.KIT
    | exports.KIT
    | filled.KIT
    | asking.KIT
)
QUALITY = runs.KIT | correcting.KIT | drawing.KIT
HOUSEHOLDS = (REGISTER | PROCEDURES | QUALITY).on("")
KIT = HOUSEHOLDS | SCREENING | HAZARDS | OUTGOING | UPWARDS | own.KIT
