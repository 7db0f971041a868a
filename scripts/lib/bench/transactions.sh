# pgbench -S, for each protocol (simple, extended, prepared), 1, 32 and 256 clients over 10 server connections, without and
# with TLS: the pooler's processor time for a transaction, transactions a second, p50 and p99 of their latency (from pgbench's
# log), and for 32 clients the pooler's system calls for a transaction (by perf, where it is and may be used). A PgBouncer before
# 1.21 has no prepared statements in transaction mode, and is left out there.

measure_transactions() {
    local mode clients names=("${names[@]}")
    start_poolers "$(tls_settings ec)"
    scripts/install-dependencies linux-perf || say "  without perf: system calls are not counted"
    for mode in simple extended prepared; do
        [[ $mode != prepared ]] || pgbouncer_prepares || unset_name pgbouncer
        for clients in 1 32 256; do
            in_turn transactions_run "$mode" "$clients" plain
        done
        in_turn transactions_run "$mode" 32 tls
        in_turn count_system_calls "$mode"
    done
}

# unset_name NAME: it has no part in what is left of the case.
unset_name() {
    local name rest=()
    for name in "${names[@]}"; do [[ $name == "$1" ]] || rest+=("$name"); done
    names=("${rest[@]}")
}

# transactions_run MODE CLIENTS plain|tls NAME
transactions_run() {
    local mode=$1 clients=$2 channel=$3 name=$4 target count latency label
    target=$(conninfo "$name")
    [[ $channel == plain ]] || target=$(tcp_conninfo "$name" require)
    [[ $channel == plain || $name != odyssey ]] || return 0
    rm -f "$home"/latency.*
    spend "$name" run_pgbench "$mode" "$clients" "$seconds" "$target" -l --log-prefix="$home/latency" --sampling-rate=0.2
    count=$(awk '/transactions actually processed/ { sub(/\/.*/, "", $6); print $6 }' "$home/pgbench.out")
    latency=$(cat "$home"/latency.* | awk '{ print $3 }' | sort -n |
        awk '{ value[NR] = $1 } END { print value[int(NR * 0.5) + 1], value[int(NR * 0.99) + 1] }')
    label="$mode, $clients clients$([[ $channel == plain ]] || echo ', TLS')"
    record "$name" "µs CPU a transaction, $label" "$(calculate "($user_spent + $system_spent) / $count")"
    record "$name" "µs user CPU a transaction, $label" "$(calculate "$user_spent / $count")"
    record "$name" "transactions/s, $label" "$(awk '/^tps/ { print $3 }' "$home/pgbench.out")"
    record "$name" "µs p50, $label" "${latency% *}"
    record "$name" "µs p99, $label" "${latency#* }"
}

# run_pgbench MODE CLIENTS SECONDS CONNINFO [OPTION...]: its report is then in $home/pgbench.out.
run_pgbench() {
    local threads=2
    (($2 > 1)) || threads=1
    "$postgres_bin/pgbench" -n -S -M "$1" -c "$2" -j "$threads" -T "$3" "${@:5}" "$4" >"$home/pgbench.out" 2>&1 ||
        die "pgbench failed: $(cat "$home/pgbench.out")"
}

# count_system_calls MODE NAME
count_system_calls() {
    local name=$2 rate calls
    # Only root may count those of a whole process everywhere.
    command -v perf >/dev/null && [[ $(id -u) == 0 ]] || return 0
    run_pgbench "$1" 32 4 "$(conninfo "$name")" -P 1 &
    local pgbench=$!
    sleep 1.5
    calls=$(perf stat -x, -e raw_syscalls:sys_enter -p "${pid[$name]}" -- sleep 1 2>&1 | awk -F, '/raw_syscalls/ { print $1 }')
    wait "$pgbench"
    # The rate of the second that lies within.
    rate=$(awk '/^progress: 2/ { print $4 }' "$home/pgbench.out")
    [[ $calls =~ ^[0-9]+$ && -n $rate ]] || return 0
    record "$name" "system calls a transaction, $1, 32 clients" "$(calculate "$calls / $rate")"
}
