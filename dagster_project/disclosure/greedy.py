"""Publishing one cell after the other, as long as no secret follows from what is published.

Belongs here: the choice within one place, and within a province given its regions. Does not belong here: what is secret, and
what holds between systems (`complementary.py`); exact proof (`algebra.py`).

Vectors are whole numbers modulo 2, the bits of one Python integer, which makes this fast. What is lost modulo 2 (the half of
a sum) is left to the exact proof.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dagster_project.disclosure.sums import Marks, Sums


class Basis:
    """What follows from published vectors. Each vector of the basis stands under its own lowest bit, which no other has, so
    that what is left of a vector is the same for all vectors that follow from one another."""

    def __init__(self) -> None:
        self._vectors: dict[int, int] = {}
        self._taken = 0

    def rest(self, vector: int) -> int:
        """What is left of a vector when everything published is taken away; 0 when it follows."""
        while bits := vector & self._taken:
            vector ^= self._vectors[bits & -bits]
        return vector

    def publish(self, wanted: Iterable[tuple[int, int]], secrets: Iterable[int]) -> list[int]:
        """Publish vectors, given with their names, in their order; returns the names of those that would give a secret away."""
        left = {self.rest(secret) for secret in secrets} - {0}
        withheld = []
        for name, vector in wanted:
            rest = self.rest(vector)
            if rest in left:
                withheld.append(name)
            elif rest:
                lowest = rest & -rest
                for bit, other in self._vectors.items():
                    if other & lowest:
                        self._vectors[bit] = other ^ rest
                self._vectors[lowest] = rest
                self._taken |= lowest
                changed = [secret for secret in left if secret & lowest]
                left.difference_update(changed)
                left.update(secret ^ rest for secret in changed)
        return withheld


class Place:
    """One place: its vectors over the groups that have units there, and what is published of them.

    `asked` marks the sums that may be asked for beside those that are listed in the place.
    """

    def __init__(self, sums: Sums, place: int, asked: Marks) -> None:
        self._sums, self._place = sums, place
        numbers = np.flatnonzero((asked | sums.listed[place]) & sums.filled[place])
        packed = np.packbits(sums.vectors[np.ix_(numbers, sums.present[place])] & 1, axis=1)
        bits = (int.from_bytes(row.tobytes()) for row in packed)
        self._vectors = dict.fromkeys(range(len(sums.vectors)), 0) | dict(zip(numbers.tolist(), bits, strict=True))
        self.width = packed.shape[1] * 8
        self.basis = Basis()

    def choose(self, secret: Marks) -> Marks:
        """The listed cells to withhold so that none of the secret ones follows from the others of the place."""
        self.basis = Basis()
        wanted = [(number, self._vectors[number]) for number in in_order(self._sums, self._place, secret)]
        withheld: Marks = secret & self._sums.listed[self._place]
        hidden = [self._vectors[number] for number in np.flatnonzero(secret).tolist()]
        withheld[self.basis.publish(wanted, hidden)] = True
        return withheld

    def rest(self, number: int) -> int:
        """What is left of a sum here."""
        return self.basis.rest(self._vectors[number])


def choose_whole(sums: Sums, whole: int, places: dict[int, Place], secrets: Marks) -> Marks:
    """The cells of a whole place to withhold, so that no secret follows, neither there nor in any of its parts."""
    first = dict(zip(places, np.cumsum([0, *(place.width for place in places.values())]).tolist(), strict=False))

    def together(number: int) -> int:
        return sum(place.rest(number) << first[name] for name, place in places.items())

    hidden = [together(number) for number in np.flatnonzero(secrets[whole]).tolist()]
    for name, place in places.items():
        hidden += [place.rest(number) << first[name] for number in np.flatnonzero(secrets[name]).tolist()]
    withheld: Marks = secrets[whole] & sums.listed[whole]
    wanted = ((number, together(number)) for number in in_order(sums, whole, secrets[whole]))
    withheld[Basis().publish(wanted, hidden)] = True
    return withheld


def in_order(sums: Sums, place: int, secret: Marks) -> list[int]:
    """Sums to publish in a place, the one that readers would miss most first."""
    listed = np.flatnonzero(sums.listed[place] & sums.filled[place] & ~secret).tolist()
    return sorted(listed, key=lambda number: sums.loss((place, number)), reverse=True)
