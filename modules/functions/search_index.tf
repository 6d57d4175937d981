# What the two functions may do at the search cluster. It stands in their own policies and, by the output, in the domain's:
# within an account AWS allows what either of them allows.

locals {
  # The index's alias and its first index: whoever comes first makes them. What is not said here, a rebuild needs.
  index_alias = "${var.prefix}-packages"

  search_rights = {
    search = [
      { sid = "Search", actions = ["es:ESHttpPost"], paths = ["${local.index_alias}/_search"] },
      # A search that comes before the first write makes the index, empty.
      { sid = "FindIndex", actions = ["es:ESHttpHead"], paths = ["_alias/${local.index_alias}"] },
      { sid = "ListIndexes", actions = ["es:ESHttpGet"], paths = ["${local.index_alias}-*/_alias"] },
      { sid = "MakeIndex", actions = ["es:ESHttpPut"], paths = ["${local.index_alias}-1"] },
    ]
    indexer = [
      { sid = "WriteDocuments", actions = ["es:ESHttpPost"], paths = ["_bulk"] },
      # The live one, and the one that a rebuild makes.
      { sid = "FindIndexes", actions = ["es:ESHttpHead"], paths = ["_alias/${local.index_alias}", "_alias/${local.index_alias}-next"] },
      { sid = "ListIndexes", actions = ["es:ESHttpGet"], paths = ["${local.index_alias}-*/_alias"] },
      # It is taken away again if a whole rebuild came between.
      { sid = "MakeIndex", actions = ["es:ESHttpDelete", "es:ESHttpPut"], paths = ["${local.index_alias}-1"] },
    ]
  }

  # None for a cluster that is no domain: there it is the cluster's owner who lets them in.
  search_statements = { for function, rights in local.search_rights : function => flatten([for arn in var.search_domain_arn[*] : [
    for right in rights : { sid = right.sid, actions = right.actions, resources = [for path in right.paths : "${arn}/${path}"] }
  ]]) }
}
