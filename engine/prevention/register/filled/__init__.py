"""一张表: any office's empty form comes back filled from the register; no number is written twice (R41, Q81)."""
