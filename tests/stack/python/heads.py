"""Verifies the applied deployment's audit log as docs/deploying.md says, and tries to get rid of the evidence.

usage: heads.py ENDPOINT PREFIX WORK VERIFY
Signs as the environment says. WORK is a folder for what is fetched, VERIFY is scripts/verify-audit-log. Prints what the
verification said; ends with the first thing that is not as it should be.
"""

import base64
import datetime
import json
import pathlib
import subprocess
import sys

import boto3
from botocore.exceptions import ClientError


def check(right, what):
    if not right:
        sys.exit(f"not so: {what}")


def fetch_heads(s3, bucket, folder):
    """All signed heads; answers with the version of one of them."""
    folder.mkdir(parents=True)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="chain-heads/")
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    check(keys, "heads were signed")
    for key in keys:
        head = s3.get_object(Bucket=bucket, Key=key)
        until = head["ObjectLockRetainUntilDate"]
        check(head["ObjectLockMode"] == "GOVERNANCE" and until > datetime.datetime.now(until.tzinfo), f"{key} is locked")
        (folder / key.replace("/", "_")).write_bytes(head["Body"].read())
    return {"Bucket": bucket, "Key": keys[-1], "VersionId": head["VersionId"]}


def fetch_records(logs, group, file):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    messages = [event["message"] for page in pages for event in page["events"]]
    check(messages, "records were logged")
    file.write_text(json.dumps(messages), encoding="utf-8")
    return messages


def fetch_key(kms, alias, file):
    der = kms.get_public_key(KeyId=alias)["PublicKey"]
    text = base64.encodebytes(der).decode()
    file.write_text(f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n", encoding="ascii")


def verify(script, work):
    command = [script, work / "key.pem", work / "heads", work / "records.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] == code
    return False


def main():
    endpoint, prefix, work, script = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4]
    client = lambda service: boto3.client(service, endpoint_url=endpoint)  # noqa: E731
    s3, kms, account = client("s3"), client("kms"), client("sts").get_caller_identity()["Account"]
    short = "datalake" if prefix == "data-lake" else prefix
    newest = fetch_heads(s3, f"{prefix}-audit-{account}-{s3.meta.region_name}", work / "heads")
    fetch_key(kms, f"alias/{short}-audit", work / "key.pem")
    messages = fetch_records(client("logs"), f"{short}/audit-log", work / "records.json")
    right, said = verify(script, work)
    print(said)
    check(right, "the log and its signed heads are as they were written")

    check(refused("AccessDenied", s3.delete_object, **newest), "a locked version can't be removed")
    signing = {"KeyId": f"alias/{short}-audit", "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
    check(refused("AccessDeniedException", kms.sign, **signing), "not even who administers the account signs")

    # What came after the last head can be cut off unseen until the next one; what it names can't.
    newest_head = json.loads(max((work / "heads").iterdir()).read_text(encoding="utf-8"))
    end = json.loads(newest_head["signed"])["chains"][-1]
    parsed = [(message, json.loads(message)) for message in messages]
    left = [text for text, record in parsed if record["chain"] != end["chain"] or record["sequence"] < end["sequence"]]
    (work / "records.json").write_text(json.dumps(left), encoding="utf-8")
    right, said = verify(script, work)
    check(not right and "is missing, and was signed in" in said, f"a log whose end is cut off is told: {said}")


if __name__ == "__main__":
    main()
