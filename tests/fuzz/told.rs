//! What people are told about their input.

use domain::text::is_unprintable;

/// An input of so many characters is not to stand in an answer as a whole.
const WHOLE: usize = 300;

/// A sentence has at most `longest` characters, none of which does anything but stand there, and is not the input itself.
pub(crate) fn fits(sentence: &str, longest: usize, input: &str) {
    let length = sentence.chars().count();
    assert!(length <= longest, "a sentence of {length} characters: {sentence:?}");
    assert!(!sentence.chars().any(is_unprintable), "control characters: {sentence:?}");
    assert!(input.chars().count() <= WHOLE || !sentence.contains(input), "the whole input: {sentence:?}");
}
