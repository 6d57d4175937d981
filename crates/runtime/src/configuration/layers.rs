//! Reads values from the layers and collects what is wrong with them.

use std::{collections::BTreeMap, error::Error, ffi::OsString, fmt, path::Path, str::FromStr, time::Duration};

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};

use super::settings::{SETTINGS, Setting};

/// Everything that is wrong with a configuration, one sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationError(pub Vec<String>);

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration can't be used")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl Error for ConfigurationError {}

/// What the values of a layer are named by.
const ENVIRONMENT: &str = "environment";
const FLAGS: &str = "flags";

/// Values by [`Setting::key`].
struct Layer {
    name: &'static str,
    values: BTreeMap<String, String>,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut root = Dict::new();
        for (key, value) in &self.values {
            match key.split_once('.') {
                None => {
                    root.insert(key.clone(), value.clone().into());
                }
                Some((table, name)) => {
                    if let Value::Dict(_, values) = root.entry(table.to_owned()).or_insert_with(|| Dict::new().into()) {
                        values.insert(name.to_owned(), value.clone().into());
                    }
                }
            }
        }
        Ok(Profile::Default.collect(root))
    }
}

pub(super) struct Reader {
    figment: Figment,
    problems: Vec<String>,
}

impl Reader {
    pub(super) fn new(file: Option<&Path>, variables: impl Iterator<Item = (OsString, OsString)>, flags: &[(String, String)]) -> Self {
        let mut problems = Vec::new();
        let defaults = SETTINGS.iter().filter_map(|setting| Some((setting.key.to_owned(), setting.default?.to_owned()))).collect();
        let mut figment = Figment::from(Layer { name: "defaults", values: defaults });
        if let Some(file) = file {
            let layer = Figment::from(Toml::file_exact(file));
            match layer.extract::<Value>() {
                Ok(root) => {
                    problems.extend(unknown_keys("", &root).map(|key| format!("{}: there is no setting {key}", file.display())));
                    figment = figment.merge(layer);
                }
                Err(error) => problems.push(format!("{}: {error}", file.display())),
            }
        }
        let environment = variables.filter_map(|(name, value)| {
            let setting = SETTINGS.iter().find(|setting| name == setting.variable)?;
            let value = value.into_string().map_err(|_| problems.push(format!("{} is not Unicode", setting.variable))).ok()?;
            // `NAME= command` is how a shell unsets a variable for one command.
            (!value.is_empty()).then(|| (setting.key.to_owned(), value))
        });
        figment = figment.merge(Layer { name: ENVIRONMENT, values: environment.collect() });
        let (known, unknown): (Vec<_>, Vec<_>) = flags.iter().cloned().partition(|(key, _)| find(key).is_some());
        problems.extend(unknown.into_iter().map(|(key, _)| format!("there is no setting {key}")));
        figment = figment.merge(Layer { name: FLAGS, values: known.into_iter().collect() });
        Self { figment, problems }
    }

    /// A value that has to be there.
    pub(super) fn value<T: FromStr>(&mut self, key: &str) -> Option<T> {
        if self.figment.find_value(key).is_err() {
            self.refuse(key, "is missing");
            return None;
        }
        self.optional(key)
    }

    /// A value that may be absent.
    pub(super) fn optional<T: FromStr>(&mut self, key: &str) -> Option<T> {
        let text = scalar(&self.figment.find_value(key).ok()?);
        let value = text.as_deref().and_then(|text| text.parse().ok());
        if value.is_none() {
            let expected = find(key).map_or("something else", |setting| setting.expected);
            let found = text.map_or_else(String::new, |text| format!(", not {text:?}"));
            self.refuse(key, format_args!("must be {expected}{found}"));
        }
        value
    }

    /// A number within bounds.
    pub(super) fn between<T: FromStr + PartialOrd + fmt::Display>(&mut self, key: &str, least: T, greatest: T) -> Option<T> {
        let value: T = self.value(key)?;
        if value < least || value > greatest {
            self.refuse(key, format_args!("must be between {least} and {greatest}, not {value}"));
            return None;
        }
        Some(value)
    }

    /// A time in whole seconds.
    pub(super) fn seconds(&mut self, key: &str, least: u64, greatest: u64) -> Option<Duration> {
        self.between(key, least, greatest).map(Duration::from_secs)
    }

    /// Notes that the value of `key` can't be used, by the name under which it was given.
    pub(super) fn refuse(&mut self, key: &str, why: impl fmt::Display) {
        let variable = find(key).map_or(key, |setting| setting.variable);
        let source = self.figment.find_metadata(key).map_or(ENVIRONMENT, |metadata| &metadata.name);
        self.problems.push(match source {
            ENVIRONMENT | "defaults" => format!("{variable} {why}"),
            FLAGS => format!("the flag for {key} {why}"),
            file => format!("{key} in {file} {why} (its variable is {variable})"),
        });
    }

    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, super::ConfigurationError> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(ConfigurationError(self.problems)),
        }
    }
}

fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// A value as text; `None` for tables and lists.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Char(_, character) => Some(character.to_string()),
        Value::Bool(_, value) => Some(value.to_string()),
        Value::Num(_, number) => Some(match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(number), ..) => number.to_string(),
            (None, Some(number), _) => number.to_string(),
            (None, None, number) => number?.to_string(),
        }),
        Value::Empty(..) | Value::Dict(..) | Value::Array(..) => None,
    }
}

fn unknown_keys<'a>(prefix: &'a str, value: &'a Value) -> Box<dyn Iterator<Item = String> + 'a> {
    let Value::Dict(_, values) = value else { return Box::new(std::iter::empty()) };
    Box::new(values.iter().flat_map(move |(name, value)| {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let is_table = SETTINGS.iter().any(|setting| setting.key.split_once('.').is_some_and(|(table, _)| table == key));
        if is_table && matches!(value, Value::Dict(..)) {
            unknown_keys(&key, value).collect::<Vec<_>>()
        } else {
            find(&key).is_none().then_some(key).into_iter().collect()
        }
    }))
}
