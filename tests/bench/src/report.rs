//! The figures, their limits, and the tables of both.

use std::{fmt, time::Duration};

use crate::{function::Figures, overhead::Overhead};

/// A thousand thousand bytes.
const MB: f64 = 1_000_000.0;

/// A figure, and what it must not exceed.
#[derive(Clone, Debug)]
struct Held {
    what: String,
    value: f64,
    most: f64,
}

/// A function's figures, in the order of its columns, and their limits.
const LIMITS: [(&str, Option<f64>); 5] = [
    ("zip, MB", Some(8.0)),
    ("first answer, ms", Some(30.0)),
    ("computed until then, ms", None),
    ("resident after 1, MB", Some(20.0)),
    ("after 500, MB", Some(25.0)),
];
/// How much longer than one `GetItem` the reading of a package may take.
const MOST_OVERHEAD: f64 = 1.5;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    functions: Vec<(String, [f64; 5])>,
    overhead: Option<Overhead>,
}

impl Report {
    /// A function's figures.
    pub(crate) fn add_function(&mut self, name: &str, zip: u64, figures: &Figures) {
        let (first_answer, computed) = (millis(figures.first_answer), millis(figures.computed));
        let row = [megabytes(zip), first_answer, computed, megabytes(figures.resident_first), megabytes(figures.resident_last)];
        self.functions.push((name.to_owned(), row));
    }

    /// What our own code costs.
    pub(crate) fn add_overhead(&mut self, overhead: Overhead) {
        self.overhead = Some(overhead);
    }

    /// What is above its limit.
    pub(crate) fn missed(&self) -> Vec<String> {
        let functions = self.functions.iter().flat_map(|(name, row)| {
            let held = row.iter().zip(LIMITS).filter_map(|(value, (what, most))| Some((what, *value, most?)));
            held.map(move |(what, value, most)| Held { what: format!("{name}: {what}"), value, most })
        });
        let overhead = self.overhead.iter().map(|overhead| Held {
            what: "GET package / GetItem".to_owned(),
            value: overhead.ratio(),
            most: MOST_OVERHEAD,
        });
        functions
            .chain(overhead)
            .filter(|held| held.value > held.most)
            .map(|held| format!("{} {:.1} > {:.1}", held.what, held.value, held.most))
            .collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads: Vec<&str> = LIMITS.iter().map(|(what, _)| *what).collect();
        writeln!(out, "| function | {} |", heads.join(" | "))?;
        writeln!(out, "|---|{}", "---:|".repeat(heads.len()))?;
        for (name, row) in &self.functions {
            writeln!(out, "| {name} | {} |", cells(&row.map(Some)))?;
        }
        writeln!(out, "| **limit** | {} |", cells(&LIMITS.map(|(_, most)| most)))?;
        if let Some(overhead) = &self.overhead {
            writeln!(out, "\n| one GetItem, ms | GET package, ms | ratio | limit |\n|---:|---:|---:|---:|")?;
            let (raw, whole) = (millis(overhead.raw), millis(overhead.whole));
            writeln!(out, "| {raw:.2} | {whole:.2} | {:.2} | {MOST_OVERHEAD:.2} |", overhead.ratio())?;
        }
        Ok(())
    }
}

fn cells(row: &[Option<f64>]) -> String {
    let cell = |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"));
    row.iter().map(cell).collect::<Vec<_>>().join(" | ")
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "sizes of programs are far below 2^53")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / MB
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(first_answer: u64, whole: u64) -> Report {
        let mut report = Report::default();
        let (first_answer, computed) = (Duration::from_millis(first_answer), Duration::from_millis(900));
        let figures = Figures { first_answer, computed, resident_first: 19_000_000, resident_last: 25_000_000 };
        report.add_function("packages", 7_900_000, &figures);
        report.add_overhead(Overhead { raw: Duration::from_micros(1_000), whole: Duration::from_micros(whole) });
        report
    }

    #[test]
    fn what_is_above_its_limit_is_told_and_nothing_else() {
        assert_eq!(report(30, 1_500).missed(), Vec::<String>::new());
        assert_eq!(report(31, 1_600).missed(), ["packages: first answer, ms 31.0 > 30.0", "GET package / GetItem 1.6 > 1.5"]);
    }

    #[test]
    fn the_tables_show_figures_beside_limits() {
        let shown = report(12, 1_250).to_string();
        assert!(shown.contains("| packages | 7.9 | 12.0 | 900.0 | 19.0 | 25.0 |\n| **limit** | 8.0 | 30.0 | – | 20.0 | 25.0 |"), "{shown}");
        assert!(shown.contains("| 1.00 | 1.25 | 1.25 | 1.50 |"), "{shown}");
    }
}
