//! What people get to read when an expression is wrong.

use crate::expr::Expression;
use crate::expr::sample::Sample;
use std::fmt::Write as _;

#[rustfmt::skip]
const MISTAKES: &[&str] = &[
    // Names
    "Lcase([mail])",
    "Substitute([mail])",
    "If(True, 1, 2)",
    "Frobnicate([mail])",
    "Trim([Mail])",
    "Trim([proxyAdresses])",
    "Trim([wholly unknown])",
    "%Domain.FQND%",
    "true",
    "Null",
    "mail",
    "Trim",
    "Select($item, [proxyAddresses], LCase($itm))",
    "Where($item, [proxyAddresses], True) & $item",
    // Arguments
    "Left([mail])",
    "IIF([mail] = \"a\", 1)",
    "Switch(True, 1, False)",
    "Now(1)",
    "InStr([mail], \"@\", 1, vbTextCompar)",
    "ConvertFromBase64([mail], UTF16)",
    "ValueCount([member])",
    "Select([mail], [proxyAddresses], 1)",
    // Types
    "Trim([userAccountControl])",
    "Left([mail], \"3\")",
    "DNComponent([dn], 1)",
    "FormatDateTime([pwdLastSet], \"yyyy\")",
    "BitAnd([mail], 2)",
    "LCase([objectGUID])",
    "\"t-\" & [employeeNumber]",
    "[mail] + 1",
    "[manager] = \"cn=Lee\"",
    "[employeeNumber] = \"98052\"",
    "[objectGUID] < [objectSid]",
    "IIF([mail], 1, 2)",
    "IsPresent([mail]) && [mail]",
    "Count([mail])",
    "Trim(IIF(True, [mail], [userAccountControl]))",
    "Trim(IgnoreThisFlow)",
    "IIF(InStr([proxyAddresses], \"a\") > 0, IgnoreThisFlow, NULL)",
    "Switch(InStr([proxyAddresses], \"a\") > 0, 1)",
    // Form
    "",
    "IIF(True, 1, 2",
    "(1 + 2",
    "1 + 2)",
    "1 +",
    "[mail",
    "[]",
    "\"text",
    "“text”",
    "'text'",
    "1 2",
    "Trim([mail]) Trim([cn])",
    "12.5",
    "99999999999999999999",
    "&HXYZ",
    "& [mail]",
    "!True",
    "8 / 2",
    "True | False",
    "$",
    "IIF(True,\n    Trim([cn]),\n    Lower([cn]))",
];

#[test]
fn mistakes_are_explained() {
    let schema = Sample::new().schema;
    let mut out = String::new();
    for text in MISTAKES {
        let error = Expression::compile(text, &schema).expect_err(text);
        let _ = writeln!(out, "{}\n    {error}", text.replace('\n', "⏎"));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn limits_are_mistakes_too() {
    let schema = Sample::new().schema;
    let shown = |text: &str| Expression::compile(text, &schema).unwrap_err().to_string();
    let deep = format!("{}1{}", "(".repeat(65), ")".repeat(65));
    assert_eq!(
        shown(&deep),
        "line 1, column 65: calls and parentheses may stand 64 deep; give a part a name with With($name, part, ...)"
    );
    assert!(Expression::compile(&deep[1..deep.len() - 1], &schema).is_ok());
    let long = format!("1{}", " + 1".repeat(10_000));
    assert_eq!(shown(&long), "line 1, column 40001: an expression has at most 10000 values and calls");
    assert!(Expression::compile(&long[4..], &schema).is_ok());
    assert_eq!(shown(&" ".repeat(70_000)), "line 1, column 1: an expression has at most 65536 bytes");
}
