# The figures of a run of scripts/bench, and their table. Sourced.

# record NAME FIGURE VALUE: one measurement.
record() {
    printf '%s\t%s\t%s\n' "$2" "$1" "$3" >>"$home/results"
    say "  $1, $2: $3"
}

# report FILE: the table on standard output, and the same as JSON in the file.
report() {
    sort -t $'\t' -k1,1 -k2,2 -k3,3g "$home/results" |
        awk -F '\t' -v json="$1" -v order="$home/results" -v names="${names[*]}" '
        { key = $1 SUBSEP $2; value[key, count[key]++] = $3 }
        function median(key) {
            middle = int(count[key] / 2)
            return count[key] % 2 ? value[key, middle] : (value[key, middle - 1] + value[key, middle]) / 2
        }
        function shown(number) { return sprintf(number < 10 ? "%.2f" : number < 100 ? "%.1f" : "%.0f", number) }
        END {
            total = split(names, name, " ")
            printf "\n%-58s", ""
            for (i = 1; i <= total; i++) printf " %18s", name[i]
            printf " %8s\n", "ratio"
            while ((getline line < order) > 0) {
                split(line, field, "\t")
                figure = field[1]
                if (seen[figure]++) continue
                printf "%-58s", figure
                object = ""
                for (i = 1; i <= total; i++) {
                    key = figure SUBSEP name[i]
                    if (!(key in count)) { printf " %18s", ""; continue }
                    middle_value = median(key)
                    spread = middle_value ? (value[key, count[key] - 1] - value[key, 0]) / middle_value * 100 : 0
                    printf " %18s", sprintf("%s ±%.0f%%", shown(middle_value), spread / 2)
                    object = object sprintf(", \"%s\": {\"median\": %.4f, \"least\": %.4f, \"most\": %.4f, \"runs\": %d}", \
                        name[i], middle_value, value[key, 0], value[key, count[key] - 1], count[key])
                }
                ratio = "null"
                if ((figure SUBSEP "pgbouncer") in count && (figure SUBSEP "pgvalet") in count && median(figure SUBSEP "pgbouncer"))
                    ratio = sprintf("%.3f", median(figure SUBSEP "pgvalet") / median(figure SUBSEP "pgbouncer"))
                printf " %8s\n", ratio == "null" ? "" : sprintf("%.2f", ratio)
                objects = objects (objects ? ",\n" : "") sprintf("  {\"figure\": \"%s\"%s, \"ratio\": %s}", figure, object, ratio)
            }
            print "[\n" objects "\n]" > json
        }'
}
