"""The procedure engine of Shouwang and its domain. Knows SpiffWorkflow and SQLAlchemy, never Flask."""
