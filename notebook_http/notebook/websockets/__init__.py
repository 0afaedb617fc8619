"""WebSockets in cells: messages sent and received by hand, and seen."""
