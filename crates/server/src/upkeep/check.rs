//! `datalake-server check`.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use app::check::{Check, Damage, Report};
use embedded::{
    audit_log::{self, Problem},
    objects::{ContentProblem, Inspection},
    tables::SqliteTables,
    users::Users,
};
use runtime::system::SystemClock;

use super::{inventory::LocalInventory, require_data};
use crate::home::{AUDIT, BUCKET, JOBS, OBJECTS, SEARCH, TABLES, lock};

/// Looks for damage in the data below `folder`, which no server may have open; with `content`, every byte of every object is
/// read. Changes nothing.
///
/// # Errors
/// If the folder can't be looked at: it holds no data lake, or a server has it open.
pub async fn check(folder: &Path, content: bool) -> anyhow::Result<Report> {
    require_data(folder)?;
    let _lock = lock(folder)?;
    let mut report = Report::default();
    let owned = folder.to_owned();
    let databases = tokio::task::spawn_blocking(move || databases(&owned)).await??;
    for (name, problem) in databases {
        report.found(Damage::DatabaseDamaged, name, problem);
    }
    if report.findings.is_empty() {
        rows_and_index(folder, &mut report).await?;
        let owned = folder.to_owned();
        report.findings.extend(tokio::task::spawn_blocking(move || contents(&owned, content)).await??.findings);
    }
    report.findings.sort();
    Ok(report)
}

fn databases(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for name in [TABLES, JOBS, Users::FILE, &format!("{OBJECTS}/objects.sqlite")] {
        let path = folder.join(name);
        let problems = if path.is_file() {
            embedded::database_problems(&path).with_context(|| format!("can't read {}", path.display()))?
        } else {
            vec!["it is gone".to_owned()]
        };
        found.extend(problems.into_iter().map(|problem| (name.to_owned(), problem)));
    }
    Ok(found)
}

async fn rows_and_index(folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    let tables = Arc::new(SqliteTables::open(folder.join(TABLES)).context("can't open the tables")?);
    let inventory = LocalInventory::open(folder, Arc::clone(&tables)).await?;
    if let Err(error) = embedded::search::inspect(&folder.join(SEARCH)) {
        report.found(Damage::IndexUnreadable, SEARCH, format_args!("{:#}", anyhow::Error::new(error)));
    }
    let check = Check::new(tables, Arc::new(inventory), Arc::new(SystemClock), BUCKET);
    check.run(report).await.context("can't read the data")?;
    let ends = check.logged_ends().await.context("can't read the heads of the audit log's chains")?;
    let log = folder.join(AUDIT);
    let verified = tokio::task::spawn_blocking(move || audit_log::verify(&log, &ends)).await?.context("can't read the audit log")?;
    for problem in verified.problems {
        let (subject, detail) = describe(&problem);
        report.found(Damage::AuditChainBroken, subject, detail);
    }
    Ok(())
}

fn describe(problem: &Problem) -> (String, String) {
    let chain = |chain: &u32| format!("chain {chain}");
    match problem {
        Problem::Unreadable { file, line } => (file.clone(), format!("line {line} is no record")),
        Problem::Changed { chain: of, sequence } => (chain(of), format!("record {sequence} was changed")),
        Problem::Broken { chain: of, sequence } => (chain(of), format!("record {sequence} does not follow the one before")),
        Problem::Missing { chain: of, first, last } => (chain(of), format!("records {first} to {last} are missing")),
        Problem::NotAsSigned { chain: of, sequence } => (chain(of), format!("record {sequence} is missing, or not the one that was there")),
        Problem::Forked { chain: of, sequence } => (chain(of), format!("two records claim place {sequence}")),
    }
}

fn contents(folder: &Path, content: bool) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let found = |problem: ContentProblem| match problem {
        ContentProblem::FileMissing { object, file } => report.found(Damage::ObjectFileMissing, object, format_args!("file {file}")),
        ContentProblem::FileLength { object, file, expected, found } => {
            report.found(Damage::ObjectFileLength, object, format_args!("file {file} has {found} bytes; it had {expected}"));
        }
        ContentProblem::Content { object } => report.found(Damage::ObjectFileContent, object, "it has another SHA-256"),
        ContentProblem::WithoutFile { object } => report.found(Damage::ObjectWithoutFile, object, ""),
        ContentProblem::Stray { file } => report.found(Damage::FileWithoutObject, format_args!("file {file}"), ""),
    };
    let inspection = Inspection::new(&folder.join(OBJECTS));
    inspection.contents(content, found).context("can't read the objects")?;
    Ok(report)
}
