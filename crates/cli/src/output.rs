//! How results are printed: a table for people; JSON, YAML and CSV for programs.

use std::io::{self, ErrorKind, Write};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr as _;

use crate::failure::{Failure, Outcome};

/// A form of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Aligned columns for people.
    #[default]
    Table,
    /// JSON as the API gives it.
    Json,
    /// The same as YAML.
    Yaml,
    /// The table's columns as comma-separated values.
    Csv,
}

/// A column: its title, and what it shows of an entry.
pub(crate) type Column<T> = (&'static str, fn(&T) -> String);

/// Prints in one form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    pub(crate) format: Format,
    quiet: bool,
}

impl Printer {
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        Self { format, quiet }
    }

    /// A list.
    pub(crate) fn list<T: Serialize>(&self, entries: &[T], columns: &[Column<T>]) -> Outcome {
        self.print(&self.render_list(entries, columns)?)
    }

    /// One thing; people get it a line a field.
    pub(crate) fn item<T: Serialize>(&self, item: &T, fields: &[Column<T>]) -> Outcome {
        self.print(&self.render_item(item, fields)?)
    }

    /// A remark for people, on stderr; programs and the quiet are spared.
    pub(crate) fn note(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            // Nobody can be told when stderr is gone.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Text as it is.
    pub(crate) fn print(&self, text: &str) -> Outcome {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever reads has read enough (`| head`).
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::file("write the result", &error)),
            Ok(()) => Ok(()),
        }
    }

    /// A value in the form for programs.
    pub(crate) fn render_value<T: Serialize + ?Sized>(&self, value: &T) -> Outcome<String> {
        match self.format {
            Format::Yaml => serde_saphyr::to_string(&value).map_err(Failure::failed),
            _ => serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(Failure::failed),
        }
    }

    pub(crate) fn render_list<T: Serialize>(&self, entries: &[T], columns: &[Column<T>]) -> Outcome<String> {
        match self.format {
            Format::Json | Format::Yaml => self.render_value(entries),
            Format::Csv => csv(entries, columns),
            Format::Table => Ok(table(entries, columns)),
        }
    }

    pub(crate) fn render_item<T: Serialize>(&self, item: &T, fields: &[Column<T>]) -> Outcome<String> {
        match self.format {
            Format::Json | Format::Yaml => self.render_value(item),
            Format::Csv => csv(std::slice::from_ref(item), fields),
            Format::Table => Ok(sheet(item, fields)),
        }
    }
}

fn csv<T>(entries: &[T], columns: &[Column<T>]) -> Outcome<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::failed(format!("write CSV: {error}"));
    writer.write_record(columns.iter().map(|(title, _)| *title)).map_err(failed)?;
    for entry in entries {
        writer.write_record(columns.iter().map(|(_, show)| show(entry))).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::failed(format!("write CSV: {error}")))?;
    String::from_utf8(bytes).map_err(Failure::failed)
}

fn table<T>(entries: &[T], columns: &[Column<T>]) -> String {
    let titles: Vec<String> = columns.iter().map(|(title, _)| title.to_uppercase().replace('_', " ")).collect();
    let rows: Vec<Vec<String>> = entries.iter().map(|entry| columns.iter().map(|(_, show)| one_line(&show(entry))).collect()).collect();
    let widths: Vec<usize> =
        (0..columns.len()).map(|column| rows.iter().chain([&titles]).map(|row| row[column].width()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in [&titles].into_iter().chain(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn sheet<T>(item: &T, fields: &[Column<T>]) -> String {
    let width = fields.iter().map(|(title, _)| title.width()).max().unwrap_or(0);
    let mut text = String::new();
    for (title, show) in fields {
        let value = show(item);
        let mut lines = value.lines().map(one_line);
        let label = title.replace('_', " ");
        let padding = " ".repeat(width - label.width());
        text.push_str(format!("{label}{padding}  {}", lines.next().unwrap_or_default()).trim_end());
        text.push('\n');
        for line in lines {
            text.push_str(format!("{}  {line}", " ".repeat(width)).trim_end());
            text.push('\n');
        }
    }
    text
}

/// What others wrote must neither break the table nor steer the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') { ' ' } else { c }).collect()
}

/// A size for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let exponent = (bytes.ilog2() / 10).min(5);
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let value = bytes as f64 / 1024_f64.powi(i32::try_from(exponent).unwrap_or(1));
    format!("{value:.1} {}", UNITS[exponent as usize - 1])
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
