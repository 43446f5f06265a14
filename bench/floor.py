"""The floor F3: one statement that keeps an inbox, upserts and writes the outbox, 500 events a transaction.

It is what PostgreSQL itself needs for this kind of work: no rules, no places. Figures: docs/performance.md.
"""

import json
import time
from uuid import uuid4

import asyncpg

TABLES = """
drop table if exists floor_inbox, floor_case, floor_offset, floor_outbox;
create table floor_inbox (topic text, key text, sequence bigint not null, primary key (topic, key));
create table floor_case (key text primary key, version bigint not null, body jsonb not null);
create table floor_offset (partition int primary key, next_offset bigint not null);
create table floor_outbox (id bigint generated always as identity primary key, key text not null, body text not null);
"""

STATEMENT = """
with b as (select * from unnest($1::text[], $2::bigint[], $3::text[]) as t(key, version, body)),
 i as (insert into floor_inbox as p (topic, key, sequence) select 'cases', key, version from b
       on conflict (topic, key) do update set sequence = excluded.sequence where p.sequence < excluded.sequence
       returning key),
 u as (insert into floor_case (key, version, body) select key, version, body::jsonb from b join i using (key)
       on conflict (key) do update set version = excluded.version, body = excluded.body
       where floor_case.version < excluded.version returning key),
 o as (insert into floor_offset values ($4, $5)
       on conflict (partition) do update set next_offset = excluded.next_offset)
insert into floor_outbox (key, body) select b.key, b.body from b join u using (key)
"""


async def floor_rate(url: str, events: int, batch: int = 500) -> float:
    """Events per second."""
    connection = await asyncpg.connect(url)
    await connection.execute(TABLES)
    body = json.dumps({"programme": "MX-REF", "filler": "x" * 380})
    keys = [str(uuid4()) for _ in range(events)]
    started = time.perf_counter()
    for n in range(0, events, batch):
        part = keys[n : n + batch]
        await connection.execute(STATEMENT, part, [1] * len(part), [body] * len(part), 0, n + len(part))
    seconds = time.perf_counter() - started
    await connection.close()
    return events / seconds
