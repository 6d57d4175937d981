mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/some-function" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some-role" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:some-function", version = "1" }
  }

  mock_resource "aws_lambda_alias" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:some-function:live" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:data-lake-changes-dead" }
  }
}

variables {
  code = { folder = "./tests/dist" }

  table_arns = { for table in ["packages", "metadata", "datasets", "cart", "keys", "settings"] : table =>
    "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-${table}"
  }
  index_arns = {
    packages = { owner = "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-packages/index/owner", due = "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-packages/index/due" }
    metadata = {}
    datasets = { due = "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-datasets/index/due" }
    cart     = { token = "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-cart/index/token", due = "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-cart/index/due" }
    keys     = { user = "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-keys/index/user", due = "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-keys/index/due" }
    settings = {}
  }
  table_stream_arns = { for table in ["packages", "metadata", "datasets", "cart", "keys", "settings"] : table =>
    "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-${table}/stream/2026-01-01T00:00:00.000"
  }

  bucket_name          = "data-lake-data-123456789012-eu-west-1"
  bucket_arn           = "arn:aws:s3:::data-lake-data-123456789012-eu-west-1"
  data_key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111"
  user_secrets_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/22222222-2222-2222-2222-222222222222"

  queue_arns = { audit = "arn:aws:sqs:eu-west-1:123456789012:data-lake-audit.fifo", search = "arn:aws:sqs:eu-west-1:123456789012:data-lake-search",
  manifest = "arn:aws:sqs:eu-west-1:123456789012:data-lake-manifest", housekeeping = "arn:aws:sqs:eu-west-1:123456789012:data-lake-housekeeping" }
  queue_urls             = { audit = "https://queue/audit.fifo", search = "https://queue/search", manifest = "https://queue/manifest", housekeeping = "https://queue/housekeeping" }
  dead_letter_queue_arns = { housekeeping = "arn:aws:sqs:eu-west-1:123456789012:data-lake-housekeeping-dead" }

  search_endpoint      = "https://search.example"
  search_domain_arn    = "arn:aws:es:eu-west-1:123456789012:domain/data-lake"
  audit_log_group_name = "datalake/audit-log"
  audit_log_group_arn  = "arn:aws:logs:eu-west-1:123456789012:log-group:datalake/audit-log"

  audit_bucket_name     = "data-lake-audit-123456789012-eu-west-1"
  audit_bucket_arn      = "arn:aws:s3:::data-lake-audit-123456789012-eu-west-1"
  audit_signing_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/33333333-3333-3333-3333-333333333333"

  directory       = "cognito"
  admin_group     = "admins"
  user_pool_id    = "eu-west-1_pool"
  user_pool_arn   = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_pool"
  issuer          = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool"
  jwks_url        = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool/.well-known/jwks.json"
  client_ids      = ["client-1", "client-2"]
  api_url         = "https://api.example"
  console_origins = ["https://console.example"]
}

# The first of all, as in an empty account, with an importing function whose policy is not known yet: the refusal comes with the plan.
run "refuses_more_folders_than_a_policy_holds" {
  command = plan

  override_module {
    target = module.manifest
    outputs = {
      alias_arn = "arn:aws:lambda:eu-west-1:123456789012:function:data-lake-manifest-service:live"
      role_arn  = "arn:aws:iam::123456789012:role/data-lake-manifest-service-eu-west-1"
    }
  }

  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners-of-research", folders = [for number in range(100) : "incoming/2026/team-of-researchers-${number}/"] }]
  }

  expect_failures = [aws_iam_role_policy.signer]
}

# In an empty account, with given keys: whoever reads the plan sees what every role may do.
run "a_first_plan_knows_every_role_policy" {
  command = plan

  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners", folders = ["in/"], kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/partners" }]
    runtime          = { tracing = true }
  }

  assert {
    condition = alltrue([for name, policy in {
      package-service  = module.packages.policy
      search-service   = module.search.policy
      cart-service     = module.cart.policy
      profile-service  = module.profile.policy
      authorizer       = module.authorizer.policy
      identity         = module.identity.policy
      changes          = module.changes.policy
      indexer          = module.indexer.policy
      manifest-service = module.manifest.policy
      logging-service  = module.logging.policy
      housekeeping     = module.housekeeping.policy
      } : [for statement in jsondecode(policy).Statement : statement.Resource if contains(["SendTraces", "WriteOwnLog"], statement.Sid)] == [
      ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/data-lake-${name}:*"], ["*"]
    ]])
    error_message = "Every function writes its own log and sends traces."
  }

  assert {
    condition     = strcontains(module.changes.policy, "\"arn:aws:sqs:eu-west-1:123456789012:data-lake-changes-dead\"")
    error_message = "The changes function names its queue of dead changes."
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.signer.policy, "arn:aws:s3:::partners/in/*")
    error_message = "The signer opens what may be imported."
  }

  assert {
    condition = [output.housekeeping_function_arn, output.identity_function_arn] == [
      for name in ["housekeeping", "identity"] : "arn:aws:lambda:eu-west-1:123456789012:function:data-lake-${name}:live"
    ]
    error_message = "Schedule and user pool name functions that are not there yet."
  }
}

run "all_functions" {
  assert {
    condition = { for name, function in output.functions : name => function.name } == {
      packages     = module.packages.function_name
      search       = module.search.function_name
      cart         = module.cart.function_name
      profile      = module.profile.function_name
      authorizer   = module.authorizer.function_name
      identity     = module.identity.function_name
      changes      = module.changes.function_name
      indexer      = module.indexer.function_name
      manifest     = module.manifest.function_name
      logging      = module.logging.function_name
      housekeeping = module.housekeeping.function_name
    }
    error_message = "The names that are told must be those that are made."
  }

  assert {
    condition     = sort(values(output.functions)[*].name) == sort(["data-lake-authorizer", "data-lake-cart-service", "data-lake-changes", "data-lake-housekeeping", "data-lake-identity", "data-lake-indexer", "data-lake-logging-service", "data-lake-manifest-service", "data-lake-package-service", "data-lake-profile-service", "data-lake-search-service"])
    error_message = "The default prefix must give the names that earlier deployments had."
  }

  assert {
    condition     = output.timeouts == { audit = 120, search = 120, manifest = 900, housekeeping = 900 }
    error_message = "Queues hide messages by these time limits."
  }

  assert {
    condition     = output.role_arns["manifest"] == "arn:aws:iam::123456789012:role/data-lake-manifest-service-eu-west-1" && output.signer_role_arn == "arn:aws:iam::123456789012:role/data-lake-signer-eu-west-1"
    error_message = "Bucket and key policies name these roles."
  }
}

run "what_functions_are_told" {
  assert {
    condition = { for name, environment in {
      packages     = module.packages.environment
      search       = module.search.environment
      cart         = module.cart.environment
      profile      = module.profile.environment
      authorizer   = module.authorizer.environment
      identity     = module.identity.environment
      changes      = module.changes.environment
      indexer      = module.indexer.environment
      manifest     = module.manifest.environment
      logging      = module.logging.environment
      housekeeping = module.housekeeping.environment
      } : name => join(" ", [for variable in sort(keys(environment)) : trimprefix(variable, "DATALAKE_")]) } == {
      packages     = "AUDIT_QUEUE_URL BUCKET CONSOLE_ORIGINS KEY_ARN LOG_LEVEL PREFIX SIGNER_ROLE_ARN"
      search       = "AUDIT_QUEUE_URL CONSOLE_ORIGINS KEY_ARN LOG_LEVEL PREFIX SEARCH_ENDPOINT"
      cart         = "AUDIT_QUEUE_URL BUCKET CONSOLE_ORIGINS KEY_ARN LOG_LEVEL PREFIX SIGNER_ROLE_ARN"
      profile      = "ADMIN_GROUP API_URL AUDIT_QUEUE_URL CONSOLE_ORIGINS DIRECTORY KEY_ARN LOG_LEVEL PREFIX USER_POOL_ID USER_SECRETS_KEY_ARN"
      authorizer   = "CLIENT_IDS DIRECTORY ISSUER JWKS_URL LOG_LEVEL PREFIX USER_POOL_ID USER_SECRETS_KEY_ARN"
      identity     = "ADMIN_GROUP AUDIT_QUEUE_URL DIRECTORY GROUP_MAP LOG_LEVEL PREFIX"
      changes      = "AUDIT_QUEUE_URL HOUSEKEEPING_QUEUE_URL LOG_LEVEL MANIFEST_QUEUE_URL PREFIX SEARCH_QUEUE_URL"
      indexer      = "LOG_LEVEL PREFIX SEARCH_ENDPOINT SEARCH_QUEUE_URL"
      manifest     = "API_URL AUDIT_QUEUE_URL BUCKET KEY_ARN LOG_LEVEL MANIFEST_QUEUE_URL PREFIX SIGNER_ROLE_ARN"
      logging      = "AUDIT_LOG_GROUP LOG_LEVEL PREFIX"
      housekeeping = "ADMIN_GROUP AUDIT_BUCKET AUDIT_KEY_ARN AUDIT_QUEUE_URL BUCKET DIRECTORY HOUSEKEEPING_QUEUE_URL KEY_ARN LOG_LEVEL PREFIX USER_POOL_ID"
    }
    error_message = "A function that isn't told what it needs does not start, and none is told more."
  }

  assert {
    condition     = module.authorizer.environment["DATALAKE_CLIENT_IDS"] == "client-1,client-2"
    error_message = "Clients are told with commas between them."
  }
}

run "what_functions_may_do" {
  assert {
    condition = { for name, policy in {
      packages     = module.packages.policy
      search       = module.search.policy
      cart         = module.cart.policy
      profile      = module.profile.policy
      authorizer   = module.authorizer.policy
      identity     = module.identity.policy
      changes      = module.changes.policy
      indexer      = module.indexer.policy
      manifest     = module.manifest.policy
      logging      = module.logging.policy
      housekeeping = module.housekeeping.policy
      } : name => join(" ", sort(distinct(flatten([for statement in jsondecode(policy).Statement : [for action in statement.Action : split(":", action)[0]]])))) } == {
      packages     = "dynamodb kms logs s3 sqs sts"
      search       = "dynamodb es kms logs sqs"
      cart         = "dynamodb kms logs sqs sts"
      profile      = "cognito-idp dynamodb kms logs sqs"
      authorizer   = "cognito-idp dynamodb kms logs"
      identity     = "dynamodb kms logs sqs"
      changes      = "dynamodb kms logs sqs"
      indexer      = "dynamodb es kms logs sqs"
      manifest     = "dynamodb kms logs s3 sqs sts"
      logging      = "dynamodb kms logs sqs"
      housekeeping = "cognito-idp dynamodb kms logs s3 sqs"
    }
    error_message = "No function may reach a service that its code doesn't call."
  }

  assert {
    condition = [for name, policy in {
      packages     = module.packages.policy
      search       = module.search.policy
      cart         = module.cart.policy
      profile      = module.profile.policy
      authorizer   = module.authorizer.policy
      identity     = module.identity.policy
      changes      = module.changes.policy
      indexer      = module.indexer.policy
      manifest     = module.manifest.policy
      logging      = module.logging.policy
      housekeeping = module.housekeeping.policy
    } : name if strcontains(policy, var.user_secrets_key_arn)] == ["authorizer", "profile"]
    error_message = "Only the authorizer and the profile function may use the key of users' secrets."
  }

  assert {
    condition = { for statement in jsondecode(module.housekeeping.policy).Statement : statement.Action[0] => statement.Resource if strcontains(jsonencode(statement.Resource), "audit-123456789012") || contains(statement.Resource, var.audit_signing_key_arn) } == {
      "kms:Sign"     = [var.audit_signing_key_arn]
      "s3:PutObject" = ["${var.audit_bucket_arn}/chain-heads/*"]
    }
    error_message = "Housekeeping signs heads of the audit log's chains and writes them below their prefix, and no more."
  }

  assert {
    condition     = length([for name, policy in { logging = module.logging.policy, changes = module.changes.policy, packages = module.packages.policy, manifest = module.manifest.policy } : name if strcontains(policy, var.audit_bucket_arn) || strcontains(policy, var.audit_signing_key_arn)]) == 0
    error_message = "Whoever writes the log does not sign its heads."
  }

  assert {
    condition = { for statement in jsondecode(module.search.policy).Statement : statement.Sid => [for resource in statement.Resource : trimprefix(resource, var.search_domain_arn)] if startswith(statement.Action[0], "es:") } == {
      Search         = ["/data-lake-packages/_search"]
      WriteDocuments = ["/_bulk"]
      FindIndexes    = ["/_alias/data-lake-packages", "/_alias/data-lake-packages-next"]
      ListIndexes    = ["/data-lake-packages-*/_alias"]
      MakeIndex      = ["/data-lake-packages-1"]
    }
    error_message = "The search function reads the index, makes it where there is none, and writes single documents; it builds none anew."
  }

  assert {
    condition     = alltrue([for policy in [module.packages.policy, module.manifest.policy, module.housekeeping.policy] : length(policy) < 8000])
    error_message = "IAM takes 10,240 characters in a role's own policies; longer names must fit too."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(module.packages.policy).Statement : !contains(statement.Resource, var.table_arns.settings) || length(setintersection(flatten([statement.Action]), ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"])) == 0])
    error_message = "The package function only reads settings."
  }
}

run "who_wakes_whom" {
  assert {
    condition     = toset(keys(aws_lambda_event_source_mapping.changes)) == toset(["packages", "metadata", "datasets", "cart", "keys", "settings"])
    error_message = "The change feed is the streams of all six tables."
  }

  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.changes : one(mapping.function_response_types) == "ReportBatchItemFailures" && mapping.bisect_batch_on_function_error && mapping.maximum_retry_attempts == -1 && mapping.maximum_record_age_in_seconds == 82800 && mapping.starting_position == "TRIM_HORIZON"])
    error_message = "Changes are told from the beginning, and tried again until the stream is about to lose them."
  }

  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.changes : one(one(mapping.destination_config).on_failure).destination_arn == aws_sqs_queue.changes_dead.arn])
    error_message = "What can't be told must be noted where people see it."
  }

  assert {
    condition = [for mapping in [aws_lambda_event_source_mapping.logging, aws_lambda_event_source_mapping.indexer, aws_lambda_event_source_mapping.manifest, aws_lambda_event_source_mapping.housekeeping] : mapping.event_source_arn] == [
      var.queue_arns.audit, var.queue_arns.search, var.queue_arns.manifest, var.queue_arns.housekeeping
    ]
    error_message = "Each queue wakes its worker."
  }

  assert {
    condition     = alltrue([for mapping in [aws_lambda_event_source_mapping.logging, aws_lambda_event_source_mapping.indexer, aws_lambda_event_source_mapping.manifest, aws_lambda_event_source_mapping.housekeeping] : one(mapping.function_response_types) == "ReportBatchItemFailures" && one(mapping.scaling_config).maximum_concurrency >= 2])
    error_message = "One failed job must not bring back the others of its batch, and no queue may take all executions of an account."
  }

  assert {
    condition     = aws_lambda_permission.identity.principal == "cognito-idp.amazonaws.com" && aws_lambda_permission.identity.source_arn == var.user_pool_arn && aws_lambda_permission.identity.qualifier == "live"
    error_message = "Only this user pool may ask the identity function."
  }
}

run "signing" {
  assert {
    condition     = aws_iam_role.signer.max_session_duration == 3600
    error_message = "A signed URL dies with its session: an hour at most."
  }

  assert {
    condition     = toset(jsondecode(aws_iam_role.signer.assume_role_policy).Statement[0].Principal.AWS) == toset([for name in ["packages", "cart", "manifest"] : output.role_arns[name]])
    error_message = "Only packages, cart and manifest sign."
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_role_policy.signer.policy).Statement : statement.Action])) == toset(["s3:GetObjectVersion", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"])
    error_message = "A URL may read and put objects and no more."
  }
}

run "nothing_is_imported_unless_locations_are_named" {
  assert {
    condition     = [for policy in [module.manifest.policy, aws_iam_role_policy.signer.policy] : [for statement in jsondecode(policy).Statement : statement.Sid if endswith(statement.Sid, "Locations")]] == [["KnowLocations"], []]
    error_message = "Without a location the functions reach the data bucket alone."
  }
}

run "locations_are_read_and_never_written" {
  variables {
    import_locations = [
      { bucket_arn = "arn:aws:s3:::partners", folders = ["in/", "archive/2026/"], kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/partners" },
      { bucket_arn = "arn:aws:s3:::open-data" },
    ]
  }

  assert {
    condition = { for statement in jsondecode(module.manifest.policy).Statement : statement.Sid => [statement.Action, statement.Resource] if endswith(statement.Sid, "Locations") && statement.Sid != "KnowLocations" } == {
      ReadLocations      = [["s3:GetObject", "s3:GetObjectVersion"], ["arn:aws:s3:::partners/in/*", "arn:aws:s3:::partners/archive/2026/*", "arn:aws:s3:::open-data/*"]]
      UseKeysOfLocations = [["kms:Decrypt"], ["arn:aws:kms:eu-west-1:123456789012:key/partners"]]
      ListLocations      = [["s3:ListBucket"], ["arn:aws:s3:::partners", "arn:aws:s3:::open-data"]]
    }
    error_message = "Imports read and list locations and do no more there."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.signer.policy).Statement : statement.Sid if endswith(statement.Sid, "Locations")] == ["ReadLocations", "UseKeysOfLocations"]
    error_message = "A signed URL may open what was imported."
  }

  assert {
    condition     = [for statement in jsondecode(module.packages.policy).Statement : [statement.Action, statement.Resource] if strcontains(jsonencode(statement), "partners")] == [[["s3:ListBucket"], ["arn:aws:s3:::partners", "arn:aws:s3:::open-data"]]]
    error_message = "Packages show what lies in folders of locations, and open nothing there."
  }

  assert {
    condition     = !strcontains(module.housekeeping.policy, "partners")
    error_message = "Nobody else reaches locations; least of all whoever deletes."
  }
}

run "refuses_to_import_from_the_data_bucket" {
  command = plan

  variables {
    import_locations = [{ bucket_arn = var.bucket_arn }]
  }

  expect_failures = [var.import_locations]
}

run "refuses_folders_with_wildcards" {
  command = plan

  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners", folders = ["*/"] }]
  }

  expect_failures = [var.import_locations]
}

run "refuses_every_key_as_a_locations" {
  command = plan

  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners", kms_key_arn = "arn:aws:kms:*:*:key/*" }]
  }

  expect_failures = [var.import_locations]
}

run "refuses_an_alias_as_a_locations_key" {
  command = plan

  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners", kms_key_arn = "alias/partners" }]
  }

  expect_failures = [var.import_locations]
}

run "federated_and_another_prefix" {
  override_data {
    target = module.packages.data.aws_lambda_function.live
    values = { version = "3" }
  }

  variables {
    prefix            = "lake-2"
    directory         = "federated"
    group_map         = { "CN=Research & Development,OU=Groups" = "research" }
    admin_group       = "Lake Admins"
    search_domain_arn = null
    search_endpoint   = "http://127.0.0.1:9200"
    sizes             = { manifest = { memory_mb = 2048, timeout_seconds = 600 } }
    runtime           = { log_level = "debug", log_retention_days = 7, tracing = true }
    iam               = { role_path = "/lake/", permissions_boundary = "arn:aws:iam::123456789012:policy/boundary" }
    live_versions     = { packages = "3" }
  }

  assert {
    condition     = jsondecode(module.identity.environment["DATALAKE_GROUP_MAP"]) == { "CN=Research & Development,OU=Groups" = "research" } && module.identity.environment["DATALAKE_ADMIN_GROUP"] == "Lake Admins"
    error_message = "The identity function must be told how names are mapped."
  }

  assert {
    condition     = strcontains(module.authorizer.policy, "cognito-idp:ListUsers") && !strcontains(module.authorizer.policy, "cognito-idp:AdminGetUser")
    error_message = "People of an identity provider are looked up."
  }

  assert {
    condition     = !strcontains(module.indexer.policy, "es:ESHttp") && !strcontains(module.search.policy, "es:ESHttp")
    error_message = "Nothing can be allowed on a cluster that is no domain."
  }

  assert {
    condition     = output.timeouts.manifest == 600 && output.functions["manifest"].name == "lake-2-manifest-service"
    error_message = "Sizes and prefix must reach the functions."
  }

  assert {
    condition     = output.signer_role_arn == "arn:aws:iam::123456789012:role/lake/lake-2-signer-eu-west-1" && aws_iam_role.signer.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "Path and boundary hold for the signer too."
  }
}

run "refuses_group_names_to_map_without_a_federation" {
  command = plan

  variables {
    group_map = { a = "b" }
  }

  expect_failures = [var.group_map]
}

run "refuses_to_map_to_what_is_no_group" {
  command = plan

  variables {
    directory = "federated"
    group_map = { a = "Research & Development" }
  }

  expect_failures = [var.group_map]
}

run "refuses_a_group_map_that_no_environment_holds" {
  command = plan

  variables {
    directory = "federated"
    group_map = { for number in range(200) : "a rather long name of a group ${number}" => "group-${number}" }
  }

  expect_failures = [var.group_map]
}

run "refuses_a_group_map_of_too_many_bytes" {
  command = plan

  variables {
    directory = "federated"
    # 2,837 characters, 3,837 bytes.
    group_map = { for letter, group in { "ü" = "umlauts", a = "first", b = "second" } : join("", [for number in range(letter == "ü" ? 1000 : 900) : letter]) => group }
  }

  expect_failures = [var.group_map]
}

run "refuses_one_key_for_everything" {
  command = plan

  variables {
    user_secrets_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111"
  }

  expect_failures = [var.user_secrets_key_arn]
}

run "refuses_to_outlast_the_gateway" {
  command = plan

  variables {
    sizes = { cart = { timeout_seconds = 60 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_outlast_cognito" {
  command = plan

  variables {
    sizes = { identity = { timeout_seconds = 6 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_an_unknown_function" {
  command = plan

  variables {
    sizes = { billing = { memory_mb = 1024 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_a_concurrency_of_one" {
  command = plan

  variables {
    concurrency = { audit = 1 }
  }

  expect_failures = [var.concurrency]
}

run "refuses_a_feed_without_an_end" {
  command = plan

  variables {
    feed = { record_age_seconds = -1 }
  }

  expect_failures = [var.feed]
}

run "refuses_to_take_nobodys_tokens" {
  command = plan

  variables {
    client_ids = []
  }

  expect_failures = [var.client_ids]
}

run "refuses_to_cut_off_packages" {
  command = plan

  variables {
    sizes = { packages = { timeout_seconds = 28 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_search" {
  command = plan

  variables {
    sizes = { search = { timeout_seconds = 28 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_cart" {
  command = plan

  variables {
    sizes = { cart = { timeout_seconds = 28 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_profile" {
  command = plan

  variables {
    sizes = { profile = { timeout_seconds = 28 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_authorizer" {
  command = plan

  variables {
    sizes = { authorizer = { timeout_seconds = 8 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_identity" {
  command = plan

  variables {
    sizes = { identity = { timeout_seconds = 4 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_changes" {
  command = plan

  variables {
    sizes = { changes = { timeout_seconds = 59 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_logging" {
  command = plan

  variables {
    sizes = { logging = { timeout_seconds = 59 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_indexer" {
  command = plan

  variables {
    sizes = { indexer = { timeout_seconds = 119 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_manifest" {
  command = plan

  variables {
    sizes = { manifest = { timeout_seconds = 299 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_to_cut_off_housekeeping" {
  command = plan

  variables {
    sizes = { housekeeping = { timeout_seconds = 299 } }
  }

  expect_failures = [var.sizes]
}

run "takes_the_least_times" {
  command = plan

  variables {
    sizes = merge(
      { for name in ["packages", "search", "cart", "profile"] : name => { timeout_seconds = 29 } },
      { for name in ["changes", "logging"] : name => { timeout_seconds = 60 } },
      { for name in ["manifest", "housekeeping"] : name => { timeout_seconds = 300 } },
      { authorizer = { timeout_seconds = 9 }, identity = { timeout_seconds = 5 }, indexer = { timeout_seconds = 120 } },
    )
  }

  assert {
    condition     = output.timeouts == { audit = 60, search = 120, manifest = 300, housekeeping = 300 }
    error_message = "The least times are allowed."
  }
}

run "refuses_half_a_second" {
  command = plan

  variables {
    sizes = { manifest = { timeout_seconds = 300.5 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_origins_that_no_environment_holds" {
  command = plan

  variables {
    console_origins = [for number in range(100) : "https://console-${number}.lake.example.com"]
  }

  expect_failures = [var.console_origins]
}

run "refuses_code_that_is_not_there" {
  command = plan

  variables {
    code = { folder = "./tests" }
  }

  expect_failures = [var.code]
}

run "refuses_a_path_longer_than_iams" {
  command = plan

  variables {
    iam = { role_path = "/${join("", [for number in range(511) : "x"])}/" }
  }

  expect_failures = [var.iam]
}

run "refuses_a_folder_that_no_policy_can_name" {
  command = plan

  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners", folders = ["日本/"] }]
  }

  expect_failures = [var.import_locations]
}

run "refuses_a_folder_that_policies_take_for_a_variable" {
  command = plan

  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners", folders = ["$${aws:username}/"] }]
  }

  expect_failures = [var.import_locations]
}

run "a_folder_with_umlauts_and_money" {
  command = plan

  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners", folders = ["Zürich $/"] }]
  }

  assert {
    condition     = contains(local.location_objects, "arn:aws:s3:::partners/Zürich $/*")
    error_message = "What a policy can name is taken."
  }
}

# The plan's bound leaves room for the longest names of regions and partitions, and not much more: this run has short ones.
run "what_policies_have_besides_locations" {
  variables {
    prefix  = "data-lake-of-our"
    iam     = { role_path = "/${join("", [for number in range(510) : "x"])}/" }
    runtime = { tracing = true }
  }

  assert {
    condition     = length(local.signer_policy) < length(module.manifest.policy) && abs(local.other_characters - 400 - length(module.manifest.policy)) < 300
    error_message = "Besides locations a policy has ${length(module.manifest.policy)} characters: the bound in the plan, ${local.other_characters}, is not some 400 above it."
  }
}

run "as_many_folders_as_fit" {
  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners-of-research", folders = [for number in range(80) : "incoming/2026/team-of-researchers-${number}/"] }]
  }

  assert {
    condition     = length(module.manifest.policy) <= local.imports_characters && local.imports_characters <= 10240
    error_message = "What fits is taken, and the bound holds."
  }
}

run "refuses_half_a_batch_at_once" {
  command = plan

  variables {
    concurrency = { audit = 2.5 }
  }

  expect_failures = [var.concurrency]
}

run "refuses_half_a_change" {
  command = plan

  variables {
    feed = { batch_size = 1.5 }
  }

  expect_failures = [var.feed]
}

run "refuses_an_age_of_half_a_second" {
  command = plan

  variables {
    feed = { record_age_seconds = 60.5 }
  }

  expect_failures = [var.feed]
}
