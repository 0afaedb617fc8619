"""One body that goes to a file: begun, broken off, gone on with, checked, and put in its place."""
