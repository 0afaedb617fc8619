"""A part that was received, sent on as a body or as a part of another one."""

from __future__ import annotations

from typing import Any

from notebook_http.transport.body_part_reader import BodyPartReader
from notebook_http.transport.payload import register_payload
from notebook_http.transport.payload_shape import Payload, PayloadWriter

__all__ = ["BodyPartReaderPayload", "register_body_parts"]


class BodyPartReaderPayload(Payload):
    """What a part holds, decoded, under its own name; it can be sent once.

    Args:
        value: the part; its name and file name become the payload's Content-Disposition.
    """

    _value: BodyPartReader

    def __init__(self, value: BodyPartReader, *args: Any, **kwargs: Any) -> None:
        super().__init__(value, *args, **kwargs)
        names = {"name": value.name, "filename": value.filename}
        given = {name: text for name, text in names.items() if text is not None}
        if given and kwargs.get("disposition", "attachment") is not None:
            self.set_content_disposition("attachment", True, **given)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refuse: the bytes are still on their way.

        Raises:
            TypeError: always.
        """
        raise TypeError("Unable to read body part as string: it can only be sent, or read")

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return what is left of the part, decoded; afterwards nothing is left to send."""
        self._consumed = True
        return await self._value.read(decode=True)

    async def write(self, writer: PayloadWriter) -> None:
        """Send what is left of the part, decoded. A cancel leaves it half sent.

        Raises:
            ValueError: it is malformed or cut short.
        """
        self._consumed = True
        # A coding of the content cannot be undone by pieces of the part: they hang together.
        if "Content-Encoding" in self._value.headers:
            async for piece in self._value.decode_iter(await self._value.read()):
                await writer.write(piece)
            return
        while chunk := await self._value.read_chunk(2**16):
            async for piece in self._value.decode_iter(chunk):
                await writer.write(piece)


def register_body_parts() -> None:
    """Let `get_payload` take parts that were received."""
    register_payload(BodyPartReaderPayload, BodyPartReader)
