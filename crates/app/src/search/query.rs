//! The query language: text to [`QueryNode`].
//!
//! ```text
//! any  = all ("OR" all)*
//! all  = one (["AND"] one)*
//! one  = ("NOT" | "-") one | "(" any ")" | [field ":"] value
//! ```
//!
//! Tokens of the tree are analysed as the index's text is ([`super::analysis`]).

use std::fmt;

use domain::{
    governance::TagRule,
    search::QueryNode,
    text::{SHOWN_OF_A_WORD, shown},
};

use super::{
    lexer::{Kind, Lexeme, lexemes},
    lower::{self, Field},
};

/// The longest query, in characters.
pub const QUERY_CHARACTERS: usize = 1_024;
/// The most words, phrases and values in a query.
pub const QUERY_TERMS: usize = 64;
/// The deepest nesting of parentheses and negations.
pub const QUERY_DEPTH: usize = 20;

/// Why a query can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// Where, in characters from the beginning of the query.
    pub position: usize,
    /// A sentence for people.
    pub message: String,
}

pub(super) type QueryResult<T> = Result<T, QueryError>;

impl QueryError {
    pub(super) fn new(position: usize, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at character {})", self.message, self.position + 1)
    }
}

impl std::error::Error for QueryError {}

/// Reads a query; the names of governed tags are fields. An empty query finds everything, one without any letter
/// or digit finds nothing.
///
/// # Errors
/// What is wrong and where.
pub fn parse(text: &str, rules: &[TagRule]) -> Result<QueryNode, QueryError> {
    if text.chars().count() > QUERY_CHARACTERS {
        return Err(QueryError::new(QUERY_CHARACTERS, format!("A query has at most {QUERY_CHARACTERS} characters.")));
    }
    let lexemes = lexemes(text)?;
    if lexemes.is_empty() {
        return Ok(QueryNode::Everything);
    }
    if let Some(excess) = lexemes.iter().filter(|lexeme| matches!(lexeme.kind, Kind::Word(_) | Kind::Quoted(_))).nth(QUERY_TERMS) {
        return Err(QueryError::new(excess.position, format!("A query has at most {QUERY_TERMS} words, phrases and values.")));
    }
    let mut parser = Parser { lexemes, at: 0, depth: 0, rules, end: text.chars().count() };
    let node = parser.any(&Field::default())?;
    match parser.peek() {
        Some(Kind::Close) => Err(parser.error_here("This parenthesis closes nothing.")),
        _ => Ok(node.unwrap_or(QueryNode::Nothing)),
    }
}

struct Parser<'a> {
    lexemes: Vec<Lexeme>,
    at: usize,
    depth: usize,
    rules: &'a [TagRule],
    end: usize,
}

/// `None` is a word without letters or digits: it neither finds nor excludes anything.
type Parsed = QueryResult<Option<QueryNode>>;

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&Kind> {
        self.lexemes.get(self.at).map(|lexeme| &lexeme.kind)
    }

    fn position(&self) -> usize {
        self.lexemes.get(self.at).map_or(self.end, |lexeme| lexeme.position)
    }

    fn error_here(&self, message: impl Into<String>) -> QueryError {
        QueryError::new(self.position(), message)
    }

    fn any(&mut self, field: &Field<'a>) -> Parsed {
        let mut nodes = vec![self.all(field)?];
        while self.peek() == Some(&Kind::Or) {
            self.at += 1;
            nodes.push(self.all(field)?);
        }
        Ok(combine(nodes, QueryNode::Or))
    }

    fn all(&mut self, field: &Field<'a>) -> Parsed {
        let mut nodes = vec![self.one(field)?];
        loop {
            match self.peek() {
                None | Some(Kind::Or | Kind::Close) => return Ok(combine(nodes, QueryNode::And)),
                Some(Kind::And) => self.at += 1,
                Some(_) => {}
            }
            nodes.push(self.one(field)?);
        }
    }

    fn one(&mut self, field: &Field<'a>) -> Parsed {
        if self.depth > QUERY_DEPTH {
            return Err(self.error_here(format!("Parentheses and negations nest at most {QUERY_DEPTH} deep.")));
        }
        self.depth += 1;
        let parsed = self.one_deeper(field);
        self.depth -= 1;
        parsed
    }

    fn one_deeper(&mut self, field: &Field<'a>) -> Parsed {
        let position = self.position();
        let Some(kind) = self.peek().cloned() else {
            return Err(self.error_here("Something is missing at the end."));
        };
        self.at += 1;
        match kind {
            Kind::Not => Ok(self.one(field)?.map(|node| QueryNode::Not(Box::new(node)))),
            Kind::Open => self.parenthesis(field, position),
            Kind::Field(name) => {
                let Some(field) = Field::named(&name, self.rules) else {
                    return Err(QueryError::new(position, lower::unknown_field(&name, self.rules)));
                };
                match self.peek() {
                    Some(Kind::Open | Kind::Word(_) | Kind::Quoted(_)) => self.one(&field),
                    _ => Err(self.error_here(format!("A value is missing after \u{201c}{}:\u{201d}.", shown(&name, SHOWN_OF_A_WORD)))),
                }
            }
            Kind::Word(text) => lower::word(field, &text).map_err(|message| QueryError::new(position, message)),
            Kind::Quoted(text) => lower::quoted(field, &text).map_err(|message| QueryError::new(position, message)),
            Kind::And | Kind::Or => Err(QueryError::new(
                position,
                "Something to search for is missing before this; put quotation marks around it to find the word.",
            )),
            Kind::Close => Err(QueryError::new(position, "Something is missing before this parenthesis.")),
        }
    }

    fn parenthesis(&mut self, field: &Field<'a>, open: usize) -> Parsed {
        let node = self.any(field)?;
        if self.peek() != Some(&Kind::Close) {
            return Err(QueryError::new(open, "The parenthesis is never closed."));
        }
        self.at += 1;
        Ok(node)
    }
}

/// Joins what is there; one node needs no frame.
pub(super) fn combine(nodes: Vec<Option<QueryNode>>, join: fn(Vec<QueryNode>) -> QueryNode) -> Option<QueryNode> {
    let mut nodes: Vec<QueryNode> = nodes.into_iter().flatten().collect();
    if nodes.len() > 1 { Some(join(nodes)) } else { nodes.pop() }
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
