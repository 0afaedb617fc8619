"""Server-sent events in a cell: one after the other, or watched while they come."""
