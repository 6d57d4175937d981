//! A figure, its limit, and the table of all.

use std::{fmt::Write as _, path::PathBuf};

/// What a figure is measured with.
#[derive(Debug)]
pub(crate) struct Setting {
    /// `datalake`, as it is released.
    pub(crate) command_line: PathBuf,
    /// A folder for whatever a figure needs; it is removed at the end.
    pub(crate) scratch: PathBuf,
    /// How often everything is measured; a figure is the median.
    pub(crate) runs: usize,
    /// Pushes and imports are so many times smaller than their figures say: to try them out.
    pub(crate) divide: u32,
}

/// What was measured, beside what it must keep.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What it is about.
    pub(crate) name: String,
    /// What we took, with its unit, of the run whose value this is.
    pub(crate) ours: String,
    /// What it is compared with, with its unit, of the same run; empty if with nothing.
    pub(crate) reference: String,
    /// The ratio of both, or the value itself; the median of all runs.
    pub(crate) value: f64,
    /// What the value must keep.
    pub(crate) limit: Limit,
}

/// What a value must keep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// It may be this at most.
    AtMost(f64),
    /// It must be this at least.
    AtLeast(f64),
}

impl Figure {
    /// Whether the limit is kept.
    pub(crate) fn is_kept(&self) -> bool {
        match self.limit {
            Limit::AtMost(most) => self.value <= most,
            Limit::AtLeast(least) => self.value >= least,
        }
    }
}

/// The index of the run whose value is the median: what a figure shows of both sides belongs to one run.
pub(crate) fn median_run(values: &[f64]) -> usize {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    order[order.len() / 2]
}

/// All figures, as the document has them.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = String::from("| figure | ours | compared with | value | limit | kept |\n|---|---:|---:|---:|---:|---|\n");
    for figure in figures {
        let limit = match figure.limit {
            Limit::AtMost(most) => format!("≤ {most}"),
            Limit::AtLeast(least) => format!("≥ {least}"),
        };
        let kept = if figure.is_kept() { "yes" } else { "**no**" };
        let reference = if figure.reference.is_empty() { "–" } else { &figure.reference };
        // Nothing fails that is written into a text.
        let _ = writeln!(text, "| {} | {} | {reference} | {:.2} | {limit} | {kept} |", figure.name, figure.ours, figure.value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, limit: Limit) -> Figure {
        Figure { name: "reading".to_owned(), ours: "7 ms".to_owned(), reference: String::new(), value, limit }
    }

    #[test]
    fn a_limit_is_kept_by_what_is_on_its_side() {
        assert!(figure(2.0, Limit::AtMost(2.0)).is_kept() && !figure(2.1, Limit::AtMost(2.0)).is_kept());
        assert!(figure(0.5, Limit::AtLeast(0.5)).is_kept() && !figure(0.4, Limit::AtLeast(0.5)).is_kept());
        assert!(!figure(f64::NAN, Limit::AtMost(2.0)).is_kept(), "what was not measured keeps nothing");
    }

    #[test]
    fn the_run_in_the_middle_is_found() {
        assert_eq!(median_run(&[3.0, 900.0, 1.0, 2.0, 4.0]), 0);
        assert_eq!(median_run(&[1.0]), 0);
    }

    #[test]
    fn the_table_shows_what_is_not_kept() {
        let text = table(&[figure(2.1, Limit::AtMost(2.0)), figure(0.5, Limit::AtLeast(0.5))]);
        assert!(text.contains("| reading | 7 ms | – | 2.10 | ≤ 2 | **no** |\n| reading | 7 ms | – | 0.50 | ≥ 0.5 | yes |"), "{text}");
    }
}
