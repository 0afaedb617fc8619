"""Applications written for ASGI 3.0 or WSGI (FastAPI, Starlette, Flask …), served by our server."""
