# Steps with their wall time, and small helpers of the demo. Sourced, not run.

times=()
step_started=$SECONDS
step_name=""

step() {
    end_step
    step_name=$1
    step_started=$SECONDS
    say ""
    say "== $1"
}
end_step() {
    if [ -n "$step_name" ]; then times+=("$(printf '%5d s  %s' $((SECONDS - step_started)) "$step_name")"); fi
    step_name=""
}
wall_times() {
    say ""
    say "wall time of each step:"
    printf '%s\n' "${times[@]}"
}

lake() { "$bin/datalake" --no-progress "$@"; }
# field PATH: a value of the JSON on standard input (items.0.id).
field() {
    python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name)] if name.isdigit() else value[name]
print(value)' "$1"
}
# until_true COMMAND…: waits for it, for at most $patience seconds.
until_true() {
    local begin=$SECONDS
    until "$@"; do
        [ $((SECONDS - begin)) -lt "${patience:-120}" ] || fail "this did not come true within ${patience:-120} s: $*"
        sleep 0.2
    done
}
