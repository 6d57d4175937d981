//! What the commands print.

use datalake_server::upkeep::{ListedJob, Report};
use serde_json::{Value, json};

/// Rows in columns, each as wide as its widest cell.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn headed(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head = head.iter().map(|name| (*name).to_owned()).collect();
    table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

/// A check's findings for people.
pub(crate) fn report(report: &Report) -> String {
    let looked = format!(
        "{} packages, {} datasets, {} objects, {} documents of the index: ",
        report.packages, report.datasets, report.objects, report.documents
    );
    if report.findings.is_empty() {
        return looked + "nothing is wrong\n";
    }
    let rows = report.findings.iter().map(|found| vec![found.damage.to_string(), found.subject.clone(), found.detail.clone()]);
    format!("{}\n{looked}{} findings\n", headed(&["DAMAGE", "WHERE", "DETAIL"], rows), report.findings.len())
}

/// Jobs for people.
pub(crate) fn jobs(jobs: &[ListedJob], only_dead: bool) -> String {
    let rows = jobs.iter().map(|job| {
        let state = if job.died_at.is_some() { "given up" } else { "waiting" };
        let when = job.died_at.unwrap_or(job.due_at).to_string();
        vec![job.id.to_string(), job.queue.clone(), state.to_owned(), job.attempts.to_string(), when, job.body.to_string()]
    });
    let dead = jobs.iter().filter(|job| job.died_at.is_some()).count();
    let listed = headed(&["ID", "QUEUE", "STATE", "ATTEMPTS", "GIVEN UP / DUE", "JOB"], rows);
    let waiting = if only_dead { String::new() } else { format!("{} jobs wait, ", jobs.len() - dead) };
    format!("{}{waiting}{dead} dead letters\n", if jobs.is_empty() { "" } else { &listed })
}

/// Jobs for programs.
pub(crate) fn jobs_json(jobs: &[ListedJob]) -> Value {
    let job = |job: &ListedJob| {
        json!({
            "id": job.id, "queue": job.queue, "attempts": job.attempts, "enqueued_at": job.enqueued_at, "due_at": job.due_at,
            "died_at": job.died_at, "body": job.body,
        })
    };
    jobs.iter().map(job).collect()
}
