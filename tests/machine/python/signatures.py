"""Signs requests with botocore's plain signer and sends some of them otherwise than they were signed.

Reads addresses and credentials as JSON; prints, for each request by its name, the answer's status and code.
"""

import datetime
import hashlib
import json
import sys

import botocore.auth
import requests
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

given = json.load(sys.stdin)
api, package = given["api"], given["package"]
signer = botocore.auth.SigV4Auth(Credentials(given["access_key_id"], given["secret_access_key"]), "datalake", "us-east-1")
now = botocore.auth.get_current_datetime


def signed(method, path, body=None, promised=None, age=datetime.timedelta()):
    """A request's headers as botocore signs them, `age` ago."""
    headers = {}
    if body is not None:
        promised = promised or hashlib.sha256(body).hexdigest()
        headers = {"Content-Type": "application/json", "X-Amz-Content-SHA256": promised}
    request = AWSRequest(method=method, url=api + path, data=body, headers=headers)
    botocore.auth.get_current_datetime = lambda *arguments, **more: now(*arguments, **more) - age
    signer.add_auth(request)
    botocore.auth.get_current_datetime = now
    return dict(request.headers.items())


def answer(method, path, headers, body=None):
    response = requests.request(method, api + path, headers=headers, data=body, timeout=30)
    text = response.text
    code = response.json().get("code") if text.startswith("{") else None
    return [response.status_code, code]


minutes = lambda count: datetime.timedelta(minutes=count)
read, this = "/packages/" + package, json.dumps({"name": "By botocore"}).encode()
that = json.dumps({"name": "By somebody else"}).encode()
captured = signed("GET", read)
post = signed("POST", "/packages", this)
posted_otherwise = dict(post, **{"X-Amz-Content-SHA256": hashlib.sha256(that).hexdigest()})
lies = signed("POST", "/packages", this, promised=hashlib.sha256(that).hexdigest())
query = "/search?limit=5&q=name%3A%22no%20such%22"

json.dump(
    {
        "get": answer("GET", read, captured),
        "get with query": answer("GET", query, signed("GET", query)),
        "post": answer("POST", "/packages", post, this),
        "four minutes old": answer("GET", read, signed("GET", read, age=minutes(4))),
        "other method": answer("DELETE", read, captured),
        "other path": answer("GET", "/profile", captured),
        "longer path": answer("GET", read + "/datasets", captured),
        "other query": answer("GET", query.replace("limit=5", "limit=6"), signed("GET", query)),
        "query added": answer("GET", read + "?limit=1", captured),
        "other body": answer("POST", "/packages", post, that),
        "other body and its hash": answer("POST", "/packages", posted_otherwise, that),
        "hash of another body": answer("POST", "/packages", lies, this),
        "body added": answer("GET", read, dict(captured, **{"Content-Type": "application/json"}), that),
        "replayed on another request": answer("POST", "/packages", captured, this),
        "six minutes old": answer("GET", read, signed("GET", read, age=minutes(6))),
        "six minutes early": answer("GET", read, signed("GET", read, age=minutes(-6))),
        "unsigned payload": answer("POST", "/packages", signed("POST", "/packages", this, promised="UNSIGNED-PAYLOAD"), this),
    },
    sys.stdout,
)
