"""Public notices and objections (R10): how many days one hangs is the diagram's business, here is its record."""
