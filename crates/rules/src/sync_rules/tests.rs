//! Rule sets, what is wrong with them, and what they make of entries.

mod evaluation;
mod joins;
mod lints;
mod mistakes;
mod same_as_mapping;

use super::*;
use lockstep_model::{AttributeName, Entry, SourceAnchor, Timestamp};

/// A rule set of these rules.
fn set(text: &str) -> RuleSet {
    let text = format!("name = \"test\"\n{text}");
    RuleSet::parse("test.toml", &text, &Schemas::ldap()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn standard() -> RuleSet {
    RuleSet::parse(OPENLDAP_FILE, OPENLDAP, &Schemas::ldap()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn entry(attributes: &[(&str, &str)]) -> Entry {
    let values =
        attributes.iter().map(|(name, value)| (AttributeName::new(name), vec![value.as_bytes().to_vec()]));
    Entry {
        anchor: SourceAnchor::new("a-1").unwrap(),
        dn: "uid=ann,ou=people,dc=contoso,dc=com".into(),
        attributes: values.collect(),
    }
}

fn subject(entry: &Entry) -> Subject<'_> {
    Subject {
        entry,
        source: 0,
        others: &[],
        member_of: &[],
        is_new: true,
        now: Timestamp::UNIX_EPOCH,
        seed: 7,
    }
}

#[test]
fn the_cases_of_the_default_rule_set_pass() {
    let results = standard().run_cases();
    assert!(results.len() >= 12, "{} cases", results.len());
    let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn a_rule_set_says_what_a_source_must_read() {
    let attributes = standard().attributes();
    assert!(attributes.is_sorted());
    let mapping = crate::Mapping::new(&crate::MappingSettings::default());
    assert_eq!(attributes, mapping.attributes(), "the same as the built-in mapping reads");
}

/// The page of the book that teaches rules has an example; its cases pass beside the default rules.
#[test]
fn the_example_of_the_book_passes() {
    let page = include_str!("../../../../docs/src/guides/writing-rules.md");
    let example = page.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let set = RuleSet::parse("book", &format!("{OPENLDAP}\n{example}"), &Schemas::ldap())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let failed: Vec<_> = set.run_cases().into_iter().filter(|result| !result.passed).collect();
    assert_eq!(failed, []);
    assert_eq!(set.cases().len(), standard().cases().len() + 2);
    assert_eq!(set.lint(), []);
}

#[test]
fn the_example_of_several_directories_passes() {
    let page = include_str!("../../../../docs/src/guides/several-directories.md");
    let example = page.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let set = RuleSet::parse("book", &format!("{OPENLDAP}\n{example}"), &Schemas::ldap())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let failed: Vec<_> = set.run_cases().into_iter().filter(|result| !result.passed).collect();
    assert_eq!(failed, []);
    assert_eq!(set.lint(), []);
    assert_eq!(set.sources(), ["hr"]);
    let problems = set.with_sources(&["telephones".to_owned()]).unwrap_err().to_string();
    assert!(problems.contains("no further source \"hr\"") && problems.contains("telephones"), "{problems}");
}

/// The schema that is committed is the one that the program prints. `LOCKSTEP_BLESS=1` writes it.
#[test]
fn the_committed_schema_is_up_to_date() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/reference/rules.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&json_schema()).unwrap());
    if std::env::var_os("LOCKSTEP_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "rules.schema.json is out of date: run the test with LOCKSTEP_BLESS=1");
}

fn active_directory() -> RuleSet {
    RuleSet::parse(ACTIVE_DIRECTORY_FILE, ACTIVE_DIRECTORY, &Schemas::ldap())
        .unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn the_rule_set_for_active_directory_passes_its_cases_and_has_no_finding() {
    let set = active_directory();
    assert_eq!(set.lint(), []);
    let results = set.run_cases();
    assert!(results.len() >= 60, "{} cases", results.len());
    let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
