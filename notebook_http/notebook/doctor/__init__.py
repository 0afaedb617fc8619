"""A report on what surrounds a notebook: versions, event loop, front end, proxies, TLS."""
