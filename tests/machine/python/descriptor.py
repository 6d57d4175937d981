"""Validates a folder's datapackage.json with Frictionless; prints whether it is valid, and the errors' types.

Reads the folder as JSON.
"""

import json
import os
import sys

import frictionless

given = json.load(sys.stdin)
os.chdir(given["folder"])
report = frictionless.validate("datapackage.json")
errors = [error.type for error in report.errors] + [error.type for task in report.tasks for error in task.errors]
checked = {task.place: task.stats.get("sha256") for task in report.tasks}
json.dump({"valid": report.valid, "errors": errors, "checked": checked}, sys.stdout)
