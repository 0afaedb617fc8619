"""Bytes to values and back: HTTP/1.1, content codings, multipart, cookies, header values.

Everything here is a plain function or a small state machine on plain data. Nothing in this folder
opens a socket, waits for anything or asks what time it is.
"""
