-- A row of the outbox never changes: which ones Kafka has not acknowledged, and where the others lie, is said beside it.
-- Read by a later migration of each service; never edit after a release, add messaging_v3.sql.

drop index outbox_unpublished;
drop index outbox_published;

-- What Kafka has not acknowledged yet.
create table outbox_unpublished (
  id bigint primary key
);
insert into outbox_unpublished select id from outbox where published_at is null;

-- Where acknowledged rows lie: one entry for each batch, with the rows' ids in the order of their offsets. Kept 14 days.
create table outbox_published (
  topic text not null,
  partition int not null,
  first_offset bigint not null,
  ids bigint[] not null,
  published_at timestamptz not null
);
insert into outbox_published
select topic, partition, "offset", array[id], published_at from outbox where published_at is not null order by id;
create index outbox_published_at on outbox_published (published_at);

alter table outbox drop column published_at, drop column partition, drop column "offset",
  alter column attributes type json;
create index outbox_created on outbox using brin (created_at);

-- What statements take many of at once, see shared/rows.py.
create type stream_row as (topic text, key text, sequence bigint);
create type outbox_row as (
  topic text, key text, sequence bigint, event_id uuid, type text, attributes json, value text
);

-- Spans are read whole: nobody looks into them with SQL.
alter table trace_span alter column attributes type json, alter column links type json;
create type span_row as (
  trace_id text, span_id text, parent_id text, name text, kind text, service text, starts_at timestamptz,
  duration_ms double precision, status text, attributes json, links json, case_hash text
);
