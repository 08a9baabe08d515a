"""On its way to engine/owners/words."""
