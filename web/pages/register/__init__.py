"""The register: households and their members, merged and cancelled records, transfers, lists."""
