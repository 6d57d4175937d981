# The demo's home on one machine: the server in a fresh folder. Sourced, not run.

server_pid=""

start_home() {
    step "start the server in a fresh folder"
    "$bin/datalake-server" init --data-dir "$work/data" --email "$email" --name "Demo" --log-level warn >"$work/init.txt"
    one_time=$(sed -n 's/^one-time password *//p' "$work/init.txt")
    key=$("$bin/datalake-server" grant-key --data-dir "$work/data" --email "$email" --log-level warn)
    local api=127.0.0.1:8080 objects=127.0.0.1:8081
    if ! python3 -c 'import socket, sys
for port in (8080, 8081):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))' 2>/dev/null; then
        say "port 8080 or 8081 is taken: the system chooses others"
        api=127.0.0.1:0 objects=127.0.0.1:0
    fi
    : >"$work/server.out"
    nohup "$bin/datalake-server" serve --data-dir "$work/data" --api-listen "$api" --objects-listen "$objects" --log-format json \
        >"$work/server.out" 2>"$work/server.log" </dev/null &
    server_pid=$!
    until_true grep -q '^Objects' "$work/server.out"
    api_url=$(sed -n 's/^API *//p' "$work/server.out")
    objects_url=$(sed -n 's/^Objects *//p' "$work/server.out")
    until_true curl --silent --fail --output /dev/null "$api_url/healthz"
    say "API $api_url, objects $objects_url"
}

grant_key() { printf '%s\n' "$key"; }

# The object endpoint takes the product's own keys.
reader() { printf '%s %s\n' "$key" "$secret"; }

stop_home() {
    if [ -n "$server_pid" ]; then
        kill "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
    fi
}

tell_home() {
    say "   API        $api_url   (try: curl $api_url/openapi.json)"
    say "   user       $email"
    say "   password   $password"
    say "   command    DATALAKE_ENDPOINT=$api_url DATALAKE_CONFIG_DIR=$work/config $bin/datalake packages list"
    say "   stop it    kill $server_pid   (data: $work/data)"
}
