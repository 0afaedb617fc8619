"""Requests in the forms that other programs read and write: curl commands, HAR, cells, code."""
