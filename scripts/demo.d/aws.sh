# The demo's home on AWS, emulated: Terraform applies terraform/cognito to ministack, with a real OpenSearch. Sourced, not run.

stack_pid=""

# need_java VERSION: that or a later one, where the search cluster looks for it: JAVA_HOME, the PATH, the usual folders.
need_java() {
    local java version
    for java in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} java /usr/lib/jvm/*/bin/java /Library/Java/JavaVirtualMachines/*/Contents/Home/bin/java; do
        version=$("$java" -version 2>&1 | sed -nE 's/.* version "([0-9]+).*/\1/p' || true)
        if [ "${version:-0}" -ge "$1" ]; then return; fi
    done
    fail "Java $1 or later is missing: install a runtime (Debian: openjdk-$1-jre-headless)"
}

start_home() {
    step "apply terraform/cognito to the emulated account"
    # It ends when its input does, and takes the emulator and the search cluster with it.
    mkfifo "$work/stack.in"
    : >"$work/stack.out"
    nohup "$bin/datalake-applied-stack" <"$work/stack.in" >"$work/stack.out" 2>"$work/server.log" &
    stack_pid=$!
    exec 9>"$work/stack.in"
    patience=1200 until_true stack_answers
    grep -q '^Ready' "$work/stack.out" || fail "the stack was not applied"
    join_home
}

# What the applied stack told on its standard output.
join_home() {
    api_url=$(told API) objects_url=$(told Objects) one_time=$(told Password)
    export DATALAKE_ISSUER DATALAKE_CLIENT_ID
    DATALAKE_ISSUER=$(told Issuer) DATALAKE_CLIENT_ID=$(told Client)
    say "API $api_url, AWS $objects_url"
}

stack_answers() { grep -q '^Ready' "$work/stack.out" || ! kill -0 "$stack_pid" 2>/dev/null; }
told() { sed -n "s/^$1 *//p" "$work/stack.out"; }

# Keys are granted by administrators; until the API does it, by who administers the account.
grant_key() { told Key; }

# Whom the customer let read the bucket.
reader() { told Reader; }

stop_home() {
    if [ -n "$stack_pid" ]; then
        exec 9>&- || true
        wait "$stack_pid" 2>/dev/null || true
    fi
}

tell_home() {
    say "   API        $api_url   (try: curl $api_url/openapi.json)"
    say "   AWS        $objects_url   (any AWS client, by --endpoint-url; access key id and secret: test)"
    say "   user       $email"
    say "   password   $password"
    say "   command    DATALAKE_ENDPOINT=$api_url DATALAKE_CONFIG_DIR=$work/config $bin/datalake packages list"
    say "   stop it    Ctrl+C"
    wait "$stack_pid"
}
