//! The functions: one table. The checker, the evaluation and the printed reference read nothing else.
//! A family of functions is a file of the folder; each lists its rows and has their bodies.

pub(crate) mod certificates;
pub(crate) mod conversion;
pub(crate) mod date;
pub(crate) mod directory;
pub(crate) mod flow;
pub(crate) mod lists;
pub(crate) mod number;
pub(crate) mod person;
pub(crate) mod search;
pub(crate) mod tests_of_values;
pub(crate) mod text;

use super::error::Fault;
use super::eval::State;
use super::types::Types;
use super::value::{List, Value};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// Bytes that a text made by an expression may have.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// What a body gives.
pub(crate) type Out<'a> = Result<Value<'a>, Fault>;

/// A function of the language.
#[derive(Debug)]
pub struct Function {
    /// Its name; case counts.
    pub name: &'static str,
    /// Where the reference prints it.
    pub group: Group,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// What it gives.
    pub returns: Returns,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Its edge cases, each a sentence.
    pub notes: &'static [&'static str],
    /// Expressions over the sample object of the reference, each with its result.
    pub examples: &'static [(&'static str, &'static str)],
    pub(crate) body: Body,
}

/// A family of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Parts, case, padding, replacing, searching.
    Text,
    /// Arithmetic beside the operators.
    Math,
    /// Lists of values.
    MultiValued,
    /// What a value is.
    Evaluation,
    /// From one type to another.
    Conversion,
    /// Dates and times.
    Date,
    /// Distinguished names and the attributes of the object.
    Directory,
    /// Choosing, mapping, naming, failing.
    Flow,
    /// X.509.
    Certificate,
}

impl Group {
    /// Every group, in the order of the reference.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Math,
        Self::MultiValued,
        Self::Evaluation,
        Self::Conversion,
        Self::Date,
        Self::Directory,
        Self::Flow,
        Self::Certificate,
    ];

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Math => "Math",
            Self::MultiValued => "Multi-valued",
            Self::Evaluation => "Evaluation",
            Self::Conversion => "Conversion",
            Self::Date => "Date and time",
            Self::Directory => "Directory",
            Self::Flow => "Program flow",
            Self::Certificate => "Certificate",
        }
    }
}

/// A parameter of a function.
#[derive(Debug)]
pub struct Parameter {
    /// Its name, for people.
    pub name: &'static str,
    /// What it takes.
    pub accepts: Accepts,
    /// What stands there where the caller leaves it out; none where it must be given.
    pub default: Option<Default>,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug)]
pub enum Accepts {
    /// One value of these types. Where it gets several, the function is applied to each.
    One(Types),
    /// Several values of these types.
    List(Types),
    /// One value or several, as they are.
    Whole(Types),
    /// Something true or false.
    Condition,
    /// One of these words; a body gets its place in the list.
    Keyword(&'static [&'static str]),
    /// The name of an attribute, in quotes.
    AttributeName,
    /// A new variable: `$name`.
    Variable,
}

/// The value of a parameter that was left out.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// `NULL`: the function knows.
    Null,
    /// This text.
    Text(&'static str),
    /// This number, or the first keyword.
    Number(i64),
}

/// What a function gives.
#[derive(Clone, Copy, Debug)]
pub enum Returns {
    /// One value of these types.
    One(Types),
    /// Several values of these types.
    List(Types),
    /// One value of the types of this parameter, counted from 0.
    Element(usize),
    /// Several values of the types of this parameter.
    Same(usize),
    /// Whatever the arguments make of it.
    Form,
    /// Nothing: it ends the evaluation.
    Never,
}

pub(crate) type F1 = for<'a> fn(Value<'a>) -> Out<'a>;
pub(crate) type F2 = for<'a> fn(Value<'a>, Value<'a>) -> Out<'a>;
pub(crate) type F3 = for<'a> fn(Value<'a>, Value<'a>, Value<'a>) -> Out<'a>;
pub(crate) type F4 = for<'a> fn(Value<'a>, Value<'a>, Value<'a>, Value<'a>) -> Out<'a>;

/// How a function is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// From as many values.
    F1(F1),
    F2(F2),
    F3(F3),
    F4(F4),
    /// From the inputs of the evaluation: the clock, chance.
    S0(for<'a, 's> fn(&'s mut State<'a>) -> Out<'a>),
    S2(for<'a, 's> fn(&'s mut State<'a>, Value<'a>, Value<'a>) -> Out<'a>),
    /// Not from the values of its arguments alone: the compiler knows.
    Form(Form),
}

/// Functions that do not simply take values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Iif,
    Switch,
    Select,
    Where,
    With,
    ImportedValue,
    ValueCount,
}

impl Function {
    /// Every function, by group and then as the files list them.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [
            text::FUNCTIONS,
            search::FUNCTIONS,
            number::FUNCTIONS,
            lists::FUNCTIONS,
            tests_of_values::FUNCTIONS,
            conversion::FUNCTIONS,
            date::FUNCTIONS,
            directory::FUNCTIONS,
            person::FUNCTIONS,
            flow::FUNCTIONS,
            certificates::FUNCTIONS,
        ]
        .into_iter()
        .flatten()
    }

    /// The function of this name; case counts.
    pub fn named(name: &str) -> Option<&'static Self> {
        static BY_NAME: LazyLock<Vec<&'static Function>> = LazyLock::new(|| {
            let mut all: Vec<_> = Function::all().collect();
            all.sort_unstable_by_key(|function| function.name);
            all
        });
        let at = BY_NAME.binary_search_by_key(&name, |function| function.name).ok()?;
        BY_NAME.get(at).copied()
    }

    /// Whether its result can differ from one evaluation of the same object to the next: the clock, chance.
    pub const fn is_volatile(&self) -> bool {
        matches!(self.body, Body::S0(_) | Body::S2(_))
    }

    /// Arguments it needs at least.
    pub(crate) fn least(&self) -> usize {
        self.parameters.iter().filter(|parameter| parameter.default.is_none()).count()
    }

    /// `str Left(str value, num count)`.
    pub fn signature(&self) -> String {
        let returns = match self.returns {
            Returns::One(types) => types.short(),
            Returns::List(types) => several(types),
            Returns::Element(at) => match self.parameters.get(at).map(|parameter| parameter.accepts) {
                Some(Accepts::One(types) | Accepts::List(types) | Accepts::Whole(types)) => types.short(),
                _ => Types::ANY.short(),
            },
            Returns::Same(at) => match self.parameters.get(at).map(|parameter| parameter.accepts) {
                Some(Accepts::One(types) | Accepts::List(types) | Accepts::Whole(types)) => several(types),
                _ => several(Types::ANY),
            },
            Returns::Form => Types::ANY.short(),
            Returns::Never => "void".into(),
        };
        let mut text = format!("{returns} {}(", self.name);
        let mut open = 0;
        for (at, parameter) in self.parameters.iter().enumerate() {
            if parameter.default.is_some() {
                text.push('[');
                open += 1;
            }
            if at > 0 {
                text.push_str(", ");
            }
            text.push_str(&match parameter.accepts {
                Accepts::One(types) | Accepts::Whole(types) => {
                    format!("{} {}", types.short(), parameter.name)
                }
                Accepts::List(types) => format!("{} {}", several(types), parameter.name),
                Accepts::Condition => format!("exp {}", parameter.name),
                Accepts::Keyword(words) => words.join("/"),
                Accepts::AttributeName => format!("\"{}\"", parameter.name),
                Accepts::Variable => format!("${}", parameter.name),
            });
        }
        if self.body_is(Form::Switch) {
            text.push_str(", ...");
        }
        text.push_str(&"]".repeat(open));
        text.push(')');
        text
    }

    pub(crate) fn body_is(&self, form: Form) -> bool {
        matches!(self.body, Body::Form(own) if own == form)
    }
}

/// `mvstr`; `mvstr or mvref`.
fn several(types: Types) -> String {
    if types == Types::ANY {
        return "mv".into();
    }
    types.short().split(" or ").map(|one| format!("mv{one}")).collect::<Vec<_>>().join(" or ")
}

// For the tables of the files below.

const fn one(name: &'static str, types: Types) -> Parameter {
    Parameter { name, accepts: Accepts::One(types), default: None }
}

const fn list(name: &'static str, types: Types) -> Parameter {
    Parameter { name, accepts: Accepts::List(types), default: None }
}

const fn whole(name: &'static str) -> Parameter {
    Parameter { name, accepts: Accepts::Whole(Types::ANY), default: None }
}

const fn keyword(name: &'static str, words: &'static [&'static str]) -> Parameter {
    Parameter { name, accepts: Accepts::Keyword(words), default: None }
}

impl Parameter {
    const fn or(mut self, default: Default) -> Self {
        self.default = Some(default);
        self
    }
}

// For the bodies. What reaches them was checked; they still refuse what they cannot take, so that a mistake of the
// checker is an error of one object.

fn wrong(value: &Value<'_>, expected: Types) -> Fault {
    let found = match value {
        Value::Null => "nothing",
        Value::Text(_) => "text",
        Value::Number(_) => "a number",
        Value::Boolean(_) => "True or False",
        Value::Binary(_) => "binary",
        Value::Date(_) => "a date",
        Value::Reference(_) => "a reference",
        Value::Many(_) => "several values",
        Value::AuthoritativeNull | Value::IgnoreThisFlow => "a control literal",
    };
    Fault::value(format!("takes {expected}, not {found}"))
}

/// Text; none for NULL.
fn text_of(value: Value<'_>) -> Result<Option<Cow<'_, str>>, Fault> {
    match value {
        Value::Text(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        other => Err(wrong(&other, Types::TEXT)),
    }
}

/// A number; none for NULL.
fn number_of(value: &Value<'_>) -> Result<Option<i64>, Fault> {
    match value {
        Value::Number(number) => Ok(Some(*number)),
        Value::Null => Ok(None),
        other => Err(wrong(other, Types::NUMBER)),
    }
}

/// A date; none for NULL.
fn date_of(value: &Value<'_>) -> Result<Option<jiff::Timestamp>, Fault> {
    match value {
        Value::Date(date) => Ok(Some(*date)),
        Value::Null => Ok(None),
        other => Err(wrong(other, Types::DATE)),
    }
}

/// Octets; none for NULL.
fn binary_of(value: Value<'_>) -> Result<Option<Cow<'_, [u8]>>, Fault> {
    match value {
        Value::Binary(octets) => Ok(Some(octets)),
        Value::Null => Ok(None),
        other => Err(wrong(&other, Types::BINARY)),
    }
}

/// The values of a list without the dropped ones; none for NULL, one for a single value.
pub(crate) fn values_of(value: Value<'_>) -> Vec<Value<'_>> {
    match value {
        Value::Null => Vec::new(),
        Value::Many(List::Owned(mut values)) => {
            values.retain(|value| !value.is_null());
            values
        }
        Value::Many(List::Borrowed(values)) => {
            values.iter().filter(|value| !value.is_null()).map(Value::borrowed).collect()
        }
        single => vec![single],
    }
}

/// A list; NULL where there is no value.
pub(crate) fn many(values: Vec<Value<'_>>) -> Value<'_> {
    if values.is_empty() { Value::Null } else { Value::Many(List::Owned(values)) }
}

/// Text that was made, if it is not too long.
fn made<'a>(text: String) -> Out<'a> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Fault::limit(format!("a text made by an expression has at most {MAX_TEXT_BYTES} bytes")));
    }
    Ok(Value::Text(Cow::Owned(text)))
}

/// A part of a text, borrowed where the text is.
fn part(text: Cow<'_, str>, range: Range<usize>) -> Value<'_> {
    Value::Text(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or("")),
        Cow::Owned(text) if range == (0..text.len()) => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or("").to_owned()),
    })
}

/// The byte where the character of this index, from 0, begins; the end where there are fewer.
fn byte_of(text: &str, index: usize) -> usize {
    // Where no character before it has two bytes, the index is the byte.
    match text.get(..index) {
        _ if index >= text.len() => text.len(),
        Some(head) if head.is_ascii() => index,
        _ => text.char_indices().nth(index).map_or(text.len(), |(at, _)| at),
    }
}

/// Where a text begins in another, by byte. The search of the standard library prepares itself for long texts; for
/// those of an attribute that takes longer than to look.
fn find(text: &str, wanted: &str) -> Option<usize> {
    let Some((first, _)) = wanted.as_bytes().split_first().filter(|_| text.len() <= 256) else {
        return text.find(wanted);
    };
    let bytes = text.as_bytes();
    let starts = bytes.iter().enumerate().filter(|(_, byte)| *byte == first).map(|(at, _)| at);
    starts.into_iter().find(|at| bytes.get(*at..).is_some_and(|tail| tail.starts_with(wanted.as_bytes())))
}

/// A number as a count or an index: below 0 is 0.
fn index_of(number: i64) -> usize {
    usize::try_from(number.max(0)).unwrap_or(usize::MAX)
}

/// A count as a number.
fn counted<'a>(count: usize) -> Value<'a> {
    Value::Number(i64::try_from(count).unwrap_or(i64::MAX))
}
