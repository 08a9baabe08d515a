"""Who works here and where: divisions, accounts, access, the calendar of workdays."""
