"""Say what is wrong with a magic's line, and where.

```
MagicSyntaxError (+ ValueError)      the line or cell cannot be read
└── TemplateError                    an {expression} in it has no value that can be sent
    └── UndefinedNameError (+ NameError)
ReplyAssertionError (+ AssertionError)   a reply is not what the cell asserts
```

The texts are those of `source_errors`.
"""

from __future__ import annotations

from notebook_http.notebook.source_errors import Source, SourceSyntaxError, nearest

__all__ = [
    "MagicSyntaxError",
    "ReplyAssertionError",
    "Source",
    "TemplateError",
    "UndefinedNameError",
    "nearest",
]


class MagicSyntaxError(SourceSyntaxError):
    """A magic's line or cell that cannot be read. The caller erred. Its text hides secrets."""


class TemplateError(MagicSyntaxError):
    """An `{expression}` of a magic failed, or gave what cannot be sent."""


class UndefinedNameError(TemplateError, NameError):
    """An `{expression}` of a magic names something that the notebook does not have."""


class ReplyAssertionError(AssertionError):
    """A reply is not what a `??` line of its cell asserts. The message hides secrets."""
