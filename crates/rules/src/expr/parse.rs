//! From words to a tree, and back to text. Types and names are not judged here.
//!
//! **Invariant:** the tree of what `Display` writes equals the tree it was written from.

use super::lexer::{Lexer, Mistake, Token};
use super::value::write_text;
use std::fmt::{self, Write as _};

/// Bytes that the text of an expression may have.
pub const MAX_BYTES: usize = 64 * 1024;
/// How deep parentheses and function calls may stand in one another.
pub const MAX_DEPTH: usize = 64;
/// How many values, operators and calls an expression may have.
pub const MAX_NODES: usize = 10_000;

/// A byte of the text. Two trees are equal wherever they were read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub(crate) u32);

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) at: At,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Text(String),
    Number(i64),
    /// A constant or a keyword.
    Name(String),
    Attribute(String),
    Parameter(String),
    Variable(String),
    Call {
        name: String,
        arguments: Vec<Expr>,
    },
    /// Comparison, arithmetic and concatenation: strictly from left to right. Never with an empty `rest`.
    Chain {
        first: Box<Expr>,
        rest: Vec<(Arithmetic, At, Expr)>,
    },
    /// `&&` and `||`: strictly from left to right, after what stands between them. Never with an empty `rest`.
    Condition {
        first: Box<Expr>,
        rest: Vec<(Logic, Expr)>,
    },
}

/// The operators of one priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Less,
    LessOrEqual,
    NotEqual,
    Equal,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Concatenate,
}

impl Arithmetic {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::NotEqual => "<>",
            Self::Equal => "=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Concatenate => "&",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logic {
    And,
    Or,
}

impl Logic {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::And => "&&",
            Self::Or => "||",
        }
    }
}

/// Reads a whole expression.
pub(crate) fn parse(text: &str) -> Result<Expr, Mistake> {
    if text.len() > MAX_BYTES {
        return Err(Mistake::new(0, format!("an expression has at most {MAX_BYTES} bytes")));
    }
    let mut lexer = Lexer::new(text);
    let next = lexer.next()?;
    let mut parser = Parser { lexer, next, depth: 0, nodes: 0 };
    let expr = parser.condition()?;
    match &parser.next {
        (Token::End, _) => Ok(expr),
        (Token::Close, at) => Err(Mistake::new(*at, "this `)` closes nothing")),
        (token, at) => {
            Err(Mistake::new(*at, format!("expected an operator or the end, found {}", token.describe()))
                .suggest("an expression is one value: join texts with `&`, nest functions"))
        }
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    next: (Token, u32),
    depth: usize,
    nodes: usize,
}

impl Parser<'_> {
    fn take(&mut self) -> Result<(Token, u32), Mistake> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn condition(&mut self) -> Result<Expr, Mistake> {
        let first = self.chain()?;
        let mut rest = Vec::new();
        while let (Token::Logic(operator), _) = self.next {
            self.take()?;
            rest.push((operator, self.chain()?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expr { at: first.at, kind: Kind::Condition { first: Box::new(first), rest } })
    }

    fn chain(&mut self) -> Result<Expr, Mistake> {
        let first = self.operand()?;
        let mut rest = Vec::new();
        while let (Token::Operator(operator), at) = self.next {
            self.take()?;
            rest.push((operator, At(at), self.operand()?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expr { at: first.at, kind: Kind::Chain { first: Box::new(first), rest } })
    }

    fn operand(&mut self) -> Result<Expr, Mistake> {
        let (token, at) = self.take()?;
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Mistake::new(at, format!("an expression has at most {MAX_NODES} values and calls")));
        }
        let kind = match token {
            Token::Text(text) => Kind::Text(text),
            Token::Number(number) => Kind::Number(number),
            Token::Attribute(name) => Kind::Attribute(name),
            Token::Parameter(name) => Kind::Parameter(name),
            Token::Variable(name) => Kind::Variable(name),
            Token::Name(name) if self.next.0 == Token::Open => {
                self.take()?;
                self.nested(at, |parser| parser.arguments(&name, at))?
            }
            Token::Name(name) => Kind::Name(name),
            Token::Open => {
                let inner = self.nested(at, Self::condition)?;
                match self.take()? {
                    (Token::Close, _) => return Ok(inner),
                    (token, found) => {
                        return Err(Mistake::new(found, format!("expected `)`, found {}", token.describe()))
                            .suggest("every `(` needs its `)`"));
                    }
                }
            }
            token => {
                return Err(Mistake::new(at, format!("expected a value, found {}", token.describe())));
            }
        };
        Ok(Expr { at: At(at), kind })
    }

    fn arguments(&mut self, name: &str, open: u32) -> Result<Kind, Mistake> {
        let mut arguments = Vec::new();
        if self.next.0 == Token::Close {
            self.take()?;
            return Ok(Kind::Call { name: name.to_owned(), arguments });
        }
        loop {
            arguments.push(self.condition()?);
            match self.take()? {
                (Token::Comma, _) => {}
                (Token::Close, _) => return Ok(Kind::Call { name: name.to_owned(), arguments }),
                (Token::End, _) => {
                    return Err(Mistake::new(open, format!("the arguments of {name} are not closed"))
                        .suggest("every `(` needs its `)`"));
                }
                (token, found) => {
                    return Err(Mistake::new(
                        found,
                        format!("expected `,` or `)` in the arguments of {name}, found {}", token.describe()),
                    ));
                }
            }
        }
    }

    fn nested<T>(
        &mut self,
        at: u32,
        read: impl FnOnce(&mut Self) -> Result<T, Mistake>,
    ) -> Result<T, Mistake> {
        if self.depth >= MAX_DEPTH {
            return Err(Mistake::new(at, format!("calls and parentheses may stand {MAX_DEPTH} deep"))
                .suggest("give a part a name with With($name, part, ...)"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }
}

impl Expr {
    /// An operand of a chain: in parentheses where it has operators itself.
    fn write_operand(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Chain { .. } => write!(f, "({self})"),
            _ => self.write_clause(f),
        }
    }

    /// An operand of `&&` and `||`. No more parentheses than needed: added ones would count as depth.
    fn write_clause(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Condition { .. } => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Text(text) => write_text(text, f),
            Kind::Number(number) => number.fmt(f),
            Kind::Name(name) => f.write_str(name),
            Kind::Attribute(name) => write!(f, "[{name}]"),
            Kind::Parameter(name) => write!(f, "%{name}%"),
            Kind::Variable(name) => write!(f, "${name}"),
            Kind::Call { name, arguments } => {
                write!(f, "{name}(")?;
                for (at, argument) in arguments.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    argument.fmt(f)?;
                }
                f.write_char(')')
            }
            Kind::Chain { first, rest } => {
                first.write_operand(f)?;
                rest.iter().try_for_each(|(operator, _, operand)| {
                    write!(f, " {} ", operator.as_str())?;
                    operand.write_operand(f)
                })
            }
            Kind::Condition { first, rest } => {
                first.write_clause(f)?;
                rest.iter().try_for_each(|(operator, operand)| {
                    write!(f, " {} ", operator.as_str())?;
                    operand.write_clause(f)
                })
            }
        }
    }
}
