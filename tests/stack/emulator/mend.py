"""Where the emulator does not do as AWS does, and it matters here.

Every request counts as one by TLS: the emulator listens on loopback without, and buckets and queues refuse that
(`aws:SecureTransport`), as AWS would.

DescribeAlarms, in the XML that Terraform's provider asks for, leaves out most of an alarm (the same operation tells all of
it in JSON). What AWS answers: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
"""

import re
from xml.sax.saxutils import escape

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import cloudwatch

TEXTS = ("AlarmDescription", "Statistic", "ExtendedStatistic", "Period", "TreatMissingData", "Unit")
LISTS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def rest_of(alarm):
    """The elements that are left out."""
    parts = [f"<{name}>{escape(str(alarm[name]))}</{name}>" for name in TEXTS if alarm.get(name) not in (None, "")]
    if alarm.get("ExtendedStatistic"):
        # The emulator fills in a statistic; AWS knows either the one or the other.
        parts = [part for part in parts if not part.startswith("<Statistic>")]
    parts.append(f"<ActionsEnabled>{str(bool(alarm.get('ActionsEnabled', True))).lower()}</ActionsEnabled>")
    for name in LISTS:
        members = "".join(f"<member>{escape(member)}</member>" for member in alarm.get(name) or [])
        parts.append(f"<{name}>{members}</{name}>")
    dimensions = "".join(
        f"<member><Name>{escape(dimension['Name'])}</Name><Value>{escape(dimension['Value'])}</Value></member>"
        for dimension in alarm.get("Dimensions") or []
    )
    return "".join(parts) + f"<Dimensions>{dimensions}</Dimensions>"


def begin():
    count_as_tls()
    tell_alarms()


def count_as_tls():
    pin = iam_evaluator.pin_request_origin

    def pin_secure(source_ip, _secure):
        return pin(source_ip, True)

    for module in (iam_evaluator, app):
        if hasattr(module, "pin_request_origin"):
            module.pin_request_origin = pin_secure


def tell_alarms():
    describe = cloudwatch._describe_alarms

    def describe_all(params, cbor_data, is_cbor, is_json=False):
        answer = describe(params, cbor_data, is_cbor, is_json)
        if is_cbor or is_json or answer[0] != 200:
            return answer
        status, headers, body = answer
        text = body.decode() if isinstance(body, bytes) else body

        def complete(match):
            alarm = cloudwatch._alarms.get(match.group(1))
            return match.group(0) + (rest_of(alarm) if alarm else "")

        text = re.sub(r"<member><AlarmName>([^<]+)</AlarmName>", complete, text)
        return status, headers, text.encode()

    cloudwatch._describe_alarms = describe_all
