"""Many requests at once: bounded, in order, kept when stopped, and looked at as one table."""
