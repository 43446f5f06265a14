-- Programmes: intake's own. Staff change them here after the first start; every change is published.
create table programmes (
  programme text primary key,
  version bigint not null default 1,
  system text not null check (system in ('us', 'mx', 'ca')),
  pathway text not null,
  title text not null,
  status text not null check (status in ('open', 'paused', 'closed')),
  opens_on date not null,
  closes_on date,
  on_close text not null check (on_close in ('honour', 'cancel', 'rebook')),
  allocation text not null check (allocation in ('immediate', 'choice', 'draw')),
  base_minutes int not null check (base_minutes >= 0),
  per_adult_minutes int not null check (per_adult_minutes >= 0),
  per_child_minutes int not null check (per_child_minutes >= 0),
  counts text not null check (counts in ('officer', 'people')),
  offer_hours int not null check (offer_hours > 0),
  sites text[] not null,
  check (closes_on >= opens_on)
);

-- A copy of scheduling's sites, as far as judging needs it. Version 0: reference data, until scheduling has spoken.
create table sites (
  site text primary key,
  version bigint not null default 0,
  system text not null,
  programmes text[] not null,
  admin_area text,
  is_open boolean not null
);

-- Documents as they came, encrypted. refused: the code for which one could not be read; then nothing else of it is kept.
create table documents (
  id uuid primary key,
  system text not null check (system in ('us', 'mx', 'ca')),
  received_at timestamptz not null,
  content_type text not null,
  raw bytea not null,
  refused text
);
create index documents_refused on documents (received_at) where refused is not null;

-- Delivery ids, remembered whatever became of the result. Its row is the right to judge a delivery.
create table deliveries (
  system text not null,
  delivery_id uuid not null,
  primary key (system, delivery_id)
);

-- Result ids that were ever sent. Lock the row before reading or changing anything of the result.
create table results (
  system text not null,
  result_id text not null,
  primary key (system, result_id)
);

-- Revisions that are known: accepted ones, and those that came late. A quarantined one is not.
create table revisions (
  system text not null,
  result_id text not null,
  revision bigint not null check (revision >= 1),
  digest bytea not null check (octet_length(digest) = 32),
  receipt text not null check (receipt in ('accepted', 'stale')),
  document_id uuid not null,
  primary key (system, result_id, revision)
);

-- What each result of a document was told. Quarantined ones are found in their document again by their index.
create table receipts (
  document_id uuid not null references documents,
  index int not null,
  system text not null,
  result_id text,
  revision bigint,
  delivery_id uuid,
  receipt text not null check (receipt in ('accepted', 'duplicate', 'stale', 'quarantined')),
  case_ref text,
  codes text[] not null,
  warnings text[] not null,
  errors jsonb not null,
  primary key (document_id, index),
  check ((receipt = 'quarantined') = (cardinality(codes) > 0)),
  check (receipt = 'accepted' or cardinality(warnings) = 0),
  check (receipt <> 'accepted' or case_ref is not null)
);
create index receipts_of_result on receipts (system, result_id);
create index receipts_quarantined on receipts (document_id) where receipt = 'quarantined';

-- One case per result id: what its highest accepted revision says. version rises at each change; the event with that
-- sequence carries the snapshot. People and contact are encrypted, and stand nowhere else than here and in documents.
create table cases (
  case_ref text primary key,
  system text not null,
  result_id text not null,
  version bigint not null check (version >= 1),
  revision bigint not null,
  state text not null check (state in ('eligible', 'review', 'ineligible', 'withdrawn', 'expired')),
  programme text not null,
  valid_until date not null,
  snapshot jsonb not null,
  warnings text[] not null,
  contact bytea not null,
  result bytea not null,
  changed_at timestamptz not null,
  unique (system, result_id),
  foreign key (system, result_id) references results
);
create index cases_expiring on cases (valid_until) where state = 'eligible';

-- Who looked at whose contact, when and why. Append-only (trigger).
create table contact_looks (
  id bigint generated always as identity primary key,
  looked_at timestamptz not null,
  who text not null,
  case_ref text not null references cases,
  why text not null,
  traceparent text
);
create index contact_looks_of_case on contact_looks (case_ref, looked_at);

-- How many receipts were given and cases made, spread over rows so that documents do not wait for each other.
create table counts (
  system text not null,
  shard smallint not null,
  results bigint not null,
  cases bigint not null,
  primary key (system, shard)
);
