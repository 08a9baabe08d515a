"""What a page shows of a form: fields with their values, errors and words."""
