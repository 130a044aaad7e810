"""Statistics as functions of arrays: estimates, rank agreement, variance components, what a selection is worth."""
