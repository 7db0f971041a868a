# What the scripts share: where things are, and words for people. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

# Says what is going on, on standard error.
say() { printf '%s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# Builds products in release mode, showing the compiler's output only when it fails.
build_release() {
    local log product
    log=$(mktemp)
    for product in "$@"; do
        say "building $product"
        swift build -c release --product "$product" >"$log" 2>&1 || {
            cat "$log" >&2
            rm -f "$log"
            die "$product does not build"
        }
    done
    rm -f "$log"
}

# The path of a built product; PGVALET_BINARY names another daemon to use in pgvalet's place.
product() {
    if [[ $1 == pgvalet && -n ${PGVALET_BINARY-} ]]; then
        printf '%s\n' "$PGVALET_BINARY"
    else
        printf '%s/%s\n' "$(swift build -c release --show-bin-path)" "$1"
    fi
}
