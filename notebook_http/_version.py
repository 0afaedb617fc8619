"""The version of notebook_http, in the one place that states it."""

__version__ = "0.1.0"
