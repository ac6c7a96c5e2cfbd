//! `lockstep doctor`: walks the installation in the order in which things must work, and says for each failure
//! what to do.

use crate::End;
use crate::cli::Remote;
use crate::clock::SystemClock;
use crate::config::Loaded;
use crate::out::{self, Out};
use crate::wiring::remote::Api;
use crate::wiring::server_doctor::{Check, configuration, space};
use crate::wiring::{client, rules, source, store};
use lockstep_model::Clock;
use lockstep_model::provisioning::{CheckResult, DoctorCheck};
use lockstep_rules::Rules;
use lockstep_sync::of_source;
use lockstep_targets::Target;
use serde::Deserialize;
use serde_json::json;

/// What `GET /api/v1/doctor` answers.
#[derive(Debug, Deserialize)]
struct Answer {
    checks: Vec<DoctorCheck>,
}

/// Runs it.
pub(crate) async fn run(out: Out, loaded: &Loaded, remote: &Remote) -> anyhow::Result<End> {
    let bar = out::bar(out);
    bar.set_message("Checking");
    let mut checks = vec![configuration(loaded)];
    bar.inc(1);
    let sync = &loaded.config.sync;
    checks.push(space("client.disk", "Space for the sync client's state", &sync.state_dir));
    checks.extend(directory(loaded).await);
    bar.inc(1);
    checks.extend(server(loaded, remote).await);
    bar.finish_and_clear();
    let failed = checks.iter().filter(|check| check.result == CheckResult::Fail).count();
    out.print(&json!({ "ok": failed == 0, "checks": checks }), || text(&checks, failed))?;
    Ok(if failed == 0 { End::Done } else { End::Failed })
}

async fn directory(loaded: &Loaded) -> Vec<DoctorCheck> {
    let check = Check::begin("source", "The directory to read");
    if let Err(problems) = loaded.require_source() {
        return vec![
            check.fail(problems.to_string(), "Set it in [source], or run this where the sync client runs."),
        ];
    }
    match source::factories(loaded) {
        Ok(factories) => match rules::configured(loaded) {
            Ok(rules) => {
                let mut checks = Vec::new();
                let names = std::iter::once(None).chain(rules.sources().iter().map(Some));
                for (factory, name) in factories.iter().zip(names) {
                    let found = factory(&rules.attributes()).check(SystemClock.now()).await;
                    checks.extend(found.into_iter().map(|check| of_source(check, name)));
                }
                checks.push(examine_rules(&rules));
                checks
            }
            Err(error) => vec![
                Check::begin("rules", "The rules")
                    .fail(format!("{error:#}"), "Correct the file; `lockstep rules check` says where."),
            ],
        },
        Err(error) => vec![check.fail(format!("{error:#}"), "Correct [source].")],
    }
}

/// Whether the rules are probably what is meant, and do what their cases say.
fn examine_rules(rules: &Rules) -> DoctorCheck {
    let check = Check::begin("rules", "The rules");
    let Some(set) = rules.set() else { return check.pass(rules.describe()) };
    let failed: Vec<String> =
        set.run_cases().into_iter().filter(|case| !case.passed).map(|case| case.case).collect();
    let findings = set.lint();
    let file = rules.describe();
    if !failed.is_empty() {
        check.fail(
            format!("{file}: cases that fail: {}", failed.join(", ")),
            format!("`lockstep rules test {file}` tells what differs; correct the rule or the case."),
        )
    } else if let Some(first) = findings.first() {
        check.warn(
            format!(
                "{file}: {} findings, the first: rule \"{}\": {}",
                findings.len(),
                first.rule,
                first.message
            ),
            format!("`lockstep rules check {file}` lists them with what to do."),
        )
    } else {
        let (rules, cases) = (set.rules().len(), set.cases().len());
        check.pass(format!("{file}: {rules} rules, {cases} cases pass"))
    }
}

/// The server: as a sync client where a token is configured, as a person where one can be had.
async fn server(loaded: &Loaded, remote: &Remote) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    let check = Check::begin("target", "The server to write to");
    let is_local = store::is_here(&loaded.config);
    if client::writes_to_itself(loaded).unwrap_or(false) {
        checks.push(check.pass("this machine's own (`lockstep up`); no token is needed"));
    } else {
        match client::target(loaded) {
            Ok(target) => checks.extend(target.check(SystemClock.now()).await),
            Err(error) => checks.push(check.fail(format!("{error:#}"), "Correct [sync].")),
        }
    }
    if is_local || remote.token_file.is_some() {
        let check = Check::begin("server", "The server's own checks");
        let asked = async {
            let api = Api::open(loaded, remote).await?;
            let answer = api.get::<Answer>("/api/v1/doctor").await;
            api.close().await;
            answer
        };
        match asked.await {
            // Its sync client's checks of the directory were made above, from here.
            Ok(answer) => {
                checks.extend(answer.checks.into_iter().filter(|check| check.name.starts_with("server")))
            }
            Err(error) => {
                checks.push(check.fail(format!("{error:#}"), "Start it: `lockstep up` or `lockstep server`."))
            }
        }
    }
    checks
}

fn text(checks: &[DoctorCheck], failed: usize) -> String {
    let mut lines = Vec::new();
    for check in checks {
        let word = match check.result {
            CheckResult::Pass => "ok  ",
            CheckResult::Warn => "warn",
            CheckResult::Fail => "FAIL",
            CheckResult::Skipped => "skip",
        };
        lines.push(format!("{word}  {}: {}", check.title, check.detail));
        if let Some(remedy) = &check.remedy {
            lines.push(format!("      -> {remedy}"));
        }
    }
    let warned = checks.iter().filter(|check| check.result == CheckResult::Warn).count();
    lines.push(match (failed, warned) {
        (0, 0) => "All is well.".into(),
        (0, warned) => format!("It works; {warned} to look at."),
        (failed, _) => format!("{failed} of {} checks failed.", checks.len()),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_says_what_to_do() {
        let mut checks = vec![
            Check::begin("a", "Configuration").pass("lockstep.toml"),
            Check::begin("b", "Disk").warn("only 500.0 MiB free", "Free some."),
            Check::begin("c", "Sign in").fail("the password is wrong", "Correct [source] password_file."),
        ];
        insta::assert_snapshot!(text(&checks, 1), @r"
        ok    Configuration: lockstep.toml
        warn  Disk: only 500.0 MiB free
              -> Free some.
        FAIL  Sign in: the password is wrong
              -> Correct [source] password_file.
        1 of 3 checks failed.
        ");
        checks.pop();
        assert!(text(&checks, 0).ends_with("It works; 1 to look at."));
    }
}
