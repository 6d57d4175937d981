output "functions" {
  description = "All functions by short name: name and time limit, for whoever watches them. Known before anything is made."
  value       = { for name, limits in local.limits : name => { name = local.names[name], timeout_seconds = limits.timeout_seconds } }
}

output "timeouts" {
  description = "Time limits of the queues' workers by queue: a message stays hidden for longer than its worker runs."
  value = {
    audit        = local.limits.logging.timeout_seconds
    search       = local.limits.indexer.timeout_seconds
    manifest     = local.limits.manifest.timeout_seconds
    housekeeping = local.limits.housekeeping.timeout_seconds
  }
}

output "role_arns" {
  description = "ARNs of the functions' roles by short name. Known before anything is made; whoever names one waits for the roles."
  value = {
    packages     = module.packages.role_arn
    search       = module.search.role_arn
    cart         = module.cart.role_arn
    profile      = module.profile.role_arn
    authorizer   = module.authorizer.role_arn
    identity     = module.identity.role_arn
    changes      = module.changes.role_arn
    indexer      = module.indexer.role_arn
    manifest     = module.manifest.role_arn
    logging      = module.logging.role_arn
    housekeeping = module.housekeeping.role_arn
  }
}

output "signer_role_arn" {
  description = "ARN of the role that signs URLs. Known before anything is made; whoever names it waits for the role."
  value       = local.signer_arn
  depends_on  = [aws_iam_role.signer]
}

output "search_rights" {
  description = "What search and indexer may do at the search cluster: statements with `es:` actions and paths below the domain. Known before anything is made."
  value       = local.search_rights
}

output "http_functions" {
  description = "The functions behind the API, by the first part of the path: what the gateway needs to invoke each."
  value = {
    packages = {
      function_name = module.packages.function_name
      alias_name    = module.packages.alias_name
      invoke_arn    = module.packages.invoke_arn
    }
    search = {
      function_name = module.search.function_name
      alias_name    = module.search.alias_name
      invoke_arn    = module.search.invoke_arn
    }
    cart = {
      function_name = module.cart.function_name
      alias_name    = module.cart.alias_name
      invoke_arn    = module.cart.invoke_arn
    }
    profile = {
      function_name = module.profile.function_name
      alias_name    = module.profile.alias_name
      invoke_arn    = module.profile.invoke_arn
    }
  }
}

output "authorizer_function" {
  description = "The authorizer: what the gateway needs to invoke it."
  value = {
    function_name = module.authorizer.function_name
    alias_name    = module.authorizer.alias_name
    invoke_arn    = module.authorizer.invoke_arn
  }
}

output "identity_function_arn" {
  description = "ARN by which the user pool invokes the identity function. Known before anything is made; whoever names it waits for the function."
  value       = module.identity.alias_arn
}

output "housekeeping_function_arn" {
  description = "ARN by which the schedule invokes housekeeping. Known before anything is made; whoever names it waits for the function."
  value       = module.housekeeping.alias_arn
}

output "changes_dead_queue_name" {
  description = "Name of the queue for changes that could not be told."
  value       = aws_sqs_queue.changes_dead.name
}
