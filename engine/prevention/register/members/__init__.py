"""Who belongs to a household: changes of persons with day and proof, and the members on any day (S11)."""
