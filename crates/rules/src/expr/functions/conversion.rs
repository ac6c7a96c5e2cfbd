//! From one type to another.

use super::{
    Accepts, Body, Default, Function, Group, Out, Parameter, Returns, binary_of, keyword, made, number_of,
    one, text_of, wrong,
};
use crate::expr::error::Fault;
use crate::expr::eval::truth;
use crate::expr::types::Types;
use crate::expr::value::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest as _, Sha1};
use std::borrow::Cow;
use std::fmt::Write as _;
use uuid::Uuid;

const TEXT: Types = Types::TEXT;
const NUMBER: Types = Types::NUMBER;
const BINARY: Types = Types::BINARY;
const SCALAR: Types = TEXT.or(NUMBER).or(Types::REFERENCE).or(Types::BOOLEAN);

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "CBool", group: Group::Conversion,
        parameters: &[Parameter { name: "expression", accepts: Accepts::Condition, default: None }],
        returns: Returns::One(Types::BOOLEAN),
        summary: "True where the expression is True or a number other than 0.",
        notes: &["NULL gives False."],
        examples: &[("CBool([displayName] = [cn])", "False"), ("CBool(NULL)", "False"), ("CBool(7)", "True")],
        body: Body::F1(|value| Ok(Value::Boolean(truth(&value)?))),
    },
    Function {
        name: "CNum", group: Group::Conversion, parameters: &[one("value", TEXT.or(NUMBER))],
        returns: Returns::One(NUMBER),
        summary: "The number that the text is.",
        notes: &[
            "Whole numbers, with or without a sign, and hexadecimal ones: `&HFF`. White space around it does not count.",
            "A text that is no number is an error; ask IsNumeric() before.", "NULL stays NULL.",
        ],
        examples: &[(r#"CNum("98052")"#, "98052")],
        body: Body::F1(cnum),
    },
    Function {
        name: "CStr", group: Group::Conversion, parameters: &[one("value", SCALAR)], returns: Returns::One(TEXT),
        summary: "The value as text.",
        notes: &["Dates become text by FormatDateTime(), binary by ConvertToBase64().", "NULL stays NULL."],
        examples: &[("CStr(98052)", r#""98052""#), ("CStr(True)", r#""True""#),
            ("CStr([manager])", r#""cn=Lee,ou=GA,dc=contoso,dc=com""#)],
        body: Body::F1(cstr),
    },
    Function {
        name: "CRef", group: Group::Conversion, parameters: &[one("value", TEXT.or(Types::REFERENCE))],
        returns: Returns::One(Types::REFERENCE),
        summary: "The text as a reference to the object of that name.",
        notes: &["Whether there is such an object is not asked here.", "NULL stays NULL."],
        examples: &[(
            r#"CRef("CN=LC Services,CN=Microsoft,CN=lcspool01,CN=Pools,CN=RTC Service," & %Forest.LDAP%)"#,
            r#"ref "CN=LC Services,CN=Microsoft,CN=lcspool01,CN=Pools,CN=RTC Service,DC=contoso,DC=com""#,
        )],
        body: Body::F1(cref),
    },
    Function {
        name: "CGuid", group: Group::Conversion, parameters: &[one("value", TEXT)], returns: Returns::One(BINARY),
        summary: "The 16 bytes of a GUID that is written as text.",
        notes: &[
            "With or without braces. The first three parts are stored with the least byte first, as Active Directory \
             stores them.",
            "A text that is no GUID is an error; ask IsGuid() before.", "NULL stays NULL.",
        ],
        examples: &[
            (r#"CGuid("00001111-aaaa-2222-bbbb-3333cccc4444")"#, "hex 11110000AAAA2222BBBB3333CCCC4444"),
        ],
        body: Body::F1(cguid),
    },
    Function {
        name: "CBin", group: Group::Conversion, parameters: &[one("value", NUMBER), one("length", NUMBER)],
        returns: Returns::One(BINARY),
        summary: "A number as so many bytes, the least first.",
        notes: &[
            "From 1 to 8 bytes; a number that does not fit is an error.",
            "Not in the reference of Entra Connect, but in its default rules; the order of the bytes is that of Windows.",
            "NULL stays NULL.",
        ],
        examples: &[("CBin(258, 4)", "hex 02010000")],
        body: Body::F2(cbin),
    },
    Function {
        name: "ConvertToBase64", group: Group::Conversion, parameters: &[one("value", TEXT.or(BINARY))],
        returns: Returns::One(TEXT),
        summary: "Base64 of binary as it is, or of text as UTF-16 with the least byte first.",
        notes: &["NULL stays NULL."],
        examples: &[
            (r#"ConvertToBase64("Hello world!")"#, r#""SABlAGwAbABvACAAdwBvAHIAbABkACEA""#),
            ("ConvertToBase64([objectGUID])", r#""EREAAKqqIiK7uzMzzMxERA==""#),
        ],
        body: Body::F1(to_base64),
    },
    Function {
        name: "ConvertFromBase64", group: Group::Conversion,
        parameters: &[one("value", TEXT), keyword("encoding", &["Unicode", "ASCII", "UTF8"]).or(Default::Number(0))],
        returns: Returns::One(TEXT),
        summary: "The text that base64 stands for.",
        notes: &[
            "Unicode, which is the default, is UTF-16 with the least byte first.",
            "What is no base64, or no text of that encoding, is an error; of ASCII a byte above 127 becomes `?`.",
            "NULL stays NULL.",
        ],
        examples: &[
            (r#"ConvertFromBase64("SABlAGwAbABvACAAdwBvAHIAbABkACEA")"#, r#""Hello world!""#),
            (r#"ConvertFromBase64("SGVsbG8gd29ybGQh", UTF8)"#, r#""Hello world!""#),
        ],
        body: Body::F2(from_base64),
    },
    Function {
        name: "ConvertToUTF8Hex", group: Group::Conversion, parameters: &[one("value", TEXT)],
        returns: Returns::One(TEXT),
        summary: "The bytes of the text in UTF-8, each as two hexadecimal digits.",
        notes: &["NULL stays NULL."],
        examples: &[(r#"ConvertToUTF8Hex("Hello world!")"#, r#""48656C6C6F20776F726C6421""#)],
        body: Body::F1(to_utf8_hex),
    },
    Function {
        name: "ConvertFromUTF8Hex", group: Group::Conversion, parameters: &[one("value", TEXT)],
        returns: Returns::One(TEXT),
        summary: "The text whose bytes in UTF-8 these are.",
        notes: &["Other than pairs of hexadecimal digits, or bytes that are no UTF-8, are an error.", "NULL stays NULL."],
        examples: &[(r#"ConvertFromUTF8Hex("48656C6C6F20776F726C6421")"#, r#""Hello world!""#)],
        body: Body::F1(from_utf8_hex),
    },
    Function {
        name: "StringFromGuid", group: Group::Conversion, parameters: &[one("value", BINARY)],
        returns: Returns::One(TEXT),
        summary: "A GUID of 16 bytes as text, in lower case and without braces.",
        notes: &["Other than 16 bytes are an error.", "NULL stays NULL."],
        examples: &[("StringFromGuid([objectGUID])", r#""00001111-aaaa-2222-bbbb-3333cccc4444""#)],
        body: Body::F1(string_from_guid),
    },
    Function {
        name: "StringFromSid", group: Group::Conversion, parameters: &[one("value", BINARY)],
        returns: Returns::One(TEXT),
        summary: "A security identifier as text.",
        notes: &["Bytes that are none are an error.", "NULL stays NULL."],
        examples: &[("StringFromSid([objectSid])", r#""S-1-5-21-1004336348-1177238915-682003330-512""#)],
        body: Body::F1(string_from_sid),
    },
    Function {
        name: "Thumbprint", group: Group::Conversion, parameters: &[one("value", BINARY)],
        returns: Returns::One(BINARY),
        summary: "The SHA-1 hash of the bytes, 20 bytes.",
        notes: &["Not in the reference of Entra Connect, but in its default rules.", "NULL stays NULL."],
        examples: &[("Thumbprint([objectGUID])", "hex FA6CB0C133BFAEDB80B70B2A5578E108540471C0")],
        body: Body::F1(thumbprint),
    },
    Function {
        name: "Guid", group: Group::Text, parameters: &[], returns: Returns::One(TEXT),
        summary: "A new GUID by chance, as text.",
        notes: &["Every evaluation gives another one."],
        examples: &[("Len(Guid())", "36"), ("IsGuid(Guid())", "True")],
        body: Body::S0(|state| {
            let guid = uuid::Builder::from_random_bytes(state.draw().to_be_bytes()).into_uuid();
            Ok(Value::Text(Cow::Owned(guid.hyphenated().to_string())))
        }),
    },
];

/// The whole number that a text is.
pub(super) fn number_in(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("&H").or_else(|| text.strip_prefix("&h")) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok().map(u64::cast_signed)
        }
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// The GUID that a text is, with or without braces.
pub(super) fn guid_in(text: &str) -> Option<Uuid> {
    let bare = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    // The crate takes other forms too, all of other lengths.
    if bare.len() != 36 {
        return None;
    }
    Uuid::try_parse(bare).ok()
}

fn cnum(value: Value<'_>) -> Out<'_> {
    match value {
        Value::Null | Value::Number(_) => Ok(value),
        Value::Text(text) => match number_in(&text) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(Fault::value("the text is no whole number of 64 bits; ask IsNumeric() before")),
        },
        other => Err(wrong(&other, TEXT.or(NUMBER))),
    }
}

fn cstr(value: Value<'_>) -> Out<'_> {
    match value {
        Value::Null | Value::Text(_) => Ok(value),
        Value::Number(number) => Ok(Value::Text(Cow::Owned(number.to_string()))),
        Value::Boolean(true) => Ok(Value::text("True")),
        Value::Boolean(false) => Ok(Value::text("False")),
        Value::Reference(name) => Ok(Value::Text(name)),
        other => Err(wrong(&other, SCALAR)),
    }
}

fn cref(value: Value<'_>) -> Out<'_> {
    match value {
        Value::Null | Value::Reference(_) => Ok(value),
        Value::Text(text) => Ok(Value::Reference(text)),
        other => Err(wrong(&other, TEXT.or(Types::REFERENCE))),
    }
}

fn cguid(value: Value<'_>) -> Out<'_> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    match guid_in(&text) {
        Some(guid) => Ok(Value::Binary(Cow::Owned(guid.to_bytes_le().to_vec()))),
        None => Err(Fault::value("the text is no GUID; ask IsGuid() before")),
    }
}

fn cbin<'a>(value: Value<'a>, length: Value<'a>) -> Out<'a> {
    let (Some(value), Some(length)) = (number_of(&value)?, number_of(&length)?) else {
        return Ok(Value::Null);
    };
    let Some(length) = usize::try_from(length).ok().filter(|length| (1..=8).contains(length)) else {
        return Err(Fault::value("the length is 1 to 8 bytes"));
    };
    let bytes = value.to_le_bytes();
    let (kept, dropped) = bytes.split_at_checked(length).unwrap_or((&bytes, &[]));
    let sign = if value < 0 { 0xFF } else { 0 };
    if dropped.iter().any(|byte| *byte != sign) {
        return Err(Fault::value(format!("the number does not fit into {length} bytes")));
    }
    Ok(Value::Binary(Cow::Owned(kept.to_vec())))
}

fn to_base64(value: Value<'_>) -> Out<'_> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Text(text) => {
            let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            made(BASE64.encode(octets))
        }
        Value::Binary(octets) => made(BASE64.encode(octets)),
        other => Err(wrong(&other, TEXT.or(BINARY))),
    }
}

fn from_base64<'a>(value: Value<'a>, encoding: Value<'a>) -> Out<'a> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    let octets = BASE64.decode(text.trim()).map_err(|_| Fault::value("the text is no base64"))?;
    let decoded = match encoding {
        Value::Number(1) => octets.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect(),
        Value::Number(2) => {
            String::from_utf8(octets).map_err(|_| Fault::value("the bytes are no UTF-8 text"))?
        }
        _ => {
            let (pairs, rest) = octets.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
            match String::from_utf16(&units) {
                Ok(text) if rest.is_empty() => text,
                _ => {
                    return Err(Fault::value(
                        "the bytes are no UTF-16 text; for UTF-8 add the argument UTF8",
                    ));
                }
            }
        }
    };
    made(decoded)
}

fn hex(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len() * 2);
    for octet in octets {
        let _ = write!(out, "{octet:02X}");
    }
    out
}

/// Octets as hexadecimal digits in upper case.
pub(super) fn hexadecimal<'a>(octets: &[u8]) -> Out<'a> {
    made(hex(octets))
}

/// The SHA-1 hash.
pub(super) fn sha1_of(octets: &[u8]) -> Vec<u8> {
    Sha1::digest(octets).to_vec()
}

fn to_utf8_hex(value: Value<'_>) -> Out<'_> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    hexadecimal(text.as_bytes())
}

fn from_utf8_hex(value: Value<'_>) -> Out<'_> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    let mut octets = Vec::with_capacity(text.len() / 2);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    for [high, low] in pairs {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => octets.push(high << 4 | low),
            _ => return Err(Fault::value("the text has other than hexadecimal digits")),
        }
    }
    if !rest.is_empty() {
        return Err(Fault::value("the text has an odd number of digits"));
    }
    made(String::from_utf8(octets).map_err(|_| Fault::value("the bytes are no UTF-8 text"))?)
}

fn string_from_guid(value: Value<'_>) -> Out<'_> {
    let Some(octets) = binary_of(value)? else { return Ok(Value::Null) };
    match <[u8; 16]>::try_from(&*octets) {
        Ok(octets) => Ok(Value::Text(Cow::Owned(Uuid::from_bytes_le(octets).hyphenated().to_string()))),
        Err(_) => Err(Fault::value(format!("a GUID has 16 bytes, this has {}", octets.len()))),
    }
}

/// MS-DTYP 2.4.2.2: revision, count, authority of 6 bytes with the greatest first, sub-authorities of 4 bytes with
/// the least first.
fn string_from_sid(value: Value<'_>) -> Out<'_> {
    let Some(octets) = binary_of(value)? else { return Ok(Value::Null) };
    let refuse = || Fault::value("the bytes are no security identifier");
    let [1, count, a, b, c, d, e, f, rest @ ..] = &*octets else { return Err(refuse()) };
    let (parts, left) = rest.as_chunks::<4>();
    if !left.is_empty() || parts.len() != usize::from(*count) || parts.len() > 15 {
        return Err(refuse());
    }
    let mut out = format!("S-1-{}", u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]));
    for part in parts {
        let _ = write!(out, "-{}", u32::from_le_bytes(*part));
    }
    made(out)
}

fn thumbprint(value: Value<'_>) -> Out<'_> {
    let Some(octets) = binary_of(value)? else { return Ok(Value::Null) };
    Ok(Value::Binary(Cow::Owned(sha1_of(&octets))))
}
