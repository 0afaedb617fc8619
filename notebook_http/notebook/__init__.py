"""The notebook face: cells, cards, magics, frames, and servers that live in the kernel."""
