"""Putting right what was found: asked of the village, confirmed by the township (domain S7, form 19)."""
