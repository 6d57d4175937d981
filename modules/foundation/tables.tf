# Six tables. Names of keys and indexes are those of the code's port (`Table::schema`, `Table::indexes`).

locals {
  due = { partition = "due_shard", sort = "due_at" }

  tables = {
    packages = {
      partition = "package_id"
      sort      = "item"
      indexes   = { due = local.due, owner = { partition = "owner", sort = "package_id" } }
    }
    metadata = { partition = "package_id", sort = "item", indexes = {} }
    datasets = { partition = "package_id", sort = "item", indexes = { due = local.due } }
    cart = {
      partition = "user_id"
      sort      = "item"
      indexes   = { due = local.due, token = { partition = "token_hash", sort = "item" } }
    }
    keys = {
      partition = "access_key_id"
      sort      = "item"
      indexes   = { due = local.due, user = { partition = "user_id", sort = "created_at" } }
    }
    settings = { partition = "kind", sort = "id", indexes = {} }
  }

  table_names = { for name, _ in local.tables : name => "${var.prefix}-${name}" }
  table_arns = {
    for name, full in local.table_names :
    name => "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${full}"
  }
  index_arns = {
    for name, table in local.tables :
    name => { for index, _ in table.indexes : index => "${local.table_arns[name]}/index/${index}" }
  }
}

resource "aws_dynamodb_table" "this" {
  for_each = local.tables

  name                        = local.table_names[each.key]
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.partition
  range_key                   = each.value.sort
  deletion_protection_enabled = var.protect
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"
  tags                        = var.tags

  dynamic "attribute" {
    for_each = toset(flatten([for schema in concat([each.value], values(each.value.indexes)) : [schema.partition, schema.sort]]))

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = each.value.indexes

    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.partition
      range_key       = global_secondary_index.value.sort
      projection_type = "ALL"
    }
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.data_key_arn
  }

  point_in_time_recovery {
    enabled = true
  }

  # Destroying goes the other way round: tables first. They refuse while `protect` is true, and then nothing of the
  # kept set has been touched, neither keys nor bucket nor what guards them.
  depends_on = [
    aws_kms_alias.data,
    aws_kms_alias.user_secrets,
    aws_kms_key_policy.data,
    aws_kms_key_policy.user_secrets,
    aws_s3_bucket_cors_configuration.data,
    aws_s3_bucket_lifecycle_configuration.data,
    aws_s3_bucket_logging.data,
    aws_s3_bucket_ownership_controls.data,
    aws_s3_bucket_policy.data,
    aws_s3_bucket_server_side_encryption_configuration.data,
    var.destroyed_after_tables,
  ]
}
