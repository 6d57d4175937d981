# The only actions of a function that AWS gives no resource type: X-Ray's. Nothing else may name "*".
locals {
  send_traces = var.tracing ? [{
    Sid      = "SendTraces"
    Effect   = "Allow"
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource = ["*"]
  }] : []
}
