//! Fuzz targets for what reads outside text and bytes. On stable they run as property tests; with a fuzzer:
//! `cargo bolero test -p lockstep-rules expression`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

use lockstep_rules::expr::{AttributeType, Expression, Inputs, List, Schema, Value};
use lockstep_rules::sync_rules::{RuleSet, Schemas};
use std::borrow::Cow;

fn schema() -> Schema {
    Schema::with_standard_parameters()
        .attribute("t", AttributeType::Text, false)
        .attribute("n", AttributeType::Number, false)
        .attribute("m", AttributeType::Text, true)
        .attribute("b", AttributeType::Binary, false)
        .attribute("r", AttributeType::Reference, false)
}

fn evaluate(expression: &Expression, values: &[Value<'_>]) -> String {
    let inputs = Inputs {
        attributes: values,
        imported: None,
        parameters: &[],
        now: jiff::Timestamp::UNIX_EPOCH,
        seed: 7,
    };
    match expression.evaluate(&inputs) {
        Ok(outcome) => outcome.to_string(),
        Err(error) => error.to_string(),
    }
}

/// An expression from anywhere: refused with a place, or written back and read again as the same.
#[test]
fn expression() {
    let schema = schema();
    let values = [Value::text("text"), Value::Number(-3), Value::Null, Value::Null, Value::Null];
    bolero::check!().for_each(|octets: &[u8]| {
        let text = String::from_utf8_lossy(octets);
        match Expression::compile(&text, &schema) {
            Ok(expression) => {
                assert_eq!(
                    Expression::compile(&expression.to_string(), &schema),
                    Ok(expression.clone()),
                    "{text}"
                );
                assert_eq!(evaluate(&expression, &values), evaluate(&expression, &values));
            }
            Err(error) => assert!(error.line >= 1 && error.column >= 1, "{error}"),
        }
    });
}

/// Values from anywhere, through the functions that read a format.
#[test]
fn values() {
    let schema = schema();
    let expressions: Vec<_> = [
        "IsCert([b])",
        "CertThumbprint([b]) & CertSubject([b]) & CertIssuer([b]) & CertSerialNumber([b]) & CertKeyAlgorithmParams([b])",
        "CertNotAfter([b])",
        "CertExtensionOids([b])",
        "CertNameInfo([b], UpnName, False) & CertNameInfo([b], EmailName, True)",
        "CertVersion([t])",
        "StringFromSid([b])",
        "StringFromGuid([b])",
        "CDate([t])",
        "CNum([t])",
        "CGuid([t])",
        "ConvertFromBase64([t])",
        "ConvertFromBase64([t], UTF8)",
        "ConvertFromUTF8Hex([t])",
        "DNComponent([r], 1) & DNComponentRev([r], 1, \"DC\")",
        "EscapeDNComponent([t])",
        "FormatDateTime(Now(), [t])",
        "ReplaceChars([t], [t])",
        "Word([t], 2, [t])",
        "PCase([t]) & LCase([t]) & UCase([t])",
        "InStr([t], \"a\", 2, vbTextCompare) + InStrRev([t], \"a\", 5, vbTextCompare)",
        "Left([t], [n]) & Right([t], [n]) & Mid([t], [n], [n])",
        "Mid([b], [n], [n])",
        "DateAdd(\"m\", [n], Now())",
        "DateFromNum([n])",
        "CBin([n], 3)",
        "Split([t], Left([t], 1), [n])",
        "RemoveDuplicates(Trim([m]))",
        "Join(IIF(InStr([m], \"a\") > 0, [m], NULL), [t])",
    ]
    .iter()
    .map(|text| Expression::compile(text, &schema).unwrap_or_else(|error| panic!("{text}: {error}")))
    .collect();
    bolero::check!().for_each(|octets: &[u8]| {
        let text = String::from_utf8_lossy(octets);
        let number =
            octets.iter().take(9).fold(0_i64, |n, octet| n.wrapping_mul(251) + i64::from(*octet) - 40);
        let list = text.split(' ').map(Value::text).collect();
        let values = [
            Value::text(&text),
            Value::Number(number),
            Value::Many(List::Owned(list)),
            Value::Binary(Cow::Borrowed(octets)),
            Value::Reference(Cow::Borrowed(&text)),
        ];
        for expression in &expressions {
            evaluate(expression, &values);
        }
    });
}

/// A rule set from anywhere, and one with something from anywhere in it: refused with places, or linted and run.
#[test]
fn rule_set() {
    const SOUND: &str = r#"name = "x"
[parameters]
p = "v"
[[rule]]
name = "in"
direction = "inbound"
precedence = 1
source_types = ["person"]
metaverse_type = "person"
link_type = "Provision"
scope = [{ all = [{ attribute = "uid", operator = "STARTSWITH", value = "a" }] }]
flow = [{ to = "displayName", expression = '[dn] & %p%' }, { to = "proxyAddresses", direct = "mail" }]
[[rule]]
name = "out"
direction = "outbound"
precedence = 2
metaverse_type = "person"
target_type = "user"
link_type = "Provision"
flow = [{ to = "displayName", direct = "displayName" }]
[[case]]
name = "c"
dn = "uid=a,dc=x"
attributes = { objectClass = "person", uid = "a" }
expect = { kind = "user" }
"#;
    let schemas = Schemas::ldap();
    let run = |text: &str| match RuleSet::parse("f", text, &schemas) {
        Ok(set) => {
            assert_eq!(set.lint(), set.lint());
            assert_eq!(set.run_cases(), set.run_cases());
        }
        Err(problems) => {
            assert!(!problems.0.is_empty());
            assert!(problems.0.iter().all(|problem| problem.line >= 1 && problem.column >= 1), "{problems}");
        }
    };
    bolero::check!().for_each(|octets: &[u8]| {
        run(&String::from_utf8_lossy(octets));
        let Some((place, put)) = octets.split_first() else { return };
        let at = usize::from(*place) * SOUND.len() / 256;
        let (before, after) = SOUND.split_at(at);
        run(&format!("{before}{}{after}", String::from_utf8_lossy(put)));
        run(&format!("{before}{}", after.get(put.len()..).unwrap_or("")));
    });
}
