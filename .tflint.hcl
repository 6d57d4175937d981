# The rules that come with tflint; those of its plugin for AWS would have to be downloaded by address.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Concern files instead of one main.tf: a module's outputs and variables still stand in their own files.
rule "terraform_standard_module_structure" {
  enabled = false
}

# A module that only composes others still says which provider its parts need.
rule "terraform_unused_required_providers" {
  enabled = false
}
