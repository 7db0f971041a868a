# COPY of about 1 GB out of a table and into one that is emptied afterwards: the pooler's processor time for a GB.

measure_copy() {
    start_poolers
    say "  making 1 GB of rows"
    "$postgres_bin/psql" -qX "host=127.0.0.1 port=$postgres_port user=app dbname=app" >/dev/null <<'SQL'
create unlogged table wide as select i, repeat(md5(i::text), 31) as text from generate_series(1, 1000000) i;
create unlogged table sink (like wide);
SQL
    copy_bytes=$("$postgres_bin/psql" -qXAt "host=127.0.0.1 port=$postgres_port user=app dbname=app" \
        -c 'select sum(length(i::text) + length(text) + 2) from wide')
    in_turn copy_out
    in_turn copy_in
    "$postgres_bin/psql" -qX "host=127.0.0.1 port=$postgres_port user=app dbname=app" -c 'drop table wide, sink'
}

copy_out() {
    spend "$1" "$postgres_bin/psql" -qX "$(conninfo "$1")" -c '\copy wide to /dev/null'
    record "$1" "s CPU a GB, COPY OUT" "$(calculate "($user_spent + $system_spent) * 1000 / $copy_bytes")"
}

# What is sent in comes from the server next to it, so that nothing lies on the disk.
copy_in() {
    spend "$1" copy_through "$1"
    record "$1" "s CPU a GB, COPY IN" "$(calculate "($user_spent + $system_spent) * 1000 / $copy_bytes")"
    "$postgres_bin/psql" -qX "host=127.0.0.1 port=$postgres_port user=app dbname=app" -c 'truncate sink'
}

copy_through() {
    "$postgres_bin/psql" -qX "host=127.0.0.1 port=$postgres_port user=app dbname=app" -c '\copy wide to stdout' |
        "$postgres_bin/psql" -qX "$(conninfo "$1")" -c '\copy sink from stdin'
}
