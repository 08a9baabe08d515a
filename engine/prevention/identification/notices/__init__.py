"""Public notices and objections (R10): how long one hangs is the diagram's business, here is its record."""
