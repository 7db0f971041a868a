# Short-lived clients, 32 at a time: connect, log in, one query, leave. Trust; SCRAM; TLS 1.3 and SCRAM, with a P-256 and an
# RSA-2048 certificate, anew and resumed: the pooler's processor time for a login, logins a second, p99 from connect to
# answer. (The load tool keeps the SCRAM keys that it derived, so that it is not what is waited for.)

measure_logins() {
    start_poolers
    in_turn logins_run 6000 "trust"
    start_poolers "auth_type = scram-sha-256"
    in_turn logins_run 4000 "SCRAM"
    for kind in ec rsa; do
        start_poolers "auth_type = scram-sha-256" "$(tls_settings $kind)"
        in_turn logins_run 2000 "TLS $kind + SCRAM" --tls
        in_turn logins_run 2000 "TLS $kind + SCRAM, resumed" --tls --resume
    done
}

# logins_run COUNT LABEL [OPTION...] NAME
logins_run() {
    local count=$1 label=$2 name=${*: -1} words
    shift 2
    [[ $name != odyssey ]] || return 0
    spend "$name" run_load logins --port "${port[$name]}" --password "$app_password" --count "$count" "${@:1:$#-1}"
    read -ra words <"$home/load.out"
    record "$name" "µs CPU a login, $label" "$(calculate "($user_spent + $system_spent) / ${words[1]}")"
    record "$name" "logins/s, $label" "$(calculate "${words[1]} / ${words[7]}")"
    record "$name" "ms p99 from connect to answer, $label" "$(calculate "${words[11]} / 1000")"
    [[ $label != *resumed ]] || record "$name" "resumed handshakes of 100, $label" "$(calculate "100 * ${words[5]} / ${words[1]}")"
}

# run_load ARGUMENT...: its line is then in $home/load.out.
run_load() {
    "$load" "$@" >"$home/load.out" 2>"$home/load.err" || die "pgvalet-load failed: $(cat "$home/load.out" "$home/load.err")"
}
