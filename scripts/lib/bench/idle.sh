# Resident memory for an idle client, at 10,000 (1,000 fewer than half of the limit of descriptors, if that is less), plain and over
# TLS: before they have run a query, and after all of them ran one at the same time. From the growth of a fresh process that
# has served one client.

measure_idle() {
    local name channel
    idle_clients=$(($(ulimit -n) / 2 - 1000))
    ((idle_clients < 10000)) || idle_clients=10000
    for channel in plain TLS; do
        start_poolers "$(tls_settings ec)"
        for name in "${names[@]}"; do idle_run "$channel" "$name"; done
    done
}

# idle_run plain|TLS NAME
idle_run() {
    local channel=$1 name=$2 begun answer target
    [[ $channel == plain || $name != odyssey ]] || return 0
    target=$(conninfo "$name")
    [[ $channel == plain ]] || target=$(tcp_conninfo "$name" require)
    "$postgres_bin/psql" -qXAt "$target" -c 'select 1' >/dev/null
    begun=$(resident_bytes "${pid[$name]}")
    coproc holder { exec "$load" idle --clients "$idle_clients" --query 'select 1' "$target" 2>"$home/load.err"; }
    local holder_pid=$!
    read -r answer <&"${holder[0]}" || die "$name: the idle clients did not get in: $(cat "$home/load.err")"
    record "$name" "bytes an idle client, $channel, before a query" \
        "$(calculate "($(resident_bytes "${pid[$name]}") - $begun) / ${answer#ready }")"
    echo >&"${holder[1]}"
    read -r answer <&"${holder[0]}" || die "$name: the queries had no answer: $(cat "$home/load.err")"
    sleep 1
    record "$name" "bytes an idle client, $channel, after a query each" \
        "$(calculate "($(resident_bytes "${pid[$name]}") - $begun) / ${answer#answered }")"
    eval "exec ${holder[1]}>&-"
    wait "$holder_pid" || true
}
