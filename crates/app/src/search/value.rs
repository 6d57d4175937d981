//! Numbers, dates and ranges of them.

use domain::{
    Timestamp,
    text::{SHOWN_OF_A_WORD, shown},
};
use jiff::{
    ToSpan,
    civil::{Date, date},
    tz::TimeZone,
};

/// What the numbers of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberKind {
    /// Plain numbers.
    Plain,
    /// Numbers of bytes: `10MB`, `1GiB`.
    Bytes,
    /// Milliseconds since the epoch, entered as dates or parts of them.
    Date,
}

/// Lower and upper end of a range, both included.
pub(super) type Ends = (Option<f64>, Option<f64>);

/// Reads `5`, `>5`, `>=5`, `<5`, `<=5`, `1..5`, `1..` and `..5`. A part of a date stands for its whole: `2020` for the year.
pub(super) fn range(text: &str, kind: NumberKind) -> Result<Ends, String> {
    let text = text.trim();
    let ends = if let Some(rest) = text.strip_prefix(">=") {
        (Some(span(rest, kind)?.0), None)
    } else if let Some(rest) = text.strip_prefix('>') {
        (Some(span(rest, kind)?.1.next_up()), None)
    } else if let Some(rest) = text.strip_prefix("<=") {
        (None, Some(span(rest, kind)?.1))
    } else if let Some(rest) = text.strip_prefix('<') {
        (None, Some(span(rest, kind)?.0.next_down()))
    } else if let Some((from, to)) = text.split_once("..") {
        let from = if from.is_empty() { None } else { Some(span(from, kind)?.0) };
        let to = if to.is_empty() { None } else { Some(span(to, kind)?.1) };
        (from, to)
    } else {
        let (from, to) = span(text, kind)?;
        (Some(from), Some(to))
    };
    match ends {
        // No index has such a number: written as JSON it would be none, and the end open.
        (from, to) if [from, to].into_iter().flatten().any(f64::is_infinite) => Err("The number is too large.".to_owned()),
        (None, None) => Err("The range has neither a beginning nor an end.".to_owned()),
        (Some(from), Some(to)) if from > to => Err("The range ends before it begins.".to_owned()),
        ends => Ok(ends),
    }
}

/// The number of a tag's value: a decimal number, or a date at midnight UTC.
pub(super) fn tag_number(value: &str) -> Option<f64> {
    plain(value).or_else(|| (value.len() == 10).then(|| value.parse::<Date>().ok()).flatten().and_then(midnight))
}

fn span(text: &str, kind: NumberKind) -> Result<(f64, f64), String> {
    let text = text.trim();
    let found = match kind {
        NumberKind::Plain => plain(text).map(|number| (number, number)),
        NumberKind::Bytes => bytes(text).map(|number| (number, number)),
        NumberKind::Date => period(text),
    };
    found.ok_or_else(|| {
        let what = match kind {
            NumberKind::Plain => "a number",
            NumberKind::Bytes => "a number of bytes such as 1000, 10MB or 1GiB",
            NumberKind::Date => "a date such as 2020, 2020-01 or 2020-01-31",
        };
        format!("\u{201c}{}\u{201d} is not {what}.", shown(text, SHOWN_OF_A_WORD))
    })
}

fn plain(text: &str) -> Option<f64> {
    // Negative zero is zero: indexes compare bits.
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number + 0.0)
}

fn bytes(text: &str) -> Option<f64> {
    let digits = text.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" | "k" => 1e3,
        "mb" | "m" => 1e6,
        "gb" | "g" => 1e9,
        "tb" | "t" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    plain(number.trim_end()).map(|number| number * factor)
}

/// First and last millisecond of a year, month, day, or a point in time.
fn period(text: &str) -> Option<(f64, f64)> {
    if let Ok(time) = text.parse::<Timestamp>() {
        let millis = exact(time.as_millis());
        return Some((millis, millis));
    }
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i16>().ok()).flatten();
    let (first, length) = match text.len() {
        4 => (Date::new(digits(text)?, 1, 1).ok()?, 1.year()),
        7 => {
            let (year, month) = text.split_once('-')?;
            (Date::new(digits(year)?, i8::try_from(digits(month)?).ok()?, 1).ok()?, 1.month())
        }
        10 => (text.parse::<Date>().ok()?, 1.day()),
        _ => return None,
    };
    let next = first.checked_add(length).unwrap_or(date(9999, 12, 31));
    Some((midnight(first)?, midnight(next)? - 1.0))
}

fn midnight(day: Date) -> Option<f64> {
    let instant = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(exact(instant.as_millisecond()))
}

/// Milliseconds of the years 0 to 9999 are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn exact(millis: i64) -> f64 {
    millis as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: f64 = 86_400_000.0;

    #[test]
    fn a_part_of_a_date_stands_for_its_whole() {
        assert_eq!(range("1970", NumberKind::Date), Ok((Some(0.0), Some(365.0 * DAY - 1.0))));
        assert_eq!(range("1970-01..1970-02", NumberKind::Date), Ok((Some(0.0), Some(59.0 * DAY - 1.0))));
        assert_eq!(range("<1970-01-02", NumberKind::Date), Ok((None, Some(DAY.next_down()))));
        assert_eq!(range(">1970-01-01", NumberKind::Date), Ok((Some((DAY - 1.0).next_up()), None)));
        assert_eq!(range("1970-01-01T00:00:01Z..", NumberKind::Date), Ok((Some(1000.0), None)));
        assert!(range("1970-13", NumberKind::Date).is_err());
        assert!(range("2020-02-30", NumberKind::Date).is_err());
    }

    #[test]
    fn numbers_have_open_and_closed_ends() {
        assert_eq!(range("5", NumberKind::Plain), Ok((Some(5.0), Some(5.0))));
        assert_eq!(range("-1.5..2", NumberKind::Plain), Ok((Some(-1.5), Some(2.0))));
        assert_eq!(range(">=1kB", NumberKind::Bytes), Ok((Some(1000.0), None)));
        assert_eq!(range("<=1MiB", NumberKind::Bytes), Ok((None, Some(1_048_576.0))));
        for bad in ["", "..", "NaN", "inf", "5..1", "1..2..3", ">"] {
            assert!(range(bad, NumberKind::Plain).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_end_beyond_all_numbers_is_refused_and_not_an_open_one() {
        for text in [">1.7976931348623157e308", "<-1.7976931348623157e308", "1e308..1e309"] {
            assert!(range(text, NumberKind::Plain).is_err(), "{text}");
        }
        assert!(range("<1e300TiB", NumberKind::Bytes).is_err());
        assert!(range("<=1.7976931348623157e308", NumberKind::Plain).is_ok());
    }

    #[test]
    fn a_tags_value_is_a_number_or_a_date_or_neither() {
        assert_eq!(tag_number("2.50"), Some(2.5));
        assert_eq!(tag_number("1970-01-02"), Some(DAY));
        assert_eq!(tag_number("-0").map(f64::to_bits), Some(0));
        assert_eq!(tag_number("infinity"), None);
        assert_eq!(tag_number("19700102T0"), None);
    }
}
