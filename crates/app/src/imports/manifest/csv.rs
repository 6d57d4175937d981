//! Lines `bucket,key[,version]`.

use csv_core::{ReadRecordResult, Reader};

use super::{Broken, ENTRY_BYTES, Entries, Fault, Line, Part, behind, shown, source::Source};

/// Fields of a record, and one more to tell when there are too many.
const FIELDS: usize = 4;

/// The parser with room for one record.
pub(super) struct CsvRecords {
    reader: Reader,
    fields: Vec<u8>,
    ends: [usize; FIELDS],
}

impl Default for CsvRecords {
    fn default() -> Self {
        Self { reader: Reader::new(), fields: vec![0; ENTRY_BYTES], ends: [0; FIELDS] }
    }
}

/// One record as it was read.
#[derive(Default)]
struct Record {
    bytes: usize,
    fields: usize,
    too_long: bool,
    too_many: bool,
    /// What is shown of one with too many fields: its first ones, which the others take the place of.
    begin: String,
}

impl Entries {
    pub(super) async fn csv_line(&mut self) -> Result<Option<Line>, Broken> {
        loop {
            if self.skip_blanks(false).await?.is_none() {
                self.part = Part::End;
                return Ok(None);
            }
            let number = self.line + 1;
            let Some(record) = self.record().await? else {
                self.part = Part::End;
                return Ok(None);
            };
            let source = self.source(&record);
            if record.too_long || record.too_many {
                return Ok(Some(Line { number, text: record.begin, source }));
            }
            let fields = self.records.parts(&record);
            if number == 1 && is_header(&fields) {
                continue;
            }
            return Ok(Some(Line { number, text: shown(&fields.join(&b',')), source }));
        }
    }

    async fn record(&mut self) -> Result<Option<Record>, Broken> {
        let mut record = Record::default();
        loop {
            let CsvRecords { reader, fields, ends } = &mut self.records;
            let input = self.window.rest();
            let (result, read, bytes, parts) = reader.read_record(input, &mut fields[record.bytes..], &mut ends[record.fields..]);
            (self.line, self.returned) = behind(self.line, self.returned, &input[..read]);
            self.window.advance(read);
            record.bytes += bytes;
            record.fields += parts;
            match result {
                // At the manifest's end the empty input says so to the parser.
                ReadRecordResult::InputEmpty => drop(self.window.more().await?),
                ReadRecordResult::OutputFull => (record.too_long, record.bytes, record.fields) = (true, 0, 0),
                ReadRecordResult::OutputEndsFull => {
                    if !record.too_many && !record.too_long {
                        record.begin = shown(&self.records.parts(&record).join(&b','));
                    }
                    (record.too_many, record.bytes, record.fields) = (true, 0, 0);
                }
                ReadRecordResult::Record => {
                    self.end_line().await?;
                    return Ok(Some(record));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Takes the line feed behind a return: whoever goes on from here does not know of the return.
    async fn end_line(&mut self) -> Result<(), Broken> {
        if self.returned {
            if self.window.rest().is_empty() {
                self.window.more().await?;
            }
            if self.window.rest().first() == Some(&b'\n') {
                self.window.advance(1);
            }
            self.returned = false;
        }
        Ok(())
    }

    fn source(&self, record: &Record) -> Result<Source, Fault> {
        if record.too_long {
            return Err(Fault::too_long());
        }
        // Its fields are no longer where the ends of the last ones say.
        if record.too_many {
            return Err(Fault::malformed("The line has more than the three fields bucket, key and version."));
        }
        let fields = self.records.parts(record);
        let texts: Result<Vec<&str>, _> = fields.iter().map(|field| std::str::from_utf8(field)).collect();
        let texts = texts.map_err(|_| Fault::malformed("The line is not UTF-8."))?;
        match texts.as_slice() {
            [bucket, key] => Source::object(bucket, key, None),
            [bucket, key, version] => Source::object(bucket, key, Some(*version).filter(|version| !version.is_empty())),
            _ => Err(Fault::malformed("The line must have the fields bucket and key, and may have a version behind them.")),
        }
    }
}

impl CsvRecords {
    fn parts(&self, record: &Record) -> Vec<&[u8]> {
        let mut start = 0;
        let ends = self.ends[..record.fields].iter();
        ends.map(|end| self.fields.get(std::mem::replace(&mut start, *end)..*end).unwrap_or_default()).collect()
    }
}

fn is_header(fields: &[&[u8]]) -> bool {
    let names: [&[u8]; 3] = [b"bucket", b"key", b"version"];
    (2..=3).contains(&fields.len()) && fields.iter().zip(names).all(|(field, name)| field.trim_ascii().eq_ignore_ascii_case(name))
}
