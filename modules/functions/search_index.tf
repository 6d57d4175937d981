# What the two functions may do at the search cluster. It stands in their own policies and, by the output, in the domain's:
# within an account AWS allows what either of them allows.

locals {
  # Aliases lead to the live index and, while one is built anew, to the next; the indexes themselves have numbers behind.
  index_alias = "${var.prefix}-packages"
  next_alias  = "${local.index_alias}-next"

  search_rights = {
    search = [
      { sid = "Search", actions = ["es:ESHttpPost"], paths = ["${local.index_alias}/_search"] },
      # Administrators index and remove single packages; what is written goes into both indexes.
      { sid = "WriteDocuments", actions = ["es:ESHttpPost"], paths = ["_bulk"] },
      { sid = "FindIndexes", actions = ["es:ESHttpHead"], paths = ["_alias/${local.index_alias}", "_alias/${local.next_alias}"] },
      # A search that comes before the first write makes the index, empty.
      { sid = "ListIndexes", actions = ["es:ESHttpGet"], paths = ["${local.index_alias}-*/_alias"] },
      { sid = "MakeIndex", actions = ["es:ESHttpPut"], paths = ["${local.index_alias}-1"] },
    ]
    indexer = [
      { sid = "WriteDocuments", actions = ["es:ESHttpPost"], paths = ["_bulk"] },
      { sid = "FindIndexes", actions = ["es:ESHttpGet", "es:ESHttpHead"], paths = ["_alias/${local.index_alias}", "_alias/${local.next_alias}"] },
      { sid = "ListIndexes", actions = ["es:ESHttpGet"], paths = ["${local.index_alias}-*/_alias"] },
      # Whoever writes first makes the first one; a rebuild makes the next, and takes the old one away.
      { sid = "MakeIndexes", actions = ["es:ESHttpDelete", "es:ESHttpPut"], paths = ["${local.index_alias}-*"] },
      { sid = "SwapIndexes", actions = ["es:ESHttpPost"], paths = ["_aliases"] },
      # What was removed is remembered in the new one, too.
      { sid = "CopyRemovals", actions = ["es:ESHttpPost"], paths = ["${local.index_alias}/_refresh", "${local.index_alias}/_search", "${local.index_alias}-*/_refresh"] },
    ]
  }

  # None for a cluster that is no domain: there it is the cluster's owner who lets them in.
  search_statements = { for function, rights in local.search_rights : function => flatten([for arn in var.search_domain_arn[*] : [
    for right in rights : { sid = right.sid, actions = right.actions, resources = [for path in right.paths : "${arn}/${path}"] }
  ]]) }
}
