"""The office's own settings: parameters, accounts, roles, the log, one's own account."""
