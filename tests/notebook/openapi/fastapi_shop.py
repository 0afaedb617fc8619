"""A shop, at the top of a module: pydantic looks names up there."""

import datetime
import enum
import uuid
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query
from pydantic import BaseModel

api = FastAPI(title="Shop")


class Colour(enum.Enum):
    """One of two."""

    RED = "red"
    BLUE = "blue"


class Line(BaseModel):
    """One line of an order."""

    article: uuid.UUID
    count: int
    colour: Colour
    price: float | None


class Order(BaseModel):
    """An order."""

    day: datetime.date
    at: datetime.datetime
    lines: list[Line]
    gift: bool
    note: str


@api.post("/orders/{number}")
async def order(
    number: int,
    order: Order,
    tag: Annotated[list[str], Query()],
    x_trace: Annotated[str, Header()],
) -> dict[str, Any]:
    """Take an order."""
    return {"number": number, "lines": len(order.lines), "tag": tag, "trace": x_trace}


@api.get("/orders")
async def orders(after: str | None = None) -> list[int]:
    """List the orders."""
    return [1]
