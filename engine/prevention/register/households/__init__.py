"""The register of households: one record feeds all forms, notices, lists and exports (R41)."""
