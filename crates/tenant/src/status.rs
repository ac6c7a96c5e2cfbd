//! The one sentence at the top of the status page, and the state behind it.
//!
//! **Invariant:** pure; the same records and the same moment give the same sentence.

use crate::records::{ClientRecord, ObjectCounts, Organization};
use jiff::{SignedDuration, Timestamp};
use lockstep_model::plan::Verdict;
use lockstep_model::provisioning::{ClientReport, ClientState};
use serde::{Deserialize, Serialize};

/// A client that says nothing for longer than this is taken for stopped.
pub const SILENT_AFTER: SignedDuration = SignedDuration::from_secs(120);

/// The state of directory synchronization, in one word. Declared from the best to the worst of a running one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SummaryState {
    /// All is in the cloud as it is in the source.
    InStep,
    /// In step, and some objects have errors.
    Attention,
    /// A client reads or writes.
    Working,
    /// The last sync, or the last password sync where it is on, is too old.
    Stale,
    /// An admin paused the client.
    Paused,
    /// The last cycle failed, or no client was heard for over two minutes.
    Stopped,
    /// A plan waits for approval.
    Held,
    /// No client ever synced.
    Never,
    /// Directory synchronization was turned off.
    Off,
}

/// What the status page says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// In one word.
    pub state: SummaryState,
    /// In one sentence, with numbers.
    pub sentence: String,
}

/// Sums up the state of directory synchronization.
///
/// The first of these that holds: off; never; stopped because every client is silent; held; stopped because a
/// cycle failed; paused; stale; working; attention; in step. With several clients the worst that is heard
/// counts. `stale_after` is compared strictly: exactly as old is not stale.
pub fn summarize(
    organization: &Organization,
    clients: &[ClientRecord],
    counts: &ObjectCounts,
    now: Timestamp,
    stale_after: SignedDuration,
) -> Summary {
    let say = |state, sentence: String| Summary { state, sentence };
    if organization.sync_enabled == Some(false) {
        return say(SummaryState::Off, "Directory synchronization is turned off".into());
    }
    let reports: Vec<(&ClientReport, Timestamp)> =
        clients.iter().filter_map(|client| Some((client.report.as_ref()?, client.last_contact?))).collect();
    let reports = without_idle_standby(reports, now);
    let Some((newest, contact)) = reports.iter().copied().max_by_key(|(_, contact)| *contact) else {
        return say(SummaryState::Never, "Directory synchronization is not set up".into());
    };
    if now.duration_since(contact) > SILENT_AFTER {
        let sentence = format!(
            "Stopped: the sync client on {} was last heard {}",
            newest.machine,
            ago(now.duration_since(contact))
        );
        return say(SummaryState::Stopped, sentence);
    }
    let heard = || {
        reports
            .iter()
            .filter(|(_, contact)| now.duration_since(*contact) <= SILENT_AFTER)
            .map(|(report, _)| *report)
    };
    if let Some(report) = heard().find(|report| report.state == ClientState::Held) {
        return say(SummaryState::Held, held_sentence(report));
    }
    if let Some(report) = heard().find(|report| report.state == ClientState::Failed) {
        let sentence = match report.detail.as_deref().and_then(|detail| detail.lines().next()) {
            Some(detail) => format!("Stopped: {detail}"),
            None => format!("Stopped: the last cycle of the sync client on {} failed", report.machine),
        };
        return say(SummaryState::Stopped, sentence);
    }
    if let Some(report) = heard().find(|report| report.state == ClientState::Paused) {
        let sentence = match report.timetable.maintenance_until {
            Some(until) => {
                format!("Maintenance until {until}: the sync client on {} writes nothing", report.machine)
            }
            None => format!("Paused: the sync client on {} writes nothing", report.machine),
        };
        return say(SummaryState::Paused, sentence);
    }
    let synced = last_sync(clients);
    if let Some(last) = synced
        && is_stale(last, now, stale_after)
    {
        return say(SummaryState::Stale, format!("The last sync was {}", ago(now.duration_since(last))));
    }
    let working = heard().find(|report| {
        matches!(
            report.state,
            ClientState::Starting | ClientState::Importing | ClientState::Exporting | ClientState::Standby
        )
    });
    if let Some(report) = working {
        return say(SummaryState::Working, working_sentence(report));
    }
    let Some(last) = synced else {
        // A client is there and has not finished its first export.
        return say(SummaryState::Working, "The first sync is being prepared".into());
    };
    let standby = clients.iter().filter_map(|client| Some((client.report.as_ref()?, client.last_contact?)));
    let lame = { standby }.find(|(report, contact)| {
        report.standby && report.state == ClientState::Failed && is_heard(*contact, now)
    });
    let errors: u64 = counts.errors.values().sum();
    if counts.users_blocked > 0 {
        return say(
            SummaryState::Attention,
            are(counts.users_blocked, "person", "people", "not in the cloud"),
        );
    }
    if counts.users_with_errors > 0 {
        return say(SummaryState::Attention, have(counts.users_with_errors, "person", "people", errors));
    }
    if errors > 0 {
        let sentence = format!("In step, with {}", count(errors, "error", "errors"));
        return say(SummaryState::Attention, sentence);
    }
    if let Some((report, _)) = lame {
        let sentence = format!("In step, but the stand-by on {} could not take over", report.machine);
        return say(SummaryState::Attention, sentence);
    }
    say(SummaryState::InStep, format!("In step, last change {}", ago(now.duration_since(last))))
}

fn is_heard(contact: Timestamp, now: Timestamp) -> bool {
    now.duration_since(contact) <= SILENT_AFTER
}

/// What a stand-by does says nothing of the synchronization, as long as the client that writes is heard. And one
/// that fell silent says nothing once another of its source took over.
fn without_idle_standby(
    reports: Vec<(&ClientReport, Timestamp)>,
    now: Timestamp,
) -> Vec<(&ClientReport, Timestamp)> {
    let mut active = reports.iter().filter(|(report, contact)| !report.standby && is_heard(*contact, now));
    if active.next().is_none() {
        return reports;
    }
    reports.into_iter().filter(|(report, _)| !report.standby).collect()
}

/// The end of the newest export that was confirmed whole: what the page calls the latest directory sync.
/// An import alone does not count, for nothing of it may have arrived.
pub fn last_sync(clients: &[ClientRecord]) -> Option<Timestamp> {
    clients.iter().filter_map(|client| client.report.as_ref()?.last_export).max()
}

/// Whether `last` is longer ago than `stale_after`: strictly, so that exactly as old is not stale.
pub fn is_stale(last: Timestamp, now: Timestamp, stale_after: SignedDuration) -> bool {
    now.duration_since(last) > stale_after
}

fn held_sentence(report: &ClientReport) -> String {
    let Some(plan) = &report.held_plan else {
        return "Stopped: a plan waits for approval".into();
    };
    let deletions: u64 = plan.counts.values().map(|counts| counts.delete).sum();
    let removed: u64 = plan.counts.values().map(|counts| counts.members_removed).sum();
    match (&plan.verdict, deletions, removed) {
        (_, 0, 0) | (Verdict::Pass, ..) => "Stopped: a plan waits for approval".into(),
        (_, 0, removed) => {
            format!("Stopped: {} for approval", waits(removed, "removal of a member", "removals of members"))
        }
        (_, deletions, _) => format!("Stopped: {} for approval", waits(deletions, "deletion", "deletions")),
    }
}

fn working_sentence(report: &ClientReport) -> String {
    let pending = report.pending.additions + report.pending.updates + report.pending.deletions;
    match report.state {
        ClientState::Importing => "Reading the directory".into(),
        ClientState::Exporting if pending > 0 => format!("Writing {}", count(pending, "change", "changes")),
        ClientState::Exporting => "Writing changes".into(),
        ClientState::Standby => format!("The stand-by on {} takes over", report.machine),
        _ => "The sync client is starting".into(),
    }
}

fn waits(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n, one, many), if n == 1 { "waits" } else { "wait" })
}

fn are(n: u64, one: &str, many: &str, what: &str) -> String {
    format!("{} {} {what}", count(n, one, many), if n == 1 { "is" } else { "are" })
}

fn have(n: u64, one: &str, many: &str, errors: u64) -> String {
    let verb = if n == 1 { "has" } else { "have" };
    let noun = if errors == 1 && n == 1 { "an error" } else { "errors" };
    format!("In step, {} {verb} {noun}", count(n, one, many))
}

fn count(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// How long ago, in the largest unit that fits: `4 s ago`, `7 min ago`, `3 h ago`, `5 days ago`.
fn ago(past: SignedDuration) -> String {
    let seconds = past.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::plan::{KindCounts, PlanSummary};
    use lockstep_model::provisioning::{PendingCounts, Timetable};
    use lockstep_model::{ClientId, ErrorCategory, ObjectKind, PlanId, TenantId};

    const DAY: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(10 * 365 * DAY + second).unwrap()
    }

    fn organization(sync_enabled: Option<bool>) -> Organization {
        Organization {
            id: TenantId::generate(at(0)),
            display_name: "Contoso".into(),
            created_at: at(0),
            sync_enabled,
            deletion_threshold: None,
        }
    }

    fn client(state: ClientState, contact: i64, export: Option<i64>) -> ClientRecord {
        ClientRecord {
            id: ClientId::generate(at(0)),
            service_account: "Sync_host".into(),
            report: Some(ClientReport {
                version: "0.1.0".into(),
                machine: "host".into(),
                source: "ldap://host".into(),
                state,
                detail: (state == ClientState::Failed).then(|| "ldap: host does not answer\nmore".into()),
                last_import: None,
                last_export: export.map(at),
                next_cycle: None,
                cycle_seconds: 1_800,
                connector_space_objects: 0,
                pending: PendingCounts { additions: 7, updates: 0, deletions: 0 },
                held_plan: (state == ClientState::Held).then(|| PlanSummary {
                    id: PlanId::generate(at(0)),
                    made_at: at(0),
                    counts: [(ObjectKind::User, KindCounts { delete: 812, ..Default::default() })].into(),
                    errors: 0,
                    deletions_digest: String::new(),
                    verdict: Verdict::Held { reason: String::new(), remedy: String::new() },
                }),
                standby: false,
                lease: None,
                configuration: Default::default(),
                timetable: Timetable::default(),
            }),
            last_contact: Some(at(contact)),
        }
    }

    fn check(clients: &[ClientRecord], counts: &ObjectCounts, now: i64, state: SummaryState, sentence: &str) {
        let stale = SignedDuration::from_secs(3 * DAY);
        let summary = summarize(&organization(Some(true)), clients, counts, at(now), stale);
        assert_eq!((summary.state, summary.sentence.as_str()), (state, sentence));
    }

    #[test]
    fn each_state_has_its_sentence() {
        let none = ObjectCounts::default();
        let live = |contact, export| client(ClientState::Live, contact, Some(export));
        check(&[], &none, 0, SummaryState::Never, "Directory synchronization is not set up");
        check(&[live(100, 96)], &none, 100, SummaryState::InStep, "In step, last change 4 s ago");
        check(&[live(100, 96)], &none, 220, SummaryState::InStep, "In step, last change 2 min ago");
        check(
            &[live(100, 96)],
            &none,
            221,
            SummaryState::Stopped,
            "Stopped: the sync client on host was last heard 2 min ago",
        );
        check(
            &[client(ClientState::Held, 100, Some(1))],
            &none,
            100,
            SummaryState::Held,
            "Stopped: 812 deletions wait for approval",
        );
        check(
            &[client(ClientState::Failed, 100, Some(1))],
            &none,
            100,
            SummaryState::Stopped,
            "Stopped: ldap: host does not answer",
        );
        check(
            &[client(ClientState::Paused, 100, Some(1))],
            &none,
            100,
            SummaryState::Paused,
            "Paused: the sync client on host writes nothing",
        );
        check(
            &[client(ClientState::Exporting, 9, None)],
            &none,
            9,
            SummaryState::Working,
            "Writing 7 changes",
        );
        check(
            &[client(ClientState::Importing, 9, None)],
            &none,
            9,
            SummaryState::Working,
            "Reading the directory",
        );
    }

    #[test]
    fn the_one_that_writes_speaks_and_a_lame_standby_is_told() {
        let none = ObjectCounts::default();
        let standby = |state, contact| {
            let mut client = client(state, contact, Some(1));
            if let Some(report) = &mut client.report {
                report.standby = true;
                report.machine = "second".into();
            }
            client
        };
        let live = |contact| client(ClientState::Live, contact, Some(90));
        let in_step = "In step, last change 10 s ago";
        check(&[live(100), standby(ClientState::Importing, 100)], &none, 100, SummaryState::InStep, in_step);
        check(&[live(100), standby(ClientState::Standby, 100)], &none, 100, SummaryState::InStep, in_step);
        check(
            &[live(100), standby(ClientState::Failed, 100)],
            &none,
            100,
            SummaryState::Attention,
            "In step, but the stand-by on second could not take over",
        );
        check(
            &[live(100), standby(ClientState::Standby, 300)],
            &none,
            300,
            SummaryState::Working,
            "The stand-by on second takes over",
        );
    }

    #[test]
    fn stale_is_strictly_more() {
        let none = ObjectCounts::default();
        let check_at = |now, state, sentence: &str| {
            check(&[client(ClientState::Idle, now, Some(0))], &none, now, state, sentence);
        };
        check_at(3 * DAY, SummaryState::InStep, "In step, last change 3 days ago");
        check_at(3 * DAY + 1, SummaryState::Stale, "The last sync was 3 days ago");
    }

    #[test]
    fn errors_ask_for_attention() {
        let live = [client(ClientState::Live, 5, Some(5))];
        let counts = |blocked, users, errors| ObjectCounts {
            users_blocked: blocked,
            users_with_errors: users,
            errors: [(ErrorCategory::DataValidation, errors)].into(),
            ..Default::default()
        };
        let state = SummaryState::Attention;
        check(&live, &counts(3, 4, 9), 5, state, "3 people are not in the cloud");
        check(&live, &counts(0, 1, 1), 5, state, "In step, 1 person has an error");
        check(&live, &counts(0, 6, 9), 5, state, "In step, 6 people have errors");
        check(&live, &counts(0, 0, 2), 5, state, "In step, with 2 errors");
        check(&live, &counts(0, 0, 0), 5, SummaryState::InStep, "In step, last change 0 s ago");
    }

    #[test]
    fn off_comes_before_all_and_a_client_that_is_heard_before_one_that_is_not() {
        let stale = SignedDuration::from_secs(3 * DAY);
        let clients =
            [client(ClientState::Failed, 0, Some(0)), client(ClientState::Live, 1_000, Some(1_000))];
        let off = summarize(&organization(Some(false)), &clients, &ObjectCounts::default(), at(1_000), stale);
        assert_eq!(off.state, SummaryState::Off);
        check(
            &clients,
            &ObjectCounts::default(),
            1_000,
            SummaryState::InStep,
            "In step, last change 0 s ago",
        );
    }
}
