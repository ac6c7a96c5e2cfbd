//! What is in scope: containers that stay chosen when they are renamed, pilot groups, and what becomes of what
//! leaves.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod common;

use common::world::*;
use common::*;
use lockstep_engine::rules::sync_rules::OPENLDAP;
use lockstep_model::explain::Scope;
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::plan::{Action, DeleteReason};
use lockstep_model::provisioning::RunResult;
use lockstep_model::{ObjectKind, Property};
use lockstep_sources::ReadKind;
use lockstep_sync::{LeftScope, Rules, RulesDocument, ScopeSettings, SyncSettings};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const STAFF: &str = "ou=staff,ou=people,dc=contoso,dc=com";
const ROBOTS: &str = "ou=robots,ou=people,dc=contoso,dc=com";

/// Three people; two of staff, one robot.
fn departments() -> World {
    let directory = organization(3);
    {
        let mut d = directory.lock().unwrap();
        d.ou("ou-staff", STAFF);
        d.ou("ou-robots", ROBOTS);
        d.person("s1", STAFF);
        d.person("s2", STAFF);
        d.person("r1", ROBOTS);
    }
    World::new(directory)
}

fn chosen(include: &[&str], exclude: &[&str]) -> SyncSettings {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let scope = ScopeSettings { include: list(include), exclude: list(exclude) };
    SyncSettings { scope, ..settings(OPEN) }
}

async fn sync(world: &World, settings: &SyncSettings) -> RunResult {
    world.client_of(settings.clone()).once(false, CancellationToken::new()).await.unwrap().result
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nearer_container_counts() {
    let world = departments();
    sync(&world, &chosen(&["OU=People, dc=contoso,dc=com"], &[])).await;
    assert_eq!(world.tenant.names(), ["p000", "p001", "p002", "r1", "s1", "s2"]);
    sync(&world, &chosen(&[PEOPLE], &[ROBOTS])).await;
    assert_eq!(world.tenant.names(), ["p000", "p001", "p002", "s1", "s2"]);
    sync(&world, &chosen(&[ROBOTS], &[PEOPLE])).await;
    assert_eq!(world.tenant.names(), ["r1"]);
    sync(&world, &chosen(&[], &[PEOPLE])).await;
    assert_eq!(world.tenant.names(), [""; 0]);
    let reads = world.directory.lock().unwrap().reads.clone();
    assert_eq!(&reads[1..], [ReadKind::Delta; 3], "nothing is read again for a change of scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_container_stays_chosen() {
    for (include, exclude, expect) in [
        (vec![STAFF], vec![], ["s1", "s2"].as_slice()),
        (vec!["ou-staff"], vec![], &["s1", "s2"]),
        (vec![], vec![STAFF], &["p000", "p001", "p002", "r1"]),
    ] {
        let world = departments();
        let settings = chosen(&include, &exclude);
        sync(&world, &settings).await;
        assert_eq!(world.tenant.names(), expect);
        world.tenant.state.lock().unwrap().log.clear();
        world.directory.lock().unwrap().rename("ou-staff", "ou=crew,dc=contoso,dc=com");
        sync(&world, &settings).await;
        assert_eq!(world.tenant.names(), expect, "{include:?} {exclude:?}");
        let log = world.tenant.state.lock().unwrap().log.clone();
        assert!(!log.iter().any(|line| line.starts_with("delete")), "{log:?}");
        // Those that are in scope bear their new name.
        let name = world.tenant.text("s1", Property::OnPremisesDistinguishedName);
        assert_eq!(name, include.first().map(|_| "uid=s1,ou=crew,dc=contoso,dc=com".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_moves_out_of_scope_is_deleted_disabled_or_kept() {
    for (left_scope, expect) in [
        (LeftScope::Delete, vec!["s2"]),
        (LeftScope::Disable, vec!["s1", "s2"]),
        (LeftScope::Keep, vec!["s1", "s2"]),
    ] {
        let world = departments();
        let settings = SyncSettings { left_scope, ..chosen(&[STAFF], &[]) };
        sync(&world, &settings).await;
        world.directory.lock().unwrap().rename("s1", &format!("uid=s1,{PEOPLE}"));
        let plan =
            world.client_of(settings.clone()).preview(9, None, CancellationToken::new()).await.unwrap();
        let planned: Vec<_> = plan.items.iter().map(|item| (item.action, item.reason)).collect();
        let left = Some(DeleteReason::LeftScope);
        assert_eq!(
            planned,
            match left_scope {
                LeftScope::Delete => vec![(Action::Delete, left)],
                LeftScope::Disable => vec![(Action::Update, left)],
                LeftScope::Keep => vec![],
            }
        );
        sync(&world, &settings).await;
        assert_eq!(world.tenant.names(), expect);
        let enabled = |name: &str| {
            let state = world.tenant.state.lock().unwrap();
            state.objects.get(&anchor(name)).and_then(|held| held.properties.flag(Property::AccountEnabled))
        };
        if left_scope != LeftScope::Delete {
            assert_eq!(enabled("s1"), Some(left_scope == LeftScope::Keep));
            assert_eq!(
                world.tenant.text("s1", Property::DisplayName).as_deref(),
                Some("s1"),
                "the rest stays"
            );
        }
        let writes = world.tenant.writes();
        sync(&world, &settings).await;
        assert_eq!(world.tenant.writes(), writes, "once is enough");
        world.forget_state();
        sync(&world, &settings).await;
        assert_eq!(world.tenant.names(), expect, "as after the state was lost");
        let as_planned = left_scope == LeftScope::Keep;
        assert!(enabled("s1").is_none_or(|enabled| enabled == as_planned));

        world.directory.lock().unwrap().rename("s1", &format!("uid=s1,{STAFF}"));
        sync(&world, &settings).await;
        assert_eq!(enabled("s1"), Some(true), "who comes back is as before");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_to_be_disabled_are_judged_as_deletions_are() {
    let world = departments();
    let threshold = DeletionThreshold { count: 1, percent: 100 };
    let settings = SyncSettings { left_scope: LeftScope::Disable, threshold, ..chosen(&[PEOPLE], &[]) };
    sync(&world, &settings).await;
    let narrow = SyncSettings { scope: chosen(&[STAFF], &[]).scope, ..settings };
    assert_eq!(sync(&world, &narrow).await, RunResult::StoppedDeletionThresholdExceeded);
    let kept = SyncSettings { left_scope: LeftScope::Keep, ..narrow };
    assert_eq!(sync(&world, &kept).await, RunResult::Success, "what stays as it is needs no word");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pilot_group_decides_who_is_in() {
    let world = departments();
    let pilot = "cn=pilot,ou=groups,dc=contoso,dc=com";
    world.directory.lock().unwrap().group("pilot", GROUPS, &[&dn("p001")]);
    let text = OPENLDAP.replacen(
        "link_type = \"Provision\"\n",
        &format!("link_type = \"Provision\"\nscope = [{{ all = [{{ operator = \"ISMEMBEROF\", value = \"{pilot}\" }}] }}]\n"),
        1,
    );
    let document = RulesDocument::Set { file: "pilot.toml".into(), text, sources: Vec::new() };
    let rules = Arc::new(Rules::new(document).unwrap_or_else(|problems| panic!("{problems}")));
    let settings = SyncSettings { rules, ..settings(OPEN) };
    sync(&world, &settings).await;
    assert_eq!(world.tenant.names(), ["p001", "pilot"]);
    assert_eq!(world.tenant.members("pilot"), ["p001"]);
    world.directory.lock().unwrap().group("pilot", GROUPS, &[&dn("p001"), &dn("p002")]);
    sync(&world, &settings).await;
    assert_eq!(world.tenant.names(), ["p001", "p002", "pilot"]);
    assert_eq!(world.tenant.members("pilot"), ["p001", "p002"]);
    world.directory.lock().unwrap().group("pilot", GROUPS, &[&dn("p002"), &dn("nobody")]);
    sync(&world, &settings).await;
    assert_eq!(world.tenant.names(), ["p002", "pilot"]);
    world.directory.lock().unwrap().person("nobody", PEOPLE);
    sync(&world, &settings).await;
    assert_eq!(world.tenant.names(), ["nobody", "p002", "pilot"], "one who is a member before they exist");
    let told = world.client_of(settings).explain("p000", None).await.unwrap().unwrap();
    let Scope::OutOfScope { reason } = told.scope else { panic!("{:?}", told.scope) };
    assert!(reason.contains("ISMEMBEROF"), "{reason}");
    assert_eq!(world.tenant.state.lock().unwrap().objects[&anchor("pilot")].kind, ObjectKind::Group);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_a_container_that_is_not_there() {
    let world = departments();
    let settings = chosen(&[STAFF], &["ou=nowhere,dc=contoso,dc=com"]);
    sync(&world, &settings).await;
    let checks = world.client_of(settings).check().await;
    let check = checks.iter().find(|check| check.name == "source.scope").unwrap();
    assert_eq!(check.result, lockstep_model::provisioning::CheckResult::Warn);
    assert!(check.detail.contains("ou=nowhere") && !check.detail.contains("staff"), "{}", check.detail);
    world.forget_state();
    let settings = chosen(&[STAFF], &[]);
    sync(&world, &settings).await;
    let checks = world.client_of(settings).check().await;
    let check = checks.iter().find(|check| check.name == "source.scope").unwrap();
    assert_eq!(check.result, lockstep_model::provisioning::CheckResult::Pass, "{}", check.detail);
}
