create table sites (
  site text primary key,
  version bigint not null default 1,
  system text not null,
  name text not null,
  city text not null,
  address text not null,
  zone text not null,
  holidays text not null,
  admin_area text,
  programmes text[] not null,
  is_open boolean not null default true,
  illustrative boolean not null
);

-- The newest snapshot of each programme, as intake publishes it. look_again_since: its waiting cases are to be decided
-- again, because the programme changed, a day opened or a place did; null once that was done.
create table programmes (
  programme text primary key,
  version bigint not null,
  snapshot jsonb not null,
  look_again_since timestamptz
);

-- A desk or an interpreter serves one household at a time in steps of 15 minutes; an arrival window takes people, 30.
create table resources (
  id uuid primary key,
  site text not null references sites,
  kind text not null check (kind in ('desk', 'interpreter', 'window')),
  name text not null,
  programmes text[] not null,
  languages text[] not null,
  female boolean not null,
  capacity int not null check (capacity > 0),
  unique (site, name)
);

-- When a resource is open, in the site's wall time: an RFC 5545 rule for the days, and hours for each of them.
create table opening_rules (
  id uuid primary key,
  resource_id uuid not null references resources,
  version int not null default 1,
  rrule text not null,
  valid_from date not null,
  valid_until date,
  opens time not null,
  closes time not null,
  check (opens < closes),
  check (valid_until is null or valid_until >= valid_from)
);

create table closures (
  id uuid primary key,
  site text not null references sites,
  first_day date not null,
  last_day date not null,
  reason text not null,
  source text not null,
  check (last_day >= first_day)
);

create table slots (
  id bigint generated always as identity primary key,
  resource_id uuid not null references resources,
  site text not null,
  kind text not null,
  starts_at timestamptz not null,
  wall_time timestamp not null,
  local_date date not null,
  capacity int not null,
  taken int not null default 0,
  unique (resource_id, starts_at),
  constraint slot_not_oversold check (0 <= taken and taken <= capacity)
);
create index slots_free on slots (site, starts_at) include (resource_id, kind) where taken < capacity;

-- version counts every change of the case's scheduling state; intake_version is the newest snapshot of intake.
create table cases (
  case_ref text primary key,
  version bigint not null default 0,
  intake_version bigint not null,
  system text not null,
  programme text not null,
  state text not null,
  urgency text not null,
  registered_at timestamptz not null,
  snapshot jsonb not null,
  waiting text,
  offers_missed int not null default 0,
  calendar_uid uuid not null default gen_random_uuid(),
  ended_appointment uuid,
  correlation_id text not null,
  traceparent text not null
);
create index cases_waiting on cases (programme, waiting, urgency desc, registered_at) where waiting is not null;
create index cases_system on cases (system, (waiting is not null));

-- One agreed or offered meeting. status: see domain/states.py. Ended rows stay as they are.
create table appointments (
  id uuid primary key,
  case_ref text not null references cases,
  version int not null default 1,
  status text not null,
  programme text not null,
  site text not null references sites,
  starts_at timestamptz not null,
  wall_time timestamp not null,
  zone text not null,
  tzdata_version text not null,
  minutes int not null check (minutes > 0),
  claimed_minutes int not null check (claimed_minutes >= minutes),
  party int not null check (party > 0),
  interpreter text,
  female boolean not null,
  deadline timestamptz,
  replaces uuid references appointments,
  reason text,
  acted_by text not null,
  created_at timestamptz not null,
  traceparent text not null,
  constraint pending_has_deadline check (status <> 'pending' or deadline is not null),
  constraint cancelled_has_reason check ((status in ('cancelled', 'noshow')) = (reason is not null))
);
create unique index one_live_appointment on appointments (case_ref)
  where status in ('pending', 'booked', 'arrived', 'checked-in');
create index appointments_deadline on appointments (deadline) where status = 'pending';

create table appointment_history (
  appointment_id uuid not null references appointments,
  version int not null,
  status text not null,
  at timestamptz not null,
  acted_by text not null,
  reason text,
  primary key (appointment_id, version)
);

-- A place that was let go: nobody's, and not open either, until a household that can use it has it or opens_at is past.
create table freed_places (
  id uuid primary key,
  site text not null,
  from_case text not null,
  starts_at timestamptz not null,
  freed_at timestamptz not null,
  opens_at timestamptz,
  traceparent text not null
);
create index freed_places_opens on freed_places (opens_at);

-- Who holds what. The sum of a slot's claims is its taken.
create table slot_claims (
  slot_id bigint not null references slots,
  appointment_id uuid references appointments,
  freed_place_id uuid references freed_places,
  units int not null check (units > 0),
  constraint one_holder check (num_nonnulls(appointment_id, freed_place_id) = 1)
);
create unique index slot_claims_appointment on slot_claims (appointment_id, slot_id) where appointment_id is not null;
create unique index slot_claims_freed on slot_claims (freed_place_id, slot_id) where freed_place_id is not null;

-- Offers ever made, counted when it happens, by country. In shards, so that transactions do not wait for each other.
create table offer_counts (
  system text not null,
  shard smallint not null,
  offers bigint not null,
  primary key (system, shard)
);
