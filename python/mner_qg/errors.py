"""The one error that this package raises on purpose: a code as the command line has it, and what to do next."""
from __future__ import annotations


class MnerError(Exception):
    """`code` is one of the command line's codes, such as `text-empty` or `image-unreadable`."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self):  # two arguments, which Exception's own pickling does not know: errors cross processes
        return (MnerError, (self.code, self.message))
