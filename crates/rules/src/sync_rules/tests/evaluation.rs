//! Precedence, control literals, merge types, scope, link types.

use super::*;
use lockstep_model::{Property, PropertyValue};
use proptest::prelude::*;

/// Two inbound rules that both write displayName, as `first` and `second` say; precedence 1 and 2.
fn two(first: &str, second: &str) -> RuleSet {
    let rule = |name: &str, precedence: u32, link: &str, flow: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\ndirection = \"inbound\"\nprecedence = {precedence}\n\
             source_types = [\"person\"]\nmetaverse_type = \"person\"\nlink_type = \"{link}\"\n{flow}\n"
        )
    };
    set(&format!(
        "{}{}[[rule]]\nname = \"out\"\ndirection = \"outbound\"\nprecedence = 3\nmetaverse_type = \"person\"\n\
         target_type = \"user\"\nlink_type = \"Provision\"\nflow = [{{ to = \"displayName\", direct = \"displayName\" \
         }}, {{ to = \"businessPhones\", direct = \"telephoneNumber\" }}]\n",
        rule("b", 2, "Join", second),
        rule("a", 1, "Provision", first)
    ))
}

fn flow(value: &str) -> String {
    format!("flow = [{{ to = \"displayName\", {value} }}]")
}

fn phones(value: &str, merge: &str) -> String {
    format!("flow = [{{ to = \"telephoneNumber\", {value}, merge = \"{merge}\" }}]")
}

/// The property, with the names of the rules that gave it; `-` where it is absent.
fn shown(set: &RuleSet, found: &Evaluated, property: Property) -> String {
    match found {
        Evaluated::Object(found) => {
            let value = match found.object.properties.get(property) {
                None => return "-".into(),
                Some(PropertyValue::Text(text)) => text.clone(),
                Some(PropertyValue::List(list)) => list.join(" "),
                Some(PropertyValue::Flag(flag)) => flag.to_string(),
                Some(PropertyValue::Kept) => "kept".into(),
            };
            let name = if property == Property::DisplayName { "displayName" } else { "telephoneNumber" };
            let rules: Vec<_> =
                found.metaverse[name].rules.iter().map(|at| set.rules()[*at].name.as_str()).collect();
            format!("{value} <- {}", rules.join(" "))
        }
        Evaluated::OutOfScope { reason } => format!("out of scope: {reason}"),
        Evaluated::Failed { errors, .. } => errors[0].message.clone(),
    }
}

fn check(first: &str, second: &str, property: Property, expect: &str) {
    let ann =
        entry(&[("objectClass", "person"), ("cn", "Ann"), ("telephoneNumber", "1"), ("homePhone", "2")]);
    let set = two(first, second);
    assert_eq!(shown(&set, &set.evaluate(&subject(&ann)), property), expect, "{first} {second}");
}

#[test]
fn the_lower_number_wins_and_control_literals_steer() {
    let check = |first: &str, second: &str, expect: &str| {
        check(&flow(first), &flow(second), Property::DisplayName, expect);
    };
    let direct = "direct = \"cn\"";
    let b = "constant = \"B\"";
    check(direct, b, "Ann <- a");
    check("direct = \"sn\"", b, "B <- b");
    check("expression = 'NULL'", b, "B <- b");
    check("expression = 'AuthoritativeNull'", b, "-");
    check("expression = 'IgnoreThisFlow'", b, "B <- b");
    check("expression = 'IgnoreThisFlow'", "expression = 'NULL'", "-");
    check("expression = 'NULL'", "expression = 'AuthoritativeNull'", "-");
    check("constant = \"\"", b, "-");
    check("direct = \"cn\", merge = \"update\"", b, "Ann <- a");
    // The loser is not even evaluated.
    check(direct, "expression = 'Error(\"no\")'", "Ann <- a");
}

#[test]
fn values_merge_in_the_order_of_precedence() {
    let check = |first: (&str, &str), second: (&str, &str), expect: &str| {
        check(&phones(first.0, first.1), &phones(second.0, second.1), Property::BusinessPhones, expect);
    };
    let (m, i, u) = ("merge", "merge_case_insensitive", "update");
    check(("direct = \"telephoneNumber\"", m), ("direct = \"homePhone\"", m), "1 2 <- a b");
    check(("constant = [\"x\", \"X\"]", m), ("constant = [\"x\", \"Y\"]", m), "x X Y <- a b");
    check(("constant = [\"x\", \"X\"]", i), ("constant = [\"x\", \"Y\"]", i), "x Y <- a b");
    check(("constant = [\"x\"]", u), ("constant = [\"y\"]", u), "x <- a");
    check(("expression = 'NULL'", m), ("constant = [\"y\"]", m), "y <- b");
    check(("expression = 'AuthoritativeNull'", m), ("constant = [\"y\"]", m), "-");
    check(("constant = [\"x\"]", m), ("expression = 'AuthoritativeNull'", m), "x <- a");
    check(
        ("constant = [\"x\"]", m),
        ("constant = [\"y\"]", i),
        "'uid=ann,ou=people,dc=contoso,dc=com': inbound rule \"b\", flow to telephoneNumber: it merges with \
         merge_case_insensitive, the rule \"a\" with merge, and both are in scope",
    );
}

#[test]
fn an_expression_that_fails_is_an_error_of_the_object() {
    let ann = entry(&[("objectClass", "person"), ("cn", "Ann"), ("employeeNumber", "x")]);
    let set = two(&flow("expression = 'CStr(CNum(FirstText([employeeNumber])))'"), "");
    let Evaluated::Failed { errors, .. } = set.evaluate(&subject(&ann)) else { panic!("it must fail") };
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].code, lockstep_model::ErrorCode::MappingFailed);
    assert_eq!(errors[0].property.as_deref(), Some("displayName"));
    assert_eq!(
        errors[0].message,
        "'uid=ann,ou=people,dc=contoso,dc=com': inbound rule \"a\", flow to displayName: CNum (line 1, column 6): the \
         text is no whole number of 64 bits; ask IsNumeric() before"
    );
}

/// `in` or why not, for an entry under this scope.
fn scoped(scope: &str, attributes: &[(&str, &str)], member_of: &[&str]) -> String {
    let set = two(&format!("scope = {scope}\n{}", flow("constant = \"x\"")), "");
    let mut all = vec![("objectClass", "person")];
    all.extend_from_slice(attributes);
    let ann = entry(&all);
    let member_of: Vec<String> =
        member_of.iter().map(|dn| lockstep_model::dn::normalize(dn).unwrap()).collect();
    match set.evaluate(&Subject { member_of: &member_of, ..subject(&ann) }) {
        Evaluated::Object(_) => "in".into(),
        Evaluated::OutOfScope { reason } => reason,
        Evaluated::Failed { errors, .. } => panic!("{errors:?}"),
    }
}

#[test]
fn every_operator() {
    let holds = |filter: &str, attributes: &[(&str, &str)], expect: bool| {
        let found = scoped(&format!("[{{ all = [{{ {filter} }}] }}]"), attributes, &["CN=Pilot,dc=x"]);
        assert_eq!(found == "in", expect, "{filter} {attributes:?}: {found}");
    };
    let uid = |operator: &str, value: &str| {
        format!("attribute = \"uid\", operator = \"{operator}\", value = {value}")
    };
    let ann = &[("uid", "Ann"), ("uid", "second")][..];
    for (operator, value, expect) in [
        ("EQUAL", "\"ann\"", true),
        ("EQUAL", "\"an\"", false),
        ("EQUAL", "\"SECOND\"", true),
        ("LESSTHAN", "\"b\"", true),
        ("LESSTHAN", "\"ann\"", false),
        ("LESSTHAN_OR_EQUAL", "\"ann\"", true),
        ("GREATERTHAN", "\"t\"", false),
        ("GREATERTHAN", "\"m\"", true),
        ("GREATERTHAN_OR_EQUAL", "\"second\"", true),
        ("CONTAINS", "\"eco\"", true),
        ("CONTAINS", "\"x\"", false),
        ("STARTSWITH", "\"AN\"", true),
        ("STARTSWITH", "\"nn\"", false),
        ("ENDSWITH", "\"nn\"", true),
        ("ENDSWITH", "\"an\"", false),
    ] {
        holds(&uid(operator, value), ann, expect);
        // What is absent compares with nothing.
        holds(&uid(operator, value), &[], false);
        if matches!(operator, "EQUAL" | "CONTAINS" | "STARTSWITH" | "ENDSWITH") {
            holds(&uid(&format!("NOT{operator}"), value), ann, !expect);
            holds(&uid(&format!("NOT{operator}"), value), &[], true);
        }
    }
    holds("attribute = \"uid\", operator = \"ISNULL\"", ann, false);
    holds("attribute = \"uid\", operator = \"ISNULL\"", &[], true);
    holds("attribute = \"uid\", operator = \"ISNOTNULL\"", ann, true);
    holds("attribute = \"uid\", operator = \"ISNOTNULL\"", &[], false);
    holds("attribute = \"uid\", operator = \"ISIN\", values = [\"x\", \"Second\"]", ann, true);
    holds("attribute = \"uid\", operator = \"ISIN\", values = [\"x\", \"y\"]", ann, false);
    holds("attribute = \"uid\", operator = \"ISNOTIN\", values = [\"x\", \"Second\"]", ann, false);
    holds("attribute = \"uid\", operator = \"ISNOTIN\", values = [\"x\"]", &[], true);
    let bits = |operator: &str, bit: i64| {
        format!("attribute = \"uidNumber\", operator = \"{operator}\", value = {bit}")
    };
    let six = &[("uidNumber", "6")][..];
    holds(&bits("ISBITSET", 2), six, true);
    holds(&bits("ISBITSET", 3), six, false);
    holds(&bits("ISBITSET", 0), six, false);
    holds(&bits("ISBITNOTSET", 1), six, true);
    holds(&bits("ISNOTBITSET", 2), six, false);
    holds(&bits("ISBITNOTSET", 1), &[], true);
    holds("operator = \"ISMEMBEROF\", value = \"cn=pilot, dc=X\"", &[], true);
    holds("operator = \"ISMEMBEROF\", value = \"cn=other,dc=x\"", &[], false);
    holds("operator = \"ISNOTMEMBEROF\", value = \"cn=pilot,dc=x\"", &[], false);
    let created = |operator: &str| {
        format!("attribute = \"createTimestamp\", operator = \"{operator}\", value = \"2026-01-01\"")
    };
    holds(&created("LESSTHAN"), &[("createTimestamp", "20251231235959Z")], true);
    holds(&created("GREATERTHAN_OR_EQUAL"), &[("createTimestamp", "20260101000000Z")], true);
    holds(&created("GREATERTHAN"), &[("createTimestamp", "20260101000000Z")], false);
}

#[test]
fn all_of_a_group_and_one_of_the_groups() {
    let scope = "[{ all = [{ attribute = \"l\", operator = \"EQUAL\", value = \"Zug\" }, \
                 { attribute = \"title\", operator = \"ISNOTNULL\" }] }, \
                 { all = [{ attribute = \"st\", operator = \"EQUAL\", value = \"BE\" }] }]";
    assert_eq!(scoped(scope, &[("l", "Zug"), ("title", "x")], &[]), "in");
    assert_eq!(scoped(scope, &[("st", "BE")], &[]), "in");
    assert_eq!(
        scoped(scope, &[("l", "Zug")], &[]),
        "rule \"a\": title ISNOTNULL does not hold; st EQUAL \"BE\" does not hold; the rules in scope only \
         join, none makes an object"
    );
}

#[test]
fn link_types_and_outbound_scope() {
    let ann = entry(&[("objectClass", "person"), ("cn", "Ann")]);
    let reason = |set: &RuleSet| match set.evaluate(&subject(&ann)) {
        Evaluated::OutOfScope { reason } => reason,
        other => panic!("{other:?}"),
    };
    let text = standard_text().replace("link_type = \"Provision\"", "link_type = \"StickyJoin\"");
    let sticky = RuleSet::parse("t", &text, &Schemas::ldap()).unwrap();
    assert_eq!(reason(&sticky), "the rules in scope only join, none makes an object");
    let text = format!(
        "{}\n[[rule]]\nname = \"keep out\"\ndirection = \"inbound\"\nprecedence = 1\nsource_types = [\"person\"]\n\
         metaverse_type = \"person\"\nlink_type = \"Join\"\nflow = [{{ to = \"cloudFiltered\", constant = true }}]\n",
        standard_text()
    );
    let filtered = RuleSet::parse("t", &text, &Schemas::ldap()).unwrap();
    assert_eq!(reason(&filtered), "rule \"Out to cloud - User\": cloudFiltered NOTEQUAL true does not hold");
}

/// The rules of the default set, without its cases.
fn standard_text() -> &'static str {
    OPENLDAP.split_once("\n[[case]]").unwrap().0
}

#[test]
fn two_rules_that_join_are_an_error() {
    let join = "join = [{ all = [{ source = \"uid\", metaverse = \"accountName\" }] }]";
    let set = two(&format!("{join}\n{}", flow("direct = \"cn\"")), join);
    let ann = entry(&[("objectClass", "person"), ("uid", "ann"), ("cn", "Ann")]);
    let Evaluated::Failed { errors, .. } = set.evaluate(&subject(&ann)) else { panic!("it must fail") };
    assert!(errors[0].message.contains("\"a\" and \"b\" both have join clauses"), "{}", errors[0].message);
    // Without a value to join by nobody is made.
    let ann = entry(&[("objectClass", "person"), ("cn", "Ann")]);
    let Evaluated::OutOfScope { reason } = set.evaluate(&subject(&ann)) else {
        panic!("it must not be made")
    };
    assert!(reason.contains("none of its join attributes has a value"), "{reason}");
}

#[test]
fn once_is_only_when_the_object_is_made() {
    let set = set(
        "[[rule]]\nname = \"in\"\ndirection = \"inbound\"\nprecedence = 1\nsource_types = [\"person\"]\n\
         metaverse_type = \"person\"\nlink_type = \"Provision\"\n[[rule]]\nname = \"out\"\ndirection = \"outbound\"\n\
         precedence = 2\nmetaverse_type = \"person\"\ntarget_type = \"user\"\nlink_type = \"Provision\"\nflow = [{ to \
         = \"city\", constant = \"Zug\", execute_once = true }, { to = \"country\", expression = 'IgnoreThisFlow' }]\n",
    );
    let ann = entry(&[("objectClass", "person")]);
    let run = |is_new: bool| match set.evaluate(&Subject { is_new, ..subject(&ann) }) {
        Evaluated::Object(found) => {
            (found.object.properties.text(Property::City).map(str::to_owned), found.untouched.clone())
        }
        other => panic!("{other:?}"),
    };
    let country = Target::Property(Property::Country);
    assert_eq!(run(true), (Some("Zug".to_owned()), vec![country]));
    assert_eq!(run(false), (None, vec![Target::Property(Property::City), country]));
}

#[test]
fn a_disabled_rule_rests_and_parameters_have_values() {
    let set = two(&flow("direct = \"cn\"").replace("flow", "disabled = true\nflow"), "");
    let ann = entry(&[("objectClass", "person"), ("cn", "Ann")]);
    assert!(matches!(set.evaluate(&subject(&ann)), Evaluated::OutOfScope { .. }));
    let mut set = RuleSet::parse(
        "t",
        &format!(
            "name = \"t\"\nparameters = {{ greeting = \"Hi \" }}\n{}",
            standard_text()
                .split_once("[[rule]]")
                .map(|(_, rules)| format!("[[rule]]{rules}"))
                .unwrap()
                .replace("FirstText([displayName], [cn], [uid])", "%greeting% & %Connector.ID%")
        ),
        &Schemas::ldap(),
    )
    .unwrap();
    set.set_parameter("Connector.ID", "c1");
    let Evaluated::Object(found) = set.evaluate(&subject(&ann)) else { panic!("in scope") };
    assert_eq!(found.object.properties.text(Property::DisplayName), Some("Hi c1"));
}

/// A file's rules, each as its own text.
fn parts() -> (String, Vec<String>) {
    let mut parts = standard_text().split("[[rule]]");
    let head = parts.next().unwrap().to_owned();
    (head, parts.map(|part| format!("[[rule]]{part}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Rules in another order, with one more that contends with them, give the same.
    #[test]
    fn the_order_of_the_file_means_nothing(
        order in Just((0..7).collect::<Vec<usize>>()).prop_shuffle(),
        cn in "[a-z]{0,3}",
        uid in "[a-z]{0,3}",
        contender in 0_u32..400,
    ) {
        let (head, mut rules) = parts();
        prop_assume!(![100, 110, 111, 200, 210, 211].contains(&contender));
        rules.push(format!(
            "[[rule]]\nname = \"mine\"\ndirection = \"inbound\"\nprecedence = {contender}\nsource_types = [\"person\", \
             \"posixGroup\"]\nmetaverse_type = \"person\"\nlink_type = \"Provision\"\nflow = [{{ to = \"displayName\", \
             direct = \"uid\" }}]\n"
        ));
        prop_assert_eq!(rules.len(), order.len());
        let shuffled: String = order.iter().map(|at| rules[*at].as_str()).collect();
        let one = RuleSet::parse("t", &format!("{head}{}", rules.concat()), &Schemas::ldap()).unwrap();
        let other = RuleSet::parse("t", &format!("{head}{shuffled}"), &Schemas::ldap()).unwrap();
        for class in ["person", "posixGroup", "groupOfNames", "device"] {
            let entry = entry(&[("objectClass", class), ("cn", &cn), ("uid", &uid)]);
            prop_assert_eq!(one.evaluate(&subject(&entry)), other.evaluate(&subject(&entry)));
        }
    }
}
