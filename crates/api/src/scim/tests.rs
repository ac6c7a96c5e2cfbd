//! Filters, paths and PATCH as tables; hostile texts. What goes over HTTP is in `tests/api/scim.rs`.

use super::evaluate::{check, holds};
use super::filter::{self, Filter, MAX_DEPTH};
use super::normal;
use super::patch::{apply, read, with_paths};
use super::query::{member_of, question};
use super::schema::{GROUPS, USERS};
use super::user::{from_resource, resource, sign_in_names, substitutes};
use lockstep_model::scim::ENTERPRISE;
use lockstep_model::{Properties, Property};
use serde_json::{Map, Value, json};

fn ann() -> Map<String, Value> {
    let sent = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "USERNAME": "Ann@contoso.com",
        "externalId": "HR-7",
        "name": {"givenName": "Ann", "familyName": "Lee", "formatted": "Ms. Ann Lee"},
        "active": "True",
        "emails": [
            {"value": "ann@contoso.com", "type": "work", "primary": true},
            {"value": "ann@home.example", "type": "home"},
        ],
        "phoneNumbers": [{"value": "+41 1", "type": "work"}, {"value": "+41 2", "type": "mobile"}],
        "addresses": [{"type": "work", "locality": "Zug", "country": "CH"}],
        "nickName": "Annie",
        "unknown": 7,
        "id": "mine",
        ENTERPRISE: {"department": "Sales", "costCenter": "4130", "employeeNumber": 701984},
    });
    normal::resource(&USERS, sent).unwrap()
}

#[test]
fn filters() {
    let ann = ann();
    let check = |text: &str, expect: bool| {
        let filter = filter::parse(text).unwrap();
        check(&filter, &USERS).unwrap();
        assert_eq!(holds(&filter, &USERS, &ann), expect, "{text}");
    };
    check(r#"userName eq "ann@CONTOSO.com""#, true);
    check(r#"USERNAME Eq "ann@contoso.com" AND active eq true"#, true);
    check(r#"userName ne "ann@contoso.com""#, false);
    check(r#"externalId eq "hr-7""#, false);
    check(r#"externalId eq "HR-7""#, true);
    check(r#"name.familyName co "ee""#, true);
    check(r#"name.familyName sw "l" and name.givenName ew "nn""#, true);
    check(r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ANN""#, true);
    check(&format!("{ENTERPRISE}:department eq \"sales\""), true);
    check(&format!("{ENTERPRISE}:employeeNumber eq \"701984\""), true);
    check(r#"title pr"#, false);
    check(r#"nickName pr and not (title pr)"#, true);
    check(r#"title pr or nickName eq "annie" and active eq true"#, true);
    check(r#"emails[type eq "work" and value co "@contoso.com"]"#, true);
    check(r#"emails[type eq "home" and value co "@contoso.com"]"#, false);
    check(r#"emails[type eq "home"].value eq "ann@home.example""#, true);
    check(r#"emails co "home.example""#, true);
    check(r#"emails.type eq "work""#, true);
    check(r#"title eq null"#, true);
    check(r#"active eq "true""#, true);
    check(r#"active eq False"#, false);
    check(r#"userName gt "a" and userName lt "b""#, true);
    check(r#"displayName eq "x" or (userName pr)"#, true);
    check("nickName eq \"A\\u006enie\"", true);
}

#[test]
fn filters_that_are_none() {
    let deep = format!("{}userName pr{}", "(".repeat(MAX_DEPTH + 1), ")".repeat(MAX_DEPTH + 1));
    let wide = vec!["userName pr"; 300].join(" or ");
    for text in [
        "",
        " ",
        "userName",
        "userName eq",
        "userName is \"x\"",
        "userName eq x",
        "(userName pr",
        "userName pr)",
        "emails[type eq \"work\"",
        "emails[a[b pr]]",
        "not userName pr",
        "userName eq \"x",
        "and",
        "userName pr and",
        "emails[type pr].",
        "userName eq \"a\" \"b\"",
        "üser pr",
        "userName eq 'x'",
        &deep,
        &wide,
        &"a".repeat(10_000),
    ] {
        assert!(filter::parse(text).is_err(), "{text}");
    }
    for text in ["nothing pr", "name.nothing pr", "emails[nothing pr]", "urn:x:User:userName pr"] {
        let filter = filter::parse(text).unwrap();
        assert!(check(&filter, &USERS).is_err(), "{text}");
    }
}

/// Whatever is sent, there is an answer.
#[test]
fn any_text_has_an_answer() {
    bolero::check!().with_type::<String>().for_each(|text| {
        let _ = filter::parse(text);
        let _ = filter::parse_path(text);
    });
}

#[test]
fn questions_for_the_store() {
    let names = |name: &str| vec![name.to_owned(), "x@initial".into()];
    let check = |text: &str, found: bool, exact: bool| {
        let asked = question(&filter::parse(text).unwrap(), &USERS, &names);
        assert_eq!((asked.filter.is_some(), asked.exact), (found, exact), "{text}: {asked:?}");
    };
    check(r#"externalId eq "x""#, true, true);
    check(r#"userName eq "x""#, true, false);
    check(r#"title eq "x" and active eq true"#, true, true);
    check(r#"title eq "x" and nickName eq "y""#, true, false);
    check(r#"title eq "x" or nickName eq "y""#, false, false);
    check(r#"not (title eq "x")"#, true, true);
    check(r#"not (userName eq "x")"#, false, false);
    check(r#"emails[type eq "work" and value eq "a@b.c"]"#, true, false);
    check(r#"emails[type eq "work"].value eq "a@b.c""#, true, false);
    check(r#"emails.value eq "a@b.c""#, false, false);
    check(r#"meta.lastModified gt "2026-01-01T00:00:00Z""#, false, false);
    let text = r#"id eq "g" and members eq "u""#;
    let (member, rest) = member_of(filter::parse(text).unwrap(), &GROUPS);
    assert_eq!(member.as_deref(), Some("u"));
    assert!(matches!(rest, Some(Filter::Compare(name, ..)) if name == "id"));
    let (member, rest) = member_of(filter::parse(r#"members[value eq "u"]"#).unwrap(), &GROUPS);
    assert_eq!((member.as_deref(), rest), (Some("u"), None));
}

fn patched(operations: Value) -> Result<Map<String, Value>, super::error::ScimError> {
    let mut resource = ann();
    let body = json!({"schemas": [lockstep_model::scim::PATCH], "Operations": operations});
    for operation in with_paths(read(body)?)? {
        apply(&USERS, &mut resource, operation)?;
    }
    Ok(resource)
}

#[test]
fn patches() {
    let check = |operations: Value, at: &str, expect: Value| {
        let resource = Value::Object(patched(operations.clone()).unwrap());
        let found = resource.pointer(at).cloned().unwrap_or(Value::Null);
        assert_eq!(found, expect, "{operations}");
    };
    // RFC 7644 section 3.5.2.
    check(json!([{"op": "add", "path": "title", "value": "Boss"}]), "/title", json!("Boss"));
    check(json!([{"op": "add", "value": {"nickName": "A", "title": "B"}}]), "/nickName", json!("A"));
    check(
        json!([{"op": "replace", "path": "name.givenName", "value": "Anna"}]),
        "/name/givenName",
        json!("Anna"),
    );
    check(
        json!([{"op": "replace", "path": "name", "value": {"givenName": "Anna"}}]),
        "/name/familyName",
        json!("Lee"),
    );
    check(json!([{"op": "remove", "path": "name.formatted"}]), "/name/formatted", Value::Null);
    check(json!([{"op": "remove", "path": "nickName"}]), "/nickName", Value::Null);
    check(json!([{"op": "remove", "path": "emails[type eq \"home\"]"}]), "/emails/1", Value::Null);
    check(json!([{"op": "remove", "path": "emails"}]), "/emails", Value::Null);
    check(
        json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@contoso.com"}]),
        "/emails/0/value",
        json!("a@contoso.com"),
    );
    check(
        json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "a@b.c", "type": "other"}}]),
        "/emails/0",
        json!({"value": "a@b.c", "type": "other"}),
    );
    let added = json!([{"op": "add", "path": "emails", "value": [{"value": "x@y.z", "primary": true}]}]);
    check(added.clone(), "/emails/0/primary", json!(false));
    check(added, "/emails/2/primary", json!(true));
    check(
        json!([{"op": "add", "path": "emails", "value": {"value": "ann@home.example", "type": "home"}}]),
        "/emails/2",
        Value::Null,
    );
    let urn = format!("{ENTERPRISE}:department");
    check(
        json!([{"op": "replace", "path": urn, "value": "Legal"}]),
        &format!("/{ENTERPRISE}/department"),
        json!("Legal"),
    );
    let whole = json!([{"op": "replace", "path": ENTERPRISE, "value": {"division": "D"}}]);
    check(whole.clone(), &format!("/{ENTERPRISE}/division"), json!("D"));
    check(whole, &format!("/{ENTERPRISE}/department"), json!("Sales"));
    // Entra.
    check(json!([{"op": "Replace", "path": "active", "value": "False"}]), "/active", json!(false));
    check(
        json!([{"op": "Add", "path": "phoneNumbers[type eq \"fax\"].value", "value": "+41 3"}]),
        "/phoneNumbers/2",
        json!({"type": "fax", "value": "+41 3"}),
    );
    check(
        json!([{"op": "Replace", "value": {"name.givenName": "Anna", "emails[type eq \"work\"].value": "n@b.c",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter": "1"}}]),
        "/emails/0/value",
        json!("n@b.c"),
    );
    let manager = format!("{ENTERPRISE}:manager");
    check(
        json!([{"op": "Add", "path": manager, "value": "7"}]),
        &format!("/{ENTERPRISE}/manager"),
        json!({"value": "7"}),
    );
    check(json!([{"op": "Replace", "path": "nickName", "value": ""}]), "/nickName", Value::Null);
    check(
        json!([{"op": "Remove", "path": "emails", "value": [{"value": "ann@home.example"}]}]),
        "/emails/1",
        Value::Null,
    );
    // Okta sends the id along.
    check(json!([{"op": "replace", "value": {"id": "x", "active": false}}]), "/active", json!(false));
}

#[test]
fn patches_that_are_refused() {
    let check = |operations: Value, kind: &str| {
        let error = patched(operations.clone()).unwrap_err();
        assert_eq!((error.status.as_u16(), error.kind), (400, Some(kind)), "{operations}: {}", error.detail);
    };
    check(json!([]), "invalidSyntax");
    check(json!([{"op": "move", "path": "title"}]), "invalidSyntax");
    check(json!([{"path": "title"}]), "invalidSyntax");
    check(json!([7]), "invalidSyntax");
    check(json!([{"op": "remove"}]), "noTarget");
    check(json!([{"op": "add", "value": "x"}]), "invalidSyntax");
    check(json!([{"op": "add", "path": "nothing", "value": "x"}]), "invalidPath");
    check(json!([{"op": "add", "path": "emails[", "value": "x"}]), "invalidPath");
    check(json!([{"op": "add", "path": "emails[nothing eq \"x\"]", "value": "x"}]), "invalidPath");
    check(json!([{"op": "add", "path": "title[value eq \"x\"]", "value": "x"}]), "invalidPath");
    check(json!([{"op": "replace", "path": "id", "value": "x"}]), "mutability");
    check(json!([{"op": "replace", "path": "meta.created", "value": "x"}]), "mutability");
    check(json!([{"op": "add", "path": "groups", "value": [{"value": "x"}]}]), "mutability");
    check(json!([{"op": "replace", "path": "active", "value": "perhaps"}]), "invalidValue");
    check(json!([{"op": "replace", "path": "title", "value": {"a": 1}}]), "invalidValue");
    check(json!([{"op": "add", "path": "title"}]), "invalidValue");
    check(
        json!([{"op": "replace", "path": "emails[value eq \"no@one\"].display", "value": "x"}]),
        "noTarget",
    );
    check(
        json!([{"op": "add", "path": "emails", "value": [{"primary": true}, {"primary": true}]}]),
        "invalidValue",
    );
}

#[test]
fn a_user_is_taken_apart_and_put_together() {
    let mut sent = ann();
    let kept = from_resource(&sent);
    let mut properties = Properties::new();
    properties.0.extend(kept.properties.into_iter().filter_map(|(property, value)| Some((property, value?))));
    assert_eq!(properties.text(Property::DisplayName), Some("Ms. Ann Lee"));
    assert_eq!(properties.text(Property::Mail), Some("ann@contoso.com"));
    assert_eq!(properties.list(Property::ProxyAddresses), ["SMTP:ann@contoso.com"]);
    assert_eq!(properties.text(Property::City), Some("Zug"));
    assert_eq!(properties.text(Property::MobilePhone), Some("+41 2"));
    assert_eq!(properties.text(Property::EmployeeId), Some("701984"));
    assert_eq!(properties.flag(Property::AccountEnabled), Some(true));
    assert!(!kept.extra.contains_key("phoneNumbers"), "what a property says exactly is not kept twice");
    sent.remove("userName");
    sent.remove("externalId");
    properties.set_text(Property::UserPrincipalName, "ann@contoso.com");
    assert_eq!(resource(&properties, &kept.extra), sent);
    // Somebody changes it elsewhere: the property is right, what belongs to another attribute stays.
    properties.set_text(Property::Mail, "new@contoso.com");
    properties.set_text(Property::Surname, "Berg");
    let now = resource(&properties, &kept.extra);
    assert_eq!(now["emails"][0]["value"], "new@contoso.com");
    assert_eq!(now["name"], json!({"familyName": "Berg", "givenName": "Ann"}));
    assert_eq!(now["nickName"], "Annie");
    assert_eq!(now[ENTERPRISE]["costCenter"], "4130");
}

#[test]
fn sign_in_names_of_any_user_name() {
    let check = |name: &str, expect: &str| {
        let names = sign_in_names(name, |domain| domain == "contoso.com", "x.example");
        assert_eq!(names[0], expect);
    };
    check("Ann@Contoso.com", "Ann@Contoso.com");
    check("ann@elsewhere.com", "ann@x.example");
    check("ann", "ann@x.example");
    check("änn lee@contoso.com", "_nn_lee@x.example");
    check("@", "user@x.example");
    check("...", "user@x.example");
    let names = substitutes("ann", "x.example");
    assert_eq!(names.len(), 3);
    assert_ne!(names[1], names[2]);
    assert!(
        substitutes(&"x".repeat(500), "x.example")
            .iter()
            .all(|name| name.split('@').next().unwrap().len() <= 64)
    );
}
