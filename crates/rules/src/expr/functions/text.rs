//! Parts, case, trimming, padding and replacing of text. Characters are Unicode scalar values.

use super::{
    Body, Default, Function, Group, MAX_TEXT_BYTES, Out, Returns, byte_of, counted, index_of, made,
    number_of, one, part, text_of, wrong,
};
use crate::expr::error::Fault;
use crate::expr::types::Types;
use crate::expr::value::Value;
use std::borrow::Cow;
use std::collections::HashMap;

const TEXT: Types = Types::TEXT;
const NUMBER: Types = Types::NUMBER;

/// How many pairs the pattern of ReplaceChars may have.
const MAX_PAIRS: usize = 4096;
/// How many characters the delimiters of Word may have.
const MAX_DELIMITERS: usize = 256;

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "LCase", group: Group::Text, parameters: &[one("value", TEXT)], returns: Returns::One(TEXT),
        summary: "The text in lower case.",
        notes: &["NULL stays NULL."],
        examples: &[(r#"LCase("TeSt")"#, r#""test""#)],
        body: Body::F1(lcase),
    },
    Function {
        name: "UCase", group: Group::Text, parameters: &[one("value", TEXT)], returns: Returns::One(TEXT),
        summary: "The text in upper case.",
        notes: &["NULL stays NULL."],
        examples: &[(r#"UCase("TeSt")"#, r#""TEST""#)],
        body: Body::F1(ucase),
    },
    Function {
        name: "PCase", group: Group::Text, parameters: &[one("value", TEXT)], returns: Returns::One(TEXT),
        summary: "The first letter of every word in upper case, all others in lower case.",
        notes: &["Words are parted by spaces alone.", "NULL stays NULL."],
        examples: &[(r#"PCase("TEsT")"#, r#""Test""#), (r#"PCase(LCase("TEST"))"#, r#""Test""#)],
        body: Body::F1(pcase),
    },
    Function {
        name: "Trim", group: Group::Text, parameters: &[one("value", TEXT)], returns: Returns::One(TEXT),
        summary: "The text without white space at both ends.",
        notes: &["NULL stays NULL."],
        examples: &[
            (r#"Trim(" Test ")"#, r#""Test""#),
            ("Trim([otherTelephone])", r#"{"+44 20 5550 100", "+44 20 5550 101"}"#),
        ],
        body: Body::F1(trim),
    },
    Function {
        name: "LTrim", group: Group::Text, parameters: &[one("value", TEXT)], returns: Returns::One(TEXT),
        summary: "The text without white space at its beginning.",
        notes: &["NULL stays NULL."],
        examples: &[(r#"LTrim(" Test ")"#, r#""Test ""#)],
        body: Body::F1(ltrim),
    },
    Function {
        name: "RTrim", group: Group::Text, parameters: &[one("value", TEXT)], returns: Returns::One(TEXT),
        summary: "The text without white space at its end.",
        notes: &["NULL stays NULL."],
        examples: &[(r#"RTrim(" Test ")"#, r#"" Test""#)],
        body: Body::F1(rtrim),
    },
    Function {
        name: "Left", group: Group::Text, parameters: &[one("value", TEXT), one("count", NUMBER)],
        returns: Returns::One(TEXT),
        summary: "So many characters from the left.",
        notes: &[
            "A count of 0 gives \"\"; a count below 0 gives the whole text; so does one beyond its length.",
            "NULL gives \"\".",
        ],
        examples: &[(r#"Left("John Doe", 3)"#, r#""Joh""#), ("Left([absent], 3)", r#""""#)],
        body: Body::F2(left),
    },
    Function {
        name: "Right", group: Group::Text, parameters: &[one("value", TEXT), one("count", NUMBER)],
        returns: Returns::One(TEXT),
        summary: "So many characters from the right.",
        notes: &[
            "A count of 0 gives \"\"; a count below 0 gives the whole text; so does one beyond its length.",
            "NULL gives \"\".",
        ],
        examples: &[(r#"Right("John Doe", 3)"#, r#""Doe""#)],
        body: Body::F2(right),
    },
    Function {
        name: "Mid", group: Group::Text,
        parameters: &[
            one("value", TEXT.or(Types::BINARY)), one("start", NUMBER), one("count", NUMBER).or(Default::Null),
        ],
        returns: Returns::Element(0),
        summary: "So many characters from a place on, the first being 1; of binary so many bytes.",
        notes: &[
            "Without a count: all from there on.",
            "A count of 0 gives \"\". A count below 0, a start below 1 and a start beyond the end give the whole.",
            "NULL gives \"\"; of binary, NULL.",
        ],
        examples: &[
            (r#"Mid("John Doe", 3, 5)"#, r#""hn Do""#),
            (r#"Mid("John Doe", 6, 999)"#, r#""Doe""#),
            (r#"Mid(Item([proxyAddresses], Contains([proxyAddresses], "SMTP:")), 6)"#, r#""ann.smith@contoso.com""#),
            ("Mid([objectSid], 1, 2)", "hex 0105"),
        ],
        body: Body::F3(mid),
    },
    Function {
        name: "Len", group: Group::Text, parameters: &[one("value", TEXT.or(Types::BINARY))],
        returns: Returns::One(NUMBER),
        summary: "How many characters the text has; of binary, how many bytes.",
        notes: &["NULL gives 0."],
        examples: &[(r#"Len("John Doe")"#, "8"), ("Len([objectGUID])", "16")],
        body: Body::F1(len),
    },
    Function {
        name: "PadLeft", group: Group::Text,
        parameters: &[one("value", TEXT), one("length", NUMBER), one("character", TEXT)],
        returns: Returns::One(TEXT),
        summary: "The text, made as long as that by a character repeated before it.",
        notes: &[
            "A text of that length or longer stays as it is.", "The character must be one and only one.",
            "NULL gives \"\".",
        ],
        examples: &[(r#"PadLeft("User", 10, "0")"#, r#""000000User""#)],
        body: Body::F3(pad_left),
    },
    Function {
        name: "PadRight", group: Group::Text,
        parameters: &[one("value", TEXT), one("length", NUMBER), one("character", TEXT)],
        returns: Returns::One(TEXT),
        summary: "The text, made as long as that by a character repeated after it.",
        notes: &[
            "A text of that length or longer stays as it is.", "The character must be one and only one.",
            "NULL gives \"\".",
        ],
        examples: &[(r#"PadRight("User", 10, "0")"#, r#""User000000""#)],
        body: Body::F3(pad_right),
    },
    Function {
        name: "Replace", group: Group::Text,
        parameters: &[one("value", TEXT), one("old", TEXT), one("new", TEXT)],
        returns: Returns::One(TEXT),
        summary: "The text with every occurrence of one text replaced by another.",
        notes: &[
            "In the old and the new text `\\n` is a line feed, `\\r` a carriage return and `\\t` a tab.",
            "Case counts. Where the old text is \"\" or NULL nothing is replaced.", "NULL stays NULL.",
        ],
        examples: &[(
            r#"Replace([streetAddress], "\r\n", ", ")"#, r#""One Microsoft Way, Redmond, WA, USA""#,
        )],
        body: Body::F3(replace),
    },
    Function {
        name: "ReplaceChars", group: Group::Text,
        parameters: &[one("value", TEXT), one("pattern", TEXT)],
        returns: Returns::One(TEXT),
        summary: "The text with single characters replaced as the pattern says: `a:b,c:dd,e:`.",
        notes: &[
            "What is replaced is one character, and case counts. What replaces it can be long, or empty.",
            "The comma and the colon cannot be replaced. White space in the pattern counts for nothing.",
            "A pair can also be parted by a comma, `ö,o`, as an example of the documentation of Entra Connect is.",
            "NULL stays NULL.",
        ],
        examples: &[
            (r#"ReplaceChars("Räksmörgås", "’:,Å:A,Ä:A,Ö:O,å:a,ä:a,ö,o")"#, r#""Raksmorgas""#),
            (r#"ReplaceChars("O’Neil", "’:,Å:A,Ä:A,Ö:O,å:a,ä:a,ö,o")"#, r#""ONeil""#),
        ],
        body: Body::F2(replace_chars),
    },
    Function {
        name: "Word", group: Group::Text,
        parameters: &[one("value", TEXT), one("number", NUMBER), one("delimiters", TEXT)],
        returns: Returns::One(TEXT),
        summary: "The word of that number, words being parted by any of the delimiter characters.",
        notes: &[
            "The first word is 1. Where there are fewer, and for a number below 1: \"\".",
            "Delimiters next to each other part two words only once.", "NULL gives \"\".",
        ],
        examples: &[
            (r#"Word("The quick brown fox", 3, " ")"#, r#""brown""#),
            (r#"Word("This,string!has&many separators", 3, ",!&#")"#, r#""has""#),
            (
                r#"Word([proxyAddresses], 1, "@") & "@contoso.com""#,
                r#"{"smtp:ann@contoso.com", "SMTP:ann.smith@contoso.com", "SIP:ann@contoso.com"}"#,
            ),
        ],
        body: Body::F3(word),
    },
];

fn lcase(value: Value<'_>) -> Out<'_> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Ok(Value::Text(text));
    }
    if text.is_ascii() {
        let mut text = text.into_owned();
        text.make_ascii_lowercase();
        return Ok(Value::Text(Cow::Owned(text)));
    }
    made(text.to_lowercase())
}

fn ucase(value: Value<'_>) -> Out<'_> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase()) {
        return Ok(Value::Text(text));
    }
    if text.is_ascii() {
        let mut text = text.into_owned();
        text.make_ascii_uppercase();
        return Ok(Value::Text(Cow::Owned(text)));
    }
    made(text.to_uppercase())
}

fn pcase(value: Value<'_>) -> Out<'_> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    let mut out = String::with_capacity(text.len());
    let mut first = true;
    for c in text.chars() {
        if first {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        first = c == ' ';
    }
    made(out)
}

fn trimmed<'a>(value: Value<'a>, trim: impl Fn(&str) -> &str) -> Out<'a> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    let kept = trim(&text);
    let start = kept.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let end = start + kept.len();
    Ok(part(text, start..end))
}

fn trim(value: Value<'_>) -> Out<'_> {
    trimmed(value, str::trim)
}

fn ltrim(value: Value<'_>) -> Out<'_> {
    trimmed(value, str::trim_start)
}

fn rtrim(value: Value<'_>) -> Out<'_> {
    trimmed(value, str::trim_end)
}

fn left<'a>(value: Value<'a>, count: Value<'a>) -> Out<'a> {
    let (Some(text), Some(count)) = (text_of(value)?, number_of(&count)?) else { return Ok(Value::text("")) };
    let end = if count < 0 { text.len() } else { byte_of(&text, index_of(count)) };
    Ok(part(text, 0..end))
}

fn right<'a>(value: Value<'a>, count: Value<'a>) -> Out<'a> {
    let (Some(text), Some(count)) = (text_of(value)?, number_of(&count)?) else { return Ok(Value::text("")) };
    let start = match index_of(count) {
        _ if count < 0 => 0,
        0 => text.len(),
        count => text.char_indices().rev().nth(count - 1).map_or(0, |(at, _)| at),
    };
    let end = text.len();
    Ok(part(text, start..end))
}

fn mid<'a>(value: Value<'a>, start: Value<'a>, count: Value<'a>) -> Out<'a> {
    let count = number_of(&count)?.unwrap_or(i64::MAX);
    let Some(start) = number_of(&start)? else {
        return Ok(if matches!(value, Value::Binary(_)) { Value::Null } else { Value::text("") });
    };
    match value {
        Value::Null => Ok(Value::text("")),
        Value::Text(text) => {
            let from = byte_of(&text, index_of(start.saturating_sub(1)));
            let all = count < 0 || start <= 0 || from >= text.len();
            if count == 0 {
                return Ok(Value::text(""));
            }
            if all {
                return Ok(Value::Text(text));
            }
            let length = byte_of(text.get(from..).unwrap_or(""), index_of(count));
            Ok(part(text, from..from + length))
        }
        Value::Binary(octets) => {
            let from = index_of(start.saturating_sub(1));
            if count != 0 && (count < 0 || start <= 0 || from >= octets.len()) {
                return Ok(Value::Binary(octets));
            }
            let end = from.saturating_add(index_of(count)).min(octets.len());
            Ok(Value::Binary(match octets {
                Cow::Borrowed(octets) => Cow::Borrowed(octets.get(from..end).unwrap_or(&[])),
                Cow::Owned(octets) => Cow::Owned(octets.get(from..end).unwrap_or(&[]).to_vec()),
            }))
        }
        other => Err(wrong(&other, TEXT.or(Types::BINARY))),
    }
}

fn len(value: Value<'_>) -> Out<'_> {
    match value {
        Value::Null => Ok(Value::Number(0)),
        Value::Text(text) => Ok(counted(text.chars().count())),
        Value::Binary(octets) => Ok(counted(octets.len())),
        other => Err(wrong(&other, TEXT.or(Types::BINARY))),
    }
}

/// What is to be added to a text that is too short; none where it is long enough.
fn padding(text: &str, length: &Value<'_>, character: Value<'_>) -> Result<Option<String>, Fault> {
    let length = index_of(number_of(length)?.unwrap_or(0));
    let character = text_of(character)?;
    let mut chars = character.iter().flat_map(|text| text.chars());
    let (Some(character), None) = (chars.next(), chars.next()) else {
        return Err(Fault::value("takes one character to pad with"));
    };
    let missing = length.saturating_sub(text.chars().count());
    if missing.saturating_mul(character.len_utf8()) > MAX_TEXT_BYTES {
        return Err(Fault::limit(format!("a text made by an expression has at most {MAX_TEXT_BYTES} bytes")));
    }
    Ok((missing > 0).then(|| std::iter::repeat_n(character, missing).collect()))
}

fn pad_left<'a>(value: Value<'a>, length: Value<'a>, character: Value<'a>) -> Out<'a> {
    let Some(text) = text_of(value)? else { return Ok(Value::text("")) };
    match padding(&text, &length, character)? {
        Some(padding) => made(padding + &text),
        None => Ok(Value::Text(text)),
    }
}

fn pad_right<'a>(value: Value<'a>, length: Value<'a>, character: Value<'a>) -> Out<'a> {
    let Some(text) = text_of(value)? else { return Ok(Value::text("")) };
    match padding(&text, &length, character)? {
        Some(padding) => made(text.into_owned() + &padding),
        None => Ok(Value::Text(text)),
    }
}

fn unescaped(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\\') {
        Cow::Owned(text.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t"))
    } else {
        text
    }
}

fn replace<'a>(value: Value<'a>, old: Value<'a>, new: Value<'a>) -> Out<'a> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    let old = unescaped(text_of(old)?.unwrap_or_default());
    let new = unescaped(text_of(new)?.unwrap_or_default());
    if old.is_empty() {
        return Ok(Value::Text(text));
    }
    let found = text.matches(&*old).count();
    if found == 0 {
        return Ok(Value::Text(text));
    }
    if found.saturating_mul(new.len()) > MAX_TEXT_BYTES {
        return Err(Fault::limit(format!("a text made by an expression has at most {MAX_TEXT_BYTES} bytes")));
    }
    made(text.replace(&*old, &new))
}

fn replace_chars<'a>(value: Value<'a>, pattern: Value<'a>) -> Out<'a> {
    let Some(text) = text_of(value)? else { return Ok(Value::Null) };
    let pattern: String = text_of(pattern)?.unwrap_or_default().split_whitespace().collect();
    let mut pairs: HashMap<char, &str> = HashMap::new();
    let mut entries = pattern.split(',').filter(|entry| !entry.is_empty());
    while let Some(entry) = entries.next() {
        let (source, target) = match entry.split_once(':') {
            Some(pair) => pair,
            None => (entry, entries.next().unwrap_or("")),
        };
        let mut source = source.chars();
        let (Some(source), None) = (source.next(), source.next()) else {
            return Err(Fault::value("every entry of the pattern has one character before its colon"));
        };
        if pairs.len() >= MAX_PAIRS {
            return Err(Fault::limit(format!("a pattern has at most {MAX_PAIRS} entries")));
        }
        pairs.entry(source).or_insert(target);
    }
    if !text.chars().any(|c| pairs.contains_key(&c)) {
        return Ok(Value::Text(text));
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match pairs.get(&c) {
            Some(target) => out.push_str(target),
            None => out.push(c),
        }
        if out.len() > MAX_TEXT_BYTES {
            break;
        }
    }
    made(out)
}

fn word<'a>(value: Value<'a>, number: Value<'a>, delimiters: Value<'a>) -> Out<'a> {
    let Some(text) = text_of(value)? else { return Ok(Value::text("")) };
    let Some(skip) = number_of(&number)?.unwrap_or(0).checked_sub(1).and_then(|n| usize::try_from(n).ok())
    else {
        return Ok(Value::text(""));
    };
    let delimiters = text_of(delimiters)?.unwrap_or_default();
    if delimiters.chars().nth(MAX_DELIMITERS).is_some() {
        return Err(Fault::limit(format!("there are at most {MAX_DELIMITERS} delimiters")));
    }
    let mut words = text.split(|c| delimiters.contains(c)).filter(|word| !word.is_empty());
    let Some(found) = words.nth(skip) else { return Ok(Value::text("")) };
    let start = found.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let end = start + found.len();
    Ok(part(text, start..end))
}
