"""The magics of a cell: `%http` and `%%http`, and the grammar of their lines."""
