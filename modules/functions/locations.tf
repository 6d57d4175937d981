# Other buckets whose objects may be imported: who imports looks them up, who signs opens them, and nobody writes there.
locals {
  location_buckets = distinct(var.import_locations[*].bucket_arn)
  location_keys    = distinct(compact(var.import_locations[*].kms_key_arn))
  location_objects = distinct(flatten([for location in var.import_locations : [
    for folder in length(location.folders) == 0 ? [""] : location.folders : "${location.bucket_arn}/${folder}*"
  ]]))

  open_locations = [for statement in [
    { sid = "ReadLocations", actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = local.location_objects },
    { sid = "UseKeysOfLocations", actions = ["kms:Decrypt"], resources = local.location_keys },
  ] : statement if length(statement.resources) > 0]

  read_locations = concat(local.open_locations, [for statement in [
    # Without it, S3 answers 403 instead of 404 for an object that is absent.
    { sid = "ListLocations", actions = ["s3:ListBucket"], resources = local.location_buckets },
  ] : statement if length(statement.resources) > 0])
}
