# Throughput with 1, 2 and 4 workers against a stand-in for Postgres that answers at once (pgvalet-load null-server), with one
# hot pool and with 50 pools. pgbench and the stand-in need processors of their own: with as few as two, nothing can scale.

measure_scaling() {
    local count
    say "  $(nproc) processors"
    echo 'select 1' >"$home/one.sql"
    start "$home/null.log" "${account[@]}" "$load" null-server --directory "$home" --port 1
    wait_for $! test -S "$home/.s.PGSQL.1" || die "the stand-in does not start: $(cat "$home/null.log")"
    local own_postgres=$postgres_port own_host=${postgres_host-}
    postgres_port=1 postgres_host=$home
    for count in 1 2 4; do
        workers=$count start_poolers "max_db_connections = 0"
        in_turn scaling_run "$count" 1
        in_turn scaling_run "$count" 50
    done
    postgres_port=$own_postgres postgres_host=$own_host
}

# scaling_run WORKERS POOLS NAME: PgBouncer has one thread, so its turns with more workers say how noisy the machine is.
scaling_run() {
    local count=$1 pools=$2 name=$3 total
    if ((pools == 1)); then
        total=$(null_tps "$name" app 64 2)
    else
        total=$(for ((pool = 0; pool < 50; pool++)); do null_tps "$name" "app$pool" 2 1 & done | awk '{ sum += $1 } END { print sum }')
    fi
    record "$name" "transactions/s, null server, $count workers, $pools pool(s)" "$total"
}

# null_tps NAME DATABASE CLIENTS THREADS
null_tps() {
    "$postgres_bin/pgbench" -n -f "$home/one.sql" -c "$3" -j "$4" -T "$seconds" "$(conninfo "$1") dbname=$2" 2>&1 |
        awk '/^tps/ { print $3 }'
}
