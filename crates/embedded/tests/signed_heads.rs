//! `scripts/verify-audit-log`, as an auditor runs it, over the log of one machine and its signed heads.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use app::workers::{chain_heads::HeadKeeping, logging::Logging};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use datalake_embedded::{audit_log::FileAuditLog, signer::FileSigner};
use domain::{
    job::Job,
    ports::{AuditLog, Entry, Handler as _, ObjectVersion, Objects as _, Signer as _},
};
use futures::TryStreamExt as _;
use testkit::{FixedClock, MemoryObjects, MemoryTables, builders::audit_record};

/// A log whose heads were signed twice, and what an auditor gets of it.
struct Evidence {
    folder: tempfile::TempDir,
}

impl Evidence {
    /// Forty records about ten resources, then twenty more.
    async fn gathered() -> Self {
        let this = Self { folder: tempfile::tempdir().expect("a folder") };
        let (tables, objects) = (Arc::new(MemoryTables::new()), Arc::new(MemoryObjects::new()));
        let clock = Arc::new(FixedClock::default());
        let log = Arc::new(FileAuditLog::open(&this.path("audit"), clock.clone()).await.expect("opens"));
        let signer = Arc::new(FileSigner::open(&this.path("key")).expect("opens"));
        let logging = Logging::new(tables.clone(), log.clone() as Arc<dyn AuditLog>);
        let keeping = HeadKeeping::new(tables, objects.clone(), signer.clone(), clock.clone(), "audit");
        fs::create_dir(this.path("heads")).expect("a folder");
        for numbers in [0..40, 40..60] {
            let job = |number: u64| Job::Audit { record: audit_record(number, &format!("Größe\u{1f}\"{}\"", number % 10)) };
            let batch = numbers.map(|number| Entry { id: number.to_string(), body: job(number) }).collect();
            assert!(logging.handle(batch).await.failed.is_empty());
            clock.advance(Duration::from_secs(900));
            let address = keeping.keep().await.expect("keeps").expect("written");
            let name = address.key.rsplit('/').next().expect("a name").to_owned();
            let body = objects.get(&ObjectVersion { address, version: None }, None).await.expect("is there").bytes;
            fs::write(this.path("heads").join(name), body.try_collect::<Vec<_>>().await.expect("reads").concat()).expect("writes");
        }
        let text = BASE64_STANDARD.encode(signer.public_key().await.expect("has one"));
        let lines: Vec<&str> = [&text[..64], &text[64..]].to_vec();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        fs::write(this.path("key.pem"), pem).expect("writes");
        let files = fs::read_dir(this.path("audit")).expect("a folder").map(|entry| entry.expect("an entry").path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        let records: String = files.map(|path| fs::read_to_string(path).expect("reads")).collect();
        fs::write(this.path("records"), records).expect("writes");
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes the records that the auditor gets.
    fn change(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut lines: Vec<String> = fs::read_to_string(self.path("records")).expect("reads").lines().map(str::to_owned).collect();
        change(&mut lines);
        fs::write(self.path("records"), lines.join("\n")).expect("writes");
    }

    /// Whether nothing is wrong, and what was said.
    fn verified(&self) -> (bool, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/verify-audit-log");
        let mut command = Command::new(script);
        let output =
            command.args(["key.pem", "heads", "records"].map(|name| self.path(name))).output().expect("install Python 3 and openssl");
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// What is wrong, if only that is.
    fn wrong(&self) -> String {
        let (right, said) = self.verified();
        assert!(!right, "{said}");
        said.lines().filter_map(|line| line.strip_prefix("WRONG: ")).collect::<Vec<_>>().join("\n")
    }
}

/// The chain and place of a line.
fn place(line: &str) -> (u64, u64) {
    let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
    (record["chain"].as_u64().expect("a chain"), record["sequence"].as_u64().expect("a place"))
}

#[tokio::test]
async fn a_whole_log_is_right_in_any_order_with_copies_and_with_its_begin_expired() {
    let evidence = Evidence::gathered().await;
    let (right, said) = evidence.verified();
    assert!(right, "{said}");
    assert!(said.starts_with("60 records in "), "{said}");
    evidence.change(|lines| {
        lines.reverse();
        lines.push(lines[0].clone());
        lines.retain(|line| place(line).1 > 2);
    });
    let (right, said) = evidence.verified();
    assert!(right, "{said}");
}

#[tokio::test]
async fn a_changed_and_a_missing_record_are_told() {
    let evidence = Evidence::gathered().await;
    let mut chain = 0;
    evidence.change(|lines| {
        let second = lines.iter().position(|line| place(line).1 == 2).expect("a second record");
        chain = place(&lines[second]).0;
        lines[second] = lines[second].replace("192.0.2.1", "192.0.2.2");
    });
    assert_eq!(evidence.wrong(), format!("chain {chain}, record 2: was changed"));
    evidence.change(|lines| lines.retain(|line| place(line) != (chain, 2)));
    assert_eq!(evidence.wrong(), format!("chain {chain}: records 2 to 2 are missing"));
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_told_by_the_heads_alone() {
    let evidence = Evidence::gathered().await;
    let mut end = (0, 0);
    evidence.change(|lines| {
        end = lines.iter().map(|line| place(line)).max().expect("records");
        lines.retain(|line| place(line) != end);
    });
    let wrong = evidence.wrong();
    let (chain, sequence) = end;
    assert!(wrong.starts_with(&format!("chain {chain}, record {sequence}: is missing, and was signed in ")), "{wrong}");
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
}

#[tokio::test]
async fn a_head_that_was_changed_and_one_of_another_key_are_told() {
    let evidence = Evidence::gathered().await;
    let head = fs::read_dir(evidence.path("heads")).expect("a folder").next().expect("a head").expect("an entry").path();
    let text = fs::read_to_string(&head).expect("reads");
    let changed = text.replacen("\\\"sequence\\\":", "\\\"sequence\\\":1", 1);
    assert_ne!(changed, text);
    fs::write(&head, changed).expect("writes");
    let wrong = evidence.wrong();
    assert_eq!(wrong, format!("{}: was not signed by this key", head.display()));

    let evidence = Evidence::gathered().await;
    let other = Evidence::gathered().await;
    fs::copy(other.path("key.pem"), evidence.path("key.pem")).expect("copies");
    assert_eq!(evidence.wrong().matches("was not signed by this key").count(), 2);
}

#[tokio::test]
async fn without_heads_nothing_is_said_to_be_right() {
    let evidence = Evidence::gathered().await;
    fs::remove_dir_all(evidence.path("heads")).expect("removes");
    assert!(evidence.wrong().starts_with("there is no signed head"));
}
