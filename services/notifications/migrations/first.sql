-- What each case's newest snapshot says. Lock its row before reading or changing the case's notices.
create table cases (
  case_ref text primary key,
  version bigint not null,
  system text not null,
  programme text not null,
  snapshot jsonb not null
);

-- Sites as scheduling publishes them, whole. A notice that names a site waits until it is here.
create table sites (
  site text primary key,
  version bigint not null,
  snapshot jsonb not null
);

create table programmes (
  programme text primary key,
  version bigint not null,
  title text not null
);

-- One thing to be said to one household. due -> sending -> sent | failed; due -> withdrawn | not_reachable;
-- sending -> due when it is to be tried again. Ended notices are history and never change (trigger).
create table notices (
  id uuid primary key,
  n bigint generated always as identity,
  case_ref text not null references cases,
  system text not null,
  kind text not null check (kind in ('waiting', 'offered', 'booked', 'moved', 'expired', 'cancelled')),
  matter text not null check (matter in ('wait', 'offer', 'confirmation', 'end')),
  subject text not null,                -- the appointment's id, or the reason for waiting
  appointment_id uuid,
  content jsonb not null,               -- appointment, earlier, waiting
  sites text[] not null,                -- sites that the words need
  calendar_uid uuid not null,
  sequence bigint not null,             -- version of the snapshot that asked for it
  state text not null check (state in ('due', 'sending', 'sent', 'not_reachable', 'withdrawn', 'failed')),
  reason text,
  may_have_arrived boolean not null default false,
  attempts int not null default 0,
  next_try_at timestamptz not null,
  lease uuid,
  lease_until timestamptz,
  event_id text,                        -- cause: the event, its chain, the span that handled it
  correlation_id text not null,
  traceparent text not null,
  last_attempt text,                    -- traceparent of the attempt before
  channel text,
  language text,
  provider_reference text,
  created_at timestamptz not null,
  closed_at timestamptz,
  check ((state in ('due', 'sending')) = (closed_at is null)),
  check (state <> 'sent' or (language is not null and provider_reference is not null and channel is not null)),
  check (num_nulls(lease, lease_until) in (0, 2)),
  check ((matter = 'wait') = (appointment_id is null))
);

-- A household hears once per matter and appointment, whatever is replayed.
create unique index said_once on notices (case_ref, matter, subject) where state <> 'withdrawn';
create index notices_of_case on notices (case_ref, n);
create index notices_due on notices (next_try_at) where state in ('due', 'sending');
create index notices_ended on notices (system, state) where state not in ('due', 'sending');
