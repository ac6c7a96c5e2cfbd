//! Functions of several values.

use super::{
    Body, Default, Function, Group, MAX_TEXT_BYTES, Out, Returns, counted, find, index_of, keyword, list,
    made, many, number_of, one, text_of, values_of,
};
use crate::expr::error::Fault;
use crate::expr::types::Types;
use crate::expr::value::{List, Value};
use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};

const TEXT: Types = Types::TEXT;
const NUMBER: Types = Types::NUMBER;
const NAMES: Types = TEXT.or(Types::REFERENCE);

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "Contains", group: Group::MultiValued,
        parameters: &[
            list("values", NAMES), one("search", TEXT),
            keyword("case", &["CaseSensitive", "CaseInsensitive"]).or(Default::Number(0)),
        ],
        returns: Returns::One(NUMBER),
        summary: "The number of the first value that contains the text, the first being 1; 0 where none does.",
        notes: &["A reference must equal the text, not only contain it.", "NULL gives 0."],
        examples: &[
            (r#"Contains([proxyAddresses], "SMTP:")"#, "2"),
            (r#"Contains([proxyAddresses], "SMTP:", CaseInsensitive)"#, "1"),
            (
                r#"IIF(Contains([proxyAddresses], "SMTP:") > 0, [proxyAddresses], Error("No primary SMTP address found."))"#,
                r#"{"smtp:ann@fabrikam.com", "SMTP:ann.smith@contoso.com", "SIP:ann@contoso.com"}"#,
            ),
        ],
        body: Body::F3(contains),
    },
    Function {
        name: "Count", group: Group::MultiValued, parameters: &[list("values", Types::ANY)],
        returns: Returns::One(NUMBER),
        summary: "How many values there are.",
        notes: &["NULL gives 0."],
        examples: &[("Count([proxyAddresses])", "3"), ("Count([absentList])", "0")],
        body: Body::F1(count),
    },
    Function {
        name: "Item", group: Group::MultiValued, parameters: &[list("values", Types::ANY), one("index", NUMBER)],
        returns: Returns::Element(0),
        summary: "The value of that number, the first being 1.",
        notes: &["A number that no value has is an error."],
        examples: &[("Item([proxyAddresses], 2)", r#""SMTP:ann.smith@contoso.com""#)],
        body: Body::F2(item),
    },
    Function {
        name: "ItemOrNull", group: Group::MultiValued,
        parameters: &[list("values", Types::ANY), one("index", NUMBER)],
        returns: Returns::Element(0),
        summary: "The value of that number, the first being 1; NULL where there is none.",
        notes: &[],
        examples: &[("ItemOrNull([proxyAddresses], 4)", "NULL")],
        body: Body::F2(item_or_null),
    },
    Function {
        name: "Join", group: Group::MultiValued,
        parameters: &[list("values", TEXT), one("delimiter", TEXT).or(Default::Text(" "))],
        returns: Returns::One(TEXT),
        summary: "All values as one text, with a delimiter between them.",
        notes: &["Without a delimiter: a space. With \"\" or NULL: nothing between them.", "NULL stays NULL."],
        examples: &[(
            r#"Join([proxyAddresses], ",")"#,
            r#""smtp:ann@fabrikam.com,SMTP:ann.smith@contoso.com,SIP:ann@contoso.com""#,
        )],
        body: Body::F2(join),
    },
    Function {
        name: "Split", group: Group::MultiValued,
        parameters: &[one("value", TEXT), one("delimiter", TEXT), one("limit", NUMBER).or(Default::Null)],
        returns: Returns::List(TEXT),
        summary: "The text, parted at every delimiter.",
        notes: &[
            "The delimiter is one character.",
            "With a limit there are at most so many values, and the last has all the rest; a limit below 1 is none.",
            "NULL stays NULL, and \"\" becomes NULL.",
        ],
        examples: &[
            (
                r#"Split("SMTP:john.doe@contoso.com,smtp:jd@contoso.com", ",")"#,
                r#"{"SMTP:john.doe@contoso.com", "smtp:jd@contoso.com"}"#,
            ),
            (r#"Split("a-b-c", "-", 2)"#, r#"{"a", "b-c"}"#),
        ],
        body: Body::F3(split),
    },
    Function {
        name: "RemoveDuplicates", group: Group::MultiValued, parameters: &[list("values", Types::ANY)],
        returns: Returns::Same(0),
        summary: "The values, each only once; the first of equal ones stays.",
        notes: &["Case counts.", "NULL stays NULL."],
        examples: &[(r#"RemoveDuplicates(Split("a,b,a,A", ","))"#, r#"{"a", "b", "A"}"#)],
        body: Body::F1(remove_duplicates),
    },
];

/// The values where they are, without a copy; dropped ones are among them.
fn slice<'s, 'a>(value: &'s Value<'a>) -> &'s [Value<'a>] {
    match value {
        Value::Null => &[],
        Value::Many(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    }
}

fn present<'s, 'a>(value: &'s Value<'a>) -> impl Iterator<Item = &'s Value<'a>> {
    slice(value).iter().filter(|value| !value.is_null())
}

fn contains<'a>(values: Value<'a>, search: Value<'a>, case: Value<'a>) -> Out<'a> {
    let Some(search) = text_of(search)? else { return Ok(Value::Number(0)) };
    let folds = case == Value::Number(1);
    let wanted = if folds { Cow::Owned(search.to_lowercase()) } else { search };
    let hit = |value: &Value<'_>| match value {
        Value::Text(text) if folds => find(&text.to_lowercase(), &wanted).is_some(),
        Value::Text(text) => find(text, &wanted).is_some(),
        Value::Reference(name) if folds => name.to_lowercase() == *wanted,
        Value::Reference(name) => *name == wanted,
        _ => false,
    };
    Ok(present(&values).position(hit).map_or(Value::Number(0), |at| counted(at + 1)))
}

fn count(values: Value<'_>) -> Out<'_> {
    Ok(counted(present(&values).count()))
}

/// The value of that number, and how many there are.
fn nth<'a>(values: Value<'a>, index: &Value<'a>) -> Result<(Option<Value<'a>>, usize), Fault> {
    let skip = number_of(index)?.and_then(|n| n.checked_sub(1)).and_then(|n| usize::try_from(n).ok());
    let skip = skip.unwrap_or(usize::MAX);
    Ok(match values {
        // An attribute has no holes.
        Value::Many(List::Borrowed(values)) => (values.get(skip).map(Value::borrowed), values.len()),
        other => {
            let values = values_of(other);
            let count = values.len();
            (values.into_iter().nth(skip), count)
        }
    })
}

fn item<'a>(values: Value<'a>, index: Value<'a>) -> Out<'a> {
    let (found, count) = nth(values, &index)?;
    found.ok_or_else(|| match (count, index) {
        (_, Value::Null) => Fault::value("the index is NULL"),
        (0, Value::Number(_)) => Fault::value("there is no value; ItemOrNull() gives NULL then"),
        (count, Value::Number(index)) => {
            Fault::value(format!("index {index} is outside 1 to {count}; ItemOrNull() gives NULL then"))
        }
        _ => Fault::value("takes a number as the index"),
    })
}

fn item_or_null<'a>(values: Value<'a>, index: Value<'a>) -> Out<'a> {
    Ok(nth(values, &index)?.0.unwrap_or(Value::Null))
}

fn join<'a>(values: Value<'a>, delimiter: Value<'a>) -> Out<'a> {
    let delimiter = text_of(delimiter)?.unwrap_or_default();
    let mut out: Option<String> = None;
    for value in present(&values) {
        let Value::Text(text) = value else { return Err(super::wrong(value, TEXT)) };
        match &mut out {
            Some(out) => {
                out.push_str(&delimiter);
                out.push_str(text);
            }
            None => out = Some(text.clone().into_owned()),
        }
        if out.as_ref().is_some_and(|out| out.len() > MAX_TEXT_BYTES) {
            break;
        }
    }
    out.map_or(Ok(Value::Null), made)
}

fn split<'a>(value: Value<'a>, delimiter: Value<'a>, limit: Value<'a>) -> Out<'a> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    let delimiter = text_of(delimiter)?;
    let mut chars = delimiter.iter().flat_map(|text| text.chars());
    let (Some(delimiter), None) = (chars.next(), chars.next()) else {
        return Err(Fault::value("takes one character as the delimiter"));
    };
    let limit = match number_of(&limit)? {
        Some(limit) if limit >= 1 => index_of(limit),
        _ => usize::MAX,
    };
    if text.is_empty() {
        return Ok(Value::Null);
    }
    Ok(many(match text {
        Cow::Borrowed(text) => text.splitn(limit, delimiter).map(Value::text).collect(),
        Cow::Owned(text) => {
            text.splitn(limit, delimiter).map(|part| Value::Text(Cow::Owned(part.to_owned()))).collect()
        }
    }))
}

/// A value as a key: equal where the values are.
struct Key<'s, 'a>(&'s Value<'a>);

impl PartialEq for Key<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key<'_, '_> {}

impl Hash for Key<'_, '_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self.0).hash(state);
        match self.0 {
            Value::Text(text) | Value::Reference(text) => text.hash(state),
            Value::Number(number) => number.hash(state),
            Value::Boolean(flag) => flag.hash(state),
            Value::Binary(octets) => octets.hash(state),
            Value::Date(date) => date.hash(state),
            Value::Many(list) => list.as_slice().len().hash(state),
            Value::Null | Value::AuthoritativeNull | Value::IgnoreThisFlow => {}
        }
    }
}

/// So many values are compared with each other sooner than hashed.
const FEW: usize = 16;

fn remove_duplicates(values: Value<'_>) -> Out<'_> {
    let mut values = values_of(values);
    if values.len() <= FEW {
        let mut at = 1;
        while let Some((before, [value, ..])) = values.split_at_checked(at) {
            if before.contains(value) {
                values.remove(at);
            } else {
                at += 1;
            }
        }
        return Ok(many(values));
    }
    let mut seen = HashSet::with_capacity(values.len());
    let first: Vec<bool> = values.iter().map(|value| seen.insert(Key(value))).collect();
    drop(seen);
    Ok(many(values.into_iter().zip(first).filter_map(|(value, first)| first.then_some(value)).collect()))
}
