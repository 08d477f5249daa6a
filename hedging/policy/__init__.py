"""When to hedge, with what, and how much."""
