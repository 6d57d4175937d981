//! Query text to lexemes.

use super::query::{QueryError, QueryResult};

/// What a lexeme is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `AND`
    And,
    /// `OR`
    Or,
    /// `NOT` or `-`
    Not,
    /// `name:` in front of a value.
    Field(String),
    /// A word with its `*`, `?` or `~`.
    Word(String),
    /// What stood in quotes; nothing in it has a meaning of its own.
    Quoted(String),
}

/// A part of the query and where it begins, in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lexeme {
    pub(super) kind: Kind,
    pub(super) position: usize,
}

/// Cuts a query into lexemes.
pub(super) fn lexemes(text: &str) -> QueryResult<Vec<Lexeme>> {
    let mut lexer = Lexer { characters: text.chars().collect(), at: 0 };
    let mut found: Vec<Lexeme> = Vec::new();
    loop {
        lexer.skip_spaces();
        let position = lexer.at;
        let after_field = matches!(found.last(), Some(Lexeme { kind: Kind::Field(_), .. }));
        let Some(kind) = lexer.next(after_field)? else { return Ok(found) };
        found.push(Lexeme { kind, position });
    }
}

struct Lexer {
    characters: Vec<char>,
    at: usize,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn next(&mut self, after_field: bool) -> QueryResult<Option<Kind>> {
        let Some(first) = self.peek() else { return Ok(None) };
        let kind = match first {
            '(' => {
                self.at += 1;
                Kind::Open
            }
            ')' => {
                self.at += 1;
                Kind::Close
            }
            '"' => self.quoted(after_field)?,
            '-' if !after_field && self.characters.get(self.at + 1).is_some_and(|next| !next.is_whitespace()) => {
                self.at += 1;
                Kind::Not
            }
            _ => self.word(after_field)?,
        };
        Ok(Some(kind))
    }

    /// A quoted text; in front of a colon it names a field whose name has spaces.
    fn quoted(&mut self, after_field: bool) -> QueryResult<Kind> {
        let text = self.quotation()?;
        if !after_field && self.peek() == Some(':') && !text.is_empty() {
            self.at += 1;
            return Ok(Kind::Field(text));
        }
        Ok(Kind::Quoted(text))
    }

    fn quotation(&mut self) -> QueryResult<String> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(character) = self.peek() {
            self.at += 1;
            match character {
                '"' => return Ok(text),
                '\\' => match self.peek() {
                    Some(escaped @ ('"' | '\\')) => {
                        text.push(escaped);
                        self.at += 1;
                    }
                    _ => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        Err(QueryError::new(open, "The quotation mark is never closed."))
    }

    fn word(&mut self, after_field: bool) -> QueryResult<Kind> {
        let mut text = String::new();
        while let Some(character) = self.peek() {
            match character {
                '(' | ')' => break,
                // `tag:source="two words"` is one value.
                '"' if after_field && text.ends_with('=') => {
                    text.push_str(&self.quotation()?);
                    return Ok(Kind::Quoted(text));
                }
                '"' => break,
                ':' if !after_field && !text.is_empty() => {
                    self.at += 1;
                    return Ok(Kind::Field(text));
                }
                space if space.is_whitespace() => break,
                other => text.push(other),
            }
            self.at += 1;
        }
        Ok(match text.as_str() {
            _ if after_field => Kind::Word(text),
            "AND" => Kind::And,
            "OR" => Kind::Or,
            "NOT" => Kind::Not,
            _ => Kind::Word(text),
        })
    }
}
