"""A household's record: its whole life on one page, and what was entered wrongly put right."""
