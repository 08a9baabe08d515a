"""Oversight: limits, figures, notices of delay, schedules."""
