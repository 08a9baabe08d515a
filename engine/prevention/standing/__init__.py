"""What a household is in the register, what changes that, and what was entered wrongly put right."""
