"""Where the emulator does not do as AWS does, and it matters here.

Every request counts as one by TLS: the emulator listens on loopback without, and buckets and queues refuse that
(`aws:SecureTransport`), as AWS would.

Batches in queues are authorised as what they are batches of: "Setting permissions for SendMessage, DeleteMessage, or
ChangeMessageVisibility also sets permissions for the corresponding batch versions"
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html). The
emulator asks for an action that AWS does not have.

A batch that deletes versions needs the right to delete versions, and no other
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html). The emulator asks for `s3:DeleteObject` for the
first of them.

Writes to a log are authorised on the stream that they go to
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html). The emulator names
the group alone.

A version of an object is read in parts as the newest is: with `Range`, and with `response-*` parameters
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html). The emulator answers with the whole version.

DescribeAlarms, in the XML that Terraform's provider asks for, leaves out most of an alarm (the same operation tells all of
it in JSON). What AWS answers: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
"""

import json
import re
from xml.sax.saxutils import escape

from hypercorn.config import Config
from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import cloudwatch, s3

TEXTS = ("AlarmDescription", "Statistic", "ExtendedStatistic", "Period", "TreatMissingData", "Unit")
KEPT_SECONDS = 3600
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


class Kept:
    """A setting that the emulator can't change."""

    def __get__(self, _config, _owner=None):
        return KEPT_SECONDS

    def __set__(self, _config, _value):
        pass


def begin():
    Config.keep_alive_timeout = Kept()
    count_as_tls()
    authorise_batches()
    name_log_streams()
    delete_versions_as_such()
    read_versions_in_parts()
    tell_alarms()


def count_as_tls():
    pin = iam_evaluator.pin_request_origin

    def pin_secure(source_ip, _secure):
        return pin(source_ip, True)

    for module in (iam_evaluator, app):
        if hasattr(module, "pin_request_origin"):
            module.pin_request_origin = pin_secure


def authorise_batches():
    enforce = iam_evaluator.enforce
    batches = {f"sqs:{action}Batch": f"sqs:{action}" for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}

    def enforce_single(access_key_id, iam_action, *arguments, **named):
        return enforce(access_key_id, batches.get(iam_action, iam_action), *arguments, **named)

    iam_evaluator.enforce = enforce_single


def name_log_streams():
    extract = iam_actions.extract_resource_arn

    def extract_stream(service, method, path, headers, body, *rest):
        arn = extract(service, method, path, headers, body, *rest)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if service != "logs" or operation not in ("CreateLogStream", "PutLogEvents"):
            return arn
        return f"{arn}:log-stream:{json.loads(body).get('logStreamName', '')}"

    iam_actions.extract_resource_arn = extract_stream


def delete_versions_as_such():
    extract = iam_actions.extract_iam_action

    def extract_version(service, method, path, headers, body, query_params):
        action = extract(service, method, path, headers, body, query_params)
        if action == "s3:DeleteObject" and method == "POST":
            targets = iam_actions._s3_batch_delete_targets(path.strip("/"), body)
            if targets and targets[0][1]:
                return "s3:DeleteObjectVersion"
        return action

    iam_actions.extract_iam_action = extract_version


def read_versions_in_parts():
    get = s3._get_object

    def get_part(bucket_name, key, headers, query_params=None):
        status, found, body = get(bucket_name, key, headers, query_params)
        if status != 200 or not (query_params or {}).get("versionId"):
            return status, found, body
        s3._apply_response_overrides(found, query_params)
        if not headers.get("range"):
            return status, found, body
        part = s3._parse_range(headers["range"], len(body))
        if part is None:
            return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}, b""
        start, end = part
        content = body[start : end + 1]
        found["Content-Length"] = str(len(content))
        found["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
        # A checksum of the whole would not be that of the part.
        found = {name: value for name, value in found.items() if not name.lower().startswith("x-amz-checksum")}
        return 206, found, content

    s3._get_object = get_part


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
