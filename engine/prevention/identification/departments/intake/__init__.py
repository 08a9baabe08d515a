"""Rows that departments send come in: what each would become, what it becomes, what is kept (R06, R32)."""
