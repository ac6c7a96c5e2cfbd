//! Values as they are bound and as they are read.

use super::{Fault, Result};
use crate::postgres::wire;
use rusqlite::types::{ToSql, ToSqlOutput};

/// A value to bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueRef<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl ToSql for ValueRef<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        use rusqlite::types::ValueRef as Of;
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => Of::Null,
            Self::Integer(number) => Of::Integer(*number),
            Self::Text(text) => Of::Text(text.as_bytes()),
            Self::Blob(bytes) => Of::Blob(bytes),
        }))
    }
}

/// A value of its own, for statements that are put together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Text(text) => Self::Text(text.to_owned()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

/// What can be bound.
pub(crate) trait Bind {
    fn value(&self) -> ValueRef<'_>;
}

impl Bind for Value {
    fn value(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }
}

impl Bind for i64 {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Integer(*self)
    }
}

impl Bind for bool {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Integer(i64::from(*self))
    }
}

impl Bind for str {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}

impl Bind for String {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}

impl Bind for [u8] {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
}

impl Bind for Vec<u8> {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
}

impl<T: Bind + ?Sized> Bind for &T {
    fn value(&self) -> ValueRef<'_> {
        (**self).value()
    }
}

impl<T: Bind> Bind for Option<T> {
    fn value(&self) -> ValueRef<'_> {
        self.as_ref().map_or(ValueRef::Null, Bind::value)
    }
}

/// The parameters of a statement: a tuple of values, or a list of values of one type.
pub(crate) trait Params {
    fn with<R>(&self, then: impl FnOnce(&[ValueRef<'_>]) -> R) -> R;
}

impl Params for () {
    fn with<R>(&self, then: impl FnOnce(&[ValueRef<'_>]) -> R) -> R {
        then(&[])
    }
}

impl<T: Bind, const N: usize> Params for [T; N] {
    fn with<R>(&self, then: impl FnOnce(&[ValueRef<'_>]) -> R) -> R {
        then(&self.each_ref().map(Bind::value))
    }
}

impl Params for &Vec<Value> {
    fn with<R>(&self, then: impl FnOnce(&[ValueRef<'_>]) -> R) -> R {
        let values: Vec<_> = self.iter().map(Bind::value).collect();
        then(&values)
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))*) => {
        $(impl<$($name: Bind),+> Params for ($($name,)+) {
            fn with<R>(&self, then: impl FnOnce(&[ValueRef<'_>]) -> R) -> R {
                #[allow(non_snake_case)]
                let ($($name,)+) = self;
                then(&[$($name.value()),+])
            }
        })*
    };
}

tuples! {
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
    (A B C D E F G H I)
    (A B C D E F G H I J)
    (A B C D E F G H I J K)
    (A B C D E F G H I J K L)
    (A B C D E F G H I J K L M)
    (A B C D E F G H I J K L M N)
}

/// A row as it is read.
pub(crate) enum Record<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Record<'_> {
    /// A column. Integers and flags are one kind; so are ids and other bytes.
    pub(crate) fn get<'s, T: Column<'s>>(&'s self, at: usize) -> Result<T> {
        T::of(self.value(at)?)
    }

    fn value(&self, at: usize) -> Result<ValueRef<'_>> {
        match self {
            Self::Sqlite(row) => Ok(match row.get_ref(at)? {
                rusqlite::types::ValueRef::Null => ValueRef::Null,
                rusqlite::types::ValueRef::Integer(number) => ValueRef::Integer(number),
                rusqlite::types::ValueRef::Text(text) => {
                    ValueRef::Text(std::str::from_utf8(text).map_err(|_| wrong())?)
                }
                rusqlite::types::ValueRef::Blob(bytes) => ValueRef::Blob(bytes),
                rusqlite::types::ValueRef::Real(_) => return Err(wrong()),
            }),
            Self::Postgres(row) => Ok(row.try_get::<_, wire::Read<'_>>(at).map_err(Fault::Postgres)?.0),
        }
    }
}

fn wrong() -> Fault {
    Fault::corrupt("a column of a row")
}

/// What a column can be read as.
pub(crate) trait Column<'s>: Sized {
    fn of(value: ValueRef<'s>) -> Result<Self>;
}

impl Column<'_> for i64 {
    fn of(value: ValueRef<'_>) -> Result<Self> {
        match value {
            ValueRef::Integer(number) => Ok(number),
            _ => Err(wrong()),
        }
    }
}

impl Column<'_> for bool {
    fn of(value: ValueRef<'_>) -> Result<Self> {
        i64::of(value).map(|number| number != 0)
    }
}

impl<'s> Column<'s> for &'s str {
    fn of(value: ValueRef<'s>) -> Result<Self> {
        match value {
            ValueRef::Text(text) => Ok(text),
            _ => Err(wrong()),
        }
    }
}

impl Column<'_> for String {
    fn of(value: ValueRef<'_>) -> Result<Self> {
        <&str>::of(value).map(str::to_owned)
    }
}

impl Column<'_> for Box<str> {
    fn of(value: ValueRef<'_>) -> Result<Self> {
        <&str>::of(value).map(Into::into)
    }
}

impl<'s> Column<'s> for &'s [u8] {
    fn of(value: ValueRef<'s>) -> Result<Self> {
        match value {
            ValueRef::Blob(bytes) => Ok(bytes),
            _ => Err(wrong()),
        }
    }
}

impl<'s, T: Column<'s>> Column<'s> for Option<T> {
    fn of(value: ValueRef<'s>) -> Result<Self> {
        match value {
            ValueRef::Null => Ok(None),
            value => T::of(value).map(Some),
        }
    }
}
