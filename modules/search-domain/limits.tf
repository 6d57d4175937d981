# What AWS documents by instance type (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html): the largest
# gp3 volume of a node, in GiB (#ebsresource), and how many nodes a domain has ("Total node limit by instance family"). Of families
# that are not listed here AWS itself says what is too much; of those that are there is no other size.

locals {
  # The sizes that newer generations have in common.
  volume_sizes_c = { large = 256, xlarge = 512, "2xlarge" = 1024, "4xlarge" = 1536, "8xlarge" = 3072, "12xlarge" = 4608, "16xlarge" = 6144 }
  volume_sizes_m = { large = 768, xlarge = 2048, "2xlarge" = 3072, "4xlarge" = 6144, "8xlarge" = 12288, "12xlarge" = 18432, "16xlarge" = 24576 }
  # The page's second r7i.12xlarge, with 36 TiB, is r7i.16xlarge.
  volume_sizes_r  = { large = 1536, xlarge = 3072, "2xlarge" = 6144, "4xlarge" = 12288, "8xlarge" = 16384, "12xlarge" = 24576, "16xlarge" = 36864 }
  volume_sizes_or = merge(local.volume_sizes_r, { medium = 768, large = 1532 })

  volume_sizes = {
    t3 = { small = 100, medium = 200 }

    c5  = { large = 256, xlarge = 512, "2xlarge" = 1024, "4xlarge" = 1536, "9xlarge" = 3584, "18xlarge" = 7168 }
    c6g = { for size, gib in local.volume_sizes_c : size => gib if size != "16xlarge" }
    c7g = local.volume_sizes_c
    c7i = local.volume_sizes_c
    c8g = local.volume_sizes_c

    m5  = { large = 1024, xlarge = 2048, "2xlarge" = 3072, "4xlarge" = 6144, "12xlarge" = 18432 }
    m6g = { large = 1024, xlarge = 2048, "2xlarge" = 3072, "4xlarge" = 6144, "8xlarge" = 12288, "12xlarge" = 18432 }
    m7g = merge(local.volume_sizes_m, { medium = 512 })
    m7i = local.volume_sizes_m
    m8g = merge(local.volume_sizes_m, { medium = 512 })

    r5  = { large = 2048, xlarge = 3072, "2xlarge" = 6144, "4xlarge" = 12288, "12xlarge" = 24576 }
    r6g = { large = 2048, xlarge = 3072, "2xlarge" = 6144, "4xlarge" = 12288, "8xlarge" = 16384, "12xlarge" = 24576 }
    r7g = merge(local.volume_sizes_r, { medium = 768 })
    r7i = local.volume_sizes_r
    r8g = local.volume_sizes_or

    or1 = local.volume_sizes_or
    or2 = local.volume_sizes_or
    om2 = local.volume_sizes_m
  }

  instance_family = split(".", local.instance_type)[0]
  largest_volume_gib = try(
    local.volume_sizes[local.instance_family][split(".", local.instance_type)[1]],
    max(flatten([for sizes in values(local.volume_sizes) : values(sizes)])...),
  )
  smallest_volume_gib = contains(["or1", "or2", "om2"], local.instance_family) ? 20 : 10

  # Data nodes and masters of a size that their family does not have.
  unknown_types = [
    for type in distinct(compact([local.instance_type, local.master_instance_type])) : type
    if can(local.volume_sizes[split(".", type)[0]]) && !can(local.volume_sizes[split(".", type)[0]][split(".", type)[1]])
  ]

  most_nodes = local.instance_family == "t3" ? 10 : 80
}
