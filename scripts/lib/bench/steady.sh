# 20 steady clients, each with a short query every 10 ms, alone and while short-lived clients log in with TLS and SCRAM as fast
# as they can: p50 and p99 of the steady ones. pgvalet runs with two workers here.

source scripts/lib/bench/logins.sh

measure_steady() {
    workers=2 start_poolers "auth_type = scram-sha-256" "$(tls_settings ec)"
    in_turn steady_run alone
    in_turn steady_run "during a burst"
}

# steady_run LABEL NAME
steady_run() {
    local label=$1 name=$2 storm= words
    [[ $name != odyssey ]] || return 0
    if [[ $label != alone ]]; then
        start "$home/storm.log" "$load" logins --port "${port[$name]}" --password "$app_password" --tls --count 1000000 --together 64
        storm=$!
        sleep 0.5
    fi
    run_load steady --port "${port[$name]}" --password "$app_password" --seconds "$seconds"
    [[ -z $storm ]] || { kill "$storm" && wait "$storm" 2>/dev/null || true; }
    read -ra words <"$home/load.out"
    record "$name" "ms p50 of steady clients, $label" "$(calculate "${words[9]} / 1000")"
    record "$name" "ms p99 of steady clients, $label" "$(calculate "${words[11]} / 1000")"
}
