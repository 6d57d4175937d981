"""Fetches the files of a bucket-and-key export with boto3 and an API key.

usage: pull.py OBJECT_ENDPOINT MANIFEST_FOLDER OUTPUT_FOLDER
Reads AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""

import json
import pathlib
import sys

import boto3
from botocore.config import Config


def main(endpoint: str, manifests: pathlib.Path, output: pathlib.Path) -> None:
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=Config(s3={"addressing_style": "path"}))
    for path in sorted(manifests.glob("pkg_*.json")):
        manifest = json.loads(path.read_text())
        for entry in manifest["entries"]:
            target = output / manifest["package"]["id"] / entry["name"]
            target.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(entry["bucket"], entry["key"], str(target), ExtraArgs={"VersionId": entry["version"]})


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
