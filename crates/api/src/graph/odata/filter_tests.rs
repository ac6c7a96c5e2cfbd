//! Tables of filters.

use super::*;
use crate::graph::resource::Resource;

/// A filter in short, for tables.
fn show(filter: &Filter) -> String {
    let literal = |literal: &Literal| match literal {
        Literal::Null => "null".to_owned(),
        Literal::Flag(flag) => flag.to_string(),
        Literal::Text(text) => format!("{text:?}"),
    };
    let field = |field: &Field| match field {
        Field::Property(property) => property.to_string(),
        other => format!("{other:?}"),
    };
    let all = |word: &str, items: &[Filter]| {
        format!("({word} {})", items.iter().map(show).collect::<Vec<_>>().join(" "))
    };
    match filter {
        Filter::And(items) => all("and", items),
        Filter::Or(items) => all("or", items),
        Filter::Not(item) => format!("(not {})", show(item)),
        Filter::Compare { field: f, how, value } => format!("({how:?} {} {})", field(f), literal(value)),
        Filter::In { field: f, values } => {
            format!("(In {} {})", field(f), values.iter().map(literal).collect::<Vec<_>>().join(" "))
        }
        Filter::Any { property, how, value } => format!("(Any{how:?} {property} {})", literal(value)),
        Filter::NameWords(text) => format!("(NameWords {text})"),
        Filter::HasError(tests) => {
            let shown: Vec<String> =
                tests.iter().map(|t| format!("{:?} {:?} {:?}", t.field, t.how, t.value)).collect();
            format!("(HasError {})", shown.join(" & "))
        }
        Filter::HasErrors { category } => format!("(HasErrors {})", category.as_deref().unwrap_or("*")),
    }
}

fn check(text: &str, expect: &str) {
    match parse(text, Resource::User) {
        Ok(filter) => assert_eq!(show(&filter), expect, "{text}"),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn refuse(text: &str, code: &str) {
    match parse(text, Resource::User) {
        Ok(filter) => panic!("{text}: {}", show(&filter)),
        Err(error) => assert_eq!((error.status.as_u16(), error.code), (400, code), "{text}: {error}"),
    }
}

#[test]
fn comparisons() {
    check("displayName eq 'Ann'", "(Eq displayName \"Ann\")");
    check("DISPLAYNAME EQ 'O''Hara'", "(Eq displayName \"O'Hara\")");
    check("jobTitle ne null", "(Ne jobTitle null)");
    check("accountEnabled eq true", "(Eq accountEnabled true)");
    check("onPremisesSyncEnabled eq null", "(Eq OnPremisesSyncEnabled null)");
    check("onPremisesSyncEnabled in (true, null)", "(In OnPremisesSyncEnabled true null)");
    check("surname gt 'M' ", "(Gt surname \"M\")");
    check("tolower(mail) eq 'a@b'", "(Eq mail \"a@b\")");
    check(
        "id in ('597AE2F6-16a6-1027-98f4-d28b5365dc14',597ae2f6-16a6-1027-98f4-d28b5365dc15)",
        "(In Id \"597ae2f6-16a6-1027-98f4-d28b5365dc14\" \"597ae2f6-16a6-1027-98f4-d28b5365dc15\")",
    );
    check(
        "onPremisesLastSyncDateTime ge 2026-11-22T22:00:00+01:00",
        "(Ge OnPremisesLastSyncDateTime \"2026-11-22T21:00:00Z\")",
    );
    check("onPremisesImmutableId eq 'aB='", "(Eq OnPremisesImmutableId \"aB=\")");
}

#[test]
fn functions() {
    check("startsWith(displayName,'a')", "(StartsWith displayName \"a\")");
    check("startswith(mail,'a') eq true", "(StartsWith mail \"a\")");
    check("endsWith( mail , '@b' ) eq false", "(not (EndsWith mail \"@b\"))");
    check("contains(displayName,'x') ne true", "(not (Contains displayName \"x\"))");
    check(
        "not startsWith(mail,'a') and city eq 'Zug'",
        "(and (not (StartsWith mail \"a\")) (Eq city \"Zug\"))",
    );
    check("not(startsWith(mail,'a'))", "(not (StartsWith mail \"a\"))");
}

#[test]
fn logic_binds_as_in_odata() {
    check(
        "city eq 'a' or city eq 'b' and city eq 'c' or city eq 'd'",
        "(or (Eq city \"a\") (and (Eq city \"b\") (Eq city \"c\")) (Eq city \"d\"))",
    );
    check(
        "(city eq 'a' or city eq 'b') and not (city eq 'c')",
        "(and (or (Eq city \"a\") (Eq city \"b\")) (not (Eq city \"c\")))",
    );
    check("((((city eq 'a'))))", "(Eq city \"a\")");
}

#[test]
fn lambdas() {
    check("proxyAddresses/any(p:p eq 'smtp:a@b')", "(AnyEq proxyAddresses \"smtp:a@b\")");
    check("proxyAddresses/any(p:startsWith(p,'smtp:a'))", "(AnyStartsWith proxyAddresses \"smtp:a\")");
    check(
        "proxyAddresses/any(x: x eq 'a' or (endsWith(x,'b') or x ge 'c'))",
        "(or (AnyEq proxyAddresses \"a\") (or (AnyEndsWith proxyAddresses \"b\") (AnyGe proxyAddresses \"c\")))",
    );
    check("businessPhones/any()", "(Ne businessPhones null)");
    check("proxyAddresses/$count eq 0", "(not (Ne proxyAddresses null))");
    check("proxyAddresses/$count gt 0", "(Ne proxyAddresses null)");
    check("onPremisesProvisioningErrors/any(o:o/category ne null)", "(HasErrors *)");
    check(
        "OnPremisesProvisioningErrors/any(o:o/category eq 'PropertyConflict')",
        "(HasErrors PropertyConflict)",
    );
    check(
        "onPremisesProvisioningErrors/any(o:o/category eq 'PropertyConflict' and o/propertyCausingError eq 'ProxyAddress' or startsWith(o/value,'smtp:'))",
        "(or (HasError Category Eq Text(\"PropertyConflict\") & Property Eq Text(\"ProxyAddress\")) (HasError Value StartsWith Text(\"smtp:\")))",
    );
    check(
        "onPremisesProvisioningErrors/any(o:o/occurredDateTime ge 2026-11-22T00:00:00Z)",
        "(HasError Occurred Ge Text(\"2026-11-22T00:00:00Z\"))",
    );
    check("not onPremisesProvisioningErrors/any()", "(not (HasErrors *))");
    check("onPremisesProvisioningErrors/$count ne 0", "(HasErrors *)");
}

#[test]
fn refuses_what_is_no_filter() {
    for text in [
        "",
        "city",
        "city eq",
        "eq 'a'",
        "city eq 'a' and",
        "(city eq 'a'",
        "city eq 'a')",
        "city eq 'a' 'b'",
        "city = 'a'",
        "city eq a",
        "nothing eq 'a'",
        "accountEnabled eq 'yes'",
        "accountEnabled gt true",
        "startsWith(city)",
        "startsWith(city,null)",
        "city gt null",
        "id eq 'x'",
        "createdDateTime ge 'soon'",
        "startsWith(createdDateTime,'2026-11-22T21:00:00Z')",
        "proxyAddresses/any(p:q eq 'a')",
        "proxyAddresses/any(p eq 'a')",
        "city in ()",
        "city in ('a'",
        "startsWith(city,'a') eq 'b'",
        "proxyAddresses/$count eq 'a'",
        "members/any(m:m eq 'a')",
    ] {
        refuse(text, "Request_BadRequest");
    }
}

#[test]
fn refuses_what_it_cannot_answer() {
    for text in [
        "proxyAddresses eq 'a'",
        "proxyAddresses/all(p:p eq 'a')",
        "proxyAddresses/any(p:p eq 'a' and p ne 'b')",
        "proxyAddresses/$count eq 3",
        "onPremisesProvisioningErrors eq null",
        "onPremisesProvisioningErrors/any(o:o/nothing eq 'x')",
        "displayName/x eq 'a'",
        "displayName/any(x:x eq 'a')",
    ] {
        refuse(text, "Request_UnsupportedQuery");
    }
}

#[test]
fn filters_have_an_end() {
    let deep = |n: usize| format!("{}city eq 'a'{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&deep(31), Resource::User).is_ok());
    refuse(&deep(33), "Request_BadRequest");
    refuse(&deep(3_000), "Request_BadRequest");
    refuse(&format!("{}city eq 'a'", "not ".repeat(1_900)), "Request_BadRequest");
    let wide = |n: usize| vec!["id eq null"; n].join(" or ");
    assert!(parse(&wide(400), Resource::User).is_ok());
    refuse(&wide(501), "Request_BadRequest");
    refuse(&format!("id in ({})", vec!["null"; 1_100].join(",")), "Request_BadRequest");
    refuse(&"x".repeat(10_000), "Request_BadRequest");
}

#[test]
fn a_property_of_users_is_none_of_groups() {
    assert!(parse("userPrincipalName eq 'a'", Resource::Group).is_err());
    assert!(parse("securityEnabled eq true", Resource::Group).is_ok());
    assert!(parse("securityEnabled eq true", Resource::User).is_err());
    assert!(parse("displayName eq 'a'", Resource::Object).is_ok());
}

/// Whatever is given, the answer is a filter within the limits or an error, and never a panic.
#[test]
fn fuzz() {
    bolero::check!().for_each(|bytes| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            let _ = parse(text, Resource::User);
        }
    });
}

/// The same with words that occur in filters, which gets deeper into the grammar.
#[test]
fn fuzz_words() {
    const WORDS: [&str; 24] = [
        "(",
        ")",
        ",",
        "/",
        ":",
        "'a'",
        "'",
        "city",
        "proxyAddresses",
        "onPremisesProvisioningErrors",
        "any",
        "p",
        "eq",
        "ne",
        "and",
        "or",
        "not",
        "in",
        "startsWith",
        "null",
        "true",
        "$count",
        "0",
        "category",
    ];
    bolero::check!().with_type::<Vec<u8>>().for_each(|picks: &Vec<u8>| {
        let words: Vec<&str> = picks.iter().map(|pick| WORDS[usize::from(*pick) % WORDS.len()]).collect();
        let _ = parse(&words.join(" "), Resource::User);
    });
}
