terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # State holds the names of everything, and a federation's secret: keep it encrypted and shared, for example so:
  # backend "s3" {
  #   bucket       = "example-terraform-state"
  #   key          = "data-lake.tfstate"
  #   region       = "eu-west-1"
  #   encrypt      = true
  #   use_lockfile = true
  # }
}
