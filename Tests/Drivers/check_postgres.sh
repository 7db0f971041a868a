#!/usr/bin/env bash
# check_postgres (Nagios) asks the console for what it asks of PgBouncer.
set -euo pipefail
export LC_ALL=C
check() { check_postgres --host="$PGHOST" --port="$PGPORT" --dbuser=admin --db=pgbouncer "$@"; }

# A client in a transaction, for as long as the checks take.
coproc client { psql -qXAt "host=$PGHOST port=$PGPORT user=app dbname=app"; }
trap 'kill "$client_PID" 2>/dev/null || true' EXIT
printf 'begin;\nselect 1;\n' >&"${client[1]}"
read -r -t 20 answer <&"${client[0]}"
[[ $answer == 1 ]]

for action in cl_active cl_waiting maxwait sv_active sv_idle sv_login sv_tested sv_used; do
    case $action in
        cl_active | sv_active) expected='app=1' ;;
        # Whoever was here before may have left some.
        sv_idle | sv_used) expected='app=' ;;
        *) expected='app=0' ;;
    esac
    output=$(check --action=pgb_pool_$action --warning=90 --critical=100)
    [[ $output == *" OK: "*"$expected"* ]] || { echo "$action: $output" >&2; exit 1; }
done
output=$(check --action=pgbouncer_backends --warning=90% --critical=95%)
[[ $output == *" OK: "*" of 100 connections"* ]] || { echo "$output" >&2; exit 1; }

# The settings have a sum: a wrong one is critical, the right one is fine.
output=$(check --action=pgbouncer_checksum --critical="$(printf '0%.0s' {1..32})") || true
sum=$(grep -oE '[0-9a-f]{32}' <<<"$output" | head -n 1)
output=$(check --action=pgbouncer_checksum --critical="$sum")
[[ $output == *" OK: "* ]] || { echo "$output" >&2; exit 1; }
