"""The desk: inbox, tasks, cases, papers."""
