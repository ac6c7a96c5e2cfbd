//! Filters and paths: the grammar of RFC 7644 section 3.4.2.2 and figure 7, within limits.
//!
//! **Invariant:** never deeper than [`MAX_DEPTH`], never more than [`MAX_TERMS`] comparisons.

use super::error::{Result, ScimError};
use serde_json::Value;

/// Bytes of a filter or path.
pub(super) const MAX_BYTES: usize = 8 * 1024;
/// Parentheses, brackets and `not` in each other.
pub(super) const MAX_DEPTH: usize = 32;
/// Comparisons.
pub(super) const MAX_TERMS: usize = 200;

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

/// A filter. Names are as they were written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Present(String),
    Compare(String, Comparison, Value),
    /// `emails[type eq "work"]`; with what stands after it: `emails[type eq "work"].value eq "x"` is asked of the
    /// values chosen.
    Values(String, Box<Filter>),
}

/// What a PATCH changes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    /// The attribute, with its schema if that was written: `emails`, `name.givenName`, `urn:...:User:manager`.
    pub(super) attribute: String,
    /// Which of its values.
    pub(super) filter: Option<Filter>,
    /// What of each.
    pub(super) sub: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    OpenList,
    CloseList,
    /// `.value` right behind a bracket.
    Sub(String),
    Word(String),
    Literal(Value),
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Filter> {
    let mut parser = Parser::new(text).map_err(|why| ScimError::bad("invalidFilter", why))?;
    parser.whole().map_err(|why| {
        let shown: String = text.chars().take(120).collect();
        ScimError::bad("invalidFilter", format!("The filter '{shown}' cannot be read: {why}."))
    })
}

/// Reads the path of a PATCH operation.
pub(super) fn parse_path(text: &str) -> Result<Path> {
    let fail = |why: String| {
        let shown: String = text.chars().take(120).collect();
        ScimError::path(format!("The path '{shown}' cannot be read: {why}."))
    };
    let mut parser = Parser::new(text.trim()).map_err(fail)?;
    parser.path().map_err(fail)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    terms: usize,
}

type Parsed<T> = std::result::Result<T, String>;

impl Parser {
    fn new(text: &str) -> Parsed<Self> {
        if text.len() > MAX_BYTES {
            return Err(format!("it has more than {MAX_BYTES} bytes"));
        }
        Ok(Self { tokens: tokens(text)?, at: 0, depth: 0, terms: 0 })
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, wanted: &Token, named: &str) -> Parsed<()> {
        if self.take().as_ref() == Some(wanted) { Ok(()) } else { Err(format!("`{named}` is missing")) }
    }

    fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH}"));
        }
        let result = inside(self);
        self.depth -= 1;
        result
    }

    fn whole(&mut self) -> Parsed<Filter> {
        let filter = self.or(false)?;
        match self.peek() {
            None => Ok(filter),
            Some(_) => Err("something stands behind its end".into()),
        }
    }

    fn path(&mut self) -> Parsed<Path> {
        let Some(Token::Word(attribute)) = self.take() else {
            return Err("it does not begin with the name of an attribute".into());
        };
        let mut filter = None;
        let mut sub = None;
        if self.peek() == Some(&Token::OpenList) {
            self.at += 1;
            filter = Some(self.deeper(|inside| inside.or(true))?);
            self.expect(&Token::CloseList, "]")?;
            if let Some(Token::Sub(name)) = self.peek().cloned() {
                self.at += 1;
                sub = Some(name);
            }
        }
        match self.peek() {
            None => Ok(Path { attribute, filter, sub }),
            Some(_) => Err("something stands behind its end".into()),
        }
    }

    fn or(&mut self, in_values: bool) -> Parsed<Filter> {
        let mut left = self.and(in_values)?;
        while self.word("or") {
            let right = self.and(in_values)?;
            left = Filter::Or(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn and(&mut self, in_values: bool) -> Parsed<Filter> {
        let mut left = self.term(in_values)?;
        while self.word("and") {
            let right = self.term(in_values)?;
            left = Filter::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn term(&mut self, in_values: bool) -> Parsed<Filter> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(format!("it has more than {MAX_TERMS} comparisons"));
        }
        match self.take() {
            Some(Token::Open) => {
                let inside = self.deeper(|inside| inside.or(in_values))?;
                self.expect(&Token::Close, ")")?;
                Ok(inside)
            }
            Some(Token::Word(word))
                if word.eq_ignore_ascii_case("not") && self.peek() == Some(&Token::Open) =>
            {
                self.at += 1;
                let inside = self.deeper(|inside| inside.or(in_values))?;
                self.expect(&Token::Close, ")")?;
                Ok(Filter::Not(Box::new(inside)))
            }
            Some(Token::Word(attribute)) => self.comparison(attribute, in_values),
            Some(_) => Err("the name of an attribute is missing".into()),
            None => Err("it ends too soon".into()),
        }
    }

    fn comparison(&mut self, attribute: String, in_values: bool) -> Parsed<Filter> {
        if !is_name(&attribute) {
            return Err(format!("'{attribute}' is no name of an attribute"));
        }
        match self.take() {
            Some(Token::OpenList) if in_values => Err("brackets stand in brackets".into()),
            Some(Token::OpenList) => {
                let mut inside = self.deeper(|inside| inside.or(true))?;
                self.expect(&Token::CloseList, "]")?;
                if let Some(Token::Sub(sub)) = self.peek().cloned() {
                    self.at += 1;
                    let more = self.comparison(sub, true)?;
                    inside = Filter::And(Box::new(inside), Box::new(more));
                }
                Ok(Filter::Values(attribute, Box::new(inside)))
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("pr") => Ok(Filter::Present(attribute)),
            Some(Token::Word(word)) => {
                let how = comparison(&word).ok_or_else(|| format!("'{word}' is no operator"))?;
                match self.take() {
                    Some(Token::Literal(value)) => Ok(Filter::Compare(attribute, how, value)),
                    Some(Token::Word(word)) => {
                        Err(format!("'{word}' is no value; a text stands in double quotes"))
                    }
                    _ => Err("the value to compare with is missing".into()),
                }
            }
            _ => Err(format!("the operator behind '{attribute}' is missing")),
        }
    }
}

fn comparison(word: &str) -> Option<Comparison> {
    Some(match word.to_ascii_lowercase().as_str() {
        "eq" => Comparison::Eq,
        "ne" => Comparison::Ne,
        "co" => Comparison::Co,
        "sw" => Comparison::Sw,
        "ew" => Comparison::Ew,
        "gt" => Comparison::Gt,
        "ge" => Comparison::Ge,
        "lt" => Comparison::Lt,
        "le" => Comparison::Le,
        _ => return None,
    })
}

fn is_name(word: &str) -> bool {
    word.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'$')
}

fn tokens(text: &str) -> Parsed<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let in_word = |c: char| c.is_ascii_alphanumeric() || "$_-:.".contains(c);
    while let Some(first) = rest.chars().next() {
        let one = |token| (Some(token), rest.get(1..).unwrap_or_default());
        let (token, after) = match first {
            ' ' | '\t' | '\r' | '\n' => (None, rest.get(1..).unwrap_or_default()),
            '(' => one(Token::Open),
            ')' => one(Token::Close),
            '[' => one(Token::OpenList),
            ']' => one(Token::CloseList),
            '"' => {
                // A JSON string: the JSON parser knows its escapes, and where it ends.
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let value = values.next().and_then(std::result::Result::ok);
                let value = value.ok_or("a text in double quotes does not end, or has a wrong escape")?;
                let end = values.byte_offset();
                (Some(Token::Literal(value.into())), rest.get(end..).unwrap_or_default())
            }
            '.' if tokens.last() == Some(&Token::CloseList) => {
                let word = rest.get(1..).unwrap_or_default();
                let end = word.find(|c| !in_word(c)).unwrap_or(word.len());
                let (name, after) = word.split_at_checked(end).unwrap_or((word, ""));
                if !is_name(name) {
                    return Err("a name is missing behind `].`".into());
                }
                (Some(Token::Sub(name.to_owned())), after)
            }
            c if in_word(c) || c == '+' => {
                let end = rest.find(|c| !in_word(c) && c != '+').unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (Some(literal(word).map_or_else(|| Token::Word(word.to_owned()), Token::Literal)), after)
            }
            other => return Err(format!("the character '{other}' has no place in it")),
        };
        tokens.extend(token);
        if tokens.len() > MAX_TERMS * 8 {
            return Err("it is too long".into());
        }
        rest = after;
    }
    Ok(tokens)
}

/// `true`, `false`, `null` and numbers (RFC 7644: compValue is JSON).
fn literal(word: &str) -> Option<Value> {
    match word {
        "true" | "True" => Some(true.into()),
        "false" | "False" => Some(false.into()),
        "null" => Some(Value::Null),
        _ if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            serde_json::from_str::<serde_json::Number>(word).ok().map(Value::Number)
        }
        _ => None,
    }
}
