"""Every list of a small province and of the whole one."""
