//! From what a directory says of a person to role and groups.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Invalid,
    group::{GROUPS_PER_USER, GroupName},
    principal::Role,
    sign_in::SignInEvent,
};
use percent_encoding::percent_decode_str;

/// The attribute that holds the groups as an identity provider tells them.
const GROUPS: &str = "custom:groups";
/// The attribute that names the identity providers a person comes from; the directory alone writes it.
const IDENTITIES: &str = "identities";
/// The attribute that says how somebody came into the directory.
const STATUS: &str = "cognito:user_status";
const OF_A_PROVIDER: &str = "EXTERNAL_PROVIDER";

/// Whose word counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimRules {
    /// The directory's groups: people are managed in the product.
    Managed {
        /// The directory's name for the group whose members are administrators.
        administrators: String,
    },
    /// What an identity provider says at a sign-in, and nothing else.
    Federated(Mapping),
}

/// What an identity provider's names of groups stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The provider's names, and the group that each one is here. Without any, each name stands for itself.
    pub groups: BTreeMap<String, GroupName>,
    /// The provider's name for the group whose members are administrators.
    pub administrators: Option<String>,
}

/// What follows from the word that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) role: Option<Role>,
    /// Sorted, at most [`GROUPS_PER_USER`].
    pub(super) groups: Vec<GroupName>,
    /// Names that count for nothing.
    pub(super) left_out: Vec<String>,
}

impl ClaimRules {
    /// As a deployment says it: `cognito` or `federated`, the provider's names of groups as a JSON object, and the name of
    /// the administrators' group.
    ///
    /// # Errors
    /// For an unknown directory, a map that is none or names what is no group, or no administrators where people are
    /// managed in the product.
    pub fn new(directory: &str, group_map: Option<&str>, administrators: Option<&str>) -> Result<Self, Invalid> {
        match directory {
            "cognito" => {
                let administrators = administrators.ok_or_else(|| Invalid::new("needs the name of the administrators' group"))?;
                Ok(Self::Managed { administrators: administrators.to_owned() })
            }
            "federated" => {
                let broken = |error| Invalid::new(format!("is no JSON object of names and groups: {error}"));
                let groups = serde_json::from_str(group_map.unwrap_or("{}")).map_err(broken)?;
                Ok(Self::Federated(Mapping { groups, administrators: administrators.map(str::to_owned) }))
            }
            _ => Err(Invalid::new("is a directory that is neither cognito nor federated")),
        }
    }

    /// Whether an identity provider owns the people.
    pub(super) fn are_federated(&self) -> bool {
        matches!(self, Self::Federated(_))
    }

    /// What the event says of the person's rights.
    pub(super) fn claims(&self, event: &SignInEvent) -> Claims {
        match self {
            Self::Managed { administrators } => managed(event, administrators),
            Self::Federated(mapping) => mapping.claims(event),
        }
    }
}

/// Groups that the directory needs itself are none to share with.
fn is_reserved(name: &str, directory: &str) -> bool {
    name.strip_prefix(directory).is_some_and(|rest| rest.starts_with('_'))
}

fn managed(event: &SignInEvent, administrators: &str) -> Claims {
    let (mut groups, mut left_out, mut role) = (BTreeSet::new(), Vec::new(), Role::Member);
    for name in &event.groups {
        match name.parse::<GroupName>() {
            _ if name == administrators => role = Role::Admin,
            _ if is_reserved(name, &event.directory) => {}
            Ok(group) => drop(groups.insert(group)),
            Err(_) => left_out.push(name.clone()),
        }
    }
    Claims { role: Some(role), ..limited(groups, BTreeSet::new(), left_out) }
}

impl Mapping {
    fn claims(&self, event: &SignInEvent) -> Claims {
        // An attribute counts only if a provider wrote it: whoever is in the directory by another way has no rights.
        if !is_of_a_provider(event) {
            return Claims::default();
        }
        let (mut mapped, mut unmapped, mut left_out) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let mut is_administrator = false;
        for claim in event.attributes.get(GROUPS).map(|text| names(text)).unwrap_or_default() {
            let administrators = self.administrators.as_deref();
            let administrates = claim.spellings().any(|name| Some(name) == administrators);
            is_administrator |= administrates;
            match claim.spellings().find_map(|name| self.groups.get(name)) {
                Some(group) => drop(mapped.insert(group.clone())),
                None if administrates => {}
                None => match claim.name().parse::<GroupName>() {
                    Ok(group) if !is_reserved(group.as_str(), &event.directory) => drop(unmapped.insert(group)),
                    _ => left_out.push(claim.name().to_owned()),
                },
            }
        }
        let known_here = !mapped.is_empty() || self.groups.is_empty() && !unmapped.is_empty();
        let role = match (is_administrator, known_here) {
            (true, _) => Some(Role::Admin),
            (false, true) => Some(Role::Member),
            (false, false) => None,
        };
        Claims { role, ..limited(mapped, unmapped, left_out) }
    }
}

/// So many groups as a person may have, those that a deployment maps first.
fn limited(mapped: BTreeSet<GroupName>, unmapped: BTreeSet<GroupName>, mut left_out: Vec<String>) -> Claims {
    let unmapped = unmapped.into_iter().filter(|group| !mapped.contains(group)).collect::<Vec<_>>();
    let mut groups: Vec<GroupName> = mapped.into_iter().chain(unmapped).collect();
    left_out.extend(groups.drain(groups.len().min(GROUPS_PER_USER)..).map(|group| group.to_string()));
    groups.sort_unstable();
    Claims { role: None, groups, left_out }
}

fn is_of_a_provider(event: &SignInEvent) -> bool {
    let identities = event.attributes.get(IDENTITIES).and_then(|text| serde_json::from_str::<Vec<serde_json::Value>>(text).ok());
    let came_by_a_provider = event.attributes.get(STATUS).is_none_or(|status| status == OF_A_PROVIDER);
    came_by_a_provider && identities.is_some_and(|identities| !identities.is_empty())
}

/// A name as it came, and as it reads when it came form-encoded.
#[derive(Debug, PartialEq, Eq)]
struct Claim {
    raw: String,
    decoded: Option<String>,
}

impl Claim {
    fn plain(name: &str) -> Self {
        Self { raw: name.to_owned(), decoded: None }
    }

    fn encoded(name: &str) -> Self {
        let spaced = name.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().ok().filter(|decoded| decoded != name);
        Self { raw: name.to_owned(), decoded: decoded.map(|decoded| decoded.into_owned()) }
    }

    fn spellings(&self) -> impl Iterator<Item = &str> {
        [Some(self.raw.as_str()), self.decoded.as_deref()].into_iter().flatten()
    }

    fn name(&self) -> &str {
        self.decoded.as_deref().unwrap_or(&self.raw)
    }
}

/// The names in an attribute: it holds one text, whatever the provider sent.
///
/// Several values come as `[one, two]`, each form-encoded where it has other characters than letters, digits and `.-*_`;
/// those of a claim that is an array of JSON may come as JSON. A single value comes as it is: a comma in it is part of
/// the name, as in `CN=Staff,OU=Groups`.
fn names(text: &str) -> Vec<Claim> {
    let text = text.trim();
    if let Ok(names) = serde_json::from_str::<Vec<String>>(text) {
        return names.iter().map(|name| Claim::plain(name.trim())).filter(|claim| !claim.raw.is_empty()).collect();
    }
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(list) => list.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Claim::encoded).collect(),
        // Read as anything else, a name could become that of another group.
        None => Some(text).filter(|text| !text.is_empty()).map(Claim::plain).into_iter().collect(),
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
