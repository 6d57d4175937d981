# The product's main job on real data, in whichever home: sign in, push, search, collect, check out, pull, verify, revoke.
# Sourced, not run: `journey` needs
#   root, bin, work (an empty folder), api_url, objects_url, email, one_time and password (the one to be chosen)
#   grant_key   prints the id of an API key of the user's
#   reader      prints access key id and secret of whoever may read objects by bucket and key

fetch_topics() {
    step "fetch vega-datasets 3.2.1 from npm"
    local archive="$cache/npm/vega-datasets-3.2.1.tgz"
    if [ ! -e "$archive" ]; then
        mkdir -p "$cache/npm"
        (cd "$work" && npm pack --silent vega-datasets@3.2.1 >/dev/null)
        mv "$work/vega-datasets-3.2.1.tgz" "$archive"
    fi
    mkdir "$work/npm" && tar -xzf "$archive" -C "$work/npm"
    python3 "$root/scripts/demo.d/topics.py" "$work/npm/package" "$work/topics"
}

all_found() { [ "$(lake --output json search | field total)" = 6 ] && [ "$(lake --output json search 'format:parquet' | field total)" = 1 ]; }

expect() {
    local wanted=$1 got
    shift
    got=$(lake --output json search "$@" | field total)
    say "   $got found: search $*"
    [ "$got" = "$wanted" ] || fail "expected $wanted"
}

checkout() {
    lake --quiet cart add "$flights" >/dev/null
    lake --quiet cart add "$climate" >/dev/null
    lake --output json cart checkout --format "$1" --wait | field id
}

# manifests EXPORT FOLDER: fetches the manifests of an export by their URLs.
manifests() {
    mkdir -p "$2"
    lake --output json exports show "$1" >"$2/export.txt"
    python3 -c 'import json, sys
for link in json.load(open(sys.argv[1]))["manifests"]:
    print(link.get("package_id", "index"), link["url"])' "$2/export.txt" |
        while read -r name url; do curl --silent --show-error --fail --output "$2/$name.json" "$url"; done
}

# fetch MANIFESTS FIELD FOLDER: follows each entry with plain curl.
fetch() {
    python3 -c 'import json, pathlib, sys
for path in pathlib.Path(sys.argv[1]).glob("pkg_*.json"):
    manifest = json.loads(path.read_text())
    assert len(manifest["entries"]) + len(manifest["skipped"]) == manifest["expected"]["entries"], "a manifest is short"
    for entry in manifest["entries"]:
        print("url = \"%s\"" % entry[sys.argv[2]])
        print("output = \"%s/%s/%s\"" % (sys.argv[3], manifest["package"]["id"], entry["name"]))' "$1" "$2" "$3" >"$work/curl.config"
    curl --silent --show-error --fail --location --create-dirs --parallel --parallel-max 8 --config "$work/curl.config"
}

journey() {
    step "sign in with the browser's flow, and make an API key's secret"
    export DATALAKE_ENDPOINT="$api_url" DATALAKE_OBJECT_ENDPOINT="$objects_url"
    : >"$work/login.txt"
    lake login --no-browser >"$work/login.txt" 2>&1 &
    login_pid=$!
    until_true grep -q '^Sign in at: ' "$work/login.txt"
    sed -n 's/^Sign in at: //p' "$work/login.txt" |
        python3 "$root/scripts/demo.d/browser.py" "$email" "$one_time" "$password"
    wait "$login_pid"
    login_pid=""
    lake whoami
    access_key_id=$(grant_key)
    secret=$(lake --output json keys new-secret "$access_key_id" | field secret_access_key)

    step "push six packages by topic"
    for topic in flights climate economy people maps samples; do
        tags=()
        while IFS= read -r tag; do tags+=(--tag "$tag"); done <"$work/topics/$topic.tags"
        lake packages push "$work/topics/$topic" --visibility everyone "${tags[@]}"
    done
    lake packages list

    step "search"
    until_true all_found
    expect 1 "flights delay"
    expect 1 "format:parquet"
    expect 1 '"life expectancy"'
    expect 2 "" --filter format=png --filter format=tsv
    lake search "flights delay"

    step "put two packages into the cart, check out in three formats"
    flights=$(lake --output json search "flights delay" | field items.0.id)
    climate=$(lake --output json search '"carbon dioxide"' | field items.0.id)
    signed=$(checkout signed-url)
    keys=$(checkout bucket-key)
    grants=$(checkout grant)
    lake exports list

    step "pull signed URLs with curl"
    manifests "$signed" "$work/signed"
    fetch "$work/signed" url "$work/pulled-signed"
    python3 "$root/scripts/demo.d/verify.py" "$work/pulled-signed" "$work/topics/flights" "$work/topics/climate"

    step "pull buckets and keys with boto3"
    python=$(python_environment boto3 boto3==1.44.5)
    manifests "$keys" "$work/keys"
    reader=$(reader)
    AWS_ACCESS_KEY_ID=${reader%% *} AWS_SECRET_ACCESS_KEY=${reader##* } \
        "$python/bin/python" "$root/scripts/demo.d/pull.py" "$objects_url" "$work/keys" "$work/pulled-keys"
    python3 "$root/scripts/demo.d/verify.py" "$work/pulled-keys" "$work/topics/flights" "$work/topics/climate"

    step "pull grants with curl, which follows their redirects"
    manifests "$grants" "$work/grants"
    fetch "$work/grants" grant "$work/pulled-grants"
    python3 "$root/scripts/demo.d/verify.py" "$work/pulled-grants" "$work/topics/flights" "$work/topics/climate"

    step "revoke the grants"
    link=$(cat "$work"/grants/pkg_*.json | python3 -c 'import json, sys
print(json.JSONDecoder().raw_decode(sys.stdin.read())[0]["entries"][0]["grant"])')
    lake exports revoke "$grants"
    status=$(curl --silent --output /dev/null --write-out '%{http_code}' "$link")
    say "   the link answers $status now"
    [ "$status" = 404 ] || fail "a revoked grant answered $status"
}
