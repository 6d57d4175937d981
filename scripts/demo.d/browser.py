"""Plays a person with a browser without JavaScript: opens a sign-in address, fills in the forms, follows to the loopback.

usage: browser.py EMAIL ONE_TIME_PASSWORD NEW_PASSWORD < ADDRESS

Prints nothing on success; the program that waits on the loopback address has got its code then.
"""

import html.parser
import http.cookiejar
import sys
import urllib.parse
import urllib.request


class Form(html.parser.HTMLParser):
    """The first form of a page: its address and fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action = None
        self.fields = {}
        self.passwords = []

    def handle_starttag(self, tag, attributes):
        facts = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = facts.get("action", "")
        elif tag == "input" and facts.get("name"):
            self.fields[facts["name"]] = facts.get("value") or ""
            if facts.get("type") == "password":
                self.passwords.append(facts["name"])


def main(email: str, one_time: str, new: str) -> None:
    address = sys.stdin.readline().strip()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    answer = opener.open(address, timeout=30)
    for _ in range(4):
        page = answer.read().decode()
        here = answer.geturl()
        form = Form()
        form.feed(page)
        if not form.passwords:
            return
        chooses = len(form.passwords) > 1
        for name in form.fields:
            if name in form.passwords:
                form.fields[name] = new if chooses else one_time
            elif "email" in name or "username" in name:
                form.fields[name] = email
        body = urllib.parse.urlencode(form.fields).encode()
        answer = opener.open(urllib.request.Request(urllib.parse.urljoin(here, form.action), body), timeout=30)
    sys.exit("the sign-in did not come to an end; the last page was:\n" + page)


if __name__ == "__main__":
    main(*sys.argv[1:4])
