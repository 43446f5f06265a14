"""Ids that nobody can guess."""

from functools import reduce
from operator import and_, or_
from uuid import RFC_4122, UUID

from shared.ids import random_id

FIXED = 0xF << 76 | 0x3 << 62
"""The bits that say version and variant."""


def test_an_id_is_a_random_uuid_of_version_4() -> None:
    made = [random_id() for _ in range(200)]

    assert {(4, RFC_4122)} == {(UUID(str(id)).version, UUID(str(id)).variant) for id in made}
    assert 2**128 - 1 == reduce(or_, (id.int for id in made)) | FIXED
    assert 0 == reduce(and_, (id.int for id in made)) & ~FIXED
