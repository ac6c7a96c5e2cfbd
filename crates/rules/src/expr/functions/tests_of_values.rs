//! What a value is: absent, empty, of a form that a conversion could take.

use super::{Body, Function, Group, Out, Returns, conversion, date, number_of, one, text_of, whole};
use crate::expr::types::Types;
use crate::expr::value::Value;

const BOOLEAN: Types = Types::BOOLEAN;
const NUMBER: Types = Types::NUMBER;

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "IsNull", group: Group::Evaluation, parameters: &[whole("value")], returns: Returns::One(BOOLEAN),
        summary: "Whether there is no value: the attribute is absent.",
        notes: &["A multi-valued attribute is asked as a whole."],
        examples: &[("IsNull([absent])", "True"), ("IsNull([emptyText])", "False")],
        body: Body::F1(|value| Ok(Value::Boolean(absent(&value)))),
    },
    Function {
        name: "IsEmpty", group: Group::Evaluation, parameters: &[whole("value")], returns: Returns::One(BOOLEAN),
        summary: "Whether the attribute is present, but is \"\".",
        notes: &["A multi-valued attribute is asked as a whole: whether all its values are \"\"."],
        examples: &[("IsEmpty([emptyText])", "True"), ("IsEmpty([absent])", "False")],
        body: Body::F1(|value| Ok(Value::Boolean(!absent(&value) && blank(&value)))),
    },
    Function {
        name: "IsNullOrEmpty", group: Group::Evaluation, parameters: &[whole("value")],
        returns: Returns::One(BOOLEAN),
        summary: "Whether the attribute is absent or \"\".",
        notes: &["The opposite of IsPresent."],
        examples: &[("IsNullOrEmpty([displayName])", "False"), ("IsNullOrEmpty([emptyText])", "True")],
        body: Body::F1(|value| Ok(Value::Boolean(blank(&value)))),
    },
    Function {
        name: "IsPresent", group: Group::Evaluation, parameters: &[whole("value")], returns: Returns::One(BOOLEAN),
        summary: "Whether the attribute is present and not \"\".",
        notes: &["The opposite of IsNullOrEmpty."],
        examples: &[
            ("IsPresent([proxyAddresses])", "True"),
            ("Switch(IsPresent([absent]), [absent], IsPresent([manager]), [manager])",
                r#"ref "cn=Lee,ou=GA,dc=contoso,dc=com""#),
        ],
        body: Body::F1(|value| Ok(Value::Boolean(!blank(&value)))),
    },
    Function {
        name: "IsString", group: Group::Evaluation, parameters: &[one("value", Types::ANY)],
        returns: Returns::One(BOOLEAN),
        summary: "Whether CStr() can make a text of the value.",
        notes: &["It can of text, numbers, True, False and references; not of binary and dates.", "NULL gives False."],
        examples: &[("IsString([employeeNumber])", "True"), ("IsString([objectGUID])", "False")],
        body: Body::F1(is_string),
    },
    Function {
        name: "IsNumeric", group: Group::Evaluation, parameters: &[one("value", Types::ANY)],
        returns: Returns::One(BOOLEAN),
        summary: "Whether CNum() can make a number of the value.",
        notes: &["NULL gives False."],
        examples: &[(r#"IsNumeric("98052")"#, "True"), (r#"IsNumeric("98 052")"#, "False")],
        body: Body::F1(is_numeric),
    },
    Function {
        name: "IsDate", group: Group::Evaluation, parameters: &[one("value", Types::ANY)],
        returns: Returns::One(BOOLEAN),
        summary: "Whether CDate() can make a date of the value.",
        notes: &["NULL gives False."],
        examples: &[(r#"IsDate("12/25/2007")"#, "True"), (r#"IsDate("25/12/2007")"#, "False")],
        body: Body::F1(is_date),
    },
    Function {
        name: "IsGuid", group: Group::Evaluation, parameters: &[one("value", Types::TEXT)],
        returns: Returns::One(BOOLEAN),
        summary: "Whether CGuid() can make a GUID of the text.",
        notes: &["NULL gives False."],
        examples: &[
            (r#"IsGuid("00001111-aaaa-2222-bbbb-3333cccc4444")"#, "True"),
            ("IIF(IsGuid([displayName]), CGuid([displayName]), NULL)", "NULL"),
        ],
        body: Body::F1(is_guid),
    },
    Function {
        name: "IsBitSet", group: Group::Evaluation, parameters: &[one("value", NUMBER), one("flag", NUMBER)],
        returns: Returns::One(BOOLEAN),
        summary: "Whether a bit is set.",
        notes: &[
            "The flag is the bit's value, not its number. With several bits: whether all are set; 0 gives False.",
            "NULL gives False.",
        ],
        examples: &[("IsBitSet(&HF, 4)", "True"), ("IsBitSet([userAccountControl], 2)", "False")],
        body: Body::F2(is_bit_set),
    },
];

fn absent(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Many(list) => list.as_slice().iter().all(Value::is_null),
        _ => false,
    }
}

fn blank(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) | Value::Reference(text) => text.is_empty(),
        Value::Binary(octets) => octets.is_empty(),
        Value::Many(list) => list.as_slice().iter().all(blank),
        _ => false,
    }
}

fn is_string(value: Value<'_>) -> Out<'_> {
    let can = matches!(value, Value::Text(_) | Value::Number(_) | Value::Boolean(_) | Value::Reference(_));
    Ok(Value::Boolean(can))
}

fn is_numeric(value: Value<'_>) -> Out<'_> {
    Ok(Value::Boolean(match value {
        Value::Number(_) => true,
        Value::Text(text) => conversion::number_in(&text).is_some(),
        _ => false,
    }))
}

fn is_date(value: Value<'_>) -> Out<'_> {
    Ok(Value::Boolean(match value {
        Value::Date(_) => true,
        Value::Text(text) => date::parse(&text).is_some(),
        _ => false,
    }))
}

fn is_guid(value: Value<'_>) -> Out<'_> {
    Ok(Value::Boolean(text_of(value)?.is_some_and(|text| conversion::guid_in(&text).is_some())))
}

fn is_bit_set<'a>(value: Value<'a>, flag: Value<'a>) -> Out<'a> {
    let (Some(value), Some(flag)) = (number_of(&value)?, number_of(&flag)?) else {
        return Ok(Value::Boolean(false));
    };
    Ok(Value::Boolean(flag != 0 && value & flag == flag))
}
