//! Finding a text in a text.

use super::{
    Body, Default, Function, Group, Out, Returns, byte_of, counted, find, index_of, keyword, number_of, one,
    text_of,
};
use crate::expr::error::Fault;
use crate::expr::types::Types;
use crate::expr::value::Value;
use std::borrow::Cow;

const TEXT: Types = Types::TEXT;
const NUMBER: Types = Types::NUMBER;
const COMPARE: &[&str] = &["vbBinaryCompare", "vbTextCompare"];

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "InStr", group: Group::Text,
        parameters: &[
            one("value", TEXT), one("match", TEXT), one("start", NUMBER).or(Default::Number(1)),
            keyword("compare", COMPARE).or(Default::Number(0)),
        ],
        returns: Returns::One(NUMBER),
        summary: "Where a text first occurs in another; 0 where it does not.",
        notes: &[
            "The first character is 1; a start below 1 is an error.",
            "Case counts, but not with vbTextCompare.", "NULL gives 0.",
        ],
        examples: &[
            (r#"InStr("The quick brown fox", "quick")"#, "5"),
            (r#"InStr("repEated", "e", 3, vbBinaryCompare)"#, "7"),
            (r#"InStr("repEated", "e", 3, vbTextCompare)"#, "4"),
            (r#"IIF(InStr([proxyAddresses], "SIP:") = 1, NULL, [proxyAddresses])"#,
                r#"{"smtp:ann@fabrikam.com", "SMTP:ann.smith@contoso.com"}"#),
        ],
        body: Body::F4(in_str),
    },
    Function {
        name: "InStrRev", group: Group::Text,
        parameters: &[
            one("value", TEXT), one("match", TEXT), one("start", NUMBER).or(Default::Null),
            keyword("compare", COMPARE).or(Default::Number(0)),
        ],
        returns: Returns::One(NUMBER),
        summary: "Where a text last occurs in another; 0 where it does not.",
        notes: &[
            "The result counts from the left, the first character being 1.",
            "With a start, only so many characters from the left are searched; a start below 1 is an error.",
            "Case counts, but not with vbTextCompare.", "NULL gives 0.",
        ],
        examples: &[
            (r#"InStrRev("abbcdbbbef", "bb")"#, "7"),
            (r#"InStrRev("abbcdbbbef", "bb", 6)"#, "2"),
        ],
        body: Body::F4(in_str_rev),
    },
];

/// One character for each character, so that places stay what they are.
fn folded<'a>(text: Cow<'a, str>, compare: &Value<'_>) -> Cow<'a, str> {
    if *compare != Value::Number(1) {
        return text;
    }
    Cow::Owned(text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect())
}

/// A text, what is sought in it, and where to start, if it was said.
type Search<'a> = (Cow<'a, str>, Cow<'a, str>, Option<usize>);

/// The texts, ready to be compared, and where to start; none where one is NULL.
fn prepared<'a>(
    value: Value<'a>,
    wanted: Value<'a>,
    start: &Value<'a>,
    compare: &Value<'a>,
) -> Result<Option<Search<'a>>, Fault> {
    let start = match number_of(start)? {
        Some(start) if start < 1 => return Err(Fault::value("the start is 1 or more")),
        start => start.map(index_of),
    };
    let (Some(text), Some(wanted)) = (text_of(value)?, text_of(wanted)?) else { return Ok(None) };
    Ok(Some((folded(text, compare), folded(wanted, compare), start)))
}

/// The place of a byte, in characters from 1.
fn place<'a>(text: &str, byte: usize) -> Value<'a> {
    counted(text.get(..byte).map_or(0, |head| head.chars().count() + 1))
}

fn in_str<'a>(value: Value<'a>, wanted: Value<'a>, start: Value<'a>, compare: Value<'a>) -> Out<'a> {
    let Some((text, wanted, start)) = prepared(value, wanted, &start, &compare)? else {
        return Ok(Value::Number(0));
    };
    let from = byte_of(&text, start.unwrap_or(1) - 1);
    if from >= text.len() {
        return Ok(Value::Number(0));
    }
    let found = text.get(from..).and_then(|tail| find(tail, &wanted));
    Ok(found.map_or(Value::Number(0), |at| place(&text, from + at)))
}

fn in_str_rev<'a>(value: Value<'a>, wanted: Value<'a>, start: Value<'a>, compare: Value<'a>) -> Out<'a> {
    let Some((text, wanted, start)) = prepared(value, wanted, &start, &compare)? else {
        return Ok(Value::Number(0));
    };
    let end = start.map_or(text.len(), |count| byte_of(&text, count));
    if end == 0 {
        return Ok(Value::Number(0));
    }
    if wanted.is_empty() {
        return Ok(counted(text.get(..end).map_or(0, |head| head.chars().count())));
    }
    let found = text.get(..end).and_then(|head| head.rfind(&*wanted));
    Ok(found.map_or(Value::Number(0), |at| place(&text, at)))
}
