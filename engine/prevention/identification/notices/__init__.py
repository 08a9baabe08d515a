"""Public notices and objections (R10): how many days a notice hangs is the diagram's business, here is its record."""
