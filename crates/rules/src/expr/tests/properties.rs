//! What holds for every expression and every object.

use crate::expr::parse::{Arithmetic, At, Expr, Kind, Logic, parse};
use crate::expr::sample::Sample;
use crate::expr::{Accepts, Arity, Expression, Function, Inputs, List, Outcome, Types, Value};
use proptest::prelude::*;
use std::borrow::Cow;

fn leaf() -> impl Strategy<Value = Kind> {
    prop_oneof![
        r#"[ -~é"\\]{0,8}"#.prop_map(Kind::Text),
        any::<i64>().prop_map(Kind::Number),
        prop::sample::select(vec!["True", "False", "NULL", "CRLF", "vbTextCompare", "IgnoreThisFlow"])
            .prop_map(|name| Kind::Name(name.to_owned())),
        prop::sample::select(vec![
            "mail",
            "proxyAddresses",
            "absent",
            "member",
            "groupType",
            "objectGUID",
            "absentList",
            "dn",
            "manager",
            "userCertificate",
            "emptyText",
            "objectSid",
            "pwdLastSet",
            "nowhere",
        ])
        .prop_map(|name| Kind::Attribute(name.to_owned())),
        Just(Kind::Parameter("Forest.LDAP".to_owned())),
        Just(Kind::Variable("x".to_owned())),
    ]
}

fn arithmetic() -> impl Strategy<Value = Arithmetic> {
    prop::sample::select(vec![
        Arithmetic::Less,
        Arithmetic::LessOrEqual,
        Arithmetic::NotEqual,
        Arithmetic::Equal,
        Arithmetic::Greater,
        Arithmetic::GreaterOrEqual,
        Arithmetic::Add,
        Arithmetic::Subtract,
        Arithmetic::Multiply,
        Arithmetic::Concatenate,
    ])
}

fn expr() -> impl Strategy<Value = Expr> {
    let make = |kind| Expr { at: At(0), kind };
    leaf().prop_map(make).prop_recursive(4, 40, 4, move |inner| {
        let names: Vec<_> = Function::all().map(|function| function.name).collect();
        let call = (prop::sample::select(names), prop::collection::vec(inner.clone(), 0..4))
            .prop_map(|(name, arguments)| Kind::Call { name: name.to_owned(), arguments });
        let chain = (inner.clone(), prop::collection::vec((arithmetic(), inner.clone()), 1..4)).prop_map(
            |(first, rest)| Kind::Chain {
                first: Box::new(first),
                rest: rest.into_iter().map(|(operator, operand)| (operator, At(0), operand)).collect(),
            },
        );
        let logic = prop::sample::select(vec![Logic::And, Logic::Or]);
        let condition = (inner.clone(), prop::collection::vec((logic, inner), 1..4))
            .prop_map(|(first, rest)| Kind::Condition { first: Box::new(first), rest });
        prop_oneof![3 => call, 1 => chain, 1 => condition].prop_map(make)
    })
}

/// Values of the sample and literals by what a parameter takes.
fn argument(accepts: Accepts) -> BoxedStrategy<String> {
    let text = [
        "[mail]",
        "[absent]",
        "[proxyAddresses]",
        "\"\"",
        "\"a-b-c\"",
        "[dn]",
        "[streetAddress]",
        "\"é∂ß\"",
        "\"m\"",
        "\"2024-02-30\"",
        "\"&HFF\"",
        "ConvertToBase64([objectSid])",
        "\"=,+\"",
        "\",\"",
        "[absentList]",
        "$x",
    ];
    let number = [
        "0",
        "1",
        "-1",
        "3",
        "[groupType]",
        "[absentNumber]",
        "9223372036854775807",
        "-9223372036854775808",
        "1000000",
        "Len([proxyAddresses])",
    ];
    let other = [
        "[objectGUID]",
        "[userCertificate]",
        "[manager]",
        "[member]",
        "Now()",
        "True",
        "NULL",
        "CDate(\"2024-01-31\")",
        "DateFromNum([pwdLastSet])",
        "Item([userCertificate], 1)",
        "[otherTelephone]",
        "IIF(True, [mail], [member])",
        "[proxyAddresses] = \"a\"",
    ];
    let list =
        ["[proxyAddresses]", "[member]", "[userCertificate]", "[absentList]", "Split([mail], \"i\")", "NULL"];
    let condition = [
        "True",
        "[absentNumber]",
        "[mail] = \"a\"",
        "IsPresent([mail])",
        "InStr([proxyAddresses], \"a\") > 0",
    ];
    let dates = ["Now()", "NULL", "CDate(\"2024-01-31\")", "DateFromNum([pwdLastSet])"];
    let fitting: Vec<&str> = match accepts {
        Accepts::One(types) if types == Types::NUMBER => number.to_vec(),
        Accepts::One(types) if types == Types::DATE => dates.to_vec(),
        Accepts::One(types) if types == Types::BOOLEAN => condition.to_vec(),
        Accepts::One(types) if types.covers(Types::TEXT) => text.to_vec(),
        Accepts::One(_) | Accepts::Whole(_) => [&text[..], &number, &other].concat(),
        Accepts::List(_) => list.to_vec(),
        Accepts::Condition => condition.to_vec(),
        Accepts::Keyword(words) => words.to_vec(),
        Accepts::AttributeName => vec!["\"member\"", "\"mail\""],
        Accepts::Variable => vec!["$x"],
    };
    let any = [&text[..], &number, &other, &list].concat();
    let fitting = prop::sample::select(fitting);
    prop_oneof![6 => fitting, 1 => prop::sample::select(any)].prop_map(str::to_owned).boxed()
}

fn function() -> impl Strategy<Value = &'static Function> {
    prop::sample::select(Function::all().collect::<Vec<_>>())
}

/// A call that is right by its types more often than not, perhaps with another in it.
fn plausible() -> impl Strategy<Value = String> {
    let call = |function: &'static Function| {
        let arguments: Vec<_> =
            function.parameters.iter().map(|parameter| argument(parameter.accepts)).collect();
        let least = function.least().min(arguments.len());
        (arguments, least..=function.parameters.len(), Just(function))
            .prop_map(|(arguments, count, function)| (function, arguments[..count].to_vec()))
    };
    let written = |(function, arguments): (&Function, Vec<String>)| {
        format!("{}({})", function.name, arguments.join(", "))
    };
    (function().prop_flat_map(call), function().prop_flat_map(call), 0..8_usize).prop_map(
        move |((outer, mut arguments), inner, at)| {
            if let Some(argument) = arguments.get_mut(at) {
                *argument = written(inner);
            }
            written((outer, arguments))
        },
    )
}

/// The outcome as text, and that it is of the shape that was promised.
fn evaluated(text: &str, inputs: &Inputs<'_>, sample: &Sample) -> Option<String> {
    let expression = Expression::compile(text, &sample.schema).ok()?;
    let shape = expression.shape();
    let outcome = expression.evaluate(inputs);
    if let Ok(Outcome::Value(value)) = &outcome {
        let values = match value {
            Value::Many(list) => {
                assert_ne!(shape.arity, Arity::One, "{text} gave several values");
                list.as_slice().to_vec()
            }
            single => {
                assert_ne!(shape.arity, Arity::Many, "{text} gave one value");
                vec![single.clone()]
            }
        };
        for value in values {
            let found = match value {
                Value::Text(_) => Types::TEXT,
                Value::Number(_) => Types::NUMBER,
                Value::Boolean(_) => Types::BOOLEAN,
                Value::Binary(_) => Types::BINARY,
                Value::Date(_) => Types::DATE,
                Value::Reference(_) => Types::REFERENCE,
                other => panic!("{text} gave {other}"),
            };
            assert!(shape.types.covers(found), "{text} gave {found}, not {}", shape.types);
        }
    }
    Some(match outcome {
        Ok(outcome) => outcome.to_string(),
        Err(error) => error.to_string(),
    })
}

/// Other values than the sample's, of the right types.
fn values(sample: &Sample) -> impl Strategy<Value = Vec<Value<'static>>> + use<> {
    let rows: Vec<_> = sample
        .schema
        .attributes()
        .iter()
        .map(|attribute| {
            let one = match attribute.kind.types() {
                Types::NUMBER => any::<i64>().prop_map(Value::Number).boxed(),
                Types::BOOLEAN => any::<bool>().prop_map(Value::Boolean).boxed(),
                Types::BINARY => prop::collection::vec(any::<u8>(), 0..40)
                    .prop_map(|o| Value::Binary(Cow::Owned(o)))
                    .boxed(),
                Types::REFERENCE => ".{0,20}".prop_map(|text| Value::Reference(Cow::Owned(text))).boxed(),
                _ => ".{0,20}".prop_map(|text| Value::Text(Cow::Owned(text))).boxed(),
            };
            if attribute.many {
                let list = prop::collection::vec(one, 1..4).prop_map(|list| Value::Many(List::Owned(list)));
                prop_oneof![1 => Just(Value::Null), 4 => list].boxed()
            } else {
                prop_oneof![1 => Just(Value::Null), 4 => one].boxed()
            }
        })
        .collect();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_written_reads_back(expr in expr()) {
        let text = expr.to_string();
        let read = parse(&text).unwrap_or_else(|mistake| panic!("{text}: {mistake:?}"));
        prop_assert_eq!(&read, &expr);
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn no_tree_panics_and_types_are_kept(expr in expr()) {
        let sample = Sample::new();
        let _ = evaluated(&expr.to_string(), &sample.inputs(), &sample);
    }

    #[test]
    fn no_call_panics_and_types_are_kept(text in plausible()) {
        let sample = Sample::new();
        let _ = evaluated(&text, &sample.inputs(), &sample);
    }

    #[test]
    fn no_value_panics(text in plausible(), values in values(&Sample::new())) {
        let sample = Sample::new();
        let inputs = Inputs { attributes: &values, ..sample.inputs() };
        let first = evaluated(&text, &inputs, &sample);
        prop_assert_eq!(first, evaluated(&text, &inputs, &sample), "the same inputs, the same result");
    }

    #[test]
    fn no_text_panics(text in r#"[\[\]()%$"&|=<>+*\-, a-zA-Z0-9é\\]{0,40}"#) {
        let _ = Expression::compile(&text, &Sample::new().schema);
    }
}

/// The generators reach what they are for: most functions run with success, and most with an error too.
#[test]
fn the_generator_reaches_every_function() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let sample = Sample::new();
    let mut runner = TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..20_000 {
        let text = plausible().new_tree(&mut runner).unwrap().current();
        if evaluated(&text, &sample.inputs(), &sample).is_some() {
            reached.extend(Function::all().map(|f| f.name).filter(|name| text.contains(&format!("{name}("))));
        }
    }
    let missed: Vec<_> = Function::all().map(|f| f.name).filter(|name| !reached.contains(name)).collect();
    assert!(missed.is_empty(), "never compiled: {missed:?}");
}
