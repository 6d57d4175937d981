"""Runs the errands that the journey leaves out, so that every right of every function is needed by somebody.

usage: errands.py TOLD CREDENTIALS
TOLD is what datalake-applied-stack prints; CREDENTIALS is the command line's credentials.toml after a sign-in. Prints one
line an errand; ends with the first that is not answered as it should be.
"""

import base64
import hashlib
import json
import pathlib
import sys
import tomllib
import urllib.error
import urllib.parse
import urllib.request

SMALL = b"name,length\nOder,866\nElbe,1094\n"


class Stack:
    """The API, asked by somebody who is signed in."""

    def __init__(self, told: pathlib.Path, credentials: pathlib.Path) -> None:
        self.told = dict((line.split(None, 1) + [""])[:2] for line in told.read_text().splitlines())
        self.told = {name: value.strip() for name, value in self.told.items()}
        self.token = next(iter(tomllib.loads(credentials.read_text())["profiles"].values()))["access_token"]
        # Not every system knows that names below localhost are this machine.
        api = urllib.parse.urlsplit(self.told["API"])
        self.host, self.address = api.netloc, f"http://127.0.0.1:{api.port}"

    def send(self, method, path, body=None, headers=None, expect=(200,)):
        """Answers with status, headers, and the body as JSON if it is."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, method=method)
        request.add_header("Host", self.host)
        request.add_header("Authorization", f"Bearer {self.token}")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            answer = NO_REDIRECT.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        content = answer.read()
        if answer.status not in expect:
            sys.exit(f"{method} {path} answered {answer.status}: {content.decode(errors='replace')}")
        is_json = "json" in (answer.headers.get("content-type") or "")
        return answer.status, answer.headers, json.loads(content) if is_json and content else content

    def get(self, path, **named):
        return self.send("GET", path, **named)[2]

    def etag(self, path):
        return self.send("GET", path)[1]["etag"]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


NO_REDIRECT = urllib.request.build_opener(NoRedirect)


def upload(signed, content):
    """Does what a signed request says."""
    request = urllib.request.Request(signed["url"], content, method=signed.get("method", "PUT"))
    for name, value in (signed.get("headers") or {}).items():
        request.add_header(name, value)
    return urllib.request.urlopen(request, timeout=60)


def pages(stack):
    """A cursor is sealed with the key that housekeeping made, and opened again."""
    for path in ("/packages?limit=2", "/cart/exports?limit=1", "/profile/people?q=&limit=1", "/search?limit=2"):
        page = stack.get(path)
        print("  page", path, sorted(page), page.get("next_cursor") is not None)
        cursor = page.get("next_cursor") or page.get("next")
        if cursor:
            stack.get(f"{path}&cursor={urllib.parse.quote(cursor)}")


def main(told, credentials):
    stack = Stack(pathlib.Path(told), pathlib.Path(credentials))
    pages(stack)


if __name__ == "__main__":
    main(*sys.argv[1:3])
