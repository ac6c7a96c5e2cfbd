//! The expression language of attribute flows: the functions, types and edge cases of Entra Connect's declarative
//! provisioning.
//!
//! An [`Expression`] is compiled once against a [`Schema`], where every mistake that can be known is found, and then
//! evaluated for each object. One expression is one value: functions in one another, no statements, no loops.
//!
//! - `[attribute]`, `%parameter%`, `$variable` (of `With`, `Select` and `Where`), `"text"` (`""` is a quote, `\\` a
//!   backslash), `98052`, `&HFF`, `True`, `False`, `NULL`, `CRLF`, `IgnoreThisFlow`, `AuthoritativeNull`.
//! - The operators `< <= <> = > >= + - * &` have one priority and are applied strictly from left to right. `&&` and
//!   `||` are applied from left to right after them: the default rules of Entra Connect need it so
//!   (`IsPresent([a]) || IsPresent([b]) = False || [b] = "x"`).
//! - A function of one value that gets a multi-valued attribute is applied to each of its values.
//! - What is absent is `NULL`. Comparing it gives False; most functions give `NULL` or `""` for it, as their notes say.
//!
//! **Invariant:** total: every expression ends, on every input, within [`MAX_STEPS`]; no input makes it panic; the
//! result depends on the inputs alone.

mod compile;
mod error;
mod eval;
mod functions;
mod lexer;
mod parse;
mod reference;
mod sample;
mod schema;
mod types;
mod value;

pub use error::{EvaluationError, EvaluationErrorKind, ExpressionError};
pub use eval::MAX_STEPS;
pub use functions::{
    Accepts, Default as ParameterDefault, Function, Group, MAX_TEXT_BYTES, Parameter, Returns,
};
pub use parse::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
pub use reference::reference;
pub use schema::{Attribute, STANDARD_PARAMETERS, Schema};
pub use types::{Arity, AttributeType, Shape, Types};
pub use value::{List, Value};

use compile::Program;
use eval::{Node, State};
use jiff::Timestamp;
use parse::Expr;
use std::fmt;

/// An expression that was checked, ready to be evaluated. Its `Display` writes it in one form; reading that again
/// gives an equal expression.
#[derive(Clone, Debug)]
pub struct Expression {
    text: Box<str>,
    tree: Expr,
    node: Node,
    shape: Shape,
    attributes: Vec<(String, u32)>,
    parameters: Vec<(String, u32)>,
    volatile: bool,
}

/// What an expression reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The values of the object, by the slots of the schema. A slot beyond the end is absent.
    pub attributes: &'a [Value<'a>],
    /// The same as the last import confirmed them, for `ImportedValue()`; none where they are the same.
    pub imported: Option<&'a [Value<'a>]>,
    /// The values of the parameters, by slot.
    pub parameters: &'a [Value<'a>],
    /// The present moment, for `Now()`.
    pub now: Timestamp,
    /// Chance, for `Guid()` and `RandomNum()`: a number from the caller's random source, another one for each object
    /// and flow. The same seed gives the same results.
    pub seed: u128,
}

/// What an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// A value; never NULL, and a list has at least one value.
    Value(Value<'a>),
    /// Nothing; a rule of lower precedence may give a value.
    Null,
    /// Nothing, and no rule of lower precedence may give a value.
    AuthoritativeNull,
    /// As if the flow were not there: what the target has stays.
    IgnoreThisFlow,
}

impl Expression {
    /// Reads and checks an expression.
    ///
    /// # Errors
    /// [`ExpressionError`] with line, column and what may have been meant: for what is no expression, for a name that
    /// the schema does not have, for a wrong type or number of arguments, and beyond [`MAX_BYTES`], [`MAX_DEPTH`] and
    /// [`MAX_NODES`].
    pub fn compile(text: &str, schema: &Schema) -> Result<Self, ExpressionError> {
        let tree = parse::parse(text).map_err(|mistake| mistake.into_error(text))?;
        let program = compile::compile(&tree, schema).map_err(|mistake| mistake.into_error(text))?;
        let Program { node, shape, mut attributes, imported, parameters, volatile } = program;
        attributes.extend(imported);
        let name = |slot: u32| {
            let attribute = schema.attributes().get(slot as usize)?;
            Some((attribute.name.clone(), slot))
        };
        let mut attributes: Vec<_> = attributes.into_iter().filter_map(name).collect();
        attributes.sort_unstable();
        let mut parameters: Vec<_> = parameters
            .into_iter()
            .filter_map(|slot| Some((schema.parameters().get(slot as usize)?.clone(), slot)))
            .collect();
        parameters.sort_unstable();
        Ok(Self { text: text.into(), tree, node, shape, attributes, parameters, volatile })
    }

    /// Evaluates it for one object.
    ///
    /// # Errors
    /// [`EvaluationError`] where a function cannot take a value, where the expression says so with `Error()`, and
    /// beyond [`MAX_STEPS`] and [`MAX_TEXT_BYTES`]. It is an error of this object.
    pub fn evaluate<'a>(&'a self, inputs: &'a Inputs<'a>) -> Result<Outcome<'a>, EvaluationError> {
        let mut value = Value::Null;
        match eval::eval(&self.node, &mut State::new(inputs), &mut value) {
            Ok(()) => Ok(match value {
                Value::Null => Outcome::Null,
                Value::AuthoritativeNull => Outcome::AuthoritativeNull,
                Value::IgnoreThisFlow => Outcome::IgnoreThisFlow,
                Value::Many(List::Borrowed(list)) if list.iter().all(|value| !value.is_null()) => {
                    if list.is_empty() {
                        Outcome::Null
                    } else {
                        Outcome::Value(Value::Many(List::Borrowed(list)))
                    }
                }
                Value::Many(list) => match functions::many(functions::values_of(Value::Many(list))) {
                    Value::Null => Outcome::Null,
                    list => Outcome::Value(list),
                },
                value => Outcome::Value(value),
            }),
            Err(failure) => Err(failure.into_error(&self.text)),
        }
    }

    /// What it gives: of which types, one value or several. Known before it runs, so that a flow can be checked
    /// against its target.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The attributes that it reads, by name, each with its slot.
    pub fn attributes(&self) -> &[(String, u32)] {
        &self.attributes
    }

    /// The parameters that it reads, by name, each with its slot.
    pub fn parameters(&self) -> &[(String, u32)] {
        &self.parameters
    }

    /// Whether two evaluations of the same object can differ: it asks the clock or chance.
    pub const fn is_volatile(&self) -> bool {
        self.volatile
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Expression {
    /// Two expressions are equal where they say the same, however they are written.
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree.fmt(f)
    }
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Null => f.write_str("NULL"),
            Self::AuthoritativeNull => f.write_str("AuthoritativeNull"),
            Self::IgnoreThisFlow => f.write_str("IgnoreThisFlow"),
        }
    }
}

// For sync rules, which report mistakes as expressions do.
pub(crate) use error::nearest as nearest_name;

/// The date that a text is, as `CDate()` reads it.
pub(crate) fn date_in(text: &str) -> Option<Timestamp> {
    functions::date::parse(text)
}

#[cfg(test)]
mod tests;
