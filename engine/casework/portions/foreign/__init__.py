"""Other offices' empty forms: their head is found, and they come back filled, their layout kept."""
