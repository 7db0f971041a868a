# Allocations for a transaction of pgvalet's, by a counter in front of malloc and its like. From the difference of a long run and
# a short one, since each has 32 clients that log in and leave.

source scripts/lib/bench/transactions.sh

measure_allocations() {
    local mode
    truncate -s 8 "$home/allocations"
    chmod 666 "$home/allocations"
    clang -O2 -shared -fPIC -o "$home/allocations.so" scripts/lib/bench/allocations.c
    export ALLOCATIONS=$home/allocations LD_PRELOAD=$home/allocations.so
    port[counted]=$(free_port)
    start_bench_pooler counted "$(product pgvalet)" "worker_threads = 1"
    unset ALLOCATIONS LD_PRELOAD
    pid[counted]=$pooler_pid
    for mode in simple extended prepared; do
        count_allocations "$mode" 1 >/dev/null
        record pgvalet "allocations a transaction, $mode" \
            "$(echo "$(count_allocations "$mode" 1) $(count_allocations "$mode" 5)" | awk '{ printf "%.4f", ($4 - $2) / ($3 - $1) }')"
    done
}

# count_allocations MODE SECONDS: "transactions allocations" of one run.
count_allocations() {
    local before
    before=$(allocations)
    run_pgbench "$1" 32 "$2" "$(conninfo counted)"
    awk -v grown=$(($(allocations) - before)) \
        '/transactions actually processed/ { sub(/\/.*/, "", $6); print $6, grown }' "$home/pgbench.out"
}

allocations() { od -An -td8 -N8 "$home/allocations" | tr -d ' '; }
