//! One object on demand.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod common;

use common::world::*;
use common::*;
use lockstep_model::Property;
use lockstep_model::explain::ObjectReport;
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::CheckResult;
use lockstep_sources::ReadKind;
use lockstep_sync::{ScopeSettings, SyncSettings};

async fn one(world: &World, settings: &SyncSettings, object: &str, ignore_scope: bool) -> ObjectReport {
    world.client_of(settings.clone()).sync_object(object, ignore_scope).await.unwrap()
}

fn said(report: &ObjectReport) -> String {
    let steps = report.steps.iter().map(|step| format!("{} {:?}: {}", step.name, step.result, step.detail));
    steps.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_object_asked_for_is_written() {
    let world = World::new(organization(3));
    world.sync().await;
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p000", "sn", &["New"]);
        d.set("p001", "sn", &["New"]);
    }
    world.tenant.state.lock().unwrap().log.clear();
    let report = one(&world, &settings(OPEN), &dn("p001"), false).await;
    assert!(report.is_done(), "{}", said(&report));
    assert_eq!(world.tenant.state.lock().unwrap().log, ["post user p001"]);
    assert_eq!(report.explanation.unwrap().anchor.as_str(), "p001");
    // The watermark did not move: the next cycle finds the other one.
    world.sync().await;
    assert_eq!(world.tenant.text("p000", Property::Surname).as_deref(), Some("New"));
    let report = one(&world, &settings(OPEN), "p001", false).await;
    assert!(said(&report).contains("the cloud has it so already"), "{}", said(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_read_is_made_and_what_is_gone_is_deleted() {
    let world = World::new(organization(3));
    world.sync().await;
    world.directory.lock().unwrap().person("new", PEOPLE);
    assert!(one(&world, &settings(OPEN), &dn("new"), false).await.is_done());
    assert!(world.tenant.names().contains(&"new".to_owned()));
    world.directory.lock().unwrap().delete("p001");
    world.directory.lock().unwrap().delete("p002");
    let strict = settings(DeletionThreshold { count: 1, percent: 100 });
    assert!(one(&world, &strict, "p001", false).await.is_done());
    assert_eq!(world.tenant.names(), ["new", "p000", "p002"]);
    let report = one(&world, &strict, "p002", false).await;
    assert!(!report.is_done(), "what was deleted lately counts too: {}", said(&report));
    assert!(world.tenant.names().contains(&"p002".to_owned()));
    assert!(one(&world, &settings(OPEN), "p002", false).await.is_done());
    assert_eq!(world.tenant.names(), ["new", "p000"]);
    let report = one(&world, &settings(OPEN), "uid=nobody,dc=contoso,dc=com", false).await;
    assert_eq!(report.steps[0].result, CheckResult::Fail, "{}", said(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn scope_counts_unless_told_otherwise() {
    let world = World::new(organization(2));
    let scope = ScopeSettings { include: vec![GROUPS.into()], exclude: vec![] };
    let narrow = SyncSettings { scope, ..settings(OPEN) };
    let client = world.client_of(narrow.clone());
    client.once(false, tokio_util::sync::CancellationToken::new()).await.unwrap();
    drop(client);
    let report = one(&world, &narrow, "p000", false).await;
    assert!(said(&report).contains("out of scope"), "{}", said(&report));
    assert_eq!(world.tenant.names(), [""; 0]);
    let report = one(&world, &narrow, "p000", true).await;
    assert!(report.is_done(), "{}", said(&report));
    assert_eq!(world.tenant.names(), ["p000"]);
    // It stays so, whatever runs.
    world.directory.lock().unwrap().set("p000", "sn", &["New"]);
    let client = world.client_of(narrow.clone());
    client.once(true, tokio_util::sync::CancellationToken::new()).await.unwrap();
    drop(client);
    assert_eq!(world.tenant.text("p000", Property::Surname).as_deref(), Some("New"));
    one(&world, &narrow, "p000", false).await;
    assert_eq!(world.tenant.names(), [""; 0], "until the scope counts again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_object_is_tried_again_at_once() {
    let world = World::new(organization(2));
    world.tenant.state.lock().unwrap().refuse.insert(anchor("p001"));
    world.sync().await;
    assert_eq!(world.tenant.names(), ["p000"]);
    let report = one(&world, &settings(OPEN), "p001", false).await;
    assert!(!report.is_done(), "{}", said(&report));
    world.tenant.state.lock().unwrap().refuse.clear();
    assert!(one(&world, &settings(OPEN), "p001", false).await.is_done());
    assert_eq!(world.tenant.names(), ["p000", "p001"]);
    let reads = world.directory.lock().unwrap().reads.clone();
    assert_eq!(reads[0], ReadKind::Full);
}
