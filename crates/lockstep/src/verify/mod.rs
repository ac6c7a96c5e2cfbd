//! `lockstep verify`: reads the directory whole and the tenant whole, and says what differs: objects,
//! properties, managers, members, and errors that should have been reported.
//!
//! It looks with its own eyes: the directory through the source connector and the mapping, the tenant through
//! the Graph API that everybody uses; nothing of the sync client's state. It holds both in memory.

mod cloud;
mod compare;
mod directory;
#[cfg(test)]
mod tests;

use crate::clock::SystemClock;
use crate::sample::Manifest;
use anyhow::Context as _;
use lockstep_model::Clock;
use lockstep_rules::Rules;
use lockstep_sources::Source;
use lockstep_sync::ScopeSettings;
use serde::Serialize;
use std::fmt;
use std::time::{Duration, Instant};

/// Differences that are listed; more are only counted.
const LISTED: usize = 100;
/// How often a comparison is made again while something differs: a change may still be on its way.
const ATTEMPTS: u32 = 10;
/// Time between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// What to compare with what.
pub(crate) struct VerifyOptions<'a> {
    /// The directory.
    pub(crate) source: &'a mut dyn Source,
    /// What its entries become.
    pub(crate) rules: &'a Rules,
    /// The containers chosen.
    pub(crate) scope: ScopeSettings,
    /// Base URL of the server: `http://127.0.0.1:8080`.
    pub(crate) server: &'a str,
    /// A token that may read.
    pub(crate) token: &'a str,
    /// The known defects of a sample, where the directory holds one.
    pub(crate) manifest: Option<&'a Manifest>,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// What the directory asks for.
    pub(crate) directory: Totals,
    /// What the tenant holds of it.
    pub(crate) tenant: Totals,
    /// Properties compared.
    pub(crate) properties_compared: u64,
    /// Values that differ, as an error of the object says they must: placeholders, addresses left out.
    pub(crate) explained: u64,
    /// Errors that the tenant reports.
    pub(crate) errors: u64,
    /// Known defects of the sample that are still in the directory.
    pub(crate) defects: u64,
    /// Of these, those that the tenant reports.
    pub(crate) defects_reported: u64,
    /// How many differences there are.
    pub(crate) difference_count: u64,
    /// The first of them, in the order of what they are about.
    pub(crate) differences: Vec<Difference>,
    /// Milliseconds that the comparison took.
    pub(crate) millis: u64,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Totals {
    /// Users.
    pub(crate) users: u64,
    /// Groups.
    pub(crate) groups: u64,
    /// Users with a manager.
    pub(crate) managers: u64,
    /// Members of groups.
    pub(crate) memberships: u64,
}

/// One thing that is not in the tenant as it is in the directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Difference {
    /// `missing`, `extra`, `kind`, `property`, `manager`, `members`, `errorNotReported`, `errorWithoutCause`.
    pub(crate) what: &'static str,
    /// The object: its DN, or its name in the tenant.
    pub(crate) object: String,
    /// What is so, and what should be.
    pub(crate) detail: String,
}

impl Report {
    /// Whether the tenant is what the directory asks for.
    pub(crate) const fn is_in_step(&self) -> bool {
        self.difference_count == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, t: &Totals| {
            writeln!(
                f,
                "{name:<10} {:>9} users {:>9} groups {:>9} managers {:>9} memberships",
                t.users, t.groups, t.managers, t.memberships
            )
        };
        line(f, "directory", &self.directory)?;
        line(f, "tenant", &self.tenant)?;
        writeln!(
            f,
            "{} properties compared, {} replaced or left out with an error that says so; {} errors reported, \
             {} of {} known defects among them; {:.1} s",
            self.properties_compared,
            self.explained,
            self.errors,
            self.defects_reported,
            self.defects,
            Duration::from_millis(self.millis).as_secs_f64()
        )?;
        for difference in &self.differences {
            writeln!(f, "  {}: {}: {}", difference.what, difference.object, difference.detail)?;
        }
        match self.difference_count {
            0 => write!(f, "in step: every object is in the tenant as it is in the directory"),
            n if n > self.differences.len() as u64 => {
                write!(f, "NOT in step: {n} differences, the first {} are above", self.differences.len())
            }
            n => write!(f, "NOT in step: {n} differences"),
        }
    }
}

/// Compares the tenant with the directory. While something differs it looks again, for 10 s: a change may be
/// on its way.
///
/// # Errors
/// Where the directory or the tenant cannot be read whole.
pub(crate) async fn verify(options: VerifyOptions<'_>) -> anyhow::Result<Report> {
    let cloud = cloud::Cloud::new(options.server, options.token)?;
    let mut attempt = 1;
    loop {
        let begin = Instant::now();
        let wanted = directory::read(
            options.source,
            options.rules,
            &options.scope,
            options.manifest,
            SystemClock.now(),
        )
        .await
        .context("the directory could not be read")?;
        let held = cloud.read(options.rules).await.context("the tenant could not be read")?;
        let (mut report, mut differences) = compare::compare(&wanted, &held, options.manifest);
        report.millis = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        report.difference_count = differences.len() as u64;
        if report.is_in_step() || attempt >= ATTEMPTS {
            differences.sort();
            differences.truncate(LISTED);
            report.differences = differences;
            return Ok(report);
        }
        attempt += 1;
        tokio::time::sleep(PAUSE).await;
    }
}
