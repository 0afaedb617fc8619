"""What a `socket_factory` of one's own gets, and what it is.

Not part of `tls` or `dialling`: few programs ask for these names, and they cost an import.
"""

from __future__ import annotations

from aiohappyeyeballs import AddrInfoType, SocketFactoryType

__all__ = ["AddrInfoType", "SocketFactoryType"]
