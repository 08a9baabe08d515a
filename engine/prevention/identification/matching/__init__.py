"""Data matching (R09): the village's signed households, the township's batch, the county's departments, and
what comes back to the cases.
"""
