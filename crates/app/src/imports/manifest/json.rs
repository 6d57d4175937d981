//! Lists of entries in a JSON object. Where a value ends is found here, what it says by `serde_json`: so memory holds one
//! entry at a time, reading goes on from any entry, and one that is no valid JSON is a failure of its own.

use domain::text::{self, SHOWN_OF_AN_ENTRY};
use serde::Deserialize;

use super::{Broken, ENTRY_BYTES, Entries, Fault, Line, List, Part, shown, source::Source};

/// One JSON value of the manifest.
enum Value {
    Whole(Vec<u8>),
    TooLong,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with a 'url' or a 'prefix'")]
struct Entry {
    url: Option<String>,
    version: Option<String>,
    prefix: Option<String>,
    #[serde(default)]
    exclude: Vec<String>,
}

/// Of the predecessor's manifests; what else it had in an entry said nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with an 'includePath'")]
struct DataStore {
    include_path: String,
    #[serde(default)]
    exclude_patterns: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with a 'url'")]
struct FileLocation {
    url: String,
}

impl Entries {
    /// Reads a member of the manifest's object, or up to the begin of one that is a list of entries.
    pub(super) async fn member(&mut self) -> Result<(), Broken> {
        match self.skip_blanks(true).await? {
            None => return Err(self.broken("it ends before its closing brace.")),
            Some(b'}') => {
                if self.part == Part::Head {
                    let lists = "'entries', 'dataStore' or 'fileLocations'";
                    return Err(Broken::Here(format!("The manifest has no list of entries: none of {lists}.")));
                }
                self.part = Part::End;
                return Ok(());
            }
            Some(b'"') => {}
            Some(_) => return Err(self.broken("the name of a member was expected.")),
        }
        let name = match self.value().await? {
            Value::Whole(bytes) => serde_json::from_slice::<String>(&bytes).map_err(|_| self.broken("a name can't be read."))?,
            Value::TooLong => return Err(self.broken("a name is too long.")),
        };
        if self.skip_blanks(false).await? != Some(b':') {
            return Err(self.broken("a colon was expected."));
        }
        self.window.advance(1);
        let first = self.skip_blanks(false).await?;
        let list = match name.as_str() {
            "entries" => List::Entries,
            "dataStore" => List::DataStore,
            "fileLocations" => List::FileLocations,
            other => {
                let value = self.value().await?;
                let known = |value: &Value| matches!(value, Value::Whole(bytes) if bytes == b"1");
                return if other != "version" || known(&value) {
                    Ok(())
                } else {
                    Err(Broken::Here("The manifest's version is not 1, the one that is known here.".to_owned()))
                };
            }
        };
        if first != Some(b'[') {
            return Err(self.broken(&format!("the list '{name}' was expected.")));
        }
        self.window.advance(1);
        self.part = Part::List(list);
        Ok(())
    }

    /// The next element of a list; `None` at its end.
    pub(super) async fn element(&mut self, list: List) -> Result<Option<Line>, Broken> {
        match self.skip_blanks(true).await? {
            None => return Err(self.broken("it ends before its list of entries does.")),
            Some(b']') => {
                self.window.advance(1);
                self.part = Part::Tail;
                return Ok(None);
            }
            Some(b'}' | b':') => return Err(self.broken("an entry was expected.")),
            Some(_) => {}
        }
        let value = self.value().await?;
        self.line += 1;
        let (text, source) = match &value {
            Value::Whole(bytes) => (shown(bytes), read(list, bytes)),
            Value::TooLong => (String::new(), Err(Fault::too_long())),
        };
        Ok(Some(Line { number: self.line, text, source }))
    }

    /// Reads a value; of one that is too long nothing is kept.
    async fn value(&mut self) -> Result<Value, Broken> {
        let (mut scanner, mut scanned, mut too_long) = (Scanner::default(), 0, false);
        loop {
            let end = scanner.end(&self.window.rest()[scanned..]);
            let length = end.map_or(self.window.rest().len(), |end| scanned + end);
            too_long |= length > ENTRY_BYTES;
            if end.is_some() {
                let value = if too_long { Value::TooLong } else { Value::Whole(self.window.rest()[..length].to_vec()) };
                self.window.advance(length);
                return Ok(value);
            }
            scanned = length;
            if too_long {
                self.window.advance(length);
                scanned = 0;
            }
            if !self.window.more().await? {
                return Err(self.broken("it ends within a value."));
            }
        }
    }
}

/// Finds where a value ends, in pieces.
#[derive(Default)]
struct Scanner {
    begun: bool,
    depth: usize,
    text: bool,
    escaped: bool,
}

impl Scanner {
    /// How many of these bytes belong to the value; `None` if it goes on behind them.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (place, byte) in bytes.iter().enumerate() {
            let begun = std::mem::replace(&mut self.begun, true);
            if self.text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.text = false,
                    _ => {}
                }
                if !self.text && self.depth == 0 {
                    return Some(place + 1);
                }
                continue;
            }
            match byte {
                b'"' if begun && self.depth == 0 => return Some(place),
                b'"' => self.text = true,
                b'{' | b'[' => self.depth += 1,
                // What holds the value ends with it.
                b'}' | b']' if self.depth == 0 => return Some(place),
                b'}' | b']' if self.depth == 1 => return Some(place + 1),
                b'}' | b']' => self.depth -= 1,
                b',' | b':' if self.depth == 0 => return Some(place),
                byte if self.depth == 0 && byte.is_ascii_whitespace() => return Some(place),
                _ => {}
            }
        }
        None
    }
}

fn read(list: List, bytes: &[u8]) -> Result<Source, Fault> {
    match list {
        List::Entries => match parse(bytes)? {
            Entry { url: Some(url), prefix: None, version, exclude } if exclude.is_empty() => Source::url(&url, version.as_deref()),
            Entry { url: None, prefix: Some(prefix), version: None, exclude } => Source::prefix(&prefix, exclude),
            _ => Err(Fault::malformed("An entry has either a 'url', perhaps with a 'version', or a 'prefix', perhaps with 'exclude'.")),
        },
        List::DataStore => {
            let DataStore { include_path, exclude_patterns } = parse(bytes)?;
            Source::include_path(&include_path, exclude_patterns.unwrap_or_default())
        }
        List::FileLocations => Source::url(&parse::<FileLocation>(bytes)?.url, None),
    }
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        // The place would be one within the entry.
        let why = text.split(" at line ").next().unwrap_or(&text);
        Fault::malformed(format!("The entry can't be read: {}.", text::shown(why, SHOWN_OF_AN_ENTRY)))
    })
}
