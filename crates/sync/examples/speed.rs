//! What the sync client itself costs: a generated directory in, a target that answers at once.
//!
//! ```text
//! cargo run --release -p lockstep-sync --example speed -- 100000
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for people")]

use async_trait::async_trait;
use lockstep_model::provisioning::{
    BulkOperation, ClientErrors, ClientReport, DoctorCheck, InventoryPage, MembersPage, OperationResult,
    Order, OrderAnswer, Outcome, ReportAnswer, RunRecord,
};
use lockstep_model::{AttributeName, Attributes, ClientId, Clock, OrderId, RunId, SourceAnchor, Timestamp};
use lockstep_sources::{EntryChange, Extent, ReadKind, Source, SourceError, SourceEvent, Watermark};
use lockstep_storage::SqliteStateStore;
use lockstep_sync::{SyncClient, SyncSettings};
use lockstep_targets::{Orders, Target, TargetError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const BASE: &str = "dc=contoso,dc=com";

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "a program of its own")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

fn anchor(kind: u64, n: usize) -> SourceAnchor {
    // As slapd makes them: time and a clock sequence in front.
    let mixed = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    SourceAnchor::from_uuid(uuid_of(mixed, kind))
}

fn uuid_of(high: u64, low: u64) -> uuid::Uuid {
    uuid::Uuid::from_u64_pair(high, low)
}

fn dn(n: usize) -> String {
    format!("uid=u{n:07},ou=d{},ou=people,{BASE}", n % 40)
}

fn change(anchor: SourceAnchor, dn: String, attributes: Vec<(&str, Vec<String>)>) -> SourceEvent {
    let attributes: Attributes = attributes
        .into_iter()
        .map(|(name, values)| {
            (AttributeName::new(name), values.into_iter().map(String::into_bytes).collect())
        })
        .collect();
    let change = EntryChange { anchor, dn: Some(dn), extent: Extent::Whole, attributes, links: Vec::new() };
    SourceEvent::Change(change)
}

fn person(n: usize) -> SourceEvent {
    let one = |text: String| vec![text];
    change(
        anchor(1, n),
        dn(n),
        vec![
            (
                "objectclass",
                ["top", "person", "organizationalPerson", "inetOrgPerson"].map(str::to_owned).to_vec(),
            ),
            ("uid", one(format!("u{n:07}"))),
            ("cn", one(format!("Given{n} Family{n}"))),
            ("givenname", one(format!("Given{n}"))),
            ("sn", one(format!("Family{n}"))),
            ("displayname", one(format!("Given{n} Family{n}"))),
            ("mail", one(format!("given{n}.family{n}@contoso.com"))),
            ("telephonenumber", one(format!("+41 44 {n:07}"))),
            ("mobile", one(format!("+41 79 {n:07}"))),
            ("title", one("Engineer of things".into())),
            ("departmentnumber", one(format!("{}", n % 40))),
            ("ou", one(format!("Department {}", n % 40))),
            ("employeenumber", one(format!("{n}"))),
            ("employeetype", one("internal".into())),
            ("l", one("Zürich".into())),
            ("st", one("ZH".into())),
            ("street", one(format!("Street {n}"))),
            ("postalcode", one("8001".into())),
            ("roomnumber", one(format!("R{}", n % 900))),
            ("preferredlanguage", one("de-CH".into())),
            ("manager", one(dn(n / 10))),
        ],
    )
}

fn group(g: usize, people: usize) -> SourceEvent {
    let members: Vec<String> = if g == 0 {
        (0..people / 2).map(dn).collect()
    } else {
        (0..111).map(|i| dn((g * 7_919 + i * 104_729) % people)).collect()
    };
    change(
        anchor(2, g),
        format!("cn=g{g},ou=groups,{BASE}"),
        vec![
            ("objectclass", vec!["groupOfNames".into()]),
            ("cn", vec![format!("g{g}")]),
            ("member", members),
        ],
    )
}

struct Generated {
    people: usize,
    groups: usize,
}

#[async_trait]
impl Source for Generated {
    fn describe(&self) -> String {
        "generated".into()
    }

    async fn read(
        &mut self,
        from: Option<Watermark>,
        _live: bool,
        to: mpsc::Sender<SourceEvent>,
        _stop: CancellationToken,
    ) -> Result<(), SourceError> {
        let kind = if from.is_some() { ReadKind::Delta } else { ReadKind::Full };
        let _ = to.send(SourceEvent::Begin(kind)).await;
        if from.is_none() {
            for n in 0..self.people {
                let _ = to.send(person(n)).await;
            }
            for g in 0..self.groups {
                let _ = to.send(group(g, self.people)).await;
            }
        }
        let watermark = Watermark(BTreeMap::from([(BASE.to_owned(), vec![1])]));
        let _ = to.send(SourceEvent::Checkpoint { watermark, sweep: from.is_none(), live: false }).await;
        Ok(())
    }

    async fn check(&mut self, _: Timestamp) -> Vec<DoctorCheck> {
        Vec::new()
    }
}

struct Instantly;

#[async_trait]
impl Target for Instantly {
    fn describe(&self) -> String {
        "instantly".into()
    }

    async fn send(
        &self,
        _: RunId,
        operations: Vec<BulkOperation>,
    ) -> Result<Vec<OperationResult>, TargetError> {
        // The wire form is part of the client's cost.
        let bytes = serde_json::to_vec(&operations).map(|bytes| bytes.len()).unwrap_or(0);
        assert!(bytes > 0);
        let answer = |operation: BulkOperation| OperationResult {
            status: "201".into(),
            outcome: match operation {
                BulkOperation::Post(_) => Outcome::Created,
                BulkOperation::Patch { .. } => Outcome::Updated,
                BulkOperation::Delete { .. } => Outcome::Deleted,
            },
            errors: Vec::new(),
        };
        Ok(operations.into_iter().map(answer).collect())
    }

    async fn inventory(&self, _: Option<SourceAnchor>) -> Result<InventoryPage, TargetError> {
        Ok(InventoryPage { items: Vec::new(), next: None })
    }

    async fn group_members(
        &self,
        _: &SourceAnchor,
        _: Option<SourceAnchor>,
    ) -> Result<MembersPage, TargetError> {
        Ok(MembersPage { members: Vec::new(), next: None })
    }

    async fn put_errors(&self, _: ClientErrors) -> Result<(), TargetError> {
        Ok(())
    }

    async fn report(&self, _: ClientReport) -> Result<ReportAnswer, TargetError> {
        let now = SystemClock.now();
        Ok(ReportAnswer {
            client: ClientId::generate(now),
            sync_enabled: true,
            latest_version: String::new(),
            now,
            deletion_threshold: None,
        })
    }

    async fn put_run(&self, _: RunRecord) -> Result<(), TargetError> {
        Ok(())
    }

    async fn orders(&self) -> Result<Orders, TargetError> {
        Ok(Box::pin(futures_util::stream::pending::<Result<Order, TargetError>>()))
    }

    async fn answer(&self, _: OrderId, _: OrderAnswer) -> Result<(), TargetError> {
        Ok(())
    }

    async fn check(&self, _: Timestamp) -> Vec<DoctorCheck> {
        Vec::new()
    }
}

/// Seconds of processor time this process used, and its peak memory in MiB.
fn used() -> (f64, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib =
        peak.and_then(|text| text.trim().strip_suffix(" kB")).and_then(|n| n.trim().parse::<u64>().ok());
    ((ticks(11) + ticks(12)) / 100.0, kib.unwrap_or(0) / 1024)
}

#[tokio::main]
async fn main() {
    let people = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir_in(std::env::var_os("SPEED_DIR").unwrap_or("/tmp".into())).unwrap();
    let state = Arc::new(SqliteStateStore::open(&folder.path().join("state.db")).unwrap());
    let source =
        Arc::new(move |_: &[String]| Box::new(Generated { people, groups: 1_000 }) as Box<dyn Source>);
    let client =
        SyncClient::new(source, Arc::new(Instantly), state, Arc::new(SystemClock), SyncSettings::default());
    for (what, full) in [("initial", false), ("no change", false), ("full, no change", true)] {
        let (began, (before, _)) = (Instant::now(), used());
        let record = client.once(full, CancellationToken::new()).await.unwrap();
        let (after, peak) = used();
        println!(
            "{what}: {:.2} s, {:.2} s CPU, peak {peak} MiB",
            began.elapsed().as_secs_f64(),
            after - before
        );
        for step in record.steps {
            println!("    {}: {} ms, {} objects", step.name, step.millis, step.objects);
        }
    }
}
