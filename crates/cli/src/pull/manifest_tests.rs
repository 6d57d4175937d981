use contract::cart::ManifestPackage;
use tokio::sync::mpsc;

use super::*;

fn manifest(entries: Vec<ManifestEntry>) -> Manifest {
    let mut digest = Context::new(&SHA256);
    for entry in &entries {
        digest.update(format!("{}\t{}\n", entry.name, entry.sha256.clone().unwrap_or_default()).as_bytes());
    }
    Manifest {
        version: 1,
        package: ManifestPackage { id: "pkg_1".to_owned(), name: "Flights".to_owned() },
        revision: 1,
        expires_at: "2026-01-01T00:00:00.000Z".to_owned(),
        expected: Totals { entries: entries.len() as u64, bytes: entries.iter().map(|entry| entry.size).sum() },
        entries,
        skipped: Vec::new(),
        sha256: hex::encode(digest.finish()),
    }
}

fn entries() -> Vec<ManifestEntry> {
    let base = ManifestEntry { size: 2, sha256: Some("ab".to_owned()), ..ManifestEntry::default() };
    vec![
        ManifestEntry { name: "a".to_owned(), url: Some("http://s/a".to_owned()), ..base.clone() },
        ManifestEntry { name: "b".to_owned(), grant: Some("http://g/b".to_owned()), ..base.clone() },
        ManifestEntry { name: "c".to_owned(), bucket: Some("lake".to_owned()), key: Some("k".to_owned()), sha256: None, ..base },
    ]
}

/// What a manifest of this text hands on, and how it ends.
fn read(text: &str) -> (Vec<Outcome<Wanted>>, Outcome) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    let (sender, mut receiver) = mpsc::channel(16);
    let end = send_entries(file.path(), &sender);
    drop(sender);
    (std::iter::from_fn(|| receiver.blocking_recv()).collect(), end)
}

fn lines(manifest: &Manifest) -> String {
    let head = Manifest { entries: Vec::new(), ..manifest.clone() };
    let mut text = serde_json::to_string(&head).expect("JSON") + "\n";
    for entry in &manifest.entries {
        text += &(serde_json::to_string(entry).expect("JSON") + "\n");
    }
    text
}

#[test]
fn all_three_forms_of_text_name_the_same_files() {
    let manifest = manifest(entries());
    let compact = serde_json::to_string(&manifest).expect("JSON");
    let pretty = serde_json::to_string_pretty(&manifest).expect("JSON");
    for text in [compact, pretty, lines(&manifest)] {
        let (wanted, end) = read(&text);
        end.expect("complete");
        let names: Vec<String> = wanted.into_iter().map(|wanted| wanted.expect("a file").name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}

#[test]
fn each_format_says_where_the_bytes_are() {
    let (wanted, _) = read(&lines(&manifest(entries())));
    let sources: Vec<Source> = wanted.into_iter().map(|wanted| wanted.expect("a file").source).collect();
    assert!(matches!(&sources[0], Source::Url(url) if url == "http://s/a"));
    assert!(matches!(&sources[1], Source::Url(url) if url == "http://g/b"));
    assert!(matches!(&sources[2], Source::Object { bucket, .. } if bucket == "lake"));
}

#[test]
fn a_manifest_that_was_cut_is_an_error() {
    let text = lines(&manifest(entries()));
    let cut = text.trim_end().rsplit_once('\n').expect("lines").0;
    read(cut).1.expect_err("a file is missing");
}

#[test]
fn an_entry_that_was_changed_is_an_error() {
    read(&lines(&manifest(entries())).replace("\"ab\"", "\"cd\"")).1.expect_err("the digest differs");
}

#[test]
fn an_empty_manifest_is_complete() {
    let (wanted, end) = read(&serde_json::to_string(&manifest(Vec::new())).expect("JSON"));
    end.expect("complete");
    assert!(wanted.is_empty());
}
