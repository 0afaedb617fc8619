"""Recordings of what servers said, to run without them; and running without a network at all."""
