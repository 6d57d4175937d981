# Other buckets whose objects may be imported: who imports looks them up, who shows packages lists them, who signs opens them, and
# nobody writes there.
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

  # Lists of datasets show what lies below folders of locations now. And without it, S3 answers 403 instead of 404 for an object that
  # is absent.
  list_locations = [for statement in [
    { sid = "ListLocations", actions = ["s3:ListBucket"], resources = local.location_buckets },
  ] : statement if length(statement.resources) > 0]

  read_locations = concat(local.open_locations, local.list_locations)
}

locals {
  # How long the policy of whoever imports becomes, white space not counted, which IAM limits
  # (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). In a first plan parts of it are not known unless
  # the keys are given, so what it has besides locations is an upper bound, which a test holds. The signer's is shorter.
  imports_characters = length(replace(jsonencode(local.read_locations), "/\\s/", "")) + local.other_characters
  other_characters   = 3900 + length(var.iam.role_path)
}
