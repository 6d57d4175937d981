use std::{fs, io::Write};

use super::*;

fn load(toml: Option<&str>, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Configuration, Vec<String>> {
    let file = toml.map(|text| {
        let mut file = tempfile::NamedTempFile::with_suffix(".toml").expect("a file");
        file.write_all(text.as_bytes()).expect("writes");
        file
    });
    let flags: Vec<(String, String)> = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let path = file.as_ref().map(|file| file.path());
    Configuration::from_layers(path, variables.iter().copied(), &flags).map_err(|error| error.0)
}

#[test]
fn defaults_are_enough() {
    let configuration = load(None, &[], &[]).expect("is whole");
    assert_eq!(configuration.api.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(configuration.objects.public_url(configuration.objects.listen, false), "http://127.0.0.1:8081");
    assert_eq!(configuration.workers.pace, Pace::default());
}

#[test]
fn file_then_variables_then_flags() {
    let toml = "data_dir = \"file\"\n[api]\nlisten = \"127.0.0.1:1\"\n[objects]\nlisten = \"127.0.0.1:1\"\n[workers]\nbatch = 7\n";
    let variables = [("DATALAKE_API_LISTEN", "127.0.0.1:2"), ("DATALAKE_OBJECTS_LISTEN", "127.0.0.1:2"), ("DATALAKE_LOG_FORMAT", "json")];
    let configuration = load(Some(toml), &variables, &[("objects.listen", "127.0.0.1:3")]).expect("is whole");
    assert_eq!(configuration.data_dir, Path::new("file"));
    assert_eq!(configuration.workers.pace.batch, 7);
    assert_eq!(configuration.log.format, LogFormat::Json);
    assert_eq!((configuration.api.listen.port(), configuration.objects.listen.port()), (2, 3));
}

#[test]
fn a_folder_named_by_a_number_stays_a_folder() {
    let configuration = load(None, &[("DATALAKE_DATA_DIR", "2026")], &[]).expect("is whole");
    assert_eq!(configuration.data_dir, Path::new("2026"));
}

#[test]
fn every_mistake_is_told_by_its_name() {
    let variables =
        [("DATALAKE_API_LISTEN", "localhost"), ("DATALAKE_WORKERS_BATCH", "101"), ("DATALAKE_LOG_LEVEL", "a=b=c"), ("DATALAKE_OTHER", "x")];
    let problems =
        load(Some("colour = 1\n[log]\nformat = \"xml\"\nsize = 2\n"), &variables, &[("no.such", "1")]).expect_err("five mistakes");
    let told = |words: &[&str]| problems.iter().any(|problem| words.iter().all(|word| problem.contains(word)));
    assert!(told(&["DATALAKE_API_LISTEN must be an address", "\"localhost\""]), "{problems:?}");
    assert!(told(&["DATALAKE_WORKERS_BATCH", "between 1 and 100"]), "{problems:?}");
    assert!(told(&["DATALAKE_LOG_LEVEL"]), "{problems:?}");
    assert!(told(&["log.format in", "json or text", "\"xml\""]), "{problems:?}");
    assert!(told(&["no setting colour"]) && told(&["no setting log.size"]) && told(&["no setting no.such"]), "{problems:?}");
    assert_eq!(problems.len(), 7, "{problems:?}");
}

#[test]
fn an_address_that_nobody_can_reach_needs_a_public_url() {
    let problems = load(None, &[("DATALAKE_API_LISTEN", "0.0.0.0:80")], &[]).expect_err("no URL");
    assert!(problems[0].starts_with("DATALAKE_API_PUBLIC_URL must be set"), "{problems:?}");
    let variables = [("DATALAKE_API_LISTEN", "0.0.0.0:80"), ("DATALAKE_API_PUBLIC_URL", "https://lake.example.org/")];
    let configuration = load(None, &variables, &[]).expect("is whole");
    assert_eq!(configuration.api.public_url(configuration.api.listen, false), "https://lake.example.org");
}

#[test]
fn a_public_url_is_an_origin() {
    for url in ["ftp://lake", "https://lake/?a=b", "https://ann:secret@lake", "https://lake/path", "lake"] {
        assert!(load(None, &[("DATALAKE_API_PUBLIC_URL", url)], &[]).is_err(), "{url}");
    }
}

#[test]
fn a_certificate_comes_with_its_key_and_proxies_are_addresses_or_nets() {
    let told = |variables: &[(&str, &str)]| load(None, variables, &[]).expect_err("a mistake").remove(0);
    assert!(told(&[("DATALAKE_TLS_CERTIFICATE", "a.pem")]).starts_with("DATALAKE_TLS_KEY must be set"));
    assert!(told(&[("DATALAKE_TLS_KEY", "a.pem")]).starts_with("DATALAKE_TLS_CERTIFICATE must be set"));
    assert!(told(&[("DATALAKE_IMPORT_ROOTS", "a=/b,partners")]).ends_with("not \"partners\""));
    assert!(told(&[("DATALAKE_API_TRUSTED_PROXIES", "10.0.0.0/8, proxy")]).ends_with("not \"proxy\""));
    assert!(told(&[("DATALAKE_IMPORT_BUCKETS", "a")]).starts_with("DATALAKE_IMPORT_BUCKETS is of no use"));
    let endpoint = [
        ("DATALAKE_IMPORT_ENDPOINT", "https://s3.example.org"),
        ("DATALAKE_IMPORT_BUCKETS", "a, b"),
        ("DATALAKE_IMPORT_ACCESS_KEY_ID", "reader"),
        ("DATALAKE_IMPORT_SECRET_FILE", "secret"),
    ];
    for missing in 1..endpoint.len() {
        let rest: Vec<_> = endpoint.iter().enumerate().filter(|(place, _)| *place != missing).map(|(_, pair)| *pair).collect();
        assert_eq!(told(&rest), format!("{} must be set with import.endpoint", endpoint[missing].0));
    }
    for url in ["https://reader:secret@s3.example.org", "https://s3.example.org/?x", "https://s3.example.org/lake", "ftp://s3.example.org"]
    {
        let given = [&[("DATALAKE_IMPORT_ENDPOINT", url)], &endpoint[1..]].concat();
        assert!(told(&given).starts_with("DATALAKE_IMPORT_ENDPOINT must be http or https"), "{url}");
    }
    let found = load(None, &endpoint, &[]).expect("is whole").import_endpoint.expect("an endpoint");
    assert_eq!((found.buckets, found.region), (vec!["a".to_owned(), "b".to_owned()], "us-east-1".to_owned()));

    let variables = [
        ("DATALAKE_TLS_CERTIFICATE", "a.pem"),
        ("DATALAKE_TLS_KEY", "b.pem"),
        ("DATALAKE_API_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
        ("DATALAKE_IMPORT_ROOTS", "partners=/srv/partners, open=data=1"),
        ("DATALAKE_METRICS_LISTEN", "127.0.0.1:9090"),
        ("DATALAKE_LIMITS_HEAD_SECONDS", "7"),
    ];
    let configuration = load(None, &variables, &[]).expect("is whole");
    assert_eq!(configuration.tls, Some(TlsFiles { certificate: "a.pem".into(), key: "b.pem".into() }));
    assert_eq!(configuration.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.0/8", "192.0.2.1/32"]);
    let roots = [("partners".to_owned(), "/srv/partners".into()), ("open".to_owned(), "data=1".into())];
    assert_eq!(configuration.import_roots, roots);
    assert_eq!(configuration.metrics_listen.map(|address| address.port()), Some(9090));
    assert_eq!((configuration.limits.head_time, configuration.limits.body_time), (Duration::from_secs(7), Duration::from_secs(15)));
    assert_eq!(configuration.api.public_url(configuration.api.listen, true), "https://127.0.0.1:8080");
}

#[test]
fn a_lease_outlasts_a_batch() {
    let problems = load(None, &[("DATALAKE_WORKERS_LEASE_SECONDS", "60")], &[]).expect_err("too short");
    assert!(problems[0].starts_with("DATALAKE_WORKERS_LEASE_SECONDS must be more"), "{problems:?}");
}

#[test]
fn a_file_that_is_missing_or_broken_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("datalake.toml");
    let load = || Configuration::from_layers(Some(&path), Vec::<(&str, &str)>::new(), &[]).expect_err("no file").0;
    assert!(load()[0].contains("datalake.toml"));
    fs::write(&path, "[api").expect("writes");
    assert!(load()[0].contains("datalake.toml"));
}

#[test]
fn no_setting_stands_twice_and_every_variable_follows_from_its_key() {
    for setting in SETTINGS {
        assert_eq!(setting.variable, format!("DATALAKE_{}", setting.key.replace('.', "_").to_uppercase()));
        assert_eq!(SETTINGS.iter().filter(|other| other.key == setting.key).count(), 1);
    }
}
