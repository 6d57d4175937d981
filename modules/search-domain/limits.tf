# The largest gp3 volume of a node, in GiB, as AWS documents it by instance type
# (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#ebsresource). Of types that are not listed here
# AWS itself says what is too much.

locals {
  volume_sizes = {
    t3 = { small = 100, medium = 200 }
    m  = { large = 1024, xlarge = 2048, "2xlarge" = 3072, "4xlarge" = 6144, "8xlarge" = 12288, "12xlarge" = 18432 }
    c = {
      large      = 256, xlarge = 512, "2xlarge" = 1024, "4xlarge" = 1536, "8xlarge" = 3072, "9xlarge" = 3584, "12xlarge" = 4608
      "18xlarge" = 7168
    }
    r = { large = 2048, xlarge = 3072, "2xlarge" = 6144, "4xlarge" = 12288, "8xlarge" = 16384, "12xlarge" = 24576 }
  }
  volume_families = { t3 = "t3", m5 = "m", m6g = "m", c5 = "c", c6g = "c", r5 = "r", r6g = "r" }

  instance_family    = split(".", local.instance_type)[0]
  instance_size      = split(".", local.instance_type)[1]
  largest_volume_gib = try(local.volume_sizes[local.volume_families[local.instance_family]][local.instance_size], 24576)
}
