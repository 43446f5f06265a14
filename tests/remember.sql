-- What a database has in it now, and a function that brings a copy of it back to that: remembered.brought_back().
-- A row is as it was if no later transaction wrote it and none is missing; so only what changed is written again.
drop schema if exists remembered cascade;
create schema remembered;
create table remembered.until (transaction xid not null, bytes bigint not null);
create table remembered.changes (command text not null);
create table remembered.sequences as
  select c.oid::regclass as sequence, pg_sequence_last_value(c.oid) as last from pg_class c where relkind = 'S';

do $$
declare
  t record;
  kept text;
  size bigint;
  body text := '';
begin
  for t in
    select c.oid::regclass as name, c.relname,
           (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
            where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns,
           (select string_agg(quote_ident(attname), ', ') from pg_index i join pg_attribute a
              on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
            where i.indrelid = c.oid and i.indisprimary) as key
    from pg_class c where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname
  loop
    execute format('select count(*) from %s', t.name) into size;
    if size = 0 then
      body := body || format(E'delete from %s;\n', t.name);
    else
      kept := format('remembered.%I', t.relname);
      execute format('create table %s as table %s', kept, t.name);
      execute format('alter table %s add primary key (%s)', kept, t.key);
      body := body || format(
        $sql$
        with changed as (delete from %1$s where age(xmin) < age(written) returning %3$s)
        insert into %1$s (%4$s) overriding system value select %4$s from %2$s join changed using (%3$s);
        select %5$s - count(*) from %1$s into missing;
        if missing > 0 then
          insert into %1$s (%4$s) overriding system value
          select %4$s from %2$s where (%3$s) not in (select %3$s from %1$s);
        end if;
        $sql$, t.name, kept, t.key, t.columns, size);
    end if;
  end loop;
  execute format(
    $function$
    create function remembered.brought_back(connections int) returns boolean language plpgsql as $body$
    declare
      written xid;
      grown bigint;
      missing bigint;
    begin
      select transaction, pg_database_size(current_database()) - bytes from remembered.until into written, grown;
      if exists (select from remembered.changes) or grown > 8000000
         or connections <> (select numbackends from pg_stat_database where datname = current_database()) then
        return false;
      end if;
      %s
      perform setval(sequence, coalesce(last, 1), last is not null) from remembered.sequences
      where pg_sequence_last_value(sequence) is distinct from last;
      update remembered.until set transaction = pg_current_xact_id()::xid;
      return true;
    end $body$
    $function$, body);
end $$;

create function remembered.changed() returns event_trigger language plpgsql as
  $$ begin insert into remembered.changes values (tg_tag); end $$;
create event trigger remembered_changed on ddl_command_end execute function remembered.changed();
insert into remembered.until values (pg_current_xact_id()::xid, pg_database_size(current_database()));
