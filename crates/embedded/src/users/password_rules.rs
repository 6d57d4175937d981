//! What a password that a person chooses must be: long, and not what everybody tries first. No rules of composition (NIST SP 800-63B).

use domain::Invalid;
use unicode_normalization::UnicodeNormalization;

use super::fold;

/// At least so many characters.
pub const PASSWORD_MIN: usize = 12;
/// At most so many characters: enough for any sentence, and bounded work for the hash.
pub const PASSWORD_MAX: usize = 256;

/// Words that passwords of published lists are padded from; what is left of a password without digits and signs must not be one of them.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passw",
    "pass",
    "pwd",
    "secret",
    "geheim",
    "welcome",
    "willkommen",
    "hello",
    "hallo",
    "letmein",
    "login",
    "admin",
    "administrator",
    "root",
    "user",
    "guest",
    "test",
    "testing",
    "changeme",
    "default",
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "qwertzuiop",
    "azerty",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abc",
    "abcdef",
    "iloveyou",
    "princess",
    "dragon",
    "monkey",
    "football",
    "baseball",
    "superman",
    "batman",
    "trustno",
    "sunshine",
    "shadow",
    "master",
    "michael",
    "summer",
    "winter",
    "spring",
    "autumn",
    "company",
    "datalake",
    "data",
    "lake",
    "correcthorsebatterystaple",
];

/// Rows of keys and the alphabet, along which fingers run.
const RUNS: &[&str] =
    &["0123456789012345678901234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm"];

/// Whether a person with this address and name may have this password.
pub(super) fn check(password: &str, email: &str, name: &str) -> Result<(), Invalid> {
    let characters = password.nfkc().count();
    if characters < PASSWORD_MIN {
        return Err(Invalid::new(format!("is too short: at least {PASSWORD_MIN} characters")));
    }
    if characters > PASSWORD_MAX {
        return Err(Invalid::new(format!("is too long: at most {PASSWORD_MAX} characters")));
    }
    let folded = fold(&password.nfkc().collect::<String>());
    if personal(email, name).iter().any(|part| folded.contains(part.as_str())) {
        return Err(Invalid::new("contains your name or e-mail address"));
    }
    if is_common(&folded) {
        return Err(Invalid::new("is one of those that are tried first"));
    }
    Ok(())
}

/// What of a person must not stand in the password. Very short names would forbid too much.
fn personal(email: &str, name: &str) -> Vec<String> {
    let (email, name) = (fold(email), fold(name));
    let local = email.split('@').next().unwrap_or_default().to_owned();
    let joined = name.split_whitespace().collect::<String>();
    [email, local, name, joined].into_iter().filter(|part| part.chars().count() >= 4).collect()
}

fn is_common(folded: &str) -> bool {
    let mut distinct: Vec<char> = folded.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 5 {
        return true;
    }
    let letters: String = folded.chars().filter(|character| character.is_alphabetic()).collect();
    let dense: String = folded.chars().filter(|character| character.is_alphanumeric()).collect();
    is_repeated_word(&letters) || RUNS.iter().any(|run| is_run(&dense, run)) || (letters.is_empty() && distinct.len() < 8)
}

/// Whether `letters` is a common word, once or several times.
fn is_repeated_word(letters: &str) -> bool {
    COMMON.iter().any(|word| !letters.is_empty() && letters.replace(word, "").is_empty())
}

/// Whether `text` follows `run`, forwards or backwards.
fn is_run(text: &str, run: &str) -> bool {
    !text.is_empty() && (run.contains(text) || run.chars().rev().collect::<String>().contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(password: &str) -> Option<String> {
        check(password, "ada.lovelace@example.org", "Ada Lovelace").err().map(|invalid| invalid.to_string())
    }

    #[test]
    fn a_long_phrase_of_lower_case_words_is_good_enough() {
        assert_eq!(refusal("seven boats on a quiet lake"), None);
        assert_eq!(refusal("ünïcödé-wörds"), None);
    }

    #[test]
    fn short_ones_are_refused_by_characters_and_not_by_bytes() {
        assert!(refusal("éééééééééé").expect("refused").contains("too short"));
        assert!(refusal("elevenchars").expect("refused").contains("too short"));
        assert!(refusal(&"ab cd ef ".repeat(40)).expect("refused").contains("too long"));
    }

    #[test]
    fn the_persons_own_name_and_address_are_refused_in_any_case() {
        for password in ["ADA.LOVELACE@example.org", "my ada.lovelace 7", "Ada Lovelace 1815", "xxAdaLovelacexx"] {
            assert!(refusal(password).expect("refused").contains("your name"), "{password}");
        }
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for password in [
            "Password1234",
            "passwordpassword",
            "123456789012",
            "aaaaaaaaaaaa",
            "abababababab",
            "qwertyuiopas",
            "abcdefghijklm",
            "Welcome2026!!",
        ] {
            assert!(refusal(password).expect("refused").contains("tried first"), "{password}");
        }
    }
}
