# A throwaway Postgres and poolers in front of it, which are gone when the script ends. Sourced, after common.sh.

home=
running=()

# What to put before a command: the kernel ends it when this shell dies, however it does; and as root it runs under the
# account `postgres`, since Postgres accepts no root.
account=(setpriv --pdeathsig QUIT --)
[[ $(id -u) != 0 ]] || account=(setpriv --reuid=postgres --regid=postgres --init-groups --pdeathsig QUIT --)

postgres_binaries() {
    local newest
    newest=$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -n 1)
    if [[ -n $newest ]]; then dirname "$newest"; else pg_config --bindir; fi
}

# Makes the directory where everything is, and sees to its end.
open_home() {
    home=$(mktemp -d /tmp/pgvalet.XXXXXX)
    [[ $(id -u) != 0 ]] || chown postgres:postgres "$home"
    chmod 755 "$home"
    trap close_home EXIT
    trap 'exit 0' INT
    trap 'exit 143' TERM HUP
}

# Ends what was started, the last first, and removes the directory.
close_home() {
    trap '' INT TERM HUP
    local index
    for ((index = ${#running[@]} - 1; index >= 0; index--)); do stop "${running[index]}"; done
    rm -rf "$home"
}

# Starts a command in the background, away from the terminal's signals, its output in a log; `$!` is its number.
start() {
    local log=$1
    shift
    setsid "$@" >"$log" 2>&1 </dev/null &
    running+=($!)
}

# Ends a process that `start` started: politely (INT is a fast shutdown to Postgres, and to a pooler the end once its
# servers are free), and after ten seconds not.
stop() {
    local waited
    kill -INT "$1" 2>/dev/null || return 0
    for ((waited = 0; waited < 200; waited++)); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# Whether anybody listens on a port. Looked up, since a trial would leave its mark in the log.
is_listening() { grep -qiE "^ *[0-9]+: [0-9A-F]+:$(printf '%04X' "$1") [0-9A-F:]+ 0A " /proc/net/tcp; }

free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)) && is_listening "$port"; do :; done
    printf '%s\n' "$port"
}

# wait_for PID COMMAND...: waits until the command succeeds; false when the process ended before, or after 20 seconds.
wait_for() {
    local pid=$1 waited
    shift
    for ((waited = 0; waited < 400; waited++)); do
        kill -0 "$pid" 2>/dev/null || return 1
        if "$@"; then return 0; fi
        sleep 0.05
    done
    return 1
}

# A Postgres with the roles `postgres` and `app` and the database `app`, max_connections = 100, on port $postgres_port.
start_postgres() {
    postgres_bin=$(postgres_binaries)
    postgres_port=$(free_port)
    (cd "$home" && "${account[@]}" "$postgres_bin/initdb" -D "$home/data" -U postgres -A trust -E UTF8 --no-sync) \
        >"$home/initdb.log" 2>&1 || die "initdb failed: $(cat "$home/initdb.log")"
    start "$home/postgres.log" "${account[@]}" "$postgres_bin/postgres" -D "$home/data" -p "$postgres_port" -k "$home" \
        -c listen_addresses=127.0.0.1 -c max_connections=100 -c fsync=off
    wait_for $! "$postgres_bin/pg_isready" -q -h "$home" -p "$postgres_port" || die "Postgres does not start: $(cat "$home/postgres.log")"
    admin_conninfo="host=$home port=$postgres_port user=postgres dbname=postgres"
    "$postgres_bin/psql" -qX "$admin_conninfo" -c 'create role app login' -c 'create database app owner app'
}

# Starts a pooler (NAME PROGRAM PORT) in front of that Postgres: transaction mode, trust; more settings, one on a line,
# come on standard input, and stand instead of the same ones before. The secret of `app` is $app_secret. It listens on the
# Unix socket $home/.s.PGSQL.PORT too, and reaches Postgres at $postgres_host (127.0.0.1, unless a directory). Its number is
# then in $pooler_pid, its log in $home/NAME.log.
start_pooler() {
    local name=$1 program=$2 port=$3 ini=$home/$1.ini
    printf '"app" "%s"\n"admin" ""\n' "${app_secret-}" >"$home/$name.users"
    cat >"$ini" <<INI
[databases]
* = host=${postgres_host:-127.0.0.1} port=$postgres_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir = $home
auth_type = trust
auth_file = $home/$name.users
admin_users = admin
pool_mode = transaction
$([[ $(id -u) != 0 ]] || echo 'user = postgres')
$(cat)
INI
    start "$home/$name.log" "$program" "$ini"
    pooler_pid=$!
    wait_for "$pooler_pid" is_listening "$port" || die "$name does not start: $(cat "$home/$name.log")"
}
