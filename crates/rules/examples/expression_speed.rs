//! How many evaluations a second one core does of flows as people write them.
//! `cargo run --release -p lockstep-rules --example expression_speed`
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
    for (name, text) in FLOWS {
        let expression = Expression::compile(text, &schema).unwrap();
        let started = Instant::now();
        let mut evaluations = 0_u64;
        let mut values = 0_u64;
        while started.elapsed() < Duration::from_secs(2) {
            for row in &rows {
                let inputs = Inputs {
                    attributes: row,
                    imported: None,
                    parameters: &parameters,
                    now: jiff::Timestamp::UNIX_EPOCH,
                    seed: 1,
                };
                if matches!(black_box(expression.evaluate(&inputs)).unwrap(), Outcome::Value(_)) {
                    values += 1;
                }
                evaluations += 1;
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let millions = evaluations as f64 / seconds / 1e6;
        println!("{millions:6.2} million evaluations a second, {values} values of {evaluations}: {name}");
    }
}
