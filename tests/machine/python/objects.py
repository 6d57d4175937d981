"""Fetches what a manifest of buckets and keys names with boto3 and an API key, and tries what that key must not do.

Reads addresses, credentials, an entry and a foreign key as JSON; prints what came of it.
"""

import hashlib
import json
import os
import sys
import tempfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

given = json.load(sys.stdin)
entry = given["entry"]


def client(secret):
    return boto3.client(
        "s3",
        endpoint_url=given["objects"],
        region_name="us-east-1",
        aws_access_key_id=given["access_key_id"],
        aws_secret_access_key=secret,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


s3, stranger = client(given["secret_access_key"]), client("x" * 40)
where = {"Bucket": entry["bucket"], "Key": entry["key"], "VersionId": entry["version"]}
place = {"Bucket": entry["bucket"], "Key": entry["key"]}


def refused(action, **arguments):
    try:
        action(**arguments)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    return None


def part(**arguments):
    answer = s3.get_object(**where, **arguments)
    return [answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("ContentRange"), answer["Body"].read().decode()]


head = s3.head_object(**where)
whole = s3.get_object(**where)["Body"].read()
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file")
    s3.download_file(entry["bucket"], entry["key"], path, ExtraArgs={"VersionId": entry["version"]})
    downloaded = hashlib.sha256(open(path, "rb").read()).hexdigest()

json.dump(
    {
        "sha256": hashlib.sha256(whole).hexdigest() == entry["sha256"],
        "downloaded": downloaded == entry["sha256"],
        "size": head["ContentLength"] == entry["size"],
        "version": head["VersionId"] == entry["version"],
        "first four": part(Range="bytes=0-3"),
        "last two": part(Range="bytes=-2"),
        "beyond the end": refused(s3.get_object, **where, Range="bytes=1000000-"),
        "wrong secret": refused(stranger.get_object, **where),
        "foreign object": refused(s3.get_object, Bucket=entry["bucket"], Key=given["foreign"]),
        "foreign head": refused(s3.head_object, Bucket=entry["bucket"], Key=given["foreign"]),
        "no object": refused(s3.get_object, Bucket=entry["bucket"], Key=entry["key"] + "x"),
        "another version": refused(s3.get_object, **place, VersionId="x" + entry["version"][1:]),
        "other bucket": refused(s3.get_object, Bucket="other", Key=entry["key"]),
        "list": refused(s3.list_objects_v2, Bucket=entry["bucket"]),
        "list buckets": refused(s3.list_buckets),
        # Two after each other on one connection: what a refused request never sent must not be taken from the next one.
        "put": refused(s3.put_object, Bucket=entry["bucket"], Key="packages/mine", Body=b"mine"),
        "overwrite": refused(s3.put_object, **place, Body=b"mine"),
        "copy": refused(s3.copy_object, Bucket=entry["bucket"], Key="packages/copy", CopySource=place),
        "delete": refused(s3.delete_object, **where),
        "multipart": refused(s3.create_multipart_upload, Bucket=entry["bucket"], Key="packages/large"),
    },
    sys.stdout,
)
