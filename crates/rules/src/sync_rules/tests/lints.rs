//! Each lint with a rule set that has it, and one that has it not.

use super::*;

/// An inbound rule for persons, or an outbound one for users.
fn rule(name: &str, precedence: u32, rest: &str) -> String {
    let inbound = !name.starts_with("out");
    let side = if inbound {
        "direction = \"inbound\"\nsource_types = [\"person\"]"
    } else {
        "direction = \"outbound\"\ntarget_type = \"user\""
    };
    let link = if rest.contains("link_type") { "" } else { "link_type = \"Provision\"" };
    format!(
        "[[rule]]\nname = \"{name}\"\nprecedence = {precedence}\nmetaverse_type = \"person\"\n{side}\n{link}\n{rest}\n"
    )
}

/// The findings of these rules, each as `lint severity rule`.
fn found(rules: &[String]) -> Vec<String> {
    let findings = set(&rules.concat()).lint();
    for finding in &findings {
        assert!(
            finding.line > 1 && !finding.message.is_empty() && finding.remedy.ends_with('.'),
            "{finding:?}"
        );
    }
    findings.iter().map(|found| format!("{} {} {}", found.lint, found.severity, found.rule)).collect()
}

fn check(rules: &[String], expect: &[&str]) {
    assert_eq!(found(rules), expect, "{rules:#?}");
}

fn filter(attribute: &str, operator: &str, value: &str) -> String {
    let value = if value.is_empty() { String::new() } else { format!(", value = \"{value}\"") };
    format!("{{ attribute = \"{attribute}\", operator = \"{operator}\"{value} }}")
}

fn scope(filters: &[String]) -> String {
    format!("scope = [{{ all = [{}] }}]", filters.join(", "))
}

#[test]
fn the_default_rule_set_has_none() {
    assert_eq!(standard().lint(), []);
}

#[test]
fn unreachable_rules() {
    let out = rule("out", 9, "");
    let with = |filters: &[String], expect: &[&str]| {
        check(&[rule("in", 1, ""), rule("other", 2, &scope(filters)), out.clone()], expect);
    };
    let hit = &["unreachable-rule warning other"][..];
    with(&[filter("uid", "ISNULL", ""), filter("uid", "EQUAL", "x")], hit);
    with(&[filter("uid", "ISNULL", ""), filter("uid", "ISNOTNULL", "")], hit);
    with(&[filter("uid", "EQUAL", "x"), filter("uid", "NOTEQUAL", "X")], hit);
    with(&[filter("entryUUID", "EQUAL", "x"), filter("entryUUID", "EQUAL", "y")], hit);
    // Several values can be both.
    with(&[filter("uid", "EQUAL", "x"), filter("uid", "EQUAL", "y")], &[]);
    with(&[filter("uid", "ISNULL", ""), filter("uid", "NOTEQUAL", "x")], &[]);
    let join = "link_type = \"Join\"";
    check(
        &[rule("in", 1, join), out.clone()],
        &["unreachable-rule warning in", "unreachable-rule warning out"],
    );
    let other_class = rule("b", 2, join).replace("\"person\"]", "\"device\"]");
    check(&[rule("in", 1, ""), other_class, out.clone()], &["unreachable-rule warning b"]);
    check(&[rule("in", 1, ""), rule("b", 2, join), out.clone()], &[]);
    check(&[rule("in", 1, ""), rule("out", 2, join)], &["unreachable-rule warning out"]);
    check(&[rule("in", 1, ""), out, rule("out 2", 10, join)], &[]);
}

#[test]
fn attributes_never_written() {
    let writes = rule("in", 1, "flow = [{ to = \"displayName\", direct = \"cn\" }]");
    let hit = &["attribute-never-written warning out"][..];
    let out = |rest: &str| rule("out", 2, rest);
    check(&[writes.clone(), out("flow = [{ to = \"displayName\", direct = \"displayName\" }]")], &[]);
    check(&[writes.clone(), out("flow = [{ to = \"city\", direct = \"l\" }]")], hit);
    check(&[writes.clone(), out("flow = [{ to = \"city\", expression = 'Trim([l])' }]")], hit);
    check(&[writes.clone(), out(&scope(&[filter("l", "EQUAL", "Zug")]))], hit);
    check(&[writes, out(&scope(&[filter("l", "NOTEQUAL", "Zug")]))], &[]);
}

#[test]
fn mixed_merge_types() {
    let phones = |merge: &str| {
        format!("flow = [{{ to = \"telephoneNumber\", direct = \"mobile\", merge = \"{merge}\" }}]")
    };
    let other = |merge: &str, scope: &str| {
        format!(
            "link_type = \"Join\"\n{scope}\nflow = [{{ to = \"telephoneNumber\", direct = \"pager\", merge = \"{merge}\" }}]"
        )
    };
    let out = rule("out", 9, "");
    let first = rule("a", 1, &phones("merge"));
    check(&[first.clone(), rule("b", 2, &other("merge", "")), out.clone()], &[]);
    check(&[first.clone(), rule("b", 2, &other("update", "")), out.clone()], &["mixed-merge-types error b"]);
    let scoped = scope(&[filter("uid", "ISNULL", "")]);
    check(&[first, rule("b", 2, &other("update", &scoped)), out.clone()], &["mixed-merge-types warning b"]);
    // Scopes that exclude each other cannot both be in force.
    let apart = rule("a", 1, &format!("{}\n{}", scope(&[filter("uid", "ISNOTNULL", "")]), phones("merge")));
    check(&[apart, rule("b", 2, &other("update", &scoped)), out], &[]);
}

#[test]
fn ambiguous_joins() {
    let join = "join = [{ all = [{ source = \"uid\", metaverse = \"accountName\" }] }]";
    let out = rule("out", 9, "");
    check(&[rule("a", 1, join), rule("b", 2, ""), out.clone()], &[]);
    check(&[rule("a", 1, join), rule("b", 2, join), out.clone()], &["join-ambiguity error b"]);
    let scoped = format!("{}\n{join}", scope(&[filter("uid", "EQUAL", "x")]));
    check(&[rule("a", 1, join), rule("b", 2, &scoped), out.clone()], &["join-ambiguity warning b"]);
    check(&[rule("a", 1, join), rule("b", 2, join).replace("\"person\"]", "\"device\"]"), out], &[]);
}

#[test]
fn shadowed_flows() {
    let flow = |value: &str| format!("flow = [{{ to = \"displayName\", {value} }}]");
    let out = rule("out", 9, "");
    let hit = &["shadowed-flow warning b"][..];
    let pair = |first: &str, second: &str, expect: &[&str]| {
        check(&[rule("a", 1, &flow(first)), rule("b", 2, &flow(second)), out.clone()], expect);
    };
    pair("constant = \"x\"", "direct = \"cn\"", hit);
    pair("direct = \"sourceAnchor\"", "direct = \"cn\"", hit);
    pair("direct = \"cn\"", "direct = \"cn\"", hit);
    pair("expression = 'AuthoritativeNull'", "direct = \"cn\"", hit);
    pair("expression = '\"a\" & \"b\"'", "direct = \"cn\"", hit);
    pair("expression = 'NULL'", "direct = \"cn\"", &[]);
    pair("direct = \"sn\"", "direct = \"cn\"", &[]);
    pair("constant = \"x\", execute_once = true", "direct = \"cn\"", &[]);
    let narrow = format!("{}\n{}", scope(&[filter("uid", "ISNULL", "")]), flow("constant = \"x\""));
    check(&[rule("a", 1, &narrow), rule("b", 2, &flow("direct = \"cn\"")), out], &[]);
}

#[test]
fn a_case_that_fails_says_what_differs() {
    let text = format!(
        "{}{}[[case]]\nname = \"c\"\ndn = \"uid=a,dc=x\"\nattributes = {{ objectClass = \"person\", cn = \"Ann\" }}\n\
         [case.expect]\nkind = \"group\"\nproperties = {{ displayName = \"Bob\", city = \"Zug\" }}\n\
         absent = [\"displayName\"]\nmanager = \"uid=b,dc=x\"\nerrors = [\"bad\"]\n\
         [[case]]\nname = \"d\"\ndn = \"uid=a,dc=x\"\nexpect = {{ kind = \"user\" }}\n\
         [[case]]\nname = \"e\"\ndn = \"uid=a,dc=x\"\nattributes = {{ objectClass = \"person\" }}\n\
         expect = {{ out_of_scope = \"\" }}\n",
        rule("in", 1, "flow = [{ to = \"displayName\", direct = \"cn\" }]"),
        rule("out", 2, "flow = [{ to = \"displayName\", direct = \"displayName\" }]")
    );
    let results = set(&text).run_cases();
    assert!(results.iter().all(|result| !result.passed));
    assert_eq!(
        results[0].differences,
        [
            "kind: expected group, found user",
            "city: expected \"Zug\", found nothing",
            "displayName: expected \"Bob\", found \"Ann\"",
            "displayName: expected nothing, found \"Ann\"",
            "manager: expected \"uid=b,dc=x\", found nothing",
            "errors: expected one with \"bad\", found none",
        ]
    );
    assert_eq!(
        results[1].differences,
        ["expected a user, found out of scope: none of its object classes is one that a rule takes"]
    );
    assert_eq!(results[2].differences, ["expected out of scope, found a user"]);
}
