"""Signs a person in with a foreign OpenID Connect library (Authlib), validates the ID token, renews, and signs out.

Reads addresses, e-mail and password as JSON; prints what came of it.
"""

import html
import json
import re
import sys
import urllib.parse

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

given = json.load(sys.stdin)
client_id, callback = "datalake-cli", given["callback"]
document = requests.get(given["api"] + "/.well-known/openid-configuration", timeout=30).json()
keys = KeySet.import_key_set(requests.get(document["jwks_uri"], timeout=30).json())


def id_token(text, access_token, nonce):
    token = jwt.decode(text, keys, algorithms=document["id_token_signing_alg_values_supported"])
    options = {"iss": {"essential": True, "value": document["issuer"]}, "aud": {"essential": True, "value": client_id}}
    parameters = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
    claims = CodeIDToken(token.claims, token.header, options, parameters)
    claims.validate()
    return claims


def refused(action, *errors):
    try:
        action()
    except errors as error:
        return getattr(error, "error", None) or type(error).__name__
    return None


def browse(address):
    """A person with a browser: one form, then back to the callback."""
    browser = requests.Session()
    page = browser.get(address, timeout=30)
    value = lambda pattern: html.unescape(re.search(pattern, page.text).group(1))
    form = {"form_token": value('name="form_token" value="([^"]*)"'), "email": given["email"], "password": given["password"]}
    action = urllib.parse.urljoin(page.url, value('<form[^>]* action="([^"]*)"'))
    answer = browser.post(action, data=form, allow_redirects=False, timeout=30)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


session = OAuth2Session(
    client_id,
    scope="openid profile email",
    redirect_uri=callback,
    token_endpoint_auth_method="none",
    code_challenge_method="S256",
    token_endpoint=document["token_endpoint"],
)
verifier, nonce = generate_token(64), generate_token(20)
address, state = session.create_authorization_url(document["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
back = browse(address)
first = session.fetch_token(document["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state)
claims = id_token(first["id_token"], first["access_token"], nonce)
header, payload, signature = first["id_token"].split(".")
forged = ".".join([header, payload, signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]])
code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]

bearer = lambda token: {"Authorization": "Bearer " + token}
profile = requests.get(given["api"] + "/profile", headers=bearer(first["access_token"]), timeout=30).json()
userinfo = session.get(document["userinfo_endpoint"]).json()
second = dict(session.refresh_token(document["token_endpoint"], refresh_token=first["refresh_token"]))
renewed = requests.get(given["api"] + "/profile", headers=bearer(second["access_token"]), timeout=30).status_code
id_as_access = requests.get(given["api"] + "/profile", headers=bearer(second["id_token"]), timeout=30).status_code
out = requests.get(document["end_session_endpoint"], params={"id_token_hint": second["id_token"]}, timeout=30)
after = refused(lambda: session.refresh_token(document["token_endpoint"], refresh_token=second["refresh_token"]), OAuthError)
other = OAuth2Session(client_id, redirect_uri=callback, token_endpoint_auth_method="none", code_challenge_method="S256")

json.dump(
    {
        "email": claims["email"],
        "subjects": [claims["sub"] == profile["user_id"], claims["sub"] == userinfo["sub"]],
        "forged": refused(lambda: id_token(forged, first["access_token"], nonce), BadSignatureError),
        "other nonce": refused(lambda: id_token(first["id_token"], first["access_token"], "other"), Exception),
        "other access token": refused(lambda: id_token(first["id_token"], second["access_token"], nonce), Exception),
        "code again": refused(lambda: other.fetch_token(document["token_endpoint"], code=code, code_verifier=verifier), OAuthError),
        "rotated": first["refresh_token"] != second["refresh_token"],
        "renewed": renewed,
        "id token as access token": id_as_access,
        "sign-out": out.status_code,
        "refresh after sign-out": after,
    },
    sys.stdout,
)
