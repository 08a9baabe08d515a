"""数据质量: the rules, their runs, and hints for supervisors (R34, R35)."""
