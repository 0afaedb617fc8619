"""What a cell shows: cards, previews, bars and errors, as safe HTML and as plain text."""
