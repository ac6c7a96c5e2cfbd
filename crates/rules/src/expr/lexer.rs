//! From text to words: `[attribute]`, `%parameter%`, `$variable`, `"text"`, numbers, names, operators.

use super::error::{ExpressionError, place};
use super::parse::{Arithmetic, Logic};

/// What is wrong at a byte of the text.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) offset: u32,
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
}

impl Mistake {
    pub(crate) fn new(offset: u32, message: impl Into<String>) -> Self {
        Self { offset, message: message.into(), suggestion: None }
    }

    pub(crate) fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    pub(crate) fn into_error(self, text: &str) -> ExpressionError {
        let (line, column) = place(text, self.offset);
        ExpressionError { line, column, message: self.message, suggestion: self.suggestion }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Attribute(String),
    Parameter(String),
    Variable(String),
    Text(String),
    Number(i64),
    /// A function, a constant or a keyword.
    Name(String),
    Operator(Arithmetic),
    Logic(Logic),
    Open,
    Close,
    Comma,
    End,
}

impl Token {
    /// For people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Attribute(name) => format!("[{name}]"),
            Self::Parameter(name) => format!("%{name}%"),
            Self::Variable(name) => format!("${name}"),
            Self::Text(_) => "a text".into(),
            Self::Number(number) => number.to_string(),
            Self::Name(name) => format!("`{name}`"),
            Self::Operator(operator) => format!("`{}`", operator.as_str()),
            Self::Logic(operator) => format!("`{}`", operator.as_str()),
            Self::Open => "`(`".into(),
            Self::Close => "`)`".into(),
            Self::Comma => "`,`".into(),
            Self::End => "the end".into(),
        }
    }
}

/// Reads word by word.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    offset: usize,
    /// Whether the last word ended a value. After one `&` and `-` are operators; elsewhere they begin a number.
    after_value: bool,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, offset: 0, after_value: false }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.offset..).unwrap_or("")
    }

    fn here(&self) -> u32 {
        u32::try_from(self.offset).unwrap_or(u32::MAX)
    }

    /// The next word and its byte.
    pub(crate) fn next(&mut self) -> Result<(Token, u32), Mistake> {
        let rest = self.rest();
        self.offset += rest.len() - rest.trim_start().len();
        let at = self.here();
        let token = self.word()?;
        self.after_value = matches!(
            token,
            Token::Attribute(_)
                | Token::Parameter(_)
                | Token::Variable(_)
                | Token::Text(_)
                | Token::Number(_)
                | Token::Name(_)
                | Token::Close
        );
        Ok((token, at))
    }

    fn word(&mut self) -> Result<Token, Mistake> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        let two = rest.get(..2).unwrap_or("");
        let symbol = match two {
            "<=" => Some((2, Token::Operator(Arithmetic::LessOrEqual))),
            "<>" => Some((2, Token::Operator(Arithmetic::NotEqual))),
            ">=" => Some((2, Token::Operator(Arithmetic::GreaterOrEqual))),
            "&&" => Some((2, Token::Logic(Logic::And))),
            "||" => Some((2, Token::Logic(Logic::Or))),
            _ => match first {
                '<' => Some((1, Token::Operator(Arithmetic::Less))),
                '=' => Some((1, Token::Operator(Arithmetic::Equal))),
                '>' => Some((1, Token::Operator(Arithmetic::Greater))),
                '+' => Some((1, Token::Operator(Arithmetic::Add))),
                '*' => Some((1, Token::Operator(Arithmetic::Multiply))),
                '-' if self.after_value => Some((1, Token::Operator(Arithmetic::Subtract))),
                '&' if self.after_value => Some((1, Token::Operator(Arithmetic::Concatenate))),
                '(' => Some((1, Token::Open)),
                ')' => Some((1, Token::Close)),
                ',' => Some((1, Token::Comma)),
                _ => None,
            },
        };
        if let Some((length, token)) = symbol {
            self.offset += length;
            return Ok(token);
        }
        match first {
            '[' => self.delimited(']', "an attribute").map(Token::Attribute),
            '%' => self.delimited('%', "a parameter").map(Token::Parameter),
            '"' => self.text_literal(),
            '$' => {
                let name = self.name_after(1);
                if name.is_empty() {
                    return Err(Mistake::new(self.here(), "`$` is not followed by a variable's name")
                        .suggest("write for example `$item`"));
                }
                self.offset += 1 + name.len();
                Ok(Token::Variable(name.to_owned()))
            }
            '&' => self.hexadecimal(),
            '-' => self.number(1),
            _ if first.is_ascii_digit() => self.number(0),
            _ if first.is_ascii_alphabetic() => {
                let name = self.name_after(0);
                self.offset += name.len();
                Ok(Token::Name(name.to_owned()))
            }
            '“' | '”' | '„' | '«' | '»' => {
                Err(Mistake::new(self.here(), format!("`{first}` begins nothing"))
                    .suggest("write texts in straight quotes: \"...\""))
            }
            '\'' | '‘' | '’' => Err(Mistake::new(self.here(), format!("`{first}` begins nothing"))
                .suggest("write texts in double quotes: \"...\"")),
            '!' => Err(Mistake::new(self.here(), "there is no operator `!`")
                .suggest("compare with False, or use `<>`")),
            '/' => Err(Mistake::new(self.here(), "there is no division")),
            '|' => Err(Mistake::new(self.here(), "there is no operator `|`")
                .suggest("write `||` for or, BitOr() for bits")),
            _ => Err(Mistake::new(self.here(), format!("`{}` begins nothing", first.escape_debug()))),
        }
    }

    /// The letters, digits and `_` from so many bytes on.
    fn name_after(&self, skip: usize) -> &'t str {
        let rest = self.rest().get(skip..).unwrap_or("");
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest.get(..end).unwrap_or("")
    }

    fn delimited(&mut self, end: char, what: &str) -> Result<String, Mistake> {
        let inner = self.rest().get(1..).unwrap_or("");
        let Some(length) = inner.find(end) else {
            return Err(Mistake::new(self.here(), format!("{what} is not closed"))
                .suggest(format!("end its name with `{end}`")));
        };
        let name = inner.get(..length).unwrap_or("").trim();
        if name.is_empty() {
            return Err(Mistake::new(self.here(), format!("{what} without a name")));
        }
        self.offset += length + 2;
        Ok(name.to_owned())
    }

    /// `""` is a quote and `\\` a backslash; a backslash before anything else is itself.
    fn text_literal(&mut self) -> Result<Token, Mistake> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' if chars.next_if(|(_, next)| *next == '"').is_some() => text.push('"'),
                '"' => {
                    self.offset += at + 1;
                    return Ok(Token::Text(text));
                }
                '\\' => {
                    let _ = chars.next_if(|(_, next)| *next == '\\');
                    text.push('\\');
                }
                c => text.push(c),
            }
        }
        Err(Mistake::new(self.here(), "the text is not closed").suggest("end it with `\"`"))
    }

    fn hexadecimal(&mut self) -> Result<Token, Mistake> {
        let rest = self.rest();
        let Some(digits) = rest.get(1..).and_then(|rest| rest.strip_prefix(['H', 'h'])) else {
            return Err(Mistake::new(self.here(), "`&` stands between no two texts")
                .suggest("a hexadecimal number is written &HFF"));
        };
        let end = digits.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(digits.len());
        let digits = digits.get(..end).unwrap_or("");
        // Sixteen digits are all 64 bits: &HFFFFFFFFFFFFFFFF is -1.
        let Ok(number) = u64::from_str_radix(digits, 16) else {
            return Err(Mistake::new(
                self.here(),
                "a hexadecimal number has 1 to 16 digits of 0 to 9 and A to F",
            ));
        };
        self.offset += 2 + end;
        Ok(Token::Number(number.cast_signed()))
    }

    fn number(&mut self, sign: usize) -> Result<Token, Mistake> {
        let rest = self.rest();
        let after = rest.get(sign..).unwrap_or("");
        let length = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        if length == 0 {
            return Err(Mistake::new(self.here(), "`-` stands between no two numbers"));
        }
        if after.get(length..).is_some_and(|tail| {
            tail.starts_with('.') || tail.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        }) {
            return Err(Mistake::new(self.here(), "a number is made of digits only")
                .suggest("write whole numbers, or a text in quotes"));
        }
        let Ok(number) = rest.get(..sign + length).unwrap_or("").parse() else {
            return Err(Mistake::new(self.here(), "the number has more than 64 bits"));
        };
        self.offset += sign + length;
        Ok(Token::Number(number))
    }
}
