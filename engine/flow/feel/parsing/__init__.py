"""From FEEL text to a tree: words, literals, types, expressions."""
