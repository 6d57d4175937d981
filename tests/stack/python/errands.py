"""Runs the errands that the journey leaves out, so that every right of every function is needed by somebody.

usage: errands.py TOLD WORK PREFIX first|second
TOLD is what datalake-applied-stack prints; WORK is the folder of a journey that has come to its end. The second errands want
a manifest function with a minute for a call. Prints a line an errand, and ends with the first that is not answered as it
should be.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

MIB = 1 << 20
PAST = "2020-01-01T00:00:00.000Z"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


NO_REDIRECT = urllib.request.build_opener(NoRedirect)


class Api:
    """The API, asked by somebody."""

    def __init__(self, address, token=None, key=None):
        parts = urllib.parse.urlsplit(address)
        # Not every system knows that names below localhost are this machine.
        self.host, self.address, self.token, self.key = parts.netloc, f"http://127.0.0.1:{parts.port}", token, key

    def send(self, method, path, body=None, headers=None, expect=(200,)):
        """Answers with headers, and the body as JSON if it is."""
        data = b"" if body is None else json.dumps(body).encode()
        named = {"Host": self.host, **({"Content-Type": "application/json"} if data else {}), **(headers or {})}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        if self.key:
            signed = AWSRequest(method, f"http://{self.host}{path}", headers=named, data=data)
            signed.headers["x-amz-content-sha256"] = hashlib.sha256(data).hexdigest()
            SigV4Auth(Credentials(*self.key), "datalake", "us-east-1").add_auth(signed)
            named = dict(signed.headers)
        request = urllib.request.Request(self.address + path, data or None, named, method=method)
        try:
            answer = NO_REDIRECT.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        content = answer.read()
        if answer.status not in expect:
            sys.exit(f"{method} {path} answered {answer.status}: {content[:500].decode(errors='replace')}")
        is_json = content and "json" in (answer.headers.get("content-type") or "")
        return answer.headers, json.loads(content) if is_json else content

    def get(self, path, **named):
        return self.send("GET", path, **named)[1]

    def post(self, path, body, expect=(200, 201, 202)):
        return self.send("POST", path, body, expect=expect)[1]

    def etag(self, path):
        return {"If-Match": self.send("GET", path)[0]["etag"]}


class World:
    """The stack, and who uses it."""

    def __init__(self, told, work, prefix):
        lines = (line.split(None, 1) for line in pathlib.Path(told).read_text().splitlines() if " " in line.strip())
        self.told = {name: value.strip() for name, value in lines}
        self.work, self.prefix = pathlib.Path(work), prefix
        self.pool = self.told["Issuer"].rsplit("/", 1)[1]
        self.admin = Api(self.told["API"], token=self.token(self.work / "config"))

    def token(self, configuration):
        profiles = tomllib.loads((configuration / "credentials.toml").read_text())["profiles"]
        return next(iter(profiles.values()))["access_token"]

    def account(self, service):
        """A service of the account, as its root."""
        return boto3.client(service, endpoint_url=self.told["Objects"], region_name="us-east-1",
                            aws_access_key_id="test", aws_secret_access_key="test")

    def sign_in(self, email, password, refused=False):
        """By the command line and the hosted page; answers with nothing where the person is to be refused."""
        configuration = self.work / f"config-{email}"
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.work), "DATALAKE_CONFIG_DIR": str(configuration),
            "DATALAKE_ENDPOINT": self.told["API"], "DATALAKE_ISSUER": self.told["Issuer"], "DATALAKE_CLIENT_ID": self.told["Client"],
        }
        login = subprocess.Popen([self.told["Command"], "login", "--no-browser"], env=environment, stderr=subprocess.PIPE, text=True)
        address = login.stderr.readline().removeprefix("Sign in at: ")
        browser = pathlib.Path(__file__).resolve().parents[3] / "scripts/demo.d/browser.py"
        shown = subprocess.run([sys.executable, browser, email, password, password], input=address, text=True, capture_output=True)
        if refused:
            login.kill()
            return None
        if shown.returncode != 0 or login.wait(timeout=60) != 0:
            sys.exit(f"{email} can't sign in: {login.stderr.read()}")
        return Api(self.told["API"], token=self.token(configuration))


def upload(signed, content):
    """Does what a signed request says."""
    request = urllib.request.Request(signed["url"], content, signed["headers"], method=signed["method"])
    return urllib.request.urlopen(request, timeout=60).read()


def wait_until(what, condition):
    begin = time.monotonic()
    while not (found := condition()):
        if time.monotonic() - begin > 120:
            sys.exit(f"this did not come true within 120 s: {what}")
        time.sleep(0.2)
    return found


def register(api, package, files):
    """Registers and sends small files; answers with their ids."""
    named = [{"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()]
    results = api.post(f"/packages/{package}/datasets", {"datasets": named})["results"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: upload(pair[0]["upload"], pair[1]), zip(results, files.values())))
    return [result["dataset"]["id"] for result in results]


def audit_every_read(world):
    """A setting that administrators change; until the API does it, who administers the account."""
    row = {"kind": {"S": "settings"}, "id": {"S": "application"}}
    world.account("dynamodb").put_item(TableName=f"{world.prefix}-settings", Item=row | {"value": {"M": {"audit_metadata_reads": {"BOOL": True}}}})


def lists_are_paged(world):
    """A cursor is sealed with the key that housekeeping made, and opened again."""
    for path in ("/packages?limit=2", "/cart/exports?limit=1", "/profile/people?q=&limit=1", "/search?limit=2"):
        cursor = world.admin.get(path).get("next_cursor")
        if cursor:
            world.admin.get(f"{path}&cursor={urllib.parse.quote(cursor)}")


def keys_sign_requests(world):
    secret = world.admin.post(f"/profile/api-keys/{world.told['Key']}/secret", None)["secret_access_key"]
    keyed = Api(world.told["API"], key=(world.told["Key"], secret))
    keyed.get("/packages")
    world.admin.get("/profile/api-keys")


def the_profile_tells(world):
    world.admin.get("/profile")
    world.admin.get("/profile/groups")
    world.admin.get("/search/stats")
    world.admin.get("/search/suggest?q=cli")


def the_index_is_built_anew(world):
    """A package is taken out and put back; then the whole is built, by more than one run of the indexer."""
    api = world.admin
    package = api.post("/packages", {"name": "Indexed", "metadata": {"kind": "errand"}})["id"]
    at = f"/search/index/{package}"
    api.send("PUT", at, expect=(204,))
    api.send("DELETE", at, expect=(204,))
    begun = api.send("POST", "/search/reindex", headers={"Idempotency-Key": "anew"}, expect=(202,))[1]
    again = api.send("POST", "/search/reindex", headers={"Idempotency-Key": "anew"}, expect=(202,))[1]
    if again["started_at"] != begun["started_at"]:
        sys.exit("a repeat began another rebuild")
    done = wait_until("the index is built", lambda: (told := api.get("/search/reindex"))["state"] != "running" and told)
    if (done["state"], done["failed"]) != ("done", 0) or done["done"] < 1:
        sys.exit(f"the index was not built: {done}")
    wait_until("the package is found again", lambda: api.get("/search?q=errand")["total"] == 1)


def a_member_comes_and_is_renamed(world):
    """The second sign-in finds another name: the old one is no longer looked up."""
    cognito, email, password = world.account("cognito-idp"), "ben@example.org", "Of-somebody-else-1"
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(UserPoolId=world.pool, Username=email, MessageAction="SUPPRESS",
                              UserAttributes=attributes + [{"Name": "name", "Value": "Ben"}])
    cognito.admin_set_user_password(UserPoolId=world.pool, Username=email, Password=password, Permanent=True)
    world.sign_in(email, password)
    cognito.admin_update_user_attributes(UserPoolId=world.pool, Username=email, UserAttributes=[{"Name": "name", "Value": "Benjamin"}])
    return world.sign_in(email, password)


def somebody_disabled_is_refused(world, member):
    """By the principal row, as administrators do in the product."""
    tables, table = world.account("dynamodb"), f"{world.prefix}-keys"
    key = {"access_key_id": {"S": f"user#{member.get('/profile')['user_id']}"}, "item": {"S": "principal"}}
    tables.update_item(TableName=table, Key=key, UpdateExpression="SET #record.#enabled = :no",
                       ExpressionAttributeNames={"#record": "record", "#enabled": "enabled"},
                       ExpressionAttributeValues={":no": {"BOOL": False}})
    world.sign_in("ben@example.org", "Of-somebody-else-1", refused=True)


def a_package_lives(world, member):
    """Made, shown to a group and no longer, handed over, and deleted."""
    api = world.admin
    package = api.post("/packages", {"name": "Rivers", "metadata": {"basin": "Baltic"}})["id"]
    at = f"/packages/{package}"
    world.account("cognito-idp").create_group(UserPoolId=world.pool, GroupName="rivers")
    api.send("PATCH", at, {"visibility": "groups", "groups": ["rivers"]}, api.etag(at))
    api.send("PATCH", at, {"visibility": "private", "groups": []}, api.etag(at))
    api.send("PATCH", at, {"visibility": "groups", "groups": ["rivers"]}, api.etag(at))
    api.send("PATCH", f"{at}/metadata", {"tags": {"length": "866"}}, api.etag(f"{at}/metadata"))
    api.get(f"{at}/metadata/versions")
    api.get(f"{at}/metadata/versions/1")
    wait_until("the history is written", lambda: api.get(f"{at}/history")["items"])
    first, second = register(api, package, {"oder.csv": b"name\nOder\n", "elbe.csv": b"name\nElbe\n"})
    api.post(f"{at}/datasets/complete", {"ids": [first]})
    api.post(f"{at}/datasets/{second}/complete", None)
    api.send("GET", f"{at}/datasets/{first}/download", expect=(302,))
    api.send("DELETE", f"{at}/datasets/{first}", expect=(204,))
    absent = api.post(f"{at}/datasets", {"datasets": [{"name": "absent", "size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}]})
    api.post(f"{at}/datasets/{absent['results'][0]['dataset']['id']}/complete", None, expect=(409, 422))
    api.send("PUT", f"{at}/owner", {"owner": member.get("/profile")["user_id"]}, api.etag(at))
    member.get(at)
    member.send("DELETE", at, headers=member.etag(at), expect=(204,))


def large_files_come_in_parts(world):
    api = world.admin
    package = api.post("/packages", {"name": "Large"})["id"]
    content = bytes(65 * MIB)
    for name, complete in (("whole", True), ("given-up", False)):
        entry = {"name": name, "size": len(content), "sha256": None}
        result = api.post(f"/packages/{package}/datasets", {"datasets": [entry]})["results"][0]
        at, size = f"/packages/{package}/datasets/{result['dataset']['id']}", result["upload"]["part_size"]
        parts = [content[begin:begin + size] for begin in range(0, len(content), size)]
        wanted = [{"number": number, "size": len(part), "sha256": hashlib.sha256(part).hexdigest()} for number, part in enumerate(parts, 1)]
        for signed, part in zip(api.post(f"{at}/parts", {"parts": wanted})["parts"], parts):
            upload(signed["upload"] if "upload" in signed else signed, part)
        api.get(f"{at}/parts")
        if complete:
            api.post(f"{at}/complete", None)
        else:
            api.send("DELETE", at, expect=(204,))
    return package


def a_descriptor_is_too_large_for_an_answer(world):
    """A package of many files with long names; the rows of all but one are written as their uploads would have done."""
    api, tables, table = world.admin, world.account("dynamodb"), f"{world.prefix}-datasets"
    package = api.post("/packages", {"name": "Many"})["id"]
    [one] = register(api, package, {"one": b"x"})
    api.post(f"/packages/{package}/datasets/{one}/complete", None)
    row = tables.get_item(TableName=table, Key={"package_id": {"S": package}, "item": {"S": "path#one"}})["Item"]
    text = json.dumps(row)
    folder = '"' * 880  # a quote is written as two characters
    rows = [json.loads(text.replace('"path#one"', json.dumps(f"path#{folder}/{n}")).replace('"one"', json.dumps(f"{folder}/{n}"))) for n in range(1800)]
    for begin in range(0, len(rows), 25):
        tables.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": row}} for row in rows[begin:begin + 25]]})
    headers, _ = api.send("GET", f"/packages/{package}/datapackage.json", expect=(302, 303, 307))
    urllib.request.urlopen(headers["location"], timeout=60).read()


def register_location(world, number, bucket):
    """As the use case does it; until the API does it, who administers the account."""
    now, user = "2026-01-01T00:00:00.000Z", world.admin.get("/profile")["user_id"]
    location = {"id": f"loc_01KDVD3C00000000000000000{number}", "bucket": bucket, "prefix": "", "created_by": user, "created_at": now}
    actor = {"user_id": {"S": user}, "role": {"S": "admin"}, "access_key_id": {"NULL": True}}
    stamp = {"id": {"S": f"chg_01KDVD3C00000000000000000{number}"}, "actor": {"M": actor}, "action": {"S": "location.manage"},
             "request_id": {"S": "errand"}, "time": {"S": now}}
    row = {"kind": {"S": "location"}, "id": {"S": location["id"]}, "changed": {"M": stamp},
           "value": {"M": {name: {"S": value} for name, value in location.items()}}}
    world.account("dynamodb").put_item(TableName=f"{world.prefix}-settings", Item=row)


def existing_objects_are_imported(world):
    """By a manifest in the request and one that is a file; what they name is read, downloaded and exported from where it lies."""
    api, store, bucket = world.admin, world.account("s3"), f"{world.prefix}-partners"
    store.create_bucket(Bucket=bucket)
    store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = store.put_object(Bucket=bucket, Key="in/rain.csv", Body=b"mm\n1\n")["VersionId"]
    for key, content in {"in/rain.csv": b"mm\n2\n", "in/wind.csv": b"m/s\n3\n", "deep/a/b.csv": b"x\n"}.items():
        store.put_object(Bucket=bucket, Key=key, Body=content)
    # One without versions, whose objects are read as they are.
    plain = f"{world.prefix}-open"
    store.create_bucket(Bucket=plain)
    for key in ("sun.csv", "far/moon.csv"):
        store.put_object(Bucket=plain, Key=key, Body=b"h\n4\n")
    for number, named in enumerate((bucket, plain), 1):
        register_location(world, number, named)
    package = api.post("/packages", {"name": "Imported"})["id"]
    at = f"/packages/{package}"

    def run(body, **counts):
        found = f"{at}/imports/{api.post(f'{at}/imports', body, expect=(202,))['id']}"
        done = wait_until("the import is read", lambda: (told := api.get(found))["state"] != "running" and told)
        if {"state": "done"} | counts != {name: done[name] for name in ("state", *counts)}:
            sys.exit(f"the import should have {counts}: {done}, {api.get(f'{found}/failures')}")
        return found

    # More failures than stand in a row.
    absent = [{"url": f"s3://{bucket}/absent-{number}.csv"} for number in range(40)]
    entries = [{"url": f"s3://{bucket}/in/wind.csv"}, {"url": f"s3://{plain}/sun.csv"}, {"url": "s3://elsewhere/x.csv"}]
    entries += [{"prefix": f"s3://{bucket}/deep/"}, {"prefix": f"s3://{plain}/far/"}]
    first = run({"version": 1, "entries": entries + absent}, read=45, added=4, failed=41)
    if len(api.get(f"{first}/failures?limit=200")["items"]) != 41:
        sys.exit("a failure is not told")
    [lines] = register(api, package, {"manifest.csv": f"{bucket},in/rain.csv,{old}\n{bucket},in/wind.csv\n".encode()})
    api.post(f"{at}/datasets/{lines}/complete", None)
    run({"dataset_id": lines}, read=2, added=1, skipped=1)
    ids = {dataset["name"]: dataset["id"] for dataset in api.get(f"{at}/datasets")["items"]}
    # What lies below a folder of a location is listed as it is now.
    for folder, file in {"deep": "deep/a/b.csv", "far": "far/moon.csv"}.items():
        listed = api.get(f"{at}/datasets?prefix={folder}%2F")
        if [(found["name"], found["dataset_id"]) for found in listed.get("objects", [])] != [(file, ids[folder])]:
            sys.exit(f"below {folder} there should be {file}: {listed}")
    for name, content in {"in/rain.csv": b"mm\n1\n", "sun.csv": b"h\n4\n"}.items():
        headers, _ = api.send("GET", f"{at}/datasets/{ids[name]}/download", expect=(302,))
        if urllib.request.urlopen(headers["location"], timeout=60).read() != content:
            sys.exit(f"{name} is not what was imported")
    api.post("/cart/items", {"package_id": package})
    export = f"/cart/exports/{api.post('/cart/checkout', {'format': 'bucket-key'})['id']}"
    told = wait_until("the export is written", lambda: (told := api.get(export))["state"] != "running" and told)
    if told["state"] != "ready":
        sys.exit(f"the export failed: {told}")
    api.send("DELETE", "/cart", expect=(204,))
    api.send("DELETE", at, headers=api.etag(at), expect=(204,))


def a_cart_is_emptied(world, package):
    api = world.admin
    item = api.post("/cart/items", {"package_id": package})["id"]
    api.get(f"/cart/items/{item}")
    api.send("DELETE", f"/cart/items/{item}", expect=(204,))
    api.post("/cart/items", {"package_id": package})
    api.send("DELETE", "/cart", expect=(204,))


def a_name_is_changed_behind_the_products_back(world):
    """Housekeeping finds it, and takes the old name from among those that are looked up."""
    attributes = [{"Name": "name", "Value": "Benedict"}]
    world.account("cognito-idp").admin_update_user_attributes(UserPoolId=world.pool, Username="ben@example.org", UserAttributes=attributes)


def the_index_is_lost(world):
    """Whoever searches next makes it anew, empty."""
    for name in json.loads(urllib.request.urlopen(f"{world.told['Cluster']}/{world.prefix}-packages-*/_alias", timeout=60).read()):
        urllib.request.urlopen(urllib.request.Request(f"{world.told['Cluster']}/{name}", method="DELETE"), timeout=60).read()
    if world.admin.get("/search")["total"] != 0:
        sys.exit("an index that is lost has nothing in it")


def a_whole_rebuild_comes_between(world):
    """While the indexer makes the first index, somebody else makes a second one: its own goes again."""
    first = f"{world.told['Cluster']}/{world.prefix}-packages-1"
    urllib.request.urlopen(urllib.request.Request(first, method="DELETE"), timeout=60).read()
    (pathlib.Path(world.told["Folder"]) / "meddle").touch()
    package = world.admin.get("/packages?limit=200")["items"][0]["id"]  # a page is short where something was deleted
    at = f"/packages/{package}/metadata"
    world.admin.send("PATCH", at, {"tags": {"lost": "and found"}}, world.admin.etag(at))

    def only_the_second():
        known = urllib.request.urlopen(f"{world.told['Cluster']}/{world.prefix}-packages-*/_alias", timeout=60).read()
        return list(json.loads(known)) == [f"{world.prefix}-packages-2"]

    wait_until("the first index is gone", only_the_second)


def an_export_goes_on_and_is_tried_again(world):
    """With a minute for a call, each step is one of its own. It fails by hand then: nothing of ours fails reliably."""
    api, tables, table = world.admin, world.account("dynamodb"), f"{world.prefix}-cart"
    api.send("DELETE", "/cart", expect=(204,))
    for package in api.get("/search?q=flights")["items"] + api.get("/search?q=climate")["items"]:
        api.post("/cart/items", {"package_id": package["id"]}, expect=(200, 201, 409))
    export = api.post("/cart/checkout", {"format": "grant"})["id"]
    at = f"/cart/exports/{export}"
    if wait_until("the export is written", lambda: (state := api.get(at)["state"]) != "running" and state) != "ready":
        sys.exit(f"the export failed: {api.get(at)}")
    key = {"user_id": {"S": api.get("/profile")["user_id"]}, "item": {"S": f"export#{export}"}}
    tables.update_item(TableName=table, Key=key, UpdateExpression="SET #state = :failed, failure = :why",
                       ExpressionAttributeNames={"#state": "state"},
                       ExpressionAttributeValues={":failed": {"S": "failed"}, ":why": {"S": "by hand"}})
    api.post(f"{at}/retry", None)
    wait_until("the export is ready again", lambda: api.get(at)["state"] == "ready")


def an_export_is_revoked_while_it_is_written(world):
    api = world.admin
    for package in api.get("/search?q=flights")["items"]:
        api.post("/cart/items", {"package_id": package["id"]}, expect=(200, 201, 409))
    hold, held = (pathlib.Path(world.told["Folder"]) / name for name in ("hold", "held"))
    hold.touch()
    export = api.post("/cart/checkout", {"format": "signed-url"})["id"]
    wait_until("a file of the export is on its way", held.exists)
    api.send("DELETE", f"/cart/exports/{export}", expect=(200,))
    held.unlink()


def what_lives_is_due(world):
    """It is looked at and left alone."""
    tables = world.account("dynamodb")
    for name, item in (("packages", "package"), ("datasets", "ds#"), ("keys", "key")):
        table = f"{world.prefix}-{name}"
        keys = [part["AttributeName"] for part in tables.describe_table(TableName=table)["Table"]["KeySchema"]]
        pages = tables.get_paginator("scan").paginate(TableName=table, FilterExpression="attribute_not_exists(due_at)")
        row = next(row for page in pages for row in page["Items"] if row["item"]["S"].startswith(item))
        tables.update_item(TableName=table, Key={key: row[key] for key in keys}, UpdateExpression="SET due_at = :past, due_shard = :shard",
                           ExpressionAttributeValues={":past": {"S": PAST}, ":shard": {"S": "00"}})


def everything_is_due(world):
    """What must wait for days is due at once: the clock of a function can't be moved."""
    tables = world.account("dynamodb")
    for name in ("cart", "datasets", "keys", "packages"):
        table = f"{world.prefix}-{name}"
        keys = [part["AttributeName"] for part in tables.describe_table(TableName=table)["Table"]["KeySchema"]]
        for page in tables.get_paginator("scan").paginate(TableName=table, FilterExpression="attribute_exists(due_at)"):
            for row in page["Items"]:
                tables.update_item(TableName=table, Key={key: row[key] for key in keys}, UpdateExpression="SET due_at = :past",
                                   ExpressionAttributeValues={":past": {"S": PAST}})


def main(told, work, prefix, phase):
    world = World(told, work, prefix)

    def errand(run, *arguments):
        begin = time.monotonic()
        result = run(world, *arguments)
        print(f"{time.monotonic() - begin:6.1f} s  {run.__name__.replace('_', ' ')}", flush=True)
        return result

    if phase == "first":
        errand(audit_every_read)
        errand(lists_are_paged)
        errand(keys_sign_requests)
        errand(the_profile_tells)
        errand(the_index_is_built_anew)
        member = errand(a_member_comes_and_is_renamed)
        errand(a_package_lives, member)
        errand(somebody_disabled_is_refused, member)
        package = errand(large_files_come_in_parts)
        errand(a_descriptor_is_too_large_for_an_answer)
        errand(existing_objects_are_imported)
        errand(a_cart_is_emptied, package)
        errand(a_name_is_changed_behind_the_products_back)
    else:
        errand(an_export_goes_on_and_is_tried_again)
        errand(an_export_is_revoked_while_it_is_written)
        errand(the_index_is_lost)
        errand(a_whole_rebuild_comes_between)
        errand(what_lives_is_due)
        errand(everything_is_due)


if __name__ == "__main__":
    main(*sys.argv[1:5])
