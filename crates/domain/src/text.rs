//! Text that people entered: what of it can be shown.

/// So many characters of a word are repeated in what is told of it: a name, a glob, a part of a query.
pub const SHOWN_OF_A_WORD: usize = 80;

/// So many characters of a longer text are: a path, an entry of a manifest.
pub const SHOWN_OF_AN_ENTRY: usize = 200;

/// Control characters, and those that turn the direction of text around: a name must look like what it is
/// (Unicode Technical Report 36, "Bidirectional Text Spoofing").
///
/// And the two that XML 1.0 can't say (section 2.2), in which stores list keys: one such name would make every listing of
/// its folder unreadable.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// What somebody sent, as a sentence may repeat it: at most so many characters, and none that does more than stand there.
#[must_use]
pub fn shown(text: &str, longest: usize) -> String {
    let mut characters = text.chars().filter(|c| !is_unprintable(*c));
    let mut shown: String = characters.by_ref().take(longest).collect();
    if characters.next().is_some() {
        shown.push('\u{2026}');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_an_input_is_short_and_only_stands_there() {
        assert_eq!(shown("col\u{7}our\u{202e}", 80), "colour");
        assert_eq!(shown("abcdef", 5), "abcde\u{2026}");
        assert_eq!(shown("abcde\u{0}", 5), "abcde");
    }
}
