"""What the emulator leaves out of a sign-in at another identity provider, done as Cognito does it.

Attributes with several values: the emulator keeps the first value of SAML's and none of OpenID Connect's. Cognito keeps one
text, with each value form-encoded: "Mapping IdP attributes to profiles and tokens",
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html

Groups in tokens: the emulator looks for the override of groups within each kind of token; Cognito has one for both, beside
them: "Pre token generation Lambda trigger" (version two),
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

import base64
from urllib.parse import quote_plus

from ministack.services import cognito

ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"


def one_text(values):
    """The text that Cognito keeps of these values."""
    if len(values) == 1:
        return values[0]
    # Python's function leaves '_.-~' alone, Cognito leaves '_.-*' alone.
    return "[" + ", ".join(quote_plus(value, safe="*").replace("~", "%7E") for value in values) + "]"


def saml_response(parse):
    def parse_all(encoded):
        told = parse(encoded)
        root = cognito.safe_xml_parse(base64.b64decode(encoded))
        values = {}
        for attribute in root.findall(f".//{ASSERTION}AttributeStatement/{ASSERTION}Attribute"):
            texts = [value.text for value in attribute.findall(f"{ASSERTION}AttributeValue") if value.text]
            # Some providers repeat the attribute, others the value.
            values.setdefault(attribute.get("Name", ""), []).extend(texts)
        told["attributes"] = {name: one_text(texts) for name, texts in values.items() if texts}
        return told

    return parse_all


def id_token(decode):
    def decode_all(token):
        def flat(value):
            return one_text(value) if isinstance(value, list) and value and all(isinstance(item, str) for item in value) else value

        return {name: flat(value) for name, value in decode(token).items()}

    return decode_all


def trigger_response(extract):
    def extract_all(payload):
        response = extract(payload)
        details = (response or {}).get("claimsAndScopeOverrideDetails") or {}
        if details.get("groupOverrideDetails"):
            for part in ("idTokenGeneration", "accessTokenGeneration"):
                details[part] = {**(details.get(part) or {}), "groupOverrideDetails": details["groupOverrideDetails"]}
        return response

    return extract_all


def begin():
    cognito._parse_saml_response = saml_response(cognito._parse_saml_response)
    cognito._decode_id_token_unverified = id_token(cognito._decode_id_token_unverified)
    cognito._extract_trigger_response = trigger_response(cognito._extract_trigger_response)
