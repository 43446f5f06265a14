"""What every event has in common: a whole snapshot of its stream, frozen, with a key and a version."""

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

EVENT_TYPES: dict[str, type["Event"]] = {}
"""Every event class by its CloudEvents type."""

SNAPSHOTS: dict[str, type["Event"]] = {}
"""The snapshot that every event of a topic carries, by topic."""


class Snapshot(BaseModel):
    """A value inside an event. Unknown fields are ignored, so that a consumer outlives additive changes."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Snapshot):
    """What is now true of one stream.

    `version` is the version of the publisher's row when it was read under its lock: it becomes `ce_sequence`, and of two
    events of one stream the higher one wins.
    """

    type: ClassVar[str]
    topic: ClassVar[str]
    is_single_fact: ClassVar[bool] = False
    """True where a stream is one happening and then over: nobody needs its newest event for ever."""
    version: int

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "topic" in cls.__dict__:
            SNAPSHOTS[cls.topic] = cls
        if "type" in cls.__dict__:
            EVENT_TYPES[cls.type] = cls

    @property
    def key(self) -> str:
        """The stream's key: the case's reference, or the site, programme or notice."""
        raise NotImplementedError


Kind = TypeVar("Kind", bound=Event)


def all_of(kind: type[Kind], events: Iterable[Event]) -> list[Kind]:
    """The events of a batch, every one of which is of this kind. Raises: TypeError for another one: left out, it would
    count as handled."""
    found = []
    for event in events:
        if not isinstance(event, kind):
            raise TypeError(f"an event of type {event.type} is no {kind.__name__}: publish it on its own topic")
        found.append(event)
    return found
