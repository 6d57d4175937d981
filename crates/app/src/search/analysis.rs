//! Text to tokens: Unicode word boundaries, lower case, accents folded, English stems.

use std::{borrow::Cow, ops::Range};

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};
use unicode_segmentation::UnicodeSegmentation;

/// Longer tokens are cut: no person types them, and indexes have limits of their own.
pub const TOKEN_CHARACTERS: usize = 64;

/// One word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The stem: what words and phrases look for.
    pub text: String,
    /// The word as spelled, folded: what prefixes, patterns and fuzzy words look for.
    pub word: String,
    /// Where it begins in the text, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
}

/// The tokens of a text, in order.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let stemmer = Stemmer::create(Algorithm::English);
    pieces(text)
        .filter_map(|range| {
            let word = fold(&text[range.clone()]);
            (!word.is_empty()).then(|| Token { text: stem(&stemmer, &word), word, start: range.start, end: range.end })
        })
        .collect()
}

/// The words of a text as spelled: folded, unstemmed.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    pieces(text).map(|range| fold(&text[range])).filter(|word| !word.is_empty()).collect()
}

/// The tokens of a text, separated by single spaces.
#[must_use]
pub fn joined(text: &str) -> String {
    tokens(text).into_iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
}

/// A name that programmers chose (of a file, of a column) with spaces where its case changes (`FlightDelays2k` is
/// `Flight Delays2k`); `None` if it never does.
#[must_use]
pub fn split_at_case(name: &str) -> Option<String> {
    let characters: Vec<char> = name.chars().collect();
    let mut split = String::with_capacity(name.len() + 8);
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| characters[index]);
        let after = characters.get(index + 1);
        let rises = before.is_some_and(char::is_lowercase) && character.is_uppercase();
        // The last capital of `CSVFile` belongs to the word that follows.
        let acronym_ends =
            before.is_some_and(char::is_uppercase) && character.is_uppercase() && after.is_some_and(|next| next.is_lowercase());
        if rises || acronym_ends {
            split.push(' ');
        }
        split.push(*character);
    }
    (split.len() > name.len()).then_some(split)
}

/// Lower case, without accents, ligatures as their letters; only letters, digits and inner apostrophes stay.
#[must_use]
pub fn fold(text: &str) -> String {
    let folded: String = text
        .nfkd()
        .filter(|character| canonical_combining_class(*character) == 0)
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|character| canonical_combining_class(*character) == 0)
        .nfc()
        .map(plain_letter)
        .collect::<Vec<Cow<'static, str>>>()
        .concat();
    // Composed anew: what a sign has parted stands side by side now.
    let kept: String =
        folded.chars().filter(|character| character.is_alphanumeric() || *character == '\'').take(TOKEN_CHARACTERS).nfc().collect();
    kept.trim_matches('\'').to_owned()
}

/// Letters that Unicode does not decompose, though people type them without their stroke.
fn plain_letter(character: char) -> Cow<'static, str> {
    match character {
        'ß' => "ss".into(),
        'æ' => "ae".into(),
        'œ' => "oe".into(),
        'ø' => "o".into(),
        'ł' => "l".into(),
        'đ' | 'ð' => "d".into(),
        'þ' => "th".into(),
        'ı' => "i".into(),
        '’' | '＇' => "'".into(),
        other => String::from(other).into(),
    }
}

fn stem(stemmer: &Stemmer, word: &str) -> String {
    // The stemmer knows English; anything with other letters is better left whole.
    if word.is_ascii() { stemmer.stem(word).into_owned() } else { word.to_owned() }
}

/// Unicode's words, cut further at every sign that joins names (`flights-2k.json` is three words).
fn pieces(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.unicode_word_indices()
        .flat_map(|(start, word)| cut_at_signs(word).into_iter().map(move |part| start + part.start..start + part.end))
}

fn cut_at_signs(word: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, character) in word.char_indices() {
        let joins = !character.is_alphanumeric() && !matches!(character, '\'' | '’' | '＇') && !is_mark(character);
        if joins {
            parts.push(start..index);
            start = index + character.len_utf8();
        }
    }
    parts.push(start..word.len());
    parts.retain(|part| !part.is_empty());
    parts
}

fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_folded_and_stemmed() {
        for (text, expected) in [
            ("Flights delayed, 2019!", "flight delay 2019"),
            ("Crème BRÛLÉE", "creme brule"),
            ("Cre\u{300}me", "creme"),
            ("Straße in Łódź, Ærø", "strass in lodz aero"),
            ("flights-2k.json data/us_10m.topo.json", "flight 2k json data us 10m topo json"),
            ("don’t stop the dogs' barking", "don't stop the dog bark"),
            ("ﬁle ①", "file 1"),
            ("--- & ... 👍", ""),
            ("日本語", "日 本 語"),
            ("ΑΘΗΝΑ Москва", "αθηνα москва"),
        ] {
            assert_eq!(joined(text), expected, "{text}");
        }
    }

    #[test]
    fn words_as_spelled_keep_their_endings() {
        assert_eq!(words("Flights delayed"), ["flights", "delayed"]);
    }

    #[test]
    fn names_are_split_where_their_case_changes() {
        assert_eq!(split_at_case("FlightDelays.csv").as_deref(), Some("Flight Delays.csv"));
        assert_eq!(split_at_case("rawCSVFile"), Some("raw CSV File".to_owned()));
        assert_eq!(split_at_case("flights-2k.json"), None);
        assert_eq!(split_at_case("README"), None);
    }

    #[test]
    fn letters_that_a_blank_has_parted_are_composed_as_they_would_be_without() {
        assert_eq!(fold("\u{113c2} \u{113c5}"), fold("\u{113c2}\u{113c5}"));
    }

    #[test]
    fn offsets_name_the_word_in_the_original() {
        let text = "Das Café – «Über» uns";
        let found: Vec<&str> = tokens(text).iter().map(|token| &text[token.start..token.end]).collect();
        assert_eq!(found, ["Das", "Café", "Über", "uns"]);
    }

    proptest! {
        #[test]
        fn any_text_gives_clean_tokens_and_valid_offsets(text in "\\PC{0,200}") {
            let all = tokens(&text);
            for token in &all {
                prop_assert!(text.get(token.start..token.end).is_some());
                prop_assert!(!token.text.is_empty() && !token.text.contains(char::is_whitespace));
                prop_assert!(token.text != domain::search::VALUE_BREAK);
                prop_assert!(token.word.chars().count() <= TOKEN_CHARACTERS);
            }
            prop_assert!(all.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let spelled: Vec<String> = all.iter().map(|token| token.word.clone()).collect();
            prop_assert_eq!(&spelled, &words(&text));
        }

        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
