//! The language beside its functions: operators, literals, several values, what is known before a run.

use crate::expr::sample::Sample;
use crate::expr::{
    Arity, AttributeType, EvaluationErrorKind, Expression, Inputs, List, Outcome, Schema, Types, Value,
};
use lockstep_model::Attributes;

fn check(expression: &str, expected: &str) {
    assert_eq!(Sample::new().show(expression), expected, "{expression}");
}

#[test]
fn operators_go_from_left_to_right() {
    check("2 + 3 * 2", "10");
    check("2 * (5 + 3)", "16");
    check("2 * 5 + 3", "13");
    check("10 - 2 - 3", "5");
    check("10 - (2 - 3)", "11");
    check("1 + 2 = 3", "True");
    check(r#""a" & "b" = "ab""#, "True");
    check("&HFF + 1", "256");
    check("5 - -3", "8");
    check("5-3", "2");
    check("-9223372036854775808", "-9223372036854775808");
    check("&HFFFFFFFFFFFFFFFF", "-1");
    check("9223372036854775807 + 1", "error: operator: the result has more than 64 bits");
}

#[test]
fn logic_comes_after_comparison_and_stops_early() {
    check("True || False && False", "False");
    check("True || (False && False)", "True");
    // The shape of a default rule: strictly from left to right it would compare a truth with a text.
    check(
        r#"IsPresent([absent]) || IsPresent([sAMAccountName]) = False || [sAMAccountName] = "asmith""#,
        "True",
    );
    check(r#"False && CNum("x") = 1"#, "False");
    check(r#"True || CNum("x") = 1"#, "True");
    check(
        r#"True && CNum("x") = 1"#,
        "error: CNum: the text is no whole number of 64 bits; ask IsNumeric() before",
    );
    check("[absentNumber] || True", "True");
}

#[test]
fn the_filter_of_the_default_rules_runs() {
    let filter = r#"IIF(IsPresent([isCriticalSystemObject]) || IsPresent([sAMAccountName]) = False || [sAMAccountName] = "SUPPORT_388945a0" || Left([mailNickname], 14) = "SystemMailbox{" || Left([sAMAccountName], 4) = "AAD_" || (Left([mailNickname], 4) = "CAS_" && (InStr([mailNickname], "}") > 0)) || (Left([sAMAccountName], 4) = "CAS_" && (InStr([sAMAccountName], "}") > 0)) || Left([sAMAccountName], 5) = "MSOL_" || CBool(IIF(IsPresent([absentNumber]), BitAnd([absentNumber], &H21C07000) > 0, NULL)) || CBool(InStr(DNComponent(CRef([dn]), 1), "\\0ACNF:") > 0), True, NULL)"#;
    check(filter, "NULL");
    check(&filter.replace("SUPPORT_388945a0", "asmith"), "True");
}

#[test]
fn null_is_tolerated() {
    check(r#"[absent] = "x""#, "False");
    check(r#"[absent] <> "x""#, "False");
    check("[absent] = NULL", "False");
    check("[absentNumber] > 0", "False");
    check("[absentNumber] + 1", "NULL");
    check(r#"[absent] & "x" & [absent]"#, r#""x""#);
    check("[absent] & NULL", "NULL");
    check("NULL", "NULL");
}

#[test]
fn comparisons_are_of_one_type_and_case_counts() {
    check(r#"[employeeType] = "intern""#, "False");
    check(r#""a" < "b""#, "True");
    check("True <> False", "True");
    check(r#"[manager] = CRef("CN=Lee, OU=GA, DC=contoso, DC=com")"#, "True");
    check(r#"CDate("2024-01-01") <= CDate("2024-01-01")"#, "True");
    check(r#"[objectGUID] = CGuid("00001111-aaaa-2222-bbbb-3333cccc4444")"#, "True");
}

#[test]
fn control_literals_are_results() {
    check("IgnoreThisFlow", "IgnoreThisFlow");
    check("AuthoritativeNull", "AuthoritativeNull");
    check("IIF(IsPresent([absent]), [absent], AuthoritativeNull)", "AuthoritativeNull");
    check("Switch(False, 1, True, IgnoreThisFlow)", "IgnoreThisFlow");
    check("With($x, 1, IIF($x = 1, IgnoreThisFlow, NULL))", "IgnoreThisFlow");
}

#[test]
fn functions_of_one_value_are_applied_to_each() {
    check("UCase([otherTelephone] & \"x\")", r#"{" +44 20 5550 100X", "+44 20 5550 101 X"}"#);
    check("Len([proxyAddresses])", "{21, 26, 19}");
    check(
        r#"IIF(InStr([proxyAddresses], "SMTP:") = 1, [proxyAddresses], LCase([proxyAddresses]))"#,
        r#"{"smtp:ann@fabrikam.com", "SMTP:ann.smith@contoso.com", "sip:ann@contoso.com"}"#,
    );
    // What IIF dropped stays dropped: Trim of NULL is no value.
    check(
        r#"Trim(IIF(InStr([proxyAddresses], "SIP:") = 1, NULL, [proxyAddresses]))"#,
        r#"{"smtp:ann@fabrikam.com", "SMTP:ann.smith@contoso.com"}"#,
    );
    check(
        r#"Left(IIF(InStr([proxyAddresses], "SIP:") = 1, NULL, [proxyAddresses]), 3) & "x""#,
        r#"{"smtx", "SMTx"}"#,
    );
    check(
        "[otherTelephone] & [proxyAddresses]",
        "error: operator: two attributes with several values go side by side, but one has 2 and the other 3",
    );
    check(
        r#"CBool(InStr([proxyAddresses], "@contoso") > 0 && Len([proxyAddresses]) > 20)"#,
        "{False, True, False}",
    );
    check(r#"Split([otherTelephone], "5")"#, r#"{" +44 20 ", "", "", "0 100", "+44 20 ", "", "", "0 101 "}"#);
    check(r#"[absentList] & "x""#, "NULL");
    check(r#""x" & "y" & [absentList] & "z""#, "NULL");
    check(r#"IIF(InStr([absentList], "x") = 1, "a", "b")"#, "NULL");
    check(r#"IsString([absentList])"#, "NULL");
    check("Count(IIF(InStr([proxyAddresses], \"SIP:\") = 1, NULL, [proxyAddresses]))", "2");
}

#[test]
fn literals_are_what_they_say() {
    check(r#""say ""hi""""#, r#""say ""hi""""#);
    check(r#"Len("\\0A")"#, "3");
    check(r#"Len("\0A")"#, "3");
    check(r#""\\" = "\""#, "True");
    check("Len(CRLF)", "2");
    check("%Forest.Netbios% & \"\\\" & [sAMAccountName]", r#""CONTOSO\\asmith""#);
    check("[ sAMAccountName ]", r#""asmith""#);
    check("IIF (\n  True,\n  1,\n  2)", "1");
}

#[test]
fn what_it_reads_and_gives_is_known() {
    let schema = Sample::new().schema;
    let text = r#"IIF(ValueCount("member") > 1, Trim([mail]) & %Forest.FQDN%, ImportedValue("cn"))"#;
    let expression = Expression::compile(text, &schema).unwrap();
    let names: Vec<_> = expression.attributes().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["cn", "mail", "member"]);
    assert_eq!(
        expression.parameters().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["Forest.FQDN"]
    );
    assert_eq!((expression.shape().types, expression.shape().arity), (Types::TEXT, Arity::One));
    assert!(!expression.is_volatile());
    assert!(Expression::compile("Guid()", &schema).unwrap().is_volatile());
    let mapped = Expression::compile("Trim([proxyAddresses])", &schema).unwrap();
    assert_eq!(mapped.shape().arity, Arity::Many);
    let either = Expression::compile("IIF(True, [proxyAddresses], [cn])", &schema).unwrap();
    assert_eq!(either.shape().arity, Arity::Either);
}

#[test]
fn it_is_written_back_in_one_form() {
    let schema = Sample::new().schema;
    let shown = |text: &str| Expression::compile(text, &schema).unwrap().to_string();
    assert_eq!(
        shown(r#"IIF( [cn]="a"||([l]  = "b") ,&HFF , -1)"#),
        r#"IIF([cn] = "a" || [l] = "b", 255, -1)"#
    );
    assert_eq!(shown("2*(5+3)"), "2 * (5 + 3)");
    assert_eq!(shown("((2*5))+3"), "(2 * 5) + 3");
    assert_eq!(shown(r#""\0A" & "say ""hi""""#), r#""\\0A" & "say ""hi""""#);
    assert_eq!(shown("(True || False) = True"), "(True || False) = True");
}

#[test]
fn imported_values_are_those_of_the_last_import() {
    let schema = Schema::new().attribute("mail", AttributeType::Text, false);
    let expression = Expression::compile(r#"[mail] & "/" & ImportedValue("mail")"#, &schema).unwrap();
    let (expected, confirmed) = ([Value::text("new")], [Value::text("old")]);
    let inputs = Inputs { attributes: &expected, imported: Some(&confirmed), parameters: &[], ..inputs() };
    assert_eq!(expression.evaluate(&inputs), Ok(Outcome::Value(Value::text("new/old"))));
}

fn inputs() -> Inputs<'static> {
    Inputs { attributes: &[], imported: None, parameters: &[], now: jiff::Timestamp::UNIX_EPOCH, seed: 1 }
}

#[test]
fn chance_is_the_callers() {
    let schema = Schema::new();
    let expression = Expression::compile(r#"Guid() & " " & Guid()"#, &schema).unwrap();
    let text = |seed| match expression.evaluate(&Inputs { seed, ..inputs() }).unwrap() {
        Outcome::Value(Value::Text(text)) => text.into_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
    let (first, second) = (text(7)[..36].to_owned(), text(7)[37..].to_owned());
    assert_ne!(first, second);
    assert_eq!(first.as_bytes()[14], b'4', "version 4: {first}");
    let number = Expression::compile("RandomNum(100, 999)", &schema).unwrap();
    let drawn: std::collections::BTreeSet<_> = (0..2_000)
        .map(|seed| match number.evaluate(&Inputs { seed, ..inputs() }).unwrap() {
            Outcome::Value(Value::Number(number)) => number,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(drawn.iter().all(|number| (100..=999).contains(number)) && drawn.len() > 500, "{drawn:?}");
}

#[test]
fn a_directory_entry_is_read_by_slot() {
    let schema = Schema::new()
        .attribute("userAccountControl", AttributeType::Number, false)
        .attribute("proxyAddresses", AttributeType::Text, true)
        .attribute("mail", AttributeType::Text, false)
        .attribute("isCriticalSystemObject", AttributeType::Boolean, false)
        .attribute("whenCreated", AttributeType::Date, false)
        .attribute("manager", AttributeType::Reference, false)
        .attribute("objectGUID", AttributeType::Binary, false);
    let mut entry = Attributes::new();
    let mut add = |name: &str, values: &[&[u8]]| entry.add(name.into(), values.iter().map(|v| v.to_vec()));
    add("userAccountControl", &[b"512"]);
    add("proxyaddresses", &[b"a", b"\xFF", b"b"]);
    add("mail", &[b"first", b"second"]);
    add("iscriticalsystemobject", &[b"TRUE"]);
    add("whencreated", &[b"20240131120000.0Z"]);
    add("manager", &[b"cn=Lee"]);
    add("objectguid", &[b"\xFF\x00"]);
    add("unknown", &[b"x"]);
    let row: Vec<_> = schema.read(&entry).iter().map(ToString::to_string).collect();
    let expected =
        ["512", r#"{"a", "b"}"#, r#""first""#, "True", "2024-01-31T12:00:00Z", r#"ref "cn=Lee""#, "hex FF00"];
    assert_eq!(row, expected);
    let nothing = Attributes::new();
    assert!(schema.read(&nothing).iter().all(Value::is_null));
}

#[test]
fn a_runaway_expression_is_stopped() {
    let schema = Schema::new().attribute("many", AttributeType::Number, true);
    let attributes = [Value::Many(List::Owned(vec![Value::Number(1); 3_000]))];
    let inputs = Inputs { attributes: &attributes, ..inputs() };
    let text =
        "Count(Select($a, [many], Count(Select($b, [many], Count(Select($c, [many], $a + $b + $c))))))";
    let error = Expression::compile(text, &schema).unwrap().evaluate(&inputs).unwrap_err();
    assert_eq!(error.kind, EvaluationErrorKind::Limit, "{error}");
    // A long text in a variable, copied for every value of a list.
    let text =
        r#"With($l, Select($i, [many], PadLeft("x", 20000, "y")), Count(Select($a, [many], Count($l))))"#;
    let error = Expression::compile(text, &schema).unwrap().evaluate(&inputs).unwrap_err();
    assert_eq!(error.kind, EvaluationErrorKind::Limit, "{error}");
    for text in [r#"PadLeft("x", 9999999999, "y")"#, r#"PadRight("x", 1048577, "é")"#] {
        let error = Expression::compile(text, &schema).unwrap().evaluate(&inputs).unwrap_err();
        assert_eq!(error.kind, EvaluationErrorKind::Limit, "{error}");
    }
}

#[test]
fn an_evaluation_error_names_function_and_place() {
    let sample = Sample::new();
    let expression =
        Expression::compile("IIF(True,\n  Item([proxyAddresses], 9), NULL)", &sample.schema).unwrap();
    let error = expression.evaluate(&sample.inputs()).unwrap_err();
    assert_eq!((error.function, error.line, error.column), (Some("Item"), 2, 3));
    assert_eq!(
        error.to_string(),
        "Item (line 2, column 3): index 9 is outside 1 to 3; ItemOrNull() gives NULL then"
    );
}
