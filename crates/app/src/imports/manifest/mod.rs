//! Import manifests, read an entry at a time from a place on that is kept between runs.
//!
//! Nothing holds a manifest as a whole: a window of it is fetched at a time. An entry that can't be read is a failure with
//! its line; only what makes the entries behind it unreadable ends the manifest.

mod csv;
mod json;
mod source;
mod window;

pub(crate) use source::Source;
pub(crate) use window::{Manifest, Window};

use domain::{PortError, import::FailureCode, text::SHOWN_OF_AN_ENTRY};
use serde::{Deserialize, Serialize};

use self::csv::CsvRecords;

/// At most so many bytes an entry.
const ENTRY_BYTES: usize = 64 * 1024;

/// Where in a manifest; everything before it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// In bytes.
    pub(crate) offset: u64,
    /// CSV: line ends before it; JSON: entries before it.
    line: u64,
    part: Part,
}

/// In which part of a manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// At its begin, where nothing is known of it.
    #[default]
    Start,
    /// Among lines of CSV.
    Csv,
    /// In the JSON object, before any list of entries.
    Head,
    /// In a list of entries.
    List(List),
    /// In the JSON object, behind a list of entries.
    Tail,
    /// At its end.
    End,
}

/// The forms of JSON entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum List {
    /// `{"url"}` and `{"prefix", "exclude"}`.
    Entries,
    /// `{"includePath", "excludePatterns"}`, as manifests of the predecessor's version 2 have them.
    DataStore,
    /// `{"url"}`, as manifests of the predecessor's version 1 have them.
    FileLocations,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// CSV: the line where it begins; JSON: its number. From 1.
    pub(crate) number: u64,
    /// The entry as it stands there, cut.
    pub(crate) text: String,
    /// What it names.
    pub(crate) source: Result<Source, Fault>,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: FailureCode,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn new(code: FailureCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    fn malformed(reason: impl Into<String>) -> Self {
        Self::new(FailureCode::Malformed, reason)
    }

    fn too_long() -> Self {
        Self::malformed(format!("The entry has more than {ENTRY_BYTES} bytes."))
    }
}

/// Why no further entry can be read.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The store did not give it.
    Store(PortError),
    /// It is no manifest from here on; the sentence is for people.
    Here(String),
}

impl From<PortError> for Broken {
    fn from(error: PortError) -> Self {
        Self::Store(error)
    }
}

/// Reads the entries of a manifest.
pub(crate) struct Entries {
    window: Window,
    records: CsvRecords,
    line: u64,
    /// Whether the byte before was a return: a line feed behind it ends no other line.
    returned: bool,
    part: Part,
}

impl Entries {
    /// From `place` on.
    pub(crate) fn from(manifest: Manifest, place: Place) -> Self {
        Self {
            window: Window::new(manifest, place.offset),
            records: CsvRecords::default(),
            line: place.line,
            returned: false,
            part: place.part,
        }
    }

    /// Behind what was read last.
    pub(crate) fn place(&self) -> Place {
        Place { offset: self.window.offset(), line: self.line, part: self.part }
    }

    /// The next entry; `None` at the manifest's end.
    pub(crate) async fn next(&mut self) -> Result<Option<Line>, Broken> {
        loop {
            match self.part {
                Part::Start => self.start().await?,
                Part::Csv => return self.csv_line().await,
                Part::Head | Part::Tail => self.member().await?,
                Part::List(list) => {
                    if let Some(line) = self.element(list).await? {
                        return Ok(Some(line));
                    }
                }
                Part::End => return Ok(None),
            }
        }
    }

    /// Tells JSON from CSV: no bucket's name begins with `{`.
    async fn start(&mut self) -> Result<(), Broken> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        while self.window.rest().len() < BYTE_ORDER_MARK.len() && self.window.more().await? {}
        if self.window.rest().starts_with(BYTE_ORDER_MARK) {
            self.window.advance(BYTE_ORDER_MARK.len());
        }
        match self.skip_blanks(false).await? {
            None => Err(Broken::Here("The manifest is empty.".to_owned())),
            Some(b'{') => {
                self.window.advance(1);
                self.line = 0;
                self.part = Part::Head;
                Ok(())
            }
            Some(_) => {
                self.part = Part::Csv;
                Ok(())
            }
        }
    }

    /// Goes on to what is no white space, and counts the lines; commas are skipped if `commas`.
    async fn skip_blanks(&mut self, commas: bool) -> Result<Option<u8>, Broken> {
        loop {
            let blank = |byte: &&u8| byte.is_ascii_whitespace() || (commas && **byte == b',');
            let rest = self.window.rest();
            let blanks = rest.iter().take_while(blank).count();
            let next = rest.get(blanks).copied();
            if matches!(self.part, Part::Start | Part::Csv) {
                (self.line, self.returned) = behind(self.line, self.returned, &rest[..blanks]);
            }
            self.window.advance(blanks);
            if next.is_some() || !self.window.more().await? {
                return Ok(next);
            }
        }
    }

    fn broken(&self, what: &str) -> Broken {
        Broken::Here(format!("The manifest is not valid JSON at byte {}: {what}", self.window.offset()))
    }
}

/// The line behind these bytes, and whether the last of them is a return. Lines end as the parser of CSV has it, by a
/// return, a line feed, or both: each record has a line of its own.
fn behind(line: u64, returned: bool, bytes: &[u8]) -> (u64, bool) {
    bytes.iter().fold((line, returned), |(line, returned), byte| {
        let ends = *byte == b'\r' || *byte == b'\n' && !returned;
        (line + u64::from(ends), *byte == b'\r')
    })
}

fn shown(bytes: &[u8]) -> String {
    // A character has four bytes at most.
    String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN_OF_AN_ENTRY)]).chars().take(SHOWN_OF_AN_ENTRY).collect()
}

#[cfg(test)]
mod tests;
