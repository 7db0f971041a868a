# The poolers that are compared, and what their processes cost. Sourced by scripts/bench.

names=(pgbouncer pgvalet)
[[ -z $odyssey ]] || names=(pgbouncer odyssey pgvalet)
declare -A port pid

# A password with its SCRAM secret, as both poolers find it in their auth_file, and a certificate for each kind of key.
make_credentials() {
    local kind
    app_password=bench
    "$postgres_bin/psql" -qX "$admin_conninfo" -c "set password_encryption = 'scram-sha-256'" \
        -c "alter role app password '$app_password'"
    app_secret=$("$postgres_bin/psql" -qXAt "$admin_conninfo" -c "select rolpassword from pg_authid where rolname = 'app'")
    for kind in "ec -pkeyopt ec_paramgen_curve:P-256" "rsa -pkeyopt rsa_keygen_bits:2048"; do
        # shellcheck disable=SC2086
        openssl req -x509 -nodes -days 2 -subj /CN=localhost -newkey $kind \
            -keyout "$home/${kind%% *}.key" -out "$home/${kind%% *}.crt" 2>>"$home/openssl.log" || die "$(cat "$home/openssl.log")"
    done
    [[ $(id -u) != 0 ]] || chown postgres "$home"/*.key
}

# The lines of an ini that offer TLS with one of those certificates (ec, rsa).
tls_settings() {
    printf 'client_tls_sslmode = allow\nclient_tls_cert_file = %s.crt\nclient_tls_key_file = %s.key\n' "$home/$1" "$home/$1"
}

# Starts every pooler afresh; more lines of an ini come as arguments. $workers says how many threads pgvalet gets.
start_poolers() {
    local name program settings=("$@")
    stop_poolers
    for name in "${names[@]}"; do
        port[$name]=$(free_port)
        case $name in
            odyssey) start_odyssey ;;
            pgbouncer) start_bench_pooler "$name" "$pgbouncer" "${settings[@]}" ;;
            *)
                program=$(product pgvalet)
                # Against itself, so that this script can be tried before there is another.
                [[ $program == *pgbouncer ]] || settings+=("worker_threads = ${workers:-1}")
                start_bench_pooler "$name" "$program" "${settings[@]}"
                ;;
        esac
        pid[$name]=$pooler_pid
    done
}

# Whether the PgBouncer at hand knows prepared statements in transaction mode (1.21 and later).
pgbouncer_prepares() {
    printf '1.21\n%s\n' "$("$pgbouncer" -V | awk 'NR == 1 { print $2 }')" | sort -V -C
}

start_bench_pooler() {
    local name=$1 program=$2
    shift 2
    [[ $name != pgbouncer ]] || ! pgbouncer_prepares || set -- "$@" "max_prepared_statements = 200"
    start_pooler "$name" "$program" "${port[$name]}" <<<"default_pool_size = 10
max_client_conn = 12000
listen_backlog = 4096
log_connections = 0
log_disconnections = 0
$(printf '%s\n' "$@")"
}

# As its documentation has it; only for the cases that need neither passwords nor TLS.
start_odyssey() {
    cat >"$home/odyssey.conf" <<CONF
daemonize no
workers 1
log_format "%p %t %l %m\n"
log_to_stdout yes
unix_socket_dir "$home"
unix_socket_mode "0777"
listen { host "127.0.0.1" port ${port[odyssey]} backlog 4096 }
storage "postgres" { type "remote" host "${postgres_host:-127.0.0.1}" port $postgres_port }
database default { user default { authentication "none" storage "postgres" pool "transaction" pool_size 10 } }
CONF
    start "$home/odyssey.log" "${account[@]}" "$odyssey" "$home/odyssey.conf"
    pooler_pid=$!
    wait_for "$pooler_pid" is_listening "${port[odyssey]}" || die "odyssey does not start: $(cat "$home/odyssey.log")"
}

stop_poolers() {
    local name
    for name in "${!pid[@]}"; do
        stop "${pid[$name]}"
        unset "pid[$name]"
    done
}

# in_turn COMMAND...: runs it for each pooler, A B A B, with the pooler's name behind the arguments.
in_turn() {
    local round name
    for ((round = 0; round < rounds; round++)); do
        for name in "${names[@]}"; do "$@" "$name"; done
    done
}

# conninfo NAME: how libpq reaches a pooler.
conninfo() {
    local host=127.0.0.1
    [[ ${SOCKETS:-unix} == tcp ]] || host=$home
    echo "host=$host port=${port[$1]} user=app dbname=app"
}

# tcp_conninfo NAME SSLMODE
tcp_conninfo() { echo "host=127.0.0.1 port=${port[$1]} user=app dbname=app password=$app_password sslmode=$2"; }

# user_microseconds PID, system_microseconds PID: processor time so far.
user_microseconds() { awk -v hertz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print $12 * 1000000 / hertz }' "/proc/$1/stat"; }
system_microseconds() { awk -v hertz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print $13 * 1000000 / hertz }' "/proc/$1/stat"; }

# spend NAME COMMAND...: runs a command; then $user_spent and $system_spent are what it cost the pooler, in microseconds.
spend() {
    local process=${pid[$1]} user system
    shift
    user=$(user_microseconds "$process") system=$(system_microseconds "$process")
    "$@"
    user_spent=$(calculate "$(user_microseconds "$process") - $user")
    system_spent=$(calculate "$(system_microseconds "$process") - $system")
}

resident_bytes() { awk '/^VmRSS:/ { print $2 * 1024 }' "/proc/$1/status"; }

calculate() { awk "BEGIN { printf \"%.6g\", $1 }"; }
