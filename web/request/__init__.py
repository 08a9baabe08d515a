"""What comes in: addresses, values, who sends them, and what is answered when something is wrong."""
