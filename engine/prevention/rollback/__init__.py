"""Rollback and batches of applications."""
