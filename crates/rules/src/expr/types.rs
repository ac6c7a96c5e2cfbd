//! What an expression can be: its types and whether it has one value or several. Known before anything runs.

use std::fmt;

/// A set of types. Empty where there can be no value at all: `NULL`, `Error(...)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Types(u8);

impl Types {
    /// No type: only `NULL`.
    pub const NONE: Self = Self(0);
    /// Text (`str`).
    pub const TEXT: Self = Self(1);
    /// A whole number of 64 bits with a sign (`num`).
    pub const NUMBER: Self = Self(2);
    /// True or False (`bool`).
    pub const BOOLEAN: Self = Self(4);
    /// Octets (`bin`).
    pub const BINARY: Self = Self(8);
    /// A moment, in UTC (`dt`).
    pub const DATE: Self = Self(16);
    /// The name of another object (`ref`).
    pub const REFERENCE: Self = Self(32);
    /// Every type (`var`).
    pub const ANY: Self = Self(63);

    const NAMES: [(Self, &'static str, &'static str); 6] = [
        (Self::TEXT, "text", "str"),
        (Self::NUMBER, "a number", "num"),
        (Self::BOOLEAN, "True or False", "bool"),
        (Self::BINARY, "binary", "bin"),
        (Self::DATE, "a date", "dt"),
        (Self::REFERENCE, "a reference", "ref"),
    ];

    /// The types of both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The types that both have.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether every type of `other` is among these.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether there is one and only one.
    pub const fn is_one(self) -> bool {
        self.0.is_power_of_two()
    }

    /// The names that the reference of Entra Connect uses: `str`, `num or bool`; `var` for every type.
    pub fn short(self) -> String {
        if self == Self::ANY {
            return "var".into();
        }
        let names: Vec<_> =
            Self::NAMES.iter().filter(|(one, ..)| self.covers(*one)).map(|(.., short)| *short).collect();
        names.join(" or ")
    }
}

impl fmt::Display for Types {
    /// For people: `text`, `a number or a date`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NONE => return f.write_str("nothing"),
            Self::ANY => return f.write_str("any value"),
            _ => {}
        }
        let mut first = true;
        for (one, name, _) in Self::NAMES {
            if self.covers(one) {
                if !first {
                    f.write_str(" or ")?;
                }
                f.write_str(name)?;
                first = false;
            }
        }
        Ok(())
    }
}

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttributeType {
    /// Text; in a directory UTF-8.
    Text,
    /// A whole number; in a directory its decimal digits.
    Number,
    /// True or False; in a directory `TRUE` or `FALSE`.
    Boolean,
    /// Octets.
    Binary,
    /// A moment; in a directory a generalized time (RFC 4517 section 3.3.13).
    Date,
    /// The distinguished name of another entry.
    Reference,
}

impl AttributeType {
    /// As a set of one.
    pub const fn types(self) -> Types {
        match self {
            Self::Text => Types::TEXT,
            Self::Number => Types::NUMBER,
            Self::Boolean => Types::BOOLEAN,
            Self::Binary => Types::BINARY,
            Self::Date => Types::DATE,
            Self::Reference => Types::REFERENCE,
        }
    }
}

/// One value or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arity {
    /// At most one value.
    One,
    /// A list of values.
    Many,
    /// Known only when it runs: the branches of an `IIF` differ.
    Either,
}

impl Arity {
    /// Of something that can be either of the two.
    pub(crate) const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::One, Self::One) => Self::One,
            (Self::Many, Self::Many) => Self::Many,
            _ => Self::Either,
        }
    }

    /// Of a function of one value that gets both: it is applied to every value.
    pub(crate) const fn mapped(self, other: Self) -> Self {
        match (self, other) {
            (Self::Many, _) | (_, Self::Many) => Self::Many,
            (Self::One, Self::One) => Self::One,
            _ => Self::Either,
        }
    }
}

/// What an expression gives, known before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Of which types its values can be.
    pub types: Types,
    /// One or several.
    pub arity: Arity,
}

impl Shape {
    pub(crate) const NULL: Self = Self::one(Types::NONE);

    pub(crate) const fn one(types: Types) -> Self {
        Self { types, arity: Arity::One }
    }

    /// Of something that is one or the other, as the branches of an `IIF`. What has no value has no say.
    pub(crate) fn or(self, other: Self) -> Self {
        if self.types.is_empty() {
            return other;
        }
        if other.types.is_empty() {
            return self;
        }
        Self { types: self.types.or(other.types), arity: self.arity.or(other.arity) }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.arity {
            _ if self.types.is_empty() => f.write_str("NULL"),
            Arity::One | Arity::Either => self.types.fmt(f),
            Arity::Many => write!(f, "several values ({})", self.types),
        }
    }
}
