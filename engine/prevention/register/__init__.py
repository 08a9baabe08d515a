"""The register: households, persons, what was seen of them, and putting it right (R41)."""
