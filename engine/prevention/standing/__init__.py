"""What a household is in the register, and what changes that: marks of elimination and all else."""
