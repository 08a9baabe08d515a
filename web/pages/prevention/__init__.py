"""The register: clues, households, help, batches of applications."""
