//! Values: what attributes hold, what functions take and give. They borrow from the object and from the
//! expression wherever they can, so that most evaluations allocate nothing.

use jiff::Timestamp;
use std::borrow::Cow;
use std::fmt;

/// A value, several, or one of the control literals.
// The tag takes the whole first word. With one byte, a bool beside it, values are moved in pieces that the processor
// cannot forward from store to load, and every move of one waits for the cache: half the speed.
#[repr(u64)]
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Absent.
    Null,
    /// Text.
    Text(Cow<'a, str>),
    /// A whole number.
    Number(i64),
    /// True or False.
    Boolean(bool),
    /// Octets.
    Binary(Cow<'a, [u8]>),
    /// A moment.
    Date(Timestamp),
    /// The name of another object, as text.
    Reference(Cow<'a, str>),
    /// The values of a multi-valued attribute. While an expression runs a list can hold `Null` where a value was
    /// dropped; what comes out has none.
    Many(List<'a>),
    /// Nothing, and no rule of lower precedence may give a value.
    AuthoritativeNull,
    /// As if the flow were not there.
    IgnoreThisFlow,
}

/// Values in their order.
#[derive(Clone, Debug)]
pub enum List<'a> {
    /// Those of an attribute.
    Borrowed(&'a [Value<'a>]),
    /// Those that an expression made.
    Owned(Vec<Value<'a>>),
}

impl<'a> Value<'a> {
    /// Text that is borrowed.
    pub const fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The same value without a copy of what it holds.
    pub fn borrowed(&'a self) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Text(text) => Self::Text(Cow::Borrowed(text)),
            Self::Number(number) => Self::Number(*number),
            Self::Boolean(flag) => Self::Boolean(*flag),
            Self::Binary(octets) => Self::Binary(Cow::Borrowed(octets)),
            Self::Date(date) => Self::Date(*date),
            Self::Reference(text) => Self::Reference(Cow::Borrowed(text)),
            Self::Many(list) => Self::Many(List::Borrowed(list.as_slice())),
            Self::AuthoritativeNull => Self::AuthoritativeNull,
            Self::IgnoreThisFlow => Self::IgnoreThisFlow,
        }
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Value::Number(number),
            Self::Boolean(flag) => Value::Boolean(flag),
            Self::Binary(octets) => Value::Binary(Cow::Owned(octets.into_owned())),
            Self::Date(date) => Value::Date(date),
            Self::Reference(text) => Value::Reference(Cow::Owned(text.into_owned())),
            Self::Many(list) => {
                Value::Many(List::Owned(list.into_vec().into_iter().map(Value::into_owned).collect()))
            }
            Self::AuthoritativeNull => Value::AuthoritativeNull,
            Self::IgnoreThisFlow => Value::IgnoreThisFlow,
        }
    }

    /// Whether it is absent.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Bytes it takes beside itself where it was made anew; by this the work of an evaluation is bounded.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Text(text) | Self::Reference(text) => text.len(),
            Self::Binary(octets) => octets.len(),
            Self::Many(list) => list.as_slice().len().saturating_mul(8),
            _ => 0,
        }
    }
}

impl<'a> List<'a> {
    /// The values.
    pub fn as_slice(&self) -> &[Value<'a>] {
        match self {
            Self::Borrowed(list) => list,
            Self::Owned(list) => list,
        }
    }

    /// The values, each borrowed from the object where the list was.
    pub fn into_vec(self) -> Vec<Value<'a>> {
        match self {
            Self::Borrowed(list) => list.iter().map(Value::borrowed).collect(),
            Self::Owned(list) => list,
        }
    }
}

impl PartialEq for List<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl fmt::Display for Value<'_> {
    /// As an expression would write it where it could: `"text"`, `5`, `True`, `NULL`; beside that
    /// `2013-01-11T00:00:00Z`, `hex 0F20`, `ref "cn=Ann"`, `{"a", "b"}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Text(text) => write_text(text, f),
            Self::Number(number) => number.fmt(f),
            Self::Boolean(true) => f.write_str("True"),
            Self::Boolean(false) => f.write_str("False"),
            Self::Binary(octets) => {
                f.write_str("hex ")?;
                octets.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
            }
            Self::Date(date) => date.fmt(f),
            Self::Reference(text) => {
                f.write_str("ref ")?;
                write_text(text, f)
            }
            Self::Many(list) => {
                f.write_str("{")?;
                for (at, value) in list.as_slice().iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    value.fmt(f)?;
                }
                f.write_str("}")
            }
            Self::AuthoritativeNull => f.write_str("AuthoritativeNull"),
            Self::IgnoreThisFlow => f.write_str("IgnoreThisFlow"),
        }
    }
}

/// A text literal: `"` is written twice, and so is a backslash.
pub(crate) fn write_text(text: &str, f: &mut impl fmt::Write) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char(c)?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}
