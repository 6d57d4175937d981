mock_provider "aws" {
  source = "../mocks"
}

variables {
  key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  search_role_arn  = "arn:aws:iam::123456789012:role/data-lake-search-service-eu-west-1"
  indexer_role_arn = "arn:aws:iam::123456789012:role/data-lake-indexer-eu-west-1"
  rights = {
    search  = [{ sid = "Search", actions = ["es:ESHttpPost"], paths = ["data-lake-packages/_search"] }]
    indexer = [{ sid = "WriteDocuments", actions = ["es:ESHttpPost"], paths = ["_bulk"] }, { sid = "MakeIndex", actions = ["es:ESHttpDelete", "es:ESHttpPut"], paths = ["data-lake-packages-1"] }]
  }
}

run "a_small_domain_is_one_encrypted_node" {
  command = plan

  assert {
    condition     = aws_opensearch_domain.this[0].cluster_config[0].instance_count == 1 && !aws_opensearch_domain.this[0].cluster_config[0].zone_awareness_enabled && !aws_opensearch_domain.this[0].cluster_config[0].dedicated_master_enabled
    error_message = "small is one node."
  }
  assert {
    condition = (
      aws_opensearch_domain.this[0].encrypt_at_rest[0].enabled && aws_opensearch_domain.this[0].encrypt_at_rest[0].kms_key_id == var.key_arn &&
      aws_opensearch_domain.this[0].node_to_node_encryption[0].enabled && aws_opensearch_domain.this[0].domain_endpoint_options[0].enforce_https &&
      startswith(aws_opensearch_domain.this[0].domain_endpoint_options[0].tls_security_policy, "Policy-Min-TLS-1-2")
    )
    error_message = "Encrypted at rest with our key, between nodes, and towards clients with TLS 1.2 at least."
  }
  assert {
    condition     = output.domain_arn == "arn:aws:es:eu-west-1:123456789012:domain/data-lake-search" && output.domain_name == "data-lake-search" && output.network_read_warning == null
    error_message = "Name and ARN are known before the domain is made."
  }
  assert {
    condition     = toset([for option in aws_opensearch_domain.this[0].log_publishing_options : option.log_type]) == toset(["ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"])
    error_message = "The domain's logs are published."
  }
}

run "an_ha_domain_spans_three_zones" {
  command = plan
  variables {
    domain = { preset = "ha", nodes = 6, volume_gib = 200 }
  }

  assert {
    condition = (
      aws_opensearch_domain.this[0].cluster_config[0].instance_count == 6 && aws_opensearch_domain.this[0].cluster_config[0].dedicated_master_count == 3 &&
      aws_opensearch_domain.this[0].cluster_config[0].zone_awareness_config[0].availability_zone_count == 3 && aws_opensearch_domain.this[0].ebs_options[0].volume_size == 200
    )
    error_message = "Three zones, three masters, and what was asked for beside the preset."
  }
}

run "only_search_and_indexer_may_reach_the_domain" {
  command = plan

  assert {
    condition = jsondecode(aws_opensearch_domain_policy.this[0].access_policies).Statement == [
      {
        Sid    = "SearchSearch", Effect = "Allow", Principal = { AWS = [var.search_role_arn] }
        Action = ["es:ESHttpPost"], Resource = ["arn:aws:es:eu-west-1:123456789012:domain/data-lake-search/data-lake-packages/_search"]
      },
      {
        Sid    = "IndexerWriteDocuments", Effect = "Allow", Principal = { AWS = [var.indexer_role_arn] }
        Action = ["es:ESHttpPost"], Resource = ["arn:aws:es:eu-west-1:123456789012:domain/data-lake-search/_bulk"]
      },
      {
        Sid    = "IndexerMakeIndex", Effect = "Allow", Principal = { AWS = [var.indexer_role_arn] }
        Action = ["es:ESHttpDelete", "es:ESHttpPut"], Resource = ["arn:aws:es:eu-west-1:123456789012:domain/data-lake-search/data-lake-packages-1"]
      },
    ]
    error_message = "The access policy is not exactly what it should be: each role's own statements."
  }
}

run "a_role_that_may_do_the_same_everywhere" {
  command = plan
  variables {
    rights = { search = [{ sid = "Search", actions = ["es:ESHttpPost"], paths = ["*"] }], indexer = [] }
  }
  expect_failures = [var.rights]
}

run "named_principals_read_from_a_designated_network" {
  command = plan
  variables {
    network_read = { cidrs = ["203.0.113.0/24"], principal_arns = ["arn:aws:iam::123456789012:role/analysts"] }
  }

  assert {
    condition = slice(jsondecode(aws_opensearch_domain_policy.this[0].access_policies).Statement, 3, 5) == [
      {
        Sid       = "ReadFromNetwork", Effect = "Allow", Principal = { AWS = ["arn:aws:iam::123456789012:role/analysts"] }
        Action    = ["es:ESHttpGet", "es:ESHttpHead"], Resource = "arn:aws:es:eu-west-1:123456789012:domain/data-lake-search/*"
        Condition = { IpAddress = { "aws:SourceIp" = ["203.0.113.0/24"] } }
      },
      {
        Sid       = "SearchFromNetwork", Effect = "Allow", Principal = { AWS = ["arn:aws:iam::123456789012:role/analysts"] }
        Action    = ["es:ESHttpPost"], Resource = "arn:aws:es:eu-west-1:123456789012:domain/data-lake-search/*/_search"
        Condition = { IpAddress = { "aws:SourceIp" = ["203.0.113.0/24"] } }
      },
    ] && length(jsondecode(aws_opensearch_domain_policy.this[0].access_policies).Statement) == 5
    error_message = "They read, and write nothing."
  }
}

run "unsigned_reading_is_opt_in_and_warns" {
  command = plan
  variables {
    network_read = { cidrs = ["203.0.113.0/24"], unsigned = true }
  }

  assert {
    condition     = alltrue([for statement in slice(jsondecode(aws_opensearch_domain_policy.this[0].access_policies).Statement, 3, 5) : statement.Principal == { AWS = ["*"] } && can(statement.Condition.IpAddress)])
    error_message = "Anybody there may read."
  }
  assert {
    condition     = strcontains(output.network_read_warning, "Anybody at 203.0.113.0/24")
    error_message = "People are told."
  }
}

run "an_existing_cluster_is_used_and_nothing_is_made" {
  command = plan
  variables {
    existing = { endpoint = "http://127.0.0.1:9200" }
  }

  assert {
    condition     = output.endpoint == "http://127.0.0.1:9200" && output.domain_arn == null && output.domain_name == null
    error_message = "The address is the customer's."
  }
  assert {
    condition     = length(aws_opensearch_domain.this) + length(aws_opensearch_domain_policy.this) + length(aws_cloudwatch_log_group.domain) + length(aws_cloudwatch_log_resource_policy.this) == 0
    error_message = "Nothing is made."
  }
}

run "an_existing_domain_is_named_by_its_arn" {
  command = plan
  variables {
    existing = { endpoint = "https://search.example.org", domain_arn = "arn:aws:es:eu-west-1:123456789012:domain/company" }
  }

  assert {
    condition     = output.domain_arn == "arn:aws:es:eu-west-1:123456789012:domain/company" && output.domain_name == "company"
    error_message = "Alarms and policies name the existing domain."
  }
}

run "the_whole_internet_is_no_network" {
  command = plan
  variables {
    network_read = { cidrs = ["0.0.0.0/0"], unsigned = true }
  }
  expect_failures = [var.network_read]
}

run "nor_in_two_halves" {
  command = plan
  variables {
    network_read = { cidrs = ["0.0.0.0/1", "128.0.0.0/1"], unsigned = true }
  }
  expect_failures = [var.network_read]
}

run "nor_by_the_new_addresses" {
  command = plan
  variables {
    network_read = { cidrs = ["::/0"], unsigned = true }
  }
  expect_failures = [var.network_read]
}

run "principals_and_everybody_at_once" {
  command = plan
  variables {
    network_read = { cidrs = ["203.0.113.0/24"], unsigned = true, principal_arns = ["arn:aws:iam::123456789012:role/analysts"] }
  }
  expect_failures = [var.network_read]
}

run "a_network_for_nobody" {
  command = plan
  variables {
    network_read = { cidrs = ["203.0.113.0/24"] }
  }
  expect_failures = [var.network_read]
}

run "no_network_at_all" {
  command = plan
  variables {
    network_read = { cidrs = [], unsigned = true }
  }
  expect_failures = [var.network_read]
}

run "an_existing_cluster_with_a_size" {
  command = plan
  variables {
    existing = { endpoint = "https://search.example.org" }
    domain   = { preset = "ha" }
  }
  expect_failures = [var.domain]
}

run "an_existing_cluster_with_an_access_policy" {
  command = plan
  variables {
    existing     = { endpoint = "https://search.example.org" }
    network_read = { cidrs = ["203.0.113.0/24"], unsigned = true }
  }
  expect_failures = [var.network_read]
}

run "an_existing_cluster_without_tls" {
  command = plan
  variables {
    existing = { endpoint = "http://search.example.org" }
  }
  expect_failures = [var.existing]
}

run "four_nodes_in_three_zones" {
  command = plan
  variables {
    domain = { preset = "ha", nodes = 4 }
  }
  expect_failures = [var.domain]
}

run "masters_for_one_node" {
  command = plan
  variables {
    domain = { master_instance_type = "m7g.large.search" }
  }
  expect_failures = [var.domain]
}

run "another_engine" {
  command = plan
  variables {
    domain = { engine_version = "Elasticsearch_7.10" }
  }
  expect_failures = [var.domain]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_an_endpoint_in_a_vpc" {
  command = plan

  variables {
    existing = { endpoint = "https://vpc-lake-abc.eu-west-1.es.amazonaws.com", domain_arn = "arn:aws:es:eu-west-1:123456789012:domain/lake" }
  }

  expect_failures = [var.existing]
}

run "refuses_a_domain_without_its_arn" {
  command = plan

  variables {
    existing = { endpoint = "https://search-lake-abc.eu-west-1.es.amazonaws.com" }
  }

  expect_failures = [var.existing]
}

run "refuses_a_domain_of_the_newer_kind_without_its_arn" {
  command = plan

  variables {
    existing = { endpoint = "https://search-lake-abc.aos.eu-west-1.on.aws" }
  }

  expect_failures = [var.existing]
}

run "refuses_an_engine_that_was_not_tested" {
  command = plan

  variables {
    domain = { engine_version = "OpenSearch_2.19" }
  }

  expect_failures = [var.domain]
}

run "refuses_an_instance_of_another_service" {
  command = plan

  variables {
    domain = { instance_type = "m7g.large" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_master_of_another_service" {
  command = plan

  variables {
    domain = { preset = "ha", master_instance_type = "m7g.large" }
  }

  expect_failures = [var.domain]
}

run "refuses_more_nodes_than_aws" {
  command = plan

  variables {
    domain = { nodes = 81 }
  }

  expect_failures = [var.domain]
}

run "refuses_more_disk_than_any_node_has" {
  command = plan

  variables {
    domain = { volume_gib = 36865 }
  }

  expect_failures = [var.domain]
}

run "a_domain_that_is_there_with_its_arn" {
  command = plan

  variables {
    existing = { endpoint = "https://search-lake-abc.eu-west-1.es.amazonaws.com", domain_arn = "arn:aws:es:eu-west-1:123456789012:domain/lake" }
  }

  assert {
    condition     = output.domain_name == "lake"
    error_message = "A domain that is there is used."
  }
}

run "the_largest_domain" {
  command = plan

  variables {
    domain = { nodes = 80, volume_gib = 24576, engine_version = "OpenSearch_3.6", instance_type = "m7g.16xlarge.search" }
  }

  assert {
    condition     = aws_opensearch_domain.this[0].cluster_config[0].instance_count == 80
    error_message = "The limits themselves are allowed."
  }
}

run "refuses_a_node_with_a_local_disk" {
  command = plan

  variables {
    domain = { instance_type = "i3.large.search" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_node_with_a_newer_local_disk" {
  command = plan

  variables {
    domain = { instance_type = "i4g.large.search" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_node_with_a_local_disk_by_its_last_letter" {
  command = plan

  variables {
    domain = { instance_type = "r6gd.large.search" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_node_without_encryption" {
  command = plan

  variables {
    domain = { instance_type = "t2.small.search" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_node_of_an_older_generation" {
  command = plan

  variables {
    domain = { instance_type = "m4.large.search" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_node_for_warm_indexes" {
  command = plan

  variables {
    domain = { instance_type = "ultrawarm1.medium.search" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_node_that_t3_does_not_have" {
  command = plan

  variables {
    domain = { instance_type = "t3.large.search" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_master_without_encryption" {
  command = plan

  variables {
    domain = { preset = "ha", master_instance_type = "r3.large.search" }
  }

  expect_failures = [var.domain]
}

run "refuses_small_masters_for_many_nodes" {
  command = plan

  variables {
    domain = { preset = "ha", nodes = 12, master_instance_type = "t3.medium.search" }
  }

  expect_failures = [var.domain]
}

run "refuses_more_disk_than_the_presets_node_has" {
  command = plan

  variables {
    domain = { volume_gib = 101 }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "refuses_more_disk_than_the_node_has" {
  command = plan

  variables {
    domain = { preset = "ha", instance_type = "m6g.large.search", volume_gib = 1025 }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "refuses_a_policy_that_the_service_does_not_take" {
  command = plan

  variables {
    network_read = { cidrs = ["203.0.113.0/24"], principal_arns = [for number in range(1000) : "arn:aws:iam::123456789012:role/analysts/of/department-${number}"] }
  }

  expect_failures = [aws_opensearch_domain_policy.this]
}

run "as_much_disk_as_the_node_has" {
  command = plan

  variables {
    domain = { preset = "ha", instance_type = "r6g.12xlarge.search", master_instance_type = "t3.medium.search", nodes = 9, volume_gib = 24576 }
  }

  assert {
    condition     = aws_opensearch_domain.this[0].ebs_options[0].volume_size == 24576 && local.largest_volume_gib == 24576
    error_message = "The limits themselves are allowed."
  }
}

run "both_presets_are_within_the_limits" {
  command = plan

  # Without `try`: a preset of a type whose limits are not known fails.
  assert {
    condition = alltrue([
      for preset in values(local.presets) :
      preset.volume_gib <= local.volume_sizes[split(".", preset.instance_type)[0]][split(".", preset.instance_type)[1]]
    ])
    error_message = "A preset is what AWS takes."
  }
}

run "refuses_more_nodes_than_t3_has" {
  command = plan

  variables {
    domain = { nodes = 11 }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "as_many_nodes_as_t3_has" {
  command = plan

  variables {
    domain = { nodes = 10 }
  }

  assert {
    condition     = aws_opensearch_domain.this[0].cluster_config[0].instance_count == 10
    error_message = "The limit itself is allowed."
  }
}

run "refuses_a_size_that_the_family_does_not_have" {
  command = plan

  variables {
    domain = { instance_type = "m6g.medium.search" }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "refuses_masters_of_a_size_that_the_family_does_not_have" {
  command = plan

  variables {
    domain = { preset = "ha", master_instance_type = "m7i.medium.search" }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "refuses_more_disk_than_the_ha_presets_node_has" {
  command = plan

  variables {
    domain = { preset = "ha", volume_gib = 769 }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "refuses_more_disk_than_a_node_for_memory_has" {
  command = plan

  variables {
    domain = { preset = "ha", instance_type = "r7g.large.search", volume_gib = 1537 }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "refuses_more_disk_than_a_node_for_computing_has" {
  command = plan

  variables {
    domain = { preset = "ha", instance_type = "c7g.large.search", volume_gib = 257 }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "refuses_less_disk_than_an_optimized_node_has" {
  command = plan

  variables {
    domain = { instance_type = "or1.large.search", volume_gib = 19 }
  }

  expect_failures = [aws_opensearch_domain.this]
}

run "refuses_an_optimized_node_with_a_local_disk" {
  command = plan

  variables {
    domain = { instance_type = "oi2.large.search" }
  }

  expect_failures = [var.domain]
}

run "a_family_whose_limits_are_not_known" {
  command = plan

  variables {
    domain = { instance_type = "m9g.large.search", volume_gib = 36864 }
  }

  assert {
    condition     = aws_opensearch_domain.this[0].ebs_options[0].volume_size == 36864
    error_message = "Of it AWS itself says what is too much."
  }
}

run "refuses_more_tags_than_a_domain_has" {
  command = plan

  variables {
    tags = { for number in range(11) : "key-${number}" => "value" }
  }

  expect_failures = [aws_opensearch_domain.this]
}
