"""The field's work: clues, screening, help, batches of applications."""
