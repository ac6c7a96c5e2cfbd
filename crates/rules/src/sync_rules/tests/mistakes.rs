//! What people get to read when a rule set is wrong.

use super::*;

/// The problems of a file.
fn problems(text: &str) -> String {
    match RuleSet::parse("rules.toml", text, &Schemas::ldap()) {
        Ok(_) => "none".into(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn mistakes_of_form_are_all_named_with_their_place() {
    let text = "nam = \"x\"\n[[rule]]\nname = \"a\"\ndirection = \"inbund\"\nprecedence = \"1\"\nlink_type = true\n\
                flows = []\nscope = [{ all = [{ atribute = \"uid\", operator = \"EQUALS\" }] }]\n";
    insta::assert_snapshot!(problems(text));
}

#[test]
fn mistakes_of_meaning_are_all_named_with_their_place() {
    let text = r#"name = "x"
[[rule]]
name = "a"
direction = "inbound"
precedence = 1
source_types = ["person"]
metaverse_type = "person"
link_type = "Provision"
target_type = "user"
scope = [{ all = [
    { attribute = "uidd", operator = "ISNULL" },
    { attribute = "uid", operator = "ISNULL", value = "x" },
    { attribute = "uid", operator = "EQUAL" },
    { attribute = "uid", operator = "EQUAL", values = ["x"] },
    { attribute = "jpegPhoto", operator = "EQUAL", value = "x" },
    { attribute = "createTimestamp", operator = "LESSTHAN", value = "soon" },
    { attribute = "uid", operator = "ISBITSET", value = "x" },
    { operator = "ISMEMBEROF", value = "pilot" },
    { operator = "EQUAL", value = "pilot" },
] }]
flow = [
    { to = "displayNam", direct = "cn" },
    { to = "displayName", direct = "manager" },
    { to = "mail", constant = 5 },
    { to = "sn", constant = ["a", "b"] },
    { to = "title", expression = 'Trim([title])' },
    { to = "l", expression = 'Trim([ll])' },
    { to = "st", expression = "\"a\" & FirstTxt([st])" },
    { to = "accountEnabled", expression = 'FirstText([l])' },
    { to = "c", direct = "c", constant = "CH" },
    { to = "co" },
    { to = "co", direct = "co" },
    { to = "employeeID", direct = "employeeNumber", merge = "merge" },
    { to = "manager", constant = "cn=x" },
]
[[rule]]
name = "a"
direction = "outbound"
precedence = 1
metaverse_type = "person"
link_type = "Provision"
source_types = ["person"]
[[rule]]
name = "b"
direction = "outbound"
precedence = 2
metaverse_type = "person"
target_type = "user"
link_type = "Provision"
flow = [{ to = "members", direct = "member" }, { to = "city", direct = "town" }]
join = [{ all = [{ source = "uid", metaverse = "accountName" }] }]
[[case]]
name = "c"
dn = "uid=ann"
attributes = { mial = "x" }
expect = { properties = { displayname = "x", accountEnabled = "yes" } }
[[case]]
name = "d"
dn = "uid=ann"
expect = {}
[attributes]
userPassword = { type = "text" }
"#;
    insta::assert_snapshot!(problems(text));
}

#[test]
fn a_file_that_is_no_toml_or_too_large_is_refused() {
    assert_eq!(
        problems("name = \"x\"\n[[rule\n").lines().next().map(|line| line.starts_with("rules.toml:2:")),
        Some(true),
        "{}",
        problems("name = \"x\"\n[[rule\n")
    );
    assert!(problems(&"#".repeat(MAX_BYTES + 1)).contains("has at most 1048576 bytes"));
    assert!(problems("name = \"x\"\n").contains("there is no rule"));
    for deep in ["[", "{a="] {
        let text = format!("name = {}", deep.repeat(200_000));
        assert!(problems(&text).contains("rules.toml:1:"), "nesting is refused");
    }
    let many: String = (0..2_000).map(|at| format!("unknown{at} = 1\n")).collect();
    assert!(problems(&many).starts_with("the rule set has 1000 errors:"));
}

#[test]
fn the_place_of_a_mistake_in_an_expression_of_several_lines() {
    let text = "name = \"x\"\n[[rule]]\nname = \"a\"\ndirection = \"inbound\"\nprecedence = 1\n\
                source_types = [\"person\"]\nmetaverse_type = \"person\"\nlink_type = \"Provision\"\n[[rule.flow]]\n\
                to = \"l\"\nexpression = '''\nFirstText([l],\n  [lll])\n'''\n";
    let found = problems(text);
    assert!(found.starts_with("rules.toml:13:3: rule \"a\": "), "{found}");
}
