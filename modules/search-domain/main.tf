# The search cluster: a domain of OpenSearch Service, or one that is there already. There is no fine-grained access
# control: its role mapping can't be made by this provider. The domain's access policy is what lets anybody in.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  makes     = var.existing == null ? 1 : 0

  # A string, so that policies which name the domain are known before it is there.
  new_name    = "${var.prefix}-search"
  new_arn     = "arn:${local.partition}:es:${local.region}:${local.account}:domain/${local.new_name}"
  domain_arn  = var.existing == null ? local.new_arn : var.existing.domain_arn
  domain_name = local.domain_arn == null ? null : element(split("/", local.domain_arn), 1)

  presets = {
    small = { nodes = 1, instance_type = "t3.small.search", master_instance_type = null, volume_gib = 20, zones = 1 }
    ha    = { nodes = 3, instance_type = "m7g.large.search", master_instance_type = "m7g.large.search", volume_gib = 100, zones = 3 }
  }
  preset               = local.presets[var.domain.preset]
  nodes                = coalesce(var.domain.nodes, local.preset.nodes)
  instance_type        = coalesce(var.domain.instance_type, local.preset.instance_type)
  volume_gib           = coalesce(var.domain.volume_gib, local.preset.volume_gib)
  master_instance_type = try(coalesce(var.domain.master_instance_type, local.preset.master_instance_type), null)
  has_masters          = local.master_instance_type != null
}

resource "aws_opensearch_domain" "this" {
  #checkov:skip=CKV_AWS_137:The functions run outside of any VPC; only requests signed by two roles get in.
  #checkov:skip=CKV_AWS_248:Without a VPC there is no security group.
  #checkov:skip=CKV_AWS_317:Audit logs need fine-grained access control; the product's audit log tells who searched for what.
  #checkov:skip=CKV_AWS_318:Dedicated masters come with the preset ha.
  #checkov:skip=CKV2_AWS_52:Its role mapping can't be made by this provider; the access policy names the two roles.
  #checkov:skip=CKV2_AWS_59:Dedicated masters come with the preset ha.
  count = local.makes

  domain_name    = local.new_name
  engine_version = var.domain.engine_version
  tags           = var.tags

  cluster_config {
    instance_count           = local.nodes
    instance_type            = local.instance_type
    dedicated_master_enabled = local.has_masters
    dedicated_master_count   = local.has_masters ? 3 : null
    dedicated_master_type    = local.master_instance_type
    zone_awareness_enabled   = local.preset.zones > 1

    dynamic "zone_awareness_config" {
      for_each = local.preset.zones > 1 ? [local.preset.zones] : []

      content {
        availability_zone_count = zone_awareness_config.value
      }
    }
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = local.volume_gib
  }

  encrypt_at_rest {
    enabled    = true
    kms_key_id = var.key_arn
  }

  node_to_node_encryption {
    enabled = true
  }

  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }

  software_update_options {
    auto_software_update_enabled = true
  }

  off_peak_window_options {
    enabled = true
  }

  dynamic "log_publishing_options" {
    for_each = local.logs

    content {
      log_type                 = log_publishing_options.value
      cloudwatch_log_group_arn = aws_cloudwatch_log_group.domain[log_publishing_options.key].arn
    }
  }

  depends_on = [aws_cloudwatch_log_resource_policy.this]

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_AddTags.html
      condition     = length(var.tags) <= 10
      error_message = "A search domain has at most 10 tags, not ${length(var.tags)}."
    }

    precondition {
      condition     = length(local.unknown_types) == 0
      error_message = "OpenSearch Service has no ${join(" and no ", local.unknown_types)}: ${join("; ", [for type in local.unknown_types : "of ${split(".", type)[0]} there are the sizes ${join(", ", keys(local.volume_sizes[split(".", type)[0]]))}"])}."
    }

    precondition {
      condition     = local.nodes <= local.most_nodes
      error_message = "A domain of nodes ${local.instance_type} has at most ${local.most_nodes} of them, not ${local.nodes}: take another type."
    }

    precondition {
      condition     = local.volume_gib >= local.smallest_volume_gib
      error_message = "A node ${local.instance_type} has a volume of at least ${local.smallest_volume_gib} GiB, not ${local.volume_gib}."
    }

    precondition {
      condition     = local.volume_gib <= local.largest_volume_gib
      error_message = "A node ${local.instance_type} has a volume of at most ${local.largest_volume_gib} GiB, not ${local.volume_gib}: take a larger type, or more nodes."
    }
  }
}
