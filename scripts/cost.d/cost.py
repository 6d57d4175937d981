"""What a deployment costs a month, by preset, as Markdown."""

import json
import sys
from pathlib import Path

import hcl2

BEGIN = "<!-- begin: written by scripts/cost -->"
END = "<!-- end: written by scripts/cost -->"
KB_PER_GB = 1_000_000


def newest_prices(folder):
    """The newest of the dated price files."""
    return json.loads(max(folder.glob("prices-*.json")).read_text(encoding="utf-8"))


def search_presets(root):
    """Sizes of the search cluster, as its module has them."""
    with (root / "modules/search-domain/main.tf").open(encoding="utf-8") as file:
        blocks = hcl2.load(file)["locals"]
    presets = next(block["presets"] for block in blocks if "presets" in block)
    return {name: {key: plain(value) for key, value in preset.items()} for name, preset in presets.items()}


def plain(value):
    """A value of the parser without its quotes; null is None."""
    if isinstance(value, str):
        return None if value in ("null", "${null}") else value.strip('"')
    return value


def amounts(load, model, search, hours):
    """How much of what is used in a month: service, what, and amount by name of the price."""
    requests, uploads = load["requests"], load["uploads"]
    writes = requests * model["share_of_requests_that_write"] + uploads
    jobs = writes * model["jobs_per_write"] + requests * model["share_of_requests_that_are_audited_directly"]
    records = writes + requests * model["share_of_requests_that_are_audited_directly"]
    invocations = 2 * requests + writes * model["stream_invocations_per_write"] + jobs + model["sweeps"]
    seconds = (
        requests * (model["request_seconds"] + model["authorizer_seconds"])
        + (writes * model["stream_invocations_per_write"] + jobs) * model["job_seconds"]
        + model["sweeps"] * model["sweep_seconds"]
    )
    logged = (invocations * model["log_kb_per_invocation"] + records * model["log_kb_per_audit_record"]) / KB_PER_GB
    table_gb = uploads * model["months_of_uploads_kept"] * model["table_kb_per_upload"] / KB_PER_GB
    queue_requests = jobs * model["queue_requests_per_job"] / 2
    idle = model["idle_polls_per_queue"]
    nodes = [(search["instance_type"], search["nodes"])]
    if search["master_instance_type"]:
        nodes.append((search["master_instance_type"], 3))
    cluster = {}
    for kind, count in nodes:
        cluster[f"opensearch.{kind}"] = cluster.get(f"opensearch.{kind}", 0) + count * hours
    return [
        ("OpenSearch Service: nodes", cluster),
        ("OpenSearch Service: storage", {"opensearch.gp3": search["nodes"] * search["volume_gib"]}),
        ("KMS", {"kms.key": model["keys"], "kms.request": requests * model["kms_requests_per_request"] + 2 * uploads}),
        (
            "DynamoDB",
            {
                "dynamodb.read": requests * model["reads_per_request"],
                "dynamodb.write": writes * model["write_units_per_write"],
                "dynamodb.storage": table_gb,
                "dynamodb.recovery": table_gb,
            },
        ),
        (
            "S3",
            {
                "s3.storage": load["stored_gb"],
                "s3.put": uploads,
                "s3.get": load["downloaded_gb"] * model["gets_per_downloaded_gb"],
            },
        ),
        ("Data to the internet", {"transfer.out": load["downloaded_gb"]}),
        ("Lambda", {"lambda.request": invocations, "lambda.duration": seconds * model["memory_gb"]}),
        ("API Gateway", {"apigateway.request": requests}),
        ("SQS", {"sqs.standard": queue_requests + (model["queues"] - 1) * idle, "sqs.fifo": queue_requests + idle}),
        (
            "CloudWatch, X-Ray",
            {
                "cloudwatch.logs": logged,
                "cloudwatch.archive": logged * model["log_months_kept"],
                "cloudwatch.alarm": model["alarms"],
                "cloudwatch.dashboard": model["dashboards"],
                "xray.trace": requests * model["share_of_requests_traced"],
            },
        ),
    ]


def cost(prices, used):
    """US dollars of what is used; allowances count where the price names one."""
    total = 0.0
    for name, amount in used.items():
        price = prices[name]
        total += max(0, amount - price.get("free", 0)) * price["price"]
    return total


def number(value):
    """A number as people read it."""
    return f"{value:,.0f}"


def table(root):
    """The table with what it assumes."""
    folder = root / "scripts/cost.d"
    file = newest_prices(folder)
    prices, hours = file["prices"], file["hours_per_month"]
    assumed = json.loads((folder / "load.json").read_text(encoding="utf-8"))
    loads, model, sizes = assumed["presets"], assumed["model"], search_presets(root)
    if set(loads) != set(sizes):
        raise SystemExit(f"presets differ: {sorted(loads)} in load.json, {sorted(sizes)} in modules/search-domain")
    columns = {name: amounts(load, model, sizes[name], hours) for name, load in loads.items()}
    lines = [f"| US dollars a month | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    totals = dict.fromkeys(columns, 0.0)
    for position, (service, _) in enumerate(next(iter(columns.values()))):
        values = {name: cost(prices, rows[position][1]) for name, rows in columns.items()}
        totals = {name: total + values[name] for name, total in totals.items()}
        lines.append(f"| {service} | {' | '.join(f'{value:,.2f}' for value in values.values())} |")
    for label, kind in (("users of Cognito's own", "cognito.user"), ("federated users", "cognito.federated")):
        sums = [f"**{total + cost(prices, {kind: loads[name]['people']}):,.0f}**" for name, total in totals.items()]
        lines.append(f"| **Total with {label}** | {' | '.join(sums)} |")
    lines += ["", *assumptions(file, loads, model, sizes)]
    return "\n".join(lines)


def assumptions(file, loads, model, sizes):
    """What the table assumes, in sentences."""
    for name, load in loads.items():
        size = sizes[name]
        masters = f", 3 masters {size['master_instance_type']}" if size["master_instance_type"] else ""
        yield (
            f"- `{name}`: {size['nodes']} x {size['instance_type']} with {size['volume_gib']} GiB{masters}; "
            f"{number(load['people'])} people, {number(load['requests'])} requests, {number(load['uploads'])} uploads, "
            f"{number(load['stored_gb'])} GB stored, {number(load['downloaded_gb'])} GB downloaded."
        )
    every = round(1 / model["share_of_requests_that_write"])
    yield f"- One request in {every} writes; logs are kept for {model['log_months_kept']} months; the rest: `scripts/cost.d/load.json`."
    yield "- Free allowances are left out, but for Cognito's: an account's others may be used up elsewhere."
    sources = sorted({price["source"] for price in file["prices"].values()})
    yield f"- Prices: {file['region']}, {file['as_of']} (`scripts/cost.d`). {file['status']} Pages: {', '.join(f'<{source}>' for source in sources)}."


def main(root, *arguments):
    """Prints, writes or checks."""
    if arguments not in ((), ("--check",), ("--write",)):
        raise SystemExit("usage: scripts/cost [--check | --write]")
    text = table(Path(root))
    if not arguments:
        print(text)
        return
    page = Path(root, "docs/deploying.md")
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise SystemExit(f"docs/deploying.md needs each of these lines once:\n{BEGIN}\n{END}")
    new = f"{old.split(BEGIN)[0]}{BEGIN}\n{text}\n{END}{old.split(END)[1]}"
    if old == new:
        return
    if arguments == ("--check",):
        raise SystemExit("docs/deploying.md is stale: run scripts/cost --write")
    page.write_text(new, encoding="utf-8")


main(*sys.argv[1:])
