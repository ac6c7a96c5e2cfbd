//! `lockstep rules`: check a rule set, run its cases, print the one that comes with Lockstep, describe the form.

use crate::End;
use crate::out::{Out, line};
use anyhow::{Context, bail};
use lockstep_rules::sync_rules::{
    CaseResult, Finding, MAX_BYTES, Problem, RuleSet, SHIPPED, Schemas, Severity, Shipped, json_schema,
};
use serde::Serialize;
use std::io::Read;
use std::path::Path;

/// What `lockstep rules check` found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    ok: bool,
    file: String,
    rules: usize,
    cases: usize,
    problems: Vec<Problem>,
    findings: Vec<Finding>,
}

/// What `lockstep rules test` found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tested {
    ok: bool,
    file: String,
    passed: usize,
    failed: usize,
    problems: Vec<Problem>,
    cases: Vec<CaseResult>,
}

/// `lockstep rules show`.
pub(crate) fn show(set: &str) -> anyhow::Result<()> {
    line(shipped(Some(set))?.text.trim_end())
}

/// `lockstep rules schema`.
pub(crate) fn schema() -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(&json_schema())?)
}

/// `lockstep rules check`: it fails where the rule set is refused, or has a finding that is an error.
pub(crate) fn check(out: Out, file: Option<&Path>, set: Option<&str>) -> anyhow::Result<End> {
    let (file, parsed) = load(file, set)?;
    let checked = match parsed {
        Ok(set) => {
            let findings = set.lint();
            let (rules, cases) = (set.rules().len(), set.cases().len());
            let ok = findings.iter().all(|finding| finding.severity != Severity::Error);
            Checked { ok, file, rules, cases, problems: Vec::new(), findings }
        }
        Err(problems) => Checked { ok: false, file, rules: 0, cases: 0, problems, findings: Vec::new() },
    };
    out.print(&checked, || {
        let mut lines = problem_lines(&checked.problems);
        lines.extend(checked.findings.iter().map(|found| {
            format!(
                "{:<8} {}:{}: rule \"{}\": {} ({}); {}",
                found.severity.to_string(),
                checked.file,
                found.line,
                found.rule,
                found.message,
                found.lint,
                found.remedy
            )
        }));
        lines.push(match (checked.problems.is_empty(), checked.ok) {
            (false, _) => format!("{} is refused.", checked.file),
            (true, false) => format!("{} would fail for some objects.", checked.file),
            (true, true) => {
                format!("{} is sound: {} rules, {} cases.", checked.file, checked.rules, checked.cases)
            }
        });
        lines.join("\n")
    })?;
    Ok(if checked.ok { End::Done } else { End::Failed })
}

/// `lockstep rules test`: it fails where a case does, or where there is none.
pub(crate) fn test(out: Out, file: Option<&Path>, set: Option<&str>) -> anyhow::Result<End> {
    let (file, parsed) = load(file, set)?;
    let (problems, cases) = match parsed {
        Ok(set) => (Vec::new(), set.run_cases()),
        Err(problems) => (problems, Vec::new()),
    };
    let passed = cases.iter().filter(|case| case.passed).count();
    let failed = cases.len() - passed;
    let ok = problems.is_empty() && failed == 0 && passed > 0;
    let tested = Tested { ok, file, passed, failed, problems, cases };
    out.print(&tested, || {
        let mut lines = problem_lines(&tested.problems);
        for case in &tested.cases {
            let word = if case.passed { "ok" } else { "FAILED" };
            lines.push(format!("{word:<8} {}", case.case));
            lines.extend(case.differences.iter().map(|line| format!("           {line}")));
            if !case.passed {
                lines.push(format!("           {}:{}", tested.file, case.line));
            }
        }
        lines.push(match (tested.problems.is_empty(), tested.cases.is_empty()) {
            (false, _) => format!("{} is refused.", tested.file),
            (true, true) => format!("{} has no case; add one: [[case]]", tested.file),
            (true, false) => format!("{}: {passed} passed, {failed} failed.", tested.file),
        });
        lines.join("\n")
    })?;
    Ok(if tested.ok { End::Done } else { End::Failed })
}

fn problem_lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| format!("error    {problem}")).collect()
}

/// A rule set that comes with Lockstep, by name; without a name the first.
fn shipped(name: Option<&str>) -> anyhow::Result<&'static Shipped> {
    let found = SHIPPED.iter().find(|set| name.is_none_or(|name| set.name == name));
    found.with_context(|| {
        let names: Vec<_> = SHIPPED.iter().map(|set| set.name).collect();
        format!("no rule set \"{}\" comes with Lockstep; there are {}", name.unwrap_or(""), names.join(", "))
    })
}

/// The rule set of a file, else one that comes with Lockstep; with its name.
fn load(file: Option<&Path>, set: Option<&str>) -> anyhow::Result<(String, Result<RuleSet, Vec<Problem>>)> {
    let (name, text) = match file {
        None => {
            let set = shipped(set)?;
            (set.file.to_owned(), set.text.to_owned())
        }
        Some(path) => {
            (path.display().to_string(), text_of(path, MAX_BYTES, "a rule set has no more, split it")?)
        }
    };
    let parsed = RuleSet::parse(&name, &text, &Schemas::ldap()).map_err(|problems| problems.0);
    Ok((name, parsed))
}

/// The text of a file with at most so many bytes; one byte more is read, so that a file that is too large is seen and
/// not read.
pub(crate) fn text_of(path: &Path, most: usize, else_do: &str) -> anyhow::Result<String> {
    let name = path.display();
    let mut octets = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most as u64 + 1).read_to_end(&mut octets))
        .with_context(|| format!("{name} cannot be read; check the path and its rights"))?;
    if octets.len() > most {
        bail!("{name} is larger than {most} bytes; {else_do}");
    }
    String::from_utf8(octets).with_context(|| format!("{name} is not UTF-8 text; write it again as UTF-8"))
}
