"""回放: finished cases' inputs and delays run through another version in memory,
and what would have differed.
"""
