//! How many evaluations a second one core does of flows as people write them.
//! `cargo run --release -p lockstep-rules --example expression_speed [-- PART_OF_A_NAME]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program for people"
)]

use lockstep_rules::expr::{AttributeType, Expression, Inputs, List, Outcome, Schema, Value};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Each with a name. The first has five functions and is what the goal of 5 million a second is about.
const FLOWS: &[(&str, &str)] = &[
    (
        "five functions, lower case of the mail address or a name made of parts",
        r#"IIF(IsPresent([mail]), LCase(Trim([mail])), LCase([givenName] & "." & [sn]) & "@" & %Domain.FQDN%)"#,
    ),
    (
        "five functions, address from proxyAddresses",
        r#"IIF(Contains([proxyAddresses], "SMTP:") > 0, Mid(Item([proxyAddresses], Contains([proxyAddresses], "SMTP:")), 6), NULL)"#,
    ),
    ("cut to length", r#"IIF(IsNullOrEmpty([description]), NULL, Left(Trim(Item([description], 1)), 448))"#),
    ("clean list", r#"RemoveDuplicates(Trim(ImportedValue("proxyAddresses")))"#),
    ("flag", "IIF(BitAnd([userAccountControl], 2) = 0, True, False)"),
    ("trim", "Trim([givenName])"),
];

fn main() {
    let schema = Schema::with_standard_parameters()
        .attribute("mail", AttributeType::Text, false)
        .attribute("givenName", AttributeType::Text, false)
        .attribute("sn", AttributeType::Text, false)
        .attribute("proxyAddresses", AttributeType::Text, true)
        .attribute("description", AttributeType::Text, true)
        .attribute("userAccountControl", AttributeType::Number, false);
    // 1,000 people, every fourth without a mail address.
    let texts: Vec<[String; 5]> = (0..1_000)
        .map(|n| {
            [
                format!(" Given{n}.Surname{n}@Contoso.com "),
                format!("Given{n}"),
                format!("Surname{n}"),
                format!("smtp:alias{n}@contoso.com"),
                format!("SMTP:given{n}.surname{n}@contoso.com"),
            ]
        })
        .collect();
    let rows: Vec<Vec<Value<'_>>> = texts
        .iter()
        .enumerate()
        .map(|(n, [mail, given, surname, alias, primary])| {
            vec![
                if n % 4 == 0 { Value::Null } else { Value::text(mail) },
                Value::text(given),
                Value::text(surname),
                Value::Many(List::Owned(vec![Value::text(alias), Value::text(primary)])),
                Value::Many(List::Owned(vec![Value::text(given)])),
                Value::Number(512),
            ]
        })
        .collect();
    let parameters = vec![Value::text("contoso.com"); schema.parameters().len()];
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (name, text) in FLOWS.iter().filter(|(name, _)| name.contains(&wanted)) {
        let expression = Expression::compile(text, &schema).unwrap();
        // Ten slices; the best is what the core can do when nothing else wants it.
        let mut rates: Vec<f64> = (0..10).map(|_| slice(&expression, &rows, &parameters)).collect();
        rates.sort_by(f64::total_cmp);
        let (best, median) = (rates[9], rates[5]);
        println!("{best:6.2} million evaluations a second at best, {median:6.2} in the middle: {name}");
    }
}

/// Evaluates for a quarter of a second; in millions a second.
fn slice(expression: &Expression, rows: &[Vec<Value<'_>>], parameters: &[Value<'_>]) -> f64 {
    let started = Instant::now();
    let mut evaluations = 0_u32;
    while started.elapsed() < Duration::from_millis(250) {
        for attributes in rows {
            let now = jiff::Timestamp::UNIX_EPOCH;
            let inputs = Inputs { attributes, imported: None, parameters, now, seed: 1 };
            assert!(matches!(black_box(expression.evaluate(&inputs)), Ok(Outcome::Value(_))), "{expression}");
            evaluations += 1;
        }
    }
    f64::from(evaluations) / started.elapsed().as_secs_f64() / 1e6
}
