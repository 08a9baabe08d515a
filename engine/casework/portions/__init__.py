"""Long acts in portions: on many cases at once, and moving cases between versions."""
