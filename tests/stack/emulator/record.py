"""Writes down every check of a call against its caller's policies.

The emulator evaluates policies in one place (`ministack.core.iam_evaluator.enforce`): with the action, the resource and
the principal that AWS's service authorization reference names for the call, each row of a transaction and each key of a
batch by itself. One line of JSON a check goes to the file.
"""

import contextvars
import inspect
import itertools
import json
import threading
import time

from ministack import app
from ministack.core import iam_evaluator


def begin(path):
    file = open(path, "a", buffering=1)
    lock = threading.Lock()
    numbers = itertools.count(1)
    # Checks with the same number belong to one HTTP request.
    request = contextvars.ContextVar("request", default=0)
    pin, enforce = iam_evaluator.pin_signed_request, iam_evaluator.enforce
    signature = inspect.signature(enforce)

    def pin_and_count(*arguments, **named):
        request.set(next(numbers))
        return pin(*arguments, **named)

    def principal_of(access_key):
        return getattr(iam_evaluator.resolve_credential(access_key), "principal_arn", "")

    def enforce_and_record(*arguments, **named):
        answer = enforce(*arguments, **named)
        call = signature.bind(*arguments, **named)
        call.apply_defaults()
        access_key = call.arguments["access_key_id"] or ""
        line = {
            "at": time.time(),
            "request": request.get(),
            "access_key": access_key,
            "principal": principal_of(access_key) if access_key else "",
            "action": call.arguments["iam_action"],
            "resource": call.arguments["resource_arn"],
            "allowed": answer is None,
        }
        with lock:
            file.write(json.dumps(line) + "\n")
        return answer

    iam_evaluator.pin_signed_request, iam_evaluator.enforce = pin_and_count, enforce_and_record
    # Whoever imported them by name before.
    for name, ours in (("pin_signed_request", pin_and_count), ("enforce", enforce_and_record)):
        if hasattr(app, name):
            setattr(app, name, ours)
