//! Our values in PostgreSQL's binary formats. Times and flags are integers, ids are `uuid`, objects are `jsonb`: the
//! column's type says which.
//!
//! PostgreSQL stores no U+0000, in no text: what has one is stored with U+FFFD in its place.

use crate::sql::ValueRef;
use bytes::{BufMut, BytesMut};
use std::borrow::Cow;
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

type Outcome<T> = Result<T, Box<dyn Error + Sync + Send>>;

impl ToSql for ValueRef<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Outcome<IsNull> {
        match (self, ty) {
            (Self::Null, _) => return Ok(IsNull::Yes),
            (Self::Integer(number), &Type::INT8) => out.put_i64(*number),
            (Self::Integer(number), &Type::INT4) => out.put_i32(i32::try_from(*number)?),
            (Self::Integer(number), &Type::INT2) => out.put_i16(i16::try_from(*number)?),
            (Self::Integer(number), &Type::BOOL) => out.put_u8(u8::from(*number != 0)),
            (Self::Text(text), &Type::JSONB) => {
                out.put_u8(1);
                out.put_slice(without_escaped_nul(text).as_bytes());
            }
            (Self::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::UNKNOWN) => {
                out.put_slice(without_nul(text).as_bytes());
            }
            (Self::Blob(bytes), &Type::UUID | &Type::BYTEA) => out.put_slice(bytes),
            (value, ty) => return Err(format!("{value:?} is bound as {ty}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty.kind(), Kind::Simple)
    }

    to_sql_checked!();
}

fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// JSON writes U+0000 as an escape, which PostgreSQL refuses as well.
fn without_escaped_nul(json: &str) -> Cow<'_, str> {
    const NUL: &str = "\\u0000";
    if !json.contains(NUL) {
        return Cow::Borrowed(json);
    }
    let mut clean = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        clean.push_str(before);
        if let Some(after) = from.strip_prefix(NUL) {
            clean.push('\u{fffd}');
            rest = after;
        } else {
            // A backslash and what it escapes; in a document of ours there is always something.
            let end = from.char_indices().nth(2).map_or(from.len(), |(at, _)| at);
            let (escape, after) = from.split_at(end);
            clean.push_str(escape);
            rest = after;
        }
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// A column as it is read.
pub(crate) struct Read<'a>(pub(crate) ValueRef<'a>);

impl<'a> FromSql<'a> for Read<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Outcome<Self> {
        Ok(Self(match *ty {
            Type::INT8 => ValueRef::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => ValueRef::Integer(i64::from(i32::from_be_bytes(raw.try_into()?))),
            Type::INT2 => ValueRef::Integer(i64::from(i16::from_be_bytes(raw.try_into()?))),
            Type::BOOL => ValueRef::Integer(i64::from(raw.first().is_some_and(|byte| *byte != 0))),
            Type::TEXT | Type::VARCHAR | Type::UNKNOWN => ValueRef::Text(std::str::from_utf8(raw)?),
            Type::JSONB => match raw.split_first() {
                Some((1, text)) => ValueRef::Text(std::str::from_utf8(text)?),
                _ => return Err("a version of jsonb that is not known".into()),
            },
            Type::UUID | Type::BYTEA => ValueRef::Blob(raw),
            ref other => return Err(format!("a column of type {other} is not read").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Outcome<Self> {
        Ok(Self(ValueRef::Null))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty.kind(), Kind::Simple)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_nul_is_sent() {
        let check = |json: &str, expect: &str| assert_eq!(without_escaped_nul(json), expect);
        check(r#"{"a":"b"}"#, r#"{"a":"b"}"#);
        check(r#"{"a":"x\u0000y\u0000"}"#, "{\"a\":\"x\u{fffd}y\u{fffd}\"}");
        check(r#"{"a":"\\u0000 \"\u0000"}"#, "{\"a\":\"\\\\u0000 \\\"\u{fffd}\"}");
        assert_eq!(without_nul("a\0b"), "a\u{fffd}b");
    }
}
