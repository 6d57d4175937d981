//! What Terraform tells a function: one variable each.

use std::collections::BTreeMap;

use domain::job::JobKind;

use super::Error;

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident = $variable:literal;)*) => {
        /// One thing that a function is told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Setting { $($(#[$doc])* $name),* }

        /// All of them.
        pub const SETTINGS: &[Setting] = &[$(Setting::$name),*];

        impl Setting {
            /// Its environment variable.
            #[must_use]
            pub const fn variable(self) -> &'static str {
                match self { $(Self::$name => $variable),* }
            }
        }
    };
}

settings! {
    /// The deployment's prefix, which tables and the index have in their names.
    Prefix = "DATALAKE_PREFIX";
    /// The data bucket.
    Bucket = "DATALAKE_BUCKET";
    /// The key of data, cursors and grants.
    KeyArn = "DATALAKE_KEY_ARN";
    /// The key of what users' secrets are derived from.
    UserSecretsKeyArn = "DATALAKE_USER_SECRETS_KEY_ARN";
    /// The role that signs URLs.
    SignerRoleArn = "DATALAKE_SIGNER_ROLE_ARN";
    /// The queue of audit records.
    AuditQueueUrl = "DATALAKE_AUDIT_QUEUE_URL";
    /// The queue of hints for the index.
    SearchQueueUrl = "DATALAKE_SEARCH_QUEUE_URL";
    /// The queue of exports.
    ManifestQueueUrl = "DATALAKE_MANIFEST_QUEUE_URL";
    /// The queue of deletions.
    HousekeepingQueueUrl = "DATALAKE_HOUSEKEEPING_QUEUE_URL";
    /// The search cluster.
    SearchEndpoint = "DATALAKE_SEARCH_ENDPOINT";
    /// The user pool.
    UserPoolId = "DATALAKE_USER_POOL_ID";
    /// `cognito`, or `federated` where another directory owns the people.
    Directory = "DATALAKE_DIRECTORY";
    /// Who issues access tokens.
    Issuer = "DATALAKE_ISSUER";
    /// Where the issuer's keys are.
    JwksUrl = "DATALAKE_JWKS_URL";
    /// The clients whose tokens are taken, separated by commas.
    ClientIds = "DATALAKE_CLIENT_IDS";
    /// Directory names and the groups they stand for, a JSON object.
    GroupMap = "DATALAKE_GROUP_MAP";
    /// The directory's name for the administrators' group.
    AdminGroup = "DATALAKE_ADMIN_GROUP";
    /// The log group of the audit log.
    AuditLogGroup = "DATALAKE_AUDIT_LOG_GROUP";
    /// The bucket where signed heads of the audit log's chains are kept.
    AuditBucket = "DATALAKE_AUDIT_BUCKET";
    /// The key that signs them.
    AuditKeyArn = "DATALAKE_AUDIT_KEY_ARN";
    /// The API's public address, without a slash at the end.
    ApiUrl = "DATALAKE_API_URL";
    /// Pages that may read answers, separated by commas.
    ConsoleOrigins = "DATALAKE_CONSOLE_ORIGINS";
    /// A level or a filter.
    LogLevel = "DATALAKE_LOG_LEVEL";
}

/// What this function was told.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Reads the variables of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this crate is where the environment is read")]
    pub(super) fn load() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As given by `read`; what is empty was not said.
    #[must_use]
    pub fn from_variables(read: impl Fn(&str) -> Option<String>) -> Self {
        let said = |setting: &Setting| Some((setting.variable(), read(setting.variable()).filter(|value| !value.is_empty())?));
        Self(SETTINGS.iter().filter_map(said).collect())
    }

    /// What was said.
    ///
    /// # Errors
    /// If nothing was, with the variable's name.
    pub fn get(&self, setting: Setting) -> Result<&str, Error> {
        let missing = || Error::from(format!("the environment variable {} is missing", setting.variable()));
        self.optional(setting).ok_or_else(missing)
    }

    /// What was said, if anything.
    #[must_use]
    pub fn optional(&self, setting: Setting) -> Option<&str> {
        self.0.get(setting.variable()).map(String::as_str)
    }

    /// What was said, parts between commas.
    pub fn list(&self, setting: Setting) -> impl Iterator<Item = &str> {
        self.optional(setting).unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty())
    }

    /// The queues that the function was told of, each with the kind of jobs that it takes.
    pub fn queues(&self) -> impl Iterator<Item = (JobKind, String)> {
        JobKind::ALL.into_iter().filter_map(|kind| {
            let setting = match kind {
                JobKind::Audit => Setting::AuditQueueUrl,
                JobKind::Search => Setting::SearchQueueUrl,
                JobKind::Manifest => Setting::ManifestQueueUrl,
                JobKind::Housekeeping => Setting::HousekeepingQueueUrl,
            };
            Some((kind, self.optional(setting)?.to_owned()))
        })
    }

    pub(super) fn log_level(&self) -> &str {
        self.optional(Setting::LogLevel).unwrap_or("info")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_empty_is_told_by_its_variable() {
        let settings = Settings::from_variables(|name| match name {
            "DATALAKE_PREFIX" => Some("lake".to_owned()),
            "DATALAKE_BUCKET" => Some(String::new()),
            "DATALAKE_AUDIT_QUEUE_URL" => Some("https://queue".to_owned()),
            "DATALAKE_CLIENT_IDS" => Some("one, two,".to_owned()),
            _ => None,
        });
        assert_eq!(settings.get(Setting::Prefix).expect("it was said"), "lake");
        assert!(settings.get(Setting::Bucket).expect_err("it is empty").to_string().contains("DATALAKE_BUCKET"));
        assert_eq!(settings.list(Setting::ClientIds).collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(settings.queues().collect::<Vec<_>>(), [(JobKind::Audit, "https://queue".to_owned())]);
        assert_eq!(settings.log_level(), "info");
    }
}
