//! What directories write in many forms and the cloud takes in one: the first text that says something, mail addresses,
//! nicknames. The built-in mapping uses the same code.

use super::{
    Body, Default, Function, Group, Out, Parameter, Returns, list, made, many, one, text_of, values_of, wrong,
};
use crate::expr::error::Fault;
use crate::expr::functions::Accepts;
use crate::expr::types::Types;
use crate::expr::value::Value;
use std::borrow::Cow;
use std::collections::HashSet;

const TEXT: Types = Types::TEXT;
const REFERENCE: Types = Types::REFERENCE;

const fn texts(name: &'static str) -> Parameter {
    Parameter { name, accepts: Accepts::Whole(TEXT), default: None }
}

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "FirstText", group: Group::Directory,
        parameters: &[
            texts("values"), texts("else").or(Default::Null), texts("elseIf").or(Default::Null),
            texts("elseLast").or(Default::Null),
        ],
        returns: Returns::One(TEXT),
        summary: "The first value that is more than white space, trimmed: of the first attribute, else of the next.",
        notes: &[
            "An attribute may have one value or several.", "Where none says anything: NULL.",
            "Not a function of Entra Connect: an LDAP directory has most attributes several times.",
        ],
        examples: &[
            ("FirstText([otherTelephone])", r#""+44 20 5550 100""#),
            ("FirstText([absent], [emptyText], [cn])", r#""Ann Smith""#),
        ],
        body: Body::F4(first_text),
    },
    Function {
        name: "Texts", group: Group::Directory, parameters: &[list("values", TEXT)], returns: Returns::List(TEXT),
        summary: "All values that are more than white space, trimmed, each once.",
        notes: &["Where there is none: NULL.", "Case counts.", "Not a function of Entra Connect."],
        examples: &[("Texts([otherTelephone])", r#"{"+44 20 5550 100", "+44 20 5550 101"}"#)],
        body: Body::F1(all_texts),
    },
    Function {
        name: "ProxyAddresses", group: Group::Directory, parameters: &[list("addresses", TEXT)],
        returns: Returns::List(TEXT),
        summary: "Mail addresses with their prefix: the first is the primary one (`SMTP:`), the others `smtp:`.",
        notes: &[
            "Trimmed; blank ones and doubles without regard to case are left out.",
            "The form of an address is judged by the cloud, not here.", "NULL stays NULL.",
            "Not a function of Entra Connect: Active Directory holds the prefixes.",
        ],
        examples: &[
            (r#"ProxyAddresses(Split("ann@contoso.com,Ann.Smith@contoso.com,ANN@contoso.com", ","))"#,
                r#"{"SMTP:ann@contoso.com", "smtp:Ann.Smith@contoso.com"}"#),
        ],
        body: Body::F1(proxy_addresses),
    },
    Function {
        name: "MailNickname", group: Group::Directory, parameters: &[one("value", TEXT)],
        returns: Returns::One(TEXT),
        summary: "The part before the first `@`, with every character that a mail nickname cannot have replaced by `_`.",
        notes: &[
            "At most 64 characters, without a leading dot.", "Where no letter or digit is left: NULL.",
            "NULL stays NULL.", "Not a function of Entra Connect.",
        ],
        examples: &[
            (r#"MailNickname("ann.smith@contoso.com")"#, r#""ann.smith""#),
            (r#"MailNickname("Sales EMEA")"#, r#""Sales_EMEA""#),
        ],
        body: Body::F1(mail_nickname),
    },
    Function {
        name: "NameWithoutUid", group: Group::Directory, parameters: &[one("name", REFERENCE)],
        returns: Returns::One(REFERENCE),
        summary: "The DN of a value of uniqueMember, without the bit string that may follow it (RFC 4517 section 3.3.21).",
        notes: &["What has no such bit string stays as it is.", "NULL stays NULL.", "Not a function of Entra Connect."],
        examples: &[
            (r#"NameWithoutUid(CRef("cn=Lee,dc=contoso,dc=com#'0101'B"))"#, r#"ref "cn=Lee,dc=contoso,dc=com""#),
        ],
        body: Body::F1(name_without_uid),
    },
];

fn first_text<'a>(a: Value<'a>, b: Value<'a>, c: Value<'a>, d: Value<'a>) -> Out<'a> {
    for value in [a, b, c, d] {
        for text in values_of(value) {
            let Some(text) = text_of(text)? else { continue };
            if let Some(text) = trimmed(text) {
                return Ok(Value::Text(text));
            }
        }
    }
    Ok(Value::Null)
}

/// The text without white space around it; none where nothing is left.
fn trimmed(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let out = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    (!out.is_empty()).then_some(out)
}

fn trimmed_values(value: Value<'_>) -> Result<Vec<Cow<'_, str>>, Fault> {
    let mut list = Vec::new();
    for value in values_of(value) {
        list.extend(text_of(value)?.and_then(trimmed));
    }
    Ok(list)
}

fn all_texts(value: Value<'_>) -> Out<'_> {
    let list = trimmed_values(value)?;
    let mut seen = HashSet::new();
    let first: Vec<bool> = list.iter().map(|text| seen.insert(text.as_ref())).collect();
    let kept = list.iter().zip(first).filter(|(_, first)| *first).map(|(text, _)| Value::Text(text.clone()));
    Ok(many(kept.collect()))
}

fn proxy_addresses(value: Value<'_>) -> Out<'_> {
    let list = trimmed_values(value)?;
    let addresses = crate::addresses(list.iter().map(AsRef::as_ref));
    Ok(many(addresses.into_iter().map(|address| Value::Text(Cow::Owned(address))).collect()))
}

fn mail_nickname(value: Value<'_>) -> Out<'_> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    crate::nickname(&text).map_or(Ok(Value::Null), made)
}

fn name_without_uid(value: Value<'_>) -> Out<'_> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Reference(Cow::Borrowed(text)) => {
            Ok(Value::Reference(Cow::Borrowed(crate::without_uid(text.trim()))))
        }
        Value::Reference(Cow::Owned(text)) => {
            Ok(Value::Reference(Cow::Owned(crate::without_uid(text.trim()).to_owned())))
        }
        other => Err(wrong(&other, REFERENCE)),
    }
}
