"""What touches asyncio, sockets, TLS and DNS, and is shared by the client and the server."""
