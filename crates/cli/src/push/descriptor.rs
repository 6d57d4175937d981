//! What a folder's `datapackage.json` (Frictionless Data Package) says of the package.

use std::{collections::BTreeMap, fs, io, path::Path};

use contract::packages::CreatePackage;
use serde::Deserialize as _;
use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// The descriptor's name in a folder.
pub(crate) const FILE: &str = "datapackage.json";
/// The greatest descriptor that is read.
const LIMIT: u64 = 16 * 1024 * 1024;

/// The folder's descriptor as a creation, without its resources: which files there are is told by the folder.
pub(crate) fn read(folder: &Path) -> Outcome<Option<CreatePackage>> {
    let path = folder.join(FILE);
    let failed = |error: &dyn std::fmt::Display| Failure::failed(format!("read {}: {error}", path.display()));
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
        Ok(facts) if facts.len() > LIMIT => return Err(failed(&"it is larger than 16 MiB")),
        Ok(_) => {}
    }
    let document: Value = serde_json::from_slice(&fs::read(&path).map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
    parse(document).map(Some).map_err(|error| failed(&error))
}

fn parse(mut document: Value) -> serde_json::Result<CreatePackage> {
    const TAKEN: [&str; 9] = ["name", "title", "description", "licenses", "keywords", "contributors", "sources", "version", "homepage"];
    if let Value::Object(fields) = &mut document {
        fields.retain(|name, value| TAKEN.contains(&name.as_str()) && !value.is_null());
    }
    CreatePackage::deserialize(document)
}

/// The tags that the service makes of a descriptor at creation, for a package that exists already.
pub(crate) fn tags(descriptor: &CreatePackage) -> BTreeMap<String, String> {
    let join = |words: Vec<String>| {
        words.into_iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
    };
    let licenses = descriptor
        .licenses
        .iter()
        .filter_map(|license| [&license.name, &license.title, &license.path].into_iter().flatten().next().cloned());
    let sources = descriptor.sources.iter().filter_map(|source| [&source.title, &source.path].into_iter().flatten().next().cloned());
    let tags = [
        ("license", join(licenses.collect())),
        ("keywords", join(descriptor.keywords.clone())),
        ("contributors", join(descriptor.contributors.iter().map(|person| person.title.clone()).collect())),
        ("sources", join(sources.collect())),
        ("version", descriptor.version.clone().unwrap_or_default()),
        ("homepage", descriptor.homepage.clone().unwrap_or_default()),
    ];
    tags.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_descriptor_gives_words_and_tags_but_no_resources() {
        let descriptor = parse(json!({
            "name": "vega", "title": "Vega", "description": "Example data", "version": "3.2.1",
            "licenses": [{ "name": "BSD-3-Clause" }, { "title": "Other" }], "keywords": ["a", " b "],
            "contributors": [{ "title": "UW" }], "sources": [{ "path": "https://s.example" }], "homepage": null,
            "resources": [{ "path": "../../etc/passwd" }], "profile": 5
        }))
        .expect("a descriptor");
        assert_eq!((descriptor.name.as_str(), descriptor.title.as_deref()), ("vega", Some("Vega")));
        let tags = tags(&descriptor);
        let text: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(text, ["contributors=UW", "keywords=a, b", "license=BSD-3-Clause, Other", "sources=https://s.example", "version=3.2.1"]);
    }

    #[test]
    fn a_folder_without_descriptor_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(read(folder.path()).expect("read").is_none());
        fs::write(folder.path().join(FILE), "{").expect("written");
        assert!(read(folder.path()).is_err());
    }
}
