"""An order in which things of one kind don't come all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

Thing = TypeVar("Thing")


def mixed(things: Sequence[Thing], kind: Callable[[Thing], Hashable]) -> list[Thing]:
    """Spread the things of each kind evenly over the whole; among themselves they keep their order.

    A kind of which there are few is through before one of which there are many.
    """
    counts, seen, places = Counter(map(kind, things)), Counter(), []
    for thing in things:
        places.append(seen[kind(thing)] / counts[kind(thing)])
        seen[kind(thing)] += 1
    return [things[number] for number in sorted(range(len(things)), key=places.__getitem__)]
