"""What can be wrong with a source, as sentences for the person who can mend it.

Add a class when a caller must tell one kind of failure from another. What must not go here: bad
rows and bad files, which are results (`REJECTED_EVENTS`, state `BLOCKED`) and not failures.
"""

from __future__ import annotations


class SourceError(Exception):
    """Something asked of a source cannot be done; the message says what to do instead."""


class MappingError(SourceError):
    """A map does not fit: an unknown column, one given twice, or a required one missing."""


class LandingError(SourceError):
    """A local file was refused before it reached the stage."""


class LoadRaceError(SourceError):
    """Other loads kept committing first; nothing was written, and trying again is safe."""


class InvariantError(SourceError):
    """A load broke an invariant and was rolled back; the tables are as they were before."""
