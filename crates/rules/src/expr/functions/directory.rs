//! Distinguished names, and attributes named in quotes.

use super::{
    Accepts, Body, Default, Form, Function, Group, Out, Parameter, Returns, index_of, keyword, made,
    number_of, one, text_of, wrong,
};
use crate::expr::error::Fault;
use crate::expr::types::Types;
use crate::expr::value::Value;
use lockstep_model::dn::{self, AttributeValue, Dn};
use std::fmt::Write as _;

const TEXT: Types = Types::TEXT;
const NUMBER: Types = Types::NUMBER;
const REFERENCE: Types = Types::REFERENCE;
const NAME: Parameter = Parameter { name: "attribute", accepts: Accepts::AttributeName, default: None };

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "DNComponent", group: Group::Directory, parameters: &[one("dn", REFERENCE), one("number", NUMBER)],
        returns: Returns::One(TEXT),
        summary: "The value of a component of a DN, counted from the left, the first being 1.",
        notes: &[
            "Without escapes, but a control character stays as `\\0A`, so that the mark of a replication conflict \
             (`\\0ACNF:`) can be found.",
            "Where the DN has fewer components: NULL. A text that is no DN is an error.", "NULL stays NULL.",
        ],
        examples: &[("DNComponent(CRef([dn]), 1)", r#""Joe""#)],
        body: Body::F2(component),
    },
    Function {
        name: "DNComponentRev", group: Group::Directory,
        parameters: &[one("dn", REFERENCE), one("number", NUMBER), keyword("option", &["DC"]).or(Default::Null)],
        returns: Returns::One(TEXT),
        summary: "The value of a component of a DN, counted from the right, the first being 1.",
        notes: &[
            "With \"DC\", components that begin with `dc=` are not counted.",
            "Else as DNComponent.",
        ],
        examples: &[
            ("DNComponentRev(CRef([dn]), 3)", r#""US""#),
            (r#"DNComponentRev(CRef([dn]), 1, "DC")"#, r#""US""#),
        ],
        body: Body::F3(component_from_right),
    },
    Function {
        name: "EscapeDNComponent", group: Group::Directory, parameters: &[one("component", TEXT)],
        returns: Returns::One(TEXT),
        summary: "One component of a DN with what must be escaped escaped (RFC 4514).",
        notes: &["What stands before the first `=` stays as it is where it is an attribute's name.", "NULL stays NULL."],
        examples: &[(
            r#"EscapeDNComponent("cn=" & "Smith, Ann") & "," & %Forest.LDAP%"#,
            r#""cn=Smith\\, Ann,DC=contoso,DC=com""#,
        )],
        body: Body::F1(escape_component),
    },
    Function {
        name: "ImportedValue", group: Group::Directory, parameters: &[NAME], returns: Returns::Form,
        summary: "The attribute as the last import confirmed it, without what waits to be exported.",
        notes: &["The attribute stands in quotes."],
        examples: &[(
            r#"RemoveDuplicates(Trim(ImportedValue("proxyAddresses")))"#,
            r#"{"smtp:ann@fabrikam.com", "SMTP:ann.smith@contoso.com", "SIP:ann@contoso.com"}"#,
        )],
        body: Body::Form(Form::ImportedValue),
    },
    Function {
        name: "ValueCount", group: Group::Directory, parameters: &[NAME], returns: Returns::One(NUMBER),
        summary: "How many values the attribute has, without reading them.",
        notes: &["The attribute stands in quotes.", "Not in the reference of Entra Connect, but in its default rules."],
        examples: &[(r#"ValueCount("member")"#, "2"), (
            r#"IIF(ValueCount("member") > 75000, Error("Maximum Group member count exceeded"), IgnoreThisFlow)"#,
            "IgnoreThisFlow",
        )],
        body: Body::Form(Form::ValueCount),
    },
];

fn read(value: Value<'_>) -> Result<Option<Dn>, Fault> {
    match value {
        Value::Null => Ok(None),
        Value::Reference(text) => {
            Dn::parse(&text).map(Some).map_err(|_| Fault::value("the reference is no distinguished name"))
        }
        other => Err(wrong(&other, REFERENCE)),
    }
}

fn first_text(values: &[AttributeValue]) -> Out<'static> {
    let Some(text) = values.first().and_then(AttributeValue::text) else { return Ok(Value::Null) };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_control() {
            let _ = write!(out, "\\{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    made(out)
}

fn component<'a>(dn: Value<'a>, number: Value<'a>) -> Out<'a> {
    let (Some(dn), Some(number)) = (read(dn)?, number_of(&number)?) else { return Ok(Value::Null) };
    let found = (number >= 1).then(|| dn.rdns().get(index_of(number - 1))).flatten();
    found.map_or(Ok(Value::Null), |rdn| first_text(rdn.values()))
}

fn component_from_right<'a>(dn: Value<'a>, number: Value<'a>, option: Value<'a>) -> Out<'a> {
    let (Some(dn), Some(number)) = (read(dn)?, number_of(&number)?) else { return Ok(Value::Null) };
    if number < 1 {
        return Ok(Value::Null);
    }
    let skips = !option.is_null();
    let domain = |values: &[AttributeValue]| {
        values.first().is_some_and(|value| value.attribute().eq_ignore_ascii_case("dc"))
    };
    let mut counted = dn.rdns().iter().rev().filter(|rdn| !(skips && domain(rdn.values())));
    counted.nth(index_of(number - 1)).map_or(Ok(Value::Null), |rdn| first_text(rdn.values()))
}

fn escape_component(value: Value<'_>) -> Out<'_> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
    };
    match text.split_once('=') {
        Some((name, value)) if is_name(name) => made(format!("{name}={}", dn::escape_value(value))),
        _ => made(dn::escape_value(&text).into_owned()),
    }
}
