# Resident memory for an idle client, at 10,000 (1,000 fewer than half of the limit of descriptors, if that is less): plain, over
# TLS, before and after one query each. From the growth of a fresh process that has served one client.

measure_idle() {
    local name query
    idle_clients=$(($(ulimit -n) / 2 - 1000))
    ((idle_clients < 10000)) || idle_clients=10000
    for query in "" "select 1"; do
        for channel in plain tls; do
            start_poolers "auth_type = trust" "$(tls_settings ec)"
            for name in "${names[@]}"; do idle_run "$channel" "$query" "$name"; done
        done
    done
}

# idle_run plain|tls QUERY NAME
idle_run() {
    local channel=$1 query=$2 name=$3 before after holder answer target mode=disable
    [[ $channel == plain ]] || mode=require
    [[ $channel == plain || $name != odyssey ]] || return 0
    target=$(conninfo "$name")
    [[ $channel == plain ]] || target=$(tcp_conninfo "$name" $mode)
    "$postgres_bin/psql" -qXAt "$target" -c 'select 1' >/dev/null
    before=$(resident_bytes "${pid[$name]}")
    coproc holder { exec "$load" idle --clients "$idle_clients" ${query:+--query "$query"} "$target" 2>"$home/load.err"; }
    local holder_pid=$!
    read -r answer <&"${holder[0]}" || die "$name: the idle clients did not get in: $(cat "$home/load.err")"
    after=$(resident_bytes "${pid[$name]}")
    eval "exec ${holder[1]}>&-"
    wait "$holder_pid" || true
    record "$name" "bytes an idle client, $channel, $([[ -n $query ]] && echo after || echo before) a query" \
        "$(calculate "($after - $before) / ${answer#ready }")"
}
