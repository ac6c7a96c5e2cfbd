//! What `lockstep doctor` looks at between a sync client and its tenant, in the order in which things fail.

use super::TenantTarget;
use crate::TargetError;
use lockstep_model::Timestamp;
use lockstep_model::provisioning::{CheckResult, DoctorCheck, InventoryPage};
use reqwest::Method;
use serde::Deserialize;
use std::error::Error;
use std::fmt::Write as _;
use std::time::Instant;

/// Difference of the clocks from which on times on the status page mislead, in seconds.
const CLOCK_WARN_SECONDS: i64 = 60;

/// The answer of `GET /healthz`.
#[derive(Deserialize)]
struct Health {
    version: String,
    now: Timestamp,
}

pub(super) async fn run(target: &TenantTarget, now: Timestamp) -> Vec<DoctorCheck> {
    let begin = Instant::now();
    let resolved = resolve(target).await;
    let name_ok = resolved.is_ok();
    let mut checks = vec![finish("tenant.name", "Find the server's address", begin, resolved)];

    let begin = Instant::now();
    let mut health = None;
    let reached = if name_ok {
        let url = target.root_url(&["healthz"]);
        match target.call::<Health>(Method::GET, url, None, "the health check").await {
            Ok(found) => {
                let said = format!("{} answers, version {}", target.endpoint, found.version);
                health = Some(found);
                Outcome::pass(said)
            }
            Err(error) => Outcome::fail(error),
        }
    } else {
        Outcome::skipped("the server's address is not known")
    };
    checks.push(reached.finish("tenant.connect", "Reach the server", begin));

    let begin = Instant::now();
    let clock = health.as_ref().map_or_else(
        || Outcome::skipped("the server was not reached"),
        |health| {
            let off = now.duration_since(health.now).as_secs();
            let detail = format!("this machine's clock is {off} s from the server's");
            if off.abs() > CLOCK_WARN_SECONDS {
                Outcome {
                    result: CheckResult::Warn,
                    detail,
                    remedy: Some(
                        "set both clocks by NTP; times on the status page are off by as much".into(),
                    ),
                }
            } else {
                Outcome::pass(detail)
            }
        },
    );
    checks.push(clock.finish("tenant.clock", "Compare the clocks", begin));

    let begin = Instant::now();
    let token = if health.is_some() {
        let url = target.page_url(&["inventory"], None, "1");
        match target.call::<InventoryPage>(Method::GET, url, None, "the inventory").await {
            Ok(_) => Outcome::pass("the token is valid and may synchronize".into()),
            Err(error) => Outcome::fail(error),
        }
    } else {
        Outcome::skipped("the server was not reached")
    };
    checks.push(token.finish("tenant.token", "Sign in to the tenant", begin));
    checks
}

async fn resolve(target: &TenantTarget) -> Result<String, (String, String)> {
    let host = target.base.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = target.base.port_or_known_default().unwrap_or(443);
    match tokio::net::lookup_host((host.as_str(), port)).await {
        Ok(found) => {
            let mut addresses: Vec<String> = found.map(|a| a.ip().to_string()).collect();
            addresses.sort();
            addresses.dedup();
            Ok(format!("{host} is {}", addresses.join(", ")))
        }
        Err(error) => Err((
            format!("the name {host} is not found ({error})"),
            "correct `url` in the client's configuration, or the name in DNS".into(),
        )),
    }
}

fn finish(name: &str, title: &str, begin: Instant, found: Result<String, (String, String)>) -> DoctorCheck {
    match found {
        Ok(detail) => Outcome::pass(detail),
        Err((detail, remedy)) => Outcome { result: CheckResult::Fail, detail, remedy: Some(remedy) },
    }
    .finish(name, title, begin)
}

struct Outcome {
    result: CheckResult,
    detail: String,
    remedy: Option<String>,
}

impl Outcome {
    fn pass(detail: String) -> Self {
        Self { result: CheckResult::Pass, detail, remedy: None }
    }

    fn skipped(why: &str) -> Self {
        Self { result: CheckResult::Skipped, detail: why.to_owned(), remedy: None }
    }

    /// The text of a [`TargetError`] is `cause; next step`.
    fn fail(error: TargetError) -> Self {
        let text = error.to_string();
        let (cause, remedy) = text.split_once("; ").unwrap_or((&text, "see the server's log"));
        let mut detail = cause.to_owned();
        let mut below = error.source();
        while let Some(source) = below {
            let _ = write!(detail, ": {source}");
            below = source.source();
        }
        Self { result: CheckResult::Fail, detail, remedy: Some(remedy.to_owned()) }
    }

    fn finish(self, name: &str, title: &str, begin: Instant) -> DoctorCheck {
        DoctorCheck {
            name: name.to_owned(),
            title: title.to_owned(),
            result: self.result,
            detail: self.detail,
            remedy: self.remedy,
            millis: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}
