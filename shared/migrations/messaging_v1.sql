-- The tables every service has beside its own: outbox, positions, parked events, spans.
-- Read by the first migration of each service; never edit after a release, add messaging_v2.sql.

-- What the service has said. The truth; Kafka only carries it. A row is published once partition and offset are known.
create table outbox (
  id bigint generated always as identity primary key,
  topic text not null,
  key text not null,
  sequence bigint not null,
  event_id uuid not null,
  type text not null,
  attributes jsonb not null,            -- causationid, correlationid, recordedtime, traceparent
  value text not null,
  created_at timestamptz not null,
  published_at timestamptz,
  partition int,
  "offset" bigint,
  unique (topic, key, sequence),        -- a version of a stream is said once
  check (octet_length(value) <= 65536),
  check (num_nulls(published_at, partition, "offset") in (0, 3))
);
create index outbox_unpublished on outbox (id) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;

-- The last offset that Kafka acknowledged, by partition: the next one must be higher, or the log was lost.
create table relay_partition (
  topic text not null,
  partition int not null,
  last_offset bigint not null,
  primary key (topic, partition)
);

-- The cluster that holds what was published; another one has nothing of it. Republications are counted.
create table relay_cluster (
  only_row boolean primary key default true check (only_row),
  cluster_id text not null,
  republications bigint not null default 0
);

-- The inbox: the newest sequence that was handled of each stream. Its row is the right to handle an event.
create table stream_position (
  topic text not null,
  key text not null,
  sequence bigint not null,
  primary key (topic, key)
);

-- Where to go on in each partition, and the id of the record before that place.
create table consumer_offset (
  topic text not null,
  partition int not null,
  next_offset bigint not null,
  last_event_id text not null,
  primary key (topic, partition)
);

create table consumer_progress (
  topic text primary key,
  handled bigint not null default 0,
  superseded bigint not null default 0,
  jumps bigint not null default 0,
  progressed_at timestamptz not null
);

-- One event that could not be handled, whole and encrypted. parked -> handled | superseded | dead; dead -> discarded.
create table parked_event (
  id bigint generated always as identity primary key,
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  key text,                             -- null: the bytes could not be read
  sequence bigint,
  raw bytea not null,
  digest bytea not null,                -- of the plain bytes: sealing the same ones twice gives different ones
  cause text not null,                  -- where it failed; never a message, which could name a person
  state text not null check (state in ('parked', 'dead', 'handled', 'superseded', 'discarded')),
  attempts int not null,
  parked_at timestamptz not null,
  next_try_at timestamptz,
  closed_at timestamptz,
  traceparent text,                     -- of the last attempt
  unique (topic, key, sequence),
  check ((state = 'parked') = (next_try_at is not null)),
  check (num_nulls(key, sequence) in (0, 2))
);
create unique index parked_unreadable on parked_event (topic, partition, "offset", digest) where key is null;
create index parked_due on parked_event (next_try_at) where state = 'parked';

-- Spans, for `puente trace` and the ops console. Kept 30 days.
create table trace_span (
  trace_id text not null,
  span_id text not null,
  parent_id text,
  name text not null,
  kind text not null,
  service text not null,
  starts_at timestamptz not null,
  duration_ms double precision not null,
  status text not null,
  attributes jsonb not null,
  links jsonb not null,
  case_hash text,
  primary key (trace_id, span_id)
);
create index trace_span_case on trace_span (case_hash) where case_hash is not null;
create index trace_span_age on trace_span (starts_at);
