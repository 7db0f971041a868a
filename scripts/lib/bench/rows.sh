# Rows of 1 MB to 4 clients, and parameters of 1 MB from them, 200 of each: the pooler's processor time for a MB.

measure_rows() {
    start_poolers
    echo "select repeat('x', 1000000)" >"$home/row.sql"
    {
        printf "select length('"
        head -c 1000000 /dev/zero | tr '\0' x
        printf "')\n"
    } >"$home/parameter.sql"
    in_turn rows_run row result
    in_turn rows_run parameter parameter
}

# rows_run FILE WORD NAME
rows_run() {
    local file=$1 word=$2 name=$3
    spend "$name" megabytes "$file" "$(conninfo "$name")"
    record "$name" "µs CPU a MB of $word" "$(calculate "($user_spent + $system_spent) / 200")"
}

megabytes() {
    "$postgres_bin/pgbench" -n -f "$home/$1.sql" -c 4 -j 2 -t 50 "$2" >"$home/pgbench.out" 2>&1 ||
        die "pgbench failed: $(cat "$home/pgbench.out")"
}
