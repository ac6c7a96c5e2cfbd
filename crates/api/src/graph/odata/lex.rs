//! Words of a `$filter`.

use crate::error::ApiError;

/// Bytes of a filter.
pub(super) const MAX_BYTES: usize = 8 * 1024;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, keyword, number, date or GUID.
    Word(&'a str),
    /// A text in quotes; `''` in it was one quote.
    Text(String),
    Open,
    Close,
    Comma,
    Slash,
    Colon,
}

/// Takes a filter apart.
pub(super) fn lex(text: &str) -> Result<Vec<Token<'_>>, ApiError> {
    if text.len() > MAX_BYTES {
        return Err(ApiError::bad_request(format!("The filter has more than {MAX_BYTES} bytes.")));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let token = match first {
            c if c.is_whitespace() => {
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '/' => (Token::Slash, 1),
            ':' => (Token::Colon, 1),
            '\'' => quoted(rest)?,
            _ => word(rest, first)?,
        };
        rest = rest.get(token.1..).unwrap_or_default();
        tokens.push(token.0);
    }
    Ok(tokens)
}

/// A quoted text and the bytes it takes.
fn quoted(rest: &str) -> Result<(Token<'_>, usize), ApiError> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\'' {
            value.push(c);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Ok((Token::Text(value), at + 1));
        }
    }
    Err(ApiError::bad_request("There is an unterminated string literal in the filter."))
}

/// A word and the bytes it takes. One that begins with a digit may be a time and hold colons.
fn word(rest: &str, first: char) -> Result<(Token<'_>, usize), ApiError> {
    let digit = first.is_ascii_digit() || first == '-';
    let holds = |c: char| c.is_alphanumeric() || "_.$@-".contains(c) || (digit && ":+".contains(c));
    let end = rest.find(|c| !holds(c)).unwrap_or(rest.len());
    match rest.get(..end) {
        Some(word) if !word.is_empty() => Ok((Token::Word(word), end)),
        _ => Err(ApiError::bad_request(format!("Invalid filter clause: '{first}' is not expected."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(
            lex("a/any(p:p eq 'it''s') and t ge 2026-11-22T21:00:00.5+01:00").unwrap(),
            [
                Token::Word("a"),
                Token::Slash,
                Token::Word("any"),
                Token::Open,
                Token::Word("p"),
                Token::Colon,
                Token::Word("p"),
                Token::Word("eq"),
                Token::Text("it's".into()),
                Token::Close,
                Token::Word("and"),
                Token::Word("t"),
                Token::Word("ge"),
                Token::Word("2026-11-22T21:00:00.5+01:00"),
            ]
        );
        assert_eq!(lex("  ").unwrap(), []);
        for bad in ["'open", "a eq \"b\"", "a = b", "a;b", &"x".repeat(9_000)] {
            assert!(lex(bad).is_err(), "{bad}");
        }
    }
}
