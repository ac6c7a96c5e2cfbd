//! Tables of cases for every function, the language itself, mistakes with their messages, and properties.

mod language;
mod mistakes;
mod properties;

use super::functions::Function;
use super::reference;
use super::sample::Sample;
use std::collections::BTreeMap;
use std::path::Path;

/// The tables: a heading `# Function`, then lines `expression => result`.
const TABLES: &[&str] = &[
    include_str!("tests/cases/certificates.txt"),
    include_str!("tests/cases/conversion.txt"),
    include_str!("tests/cases/dates.txt"),
    include_str!("tests/cases/directory.txt"),
    include_str!("tests/cases/flow.txt"),
    include_str!("tests/cases/lists.txt"),
    include_str!("tests/cases/person.txt"),
    include_str!("tests/cases/text.txt"),
    include_str!("tests/cases/values.txt"),
];

/// Cases that every function must have at least, beside its examples.
const LEAST: usize = 3;

/// The cases by function.
fn cases() -> BTreeMap<&'static str, Vec<(&'static str, &'static str)>> {
    let mut cases: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for table in TABLES {
        let mut function = None;
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            if let Some(name) = line.strip_prefix("# ") {
                function = Some(name);
                continue;
            }
            let (expression, result) =
                line.split_once(" => ").unwrap_or_else(|| panic!("no ` => ` in {line:?}"));
            cases.entry(function.expect("a heading stands first")).or_default().push((expression, result));
        }
    }
    cases
}

/// What differs, each with its line.
fn differences<'c>(sample: &Sample, cases: impl Iterator<Item = (&'c str, &'c str)>) -> Vec<String> {
    cases
        .map(|(expression, expected)| (expression, expected, sample.show(expression)))
        .filter(|(_, expected, found)| expected != found)
        .map(|(expression, expected, found)| {
            format!("{expression}\n  expected {expected}\n  found    {found}")
        })
        .collect()
}

#[test]
fn every_case_gives_its_result() {
    let differences = differences(&Sample::new(), cases().into_values().flatten());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_function_has_cases_that_call_it() {
    let cases = cases();
    for function in Function::all() {
        let name = function.name;
        let own = cases.get(name).map_or(&[] as &[_], Vec::as_slice);
        let calls = own.iter().filter(|(expression, _)| expression.contains(&format!("{name}("))).count();
        assert!(calls >= LEAST, "{name} has {calls} cases under `# {name}`; it needs {LEAST}");
    }
    let known: Vec<_> = Function::all().map(|function| function.name).collect();
    for name in cases.keys() {
        assert!(known.contains(name), "`# {name}` is no function");
    }
}

#[test]
fn every_example_of_the_reference_gives_its_result() {
    let examples = Function::all().flat_map(|function| function.examples.iter().copied());
    let differences = differences(&Sample::new(), examples);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_table_of_functions_is_sound() {
    let mut names: Vec<_> = Function::all().map(|function| function.name).collect();
    for function in Function::all() {
        assert!(std::ptr::eq(Function::named(function.name).unwrap(), function));
        assert!(!function.examples.is_empty() && function.summary.ends_with('.'), "{}", function.name);
        assert!(function.parameters.len() <= 4, "{}", function.name);
        for note in function.notes {
            assert!(note.ends_with(['.', '`']), "{}: {note}", function.name);
        }
        // What may be left out stands last.
        assert!(
            function.parameters.is_sorted_by_key(|parameter| parameter.default.is_some()),
            "{}",
            function.name
        );
    }
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "no name twice");
}

/// What is generated and committed is what the program makes now. `LOCKSTEP_BLESS=1` writes it.
#[test]
fn the_committed_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/reference/functions.md");
    let text = reference();
    if std::env::var_os("LOCKSTEP_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/src/reference/functions.md is out of date: run `LOCKSTEP_BLESS=1 cargo nextest run -p lockstep-rules \
         reference`"
    );
}
