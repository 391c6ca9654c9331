"""Templates: their language, its bounds, and the values that stand in it."""
