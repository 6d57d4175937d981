//! What a look finds that must not be.

use std::fmt;

/// How a world goes on, or what was found.
pub(crate) type Outcome<T = ()> = Result<T, Finding>;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something is shown, or done, that is denied.
    Leak,
    /// Something is missing, or refused, that is allowed.
    Missing,
    /// Something hidden is answered otherwise than what never was.
    Tells,
    /// The oracle and the policy disagree.
    Policy,
}

/// Something that must not be.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    /// Where it was seen: `packages`, `search`, `facets` …
    pub(crate) place: &'static str,
    text: String,
}

impl Finding {
    pub(crate) fn new(kind: Kind, place: &'static str, text: impl Into<String>) -> Self {
        Self { kind, place, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {}: {}", self.kind, self.place, self.text)
    }
}

/// Holds what was found against what is expected: more is a leak, less is missing.
pub(crate) fn same<T: Ord + fmt::Debug>(place: &'static str, what: impl fmt::Display, found: &[T], expected: &[T]) -> Outcome {
    if found == expected {
        return Ok(());
    }
    let more = found.iter().any(|one| !expected.contains(one));
    let less = expected.iter().any(|one| !found.contains(one));
    let kind = if less && !more { Kind::Missing } else { Kind::Leak };
    Err(Finding::new(kind, place, format!("{what}: found {found:?}, expected {expected:?}")))
}

/// The same of one value, where nothing is more or less.
pub(crate) fn equal<T: PartialEq + fmt::Debug>(place: &'static str, what: impl fmt::Display, found: &T, expected: &T) -> Outcome {
    if found == expected { Ok(()) } else { Err(Finding::new(Kind::Leak, place, format!("{what}: found {found:?}, expected {expected:?}"))) }
}
