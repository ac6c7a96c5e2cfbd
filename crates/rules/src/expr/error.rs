//! What can be wrong: with the text of an expression, before it runs; with the values of an object, when it does.

use std::borrow::Cow;
use std::fmt;

/// Why a text is no expression, with its place and what may have been meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ExpressionError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub suggestion: Option<String>,
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; {suggestion}"),
            None => Ok(()),
        }
    }
}

/// What kind of thing stopped an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluationErrorKind {
    /// The expression says so: `Error("...")`.
    Raised,
    /// A value that a function cannot take: an index outside a list, a text that is no number.
    Value,
    /// More work, or a longer text, than an evaluation may have.
    Limit,
}

/// Why an expression has no result for this object. It belongs to the object and never ends a run.
///
/// The message holds no value of the object but what `Error(...)` was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct EvaluationError {
    /// What kind of thing.
    pub kind: EvaluationErrorKind,
    /// The function that said it; none for an operator.
    pub function: Option<&'static str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.function {
            _ if self.kind == EvaluationErrorKind::Raised => f.write_str(&self.message),
            Some(function) => {
                write!(f, "{function} (line {}, column {}): {}", self.line, self.column, self.message)
            }
            None => write!(f, "line {}, column {}: {}", self.line, self.column, self.message),
        }
    }
}

/// What a function says when it cannot go on; its place is added by the caller. One word, so that the path of
/// success stays cheap.
#[derive(Debug)]
pub(crate) struct Fault(Box<(EvaluationErrorKind, Cow<'static, str>)>);

impl Fault {
    pub(crate) fn value(message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new((EvaluationErrorKind::Value, message.into())))
    }

    pub(crate) fn limit(message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new((EvaluationErrorKind::Limit, message.into())))
    }

    pub(crate) fn raised(message: String) -> Self {
        Self(Box::new((EvaluationErrorKind::Raised, message.into())))
    }

    /// With the function that said it and the place of its name.
    pub(crate) fn at(self, function: Option<&'static str>, offset: u32) -> Failure {
        let (kind, message) = *self.0;
        Failure(Box::new(FailureAt { kind, function, offset, message }))
    }
}

/// A fault with its place.
#[derive(Debug)]
pub(crate) struct Failure(Box<FailureAt>);

#[derive(Debug)]
struct FailureAt {
    kind: EvaluationErrorKind,
    function: Option<&'static str>,
    offset: u32,
    message: Cow<'static, str>,
}

impl Failure {
    pub(crate) fn into_error(self, text: &str) -> EvaluationError {
        let FailureAt { kind, function, offset, message } = *self.0;
        let (line, column) = place(text, offset);
        EvaluationError { kind, function, line, column, message: message.into_owned() }
    }
}

/// Line and column, each from 1, of a byte of the text.
pub(crate) fn place(text: &str, offset: u32) -> (u32, u32) {
    let before = text.get(..offset as usize).unwrap_or(text);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let line = count(before.matches('\n').count() + 1);
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count());
    (line, count(column + 1))
}

/// Longer names are compared with none: it takes time by the product of the lengths.
const MAX_NAME_BYTES: usize = 100;

/// What was probably meant, of the names there are: one that differs by case alone, else the nearest.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let lower = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    names
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}
