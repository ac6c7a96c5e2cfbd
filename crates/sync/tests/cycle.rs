//! Single cycles: import, guard, export, rebuild, preview.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod common;

use common::world::*;
use common::*;
use lockstep_model::explain::{Next, Scope};
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::plan::{DeleteReason, Verdict};
use lockstep_model::provisioning::{ClientState, RunResult};
use lockstep_model::{ObjectKind, Property, PropertyValue};
use lockstep_sources::{ReadKind, SourceError};
use lockstep_sync::{SyncFailure, SyncSettings};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_and_then_nothing_is_written() {
    let world = World::new(organization(7));
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p001", "manager", &[&dn("p002")]);
        d.group("g1", GROUPS, &[&dn("p000"), &dn("p001"), "cn=g2,ou=groups,dc=contoso,dc=com"]);
        d.group("g2", GROUPS, &[&dn("p003")]);
    }
    assert_eq!(world.sync().await, RunResult::Success);
    assert_eq!(world.tenant.names(), ["g1", "g2", "p000", "p001", "p002", "p003", "p004", "p005", "p006"]);
    assert_eq!(world.tenant.members("g1"), ["g2", "p000", "p001"]);
    assert_eq!(world.tenant.state.lock().unwrap().objects[&anchor("p001")].manager, Some(anchor("p002")));
    let before = world.tenant.writes();
    assert_eq!(world.sync().await, RunResult::Success);
    assert_eq!(world.once(OPEN, true).await.unwrap(), RunResult::Success);
    assert_eq!(world.tenant.writes(), before, "nothing changed, nothing is written");
    assert_eq!(world.directory.lock().unwrap().reads, [ReadKind::Full, ReadKind::Delta, ReadKind::Full]);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_every_kind_travel_as_differences() {
    let world = World::new(organization(6));
    world.directory.lock().unwrap().group("g1", GROUPS, &[&dn("p000"), &dn("p001")]);
    world.sync().await;
    world.tenant.state.lock().unwrap().log.clear();
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p000", "sn", &["Other"]);
        d.delete("p005");
        d.group("g1", GROUPS, &[&dn("p001"), &dn("p002")]);
        d.person("p009", PEOPLE);
    }
    world.sync().await;
    assert_eq!(
        world.tenant.state.lock().unwrap().log,
        ["post user p000", "post user p009", "Add 1 of g1", "Remove 1 of g1", "delete user p005",]
    );
    assert_eq!(world.tenant.text("p000", Property::Surname).as_deref(), Some("Other"));
    assert_eq!(world.tenant.members("g1"), ["p001", "p002"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn references_find_their_object_in_any_order_of_arrival() {
    let world = World::new(organization(1));
    world.directory.lock().unwrap().group("g1", GROUPS, &[&dn("late"), &dn("p000")]);
    world.directory.lock().unwrap().set("p000", "manager", &["UID=Late , OU=People,dc=contoso,dc=com"]);
    assert_eq!(world.sync().await, RunResult::CompletedWithErrors);
    assert_eq!(world.tenant.members("g1"), ["p000"]);
    {
        let state = world.tenant.state.lock().unwrap();
        let error = &state.errors[&anchor("g1")][0];
        assert!(error.message.contains("cn=g1,ou=groups") && error.message.contains("uid=late"), "{error:?}");
        assert!(state.errors.contains_key(&anchor("p000")));
    }
    world.directory.lock().unwrap().person("late", PEOPLE);
    assert_eq!(world.sync().await, RunResult::Success);
    assert_eq!(world.tenant.members("g1"), ["late", "p000"]);
    let state = world.tenant.state.lock().unwrap();
    assert_eq!(state.objects[&anchor("p000")].manager, Some(anchor("late")));
    assert!(state.errors.is_empty(), "cured: {:?}", state.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_container_takes_those_below_it_along() {
    let world = World::new(organization(3));
    {
        let mut d = world.directory.lock().unwrap();
        d.ou("ou-deep", &format!("ou=deep,{PEOPLE}"));
        d.person("deep", &format!("ou=deep,{PEOPLE}"));
        // Names only one of them by the DN it will have.
        d.group("g1", GROUPS, &["uid=deep,ou=deep,ou=staff,dc=contoso,dc=com", &dn("p000")]);
    }
    world.sync().await;
    assert_eq!(world.tenant.members("g1"), ["p000"]);
    world.directory.lock().unwrap().rename("ou-people", "ou=staff,dc=contoso,dc=com");
    world.sync().await;
    let dn_of = |name: &str| world.tenant.text(name, Property::OnPremisesDistinguishedName).unwrap();
    assert_eq!(dn_of("p002"), "uid=p002,ou=staff,dc=contoso,dc=com");
    assert_eq!(dn_of("deep"), "uid=deep,ou=deep,ou=staff,dc=contoso,dc=com");
    assert_eq!(world.tenant.members("g1"), ["deep"]);
    let before = world.tenant.writes();
    world.once(OPEN, true).await.unwrap();
    assert_eq!(world.tenant.writes(), before, "a full read finds the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_holds_the_whole_plan_until_exactly_it_is_approved() {
    let world = World::new(organization(20));
    world.sync().await;
    {
        let mut d = world.directory.lock().unwrap();
        for n in 0..5 {
            d.delete(&format!("p{n:03}"));
        }
        d.person("p100", PEOPLE);
    }
    let strict = DeletionThreshold::default();
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    assert_eq!(world.tenant.names().len(), 20, "nothing of the plan is written");
    let held = {
        let state = world.tenant.state.lock().unwrap();
        let report = state.reports.last().unwrap();
        assert_eq!(report.state, ClientState::Held);
        assert!(report.detail.as_ref().unwrap().contains("5 of 20 users would be deleted"), "{report:?}");
        assert_eq!((report.pending.additions, report.pending.deletions), (1, 5));
        report.held_plan.clone().unwrap()
    };
    // Still held by the next process; another digest approves nothing.
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    world.client_with(strict).approve("0123", "ann").await.unwrap();
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    // What came later is not covered.
    world.client_with(strict).approve(&held.deletions_digest, "ann").await.unwrap();
    world.directory.lock().unwrap().delete("p010");
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    assert_eq!(world.tenant.names().len(), 20);
    let digest = world.tenant.state.lock().unwrap().reports.last().unwrap().held_plan.clone().unwrap();
    assert_ne!(digest.deletions_digest, held.deletions_digest);
    world.client_with(strict).approve(&digest.deletions_digest, "ann").await.unwrap();
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::Success);
    assert_eq!(world.tenant.names().len(), 15);
    // The window: one more deletion is over the limit still.
    world.directory.lock().unwrap().delete("p011");
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_values_are_not_lost_by_mistake() {
    let world = World::new(organization(40));
    let all: Vec<String> = (0..40).map(|n| dn(&format!("p{n:03}"))).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    world.directory.lock().unwrap().group("staff", GROUPS, &names);
    world.sync().await;
    let held = |world: &World| {
        let state = world.tenant.state.lock().unwrap();
        let report = state.reports.last().unwrap();
        (report.held_plan.clone().unwrap().deletions_digest, report.detail.clone().unwrap())
    };
    // Half of the members may go; one more is held, and with it the rest of the plan.
    world.directory.lock().unwrap().set("staff", "member", &names[..20]);
    assert_eq!(world.once(OPEN, false).await.unwrap(), RunResult::Success);
    assert_eq!(world.tenant.members("staff").len(), 20);
    world.directory.lock().unwrap().set("staff", "member", &names[..9]);
    world.directory.lock().unwrap().set("p000", "sn", &["Waits"]);
    let before = world.tenant.writes();
    assert_eq!(world.once(OPEN, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    let (digest, detail) = held(&world);
    assert!(detail.contains("The group 'staff' would lose 11 of its 20 members"), "{detail}");
    assert_eq!(world.tenant.writes(), before, "nothing of the plan is written");
    // Approved is what was listed, not what came later.
    world.client_with(OPEN).approve(&digest, "ann").await.unwrap();
    world.directory.lock().unwrap().set("staff", "member", &names[..8]);
    assert_eq!(world.once(OPEN, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    world.client_with(OPEN).approve(&held(&world).0, "ann").await.unwrap();
    assert_eq!(world.once(OPEN, false).await.unwrap(), RunResult::Success);
    assert_eq!(world.tenant.members("staff").len(), 8);

    // An attribute that an access rule hides: all lose it at once.
    let strict = DeletionThreshold::default();
    for n in 0..40 {
        world.directory.lock().unwrap().set(&format!("p{n:03}"), "sn", &[]);
    }
    assert_eq!(world.once(strict, true).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    let (_, detail) = held(&world);
    assert!(detail.contains("40 of 40 users would lose their surname"), "{detail}");
    assert!(world.tenant.text("p001", Property::Surname).is_some());
    for n in 0..40 {
        world.directory.lock().unwrap().set(&format!("p{n:03}"), "sn", &["Back"]);
    }
    assert_eq!(world.once(strict, true).await.unwrap(), RunResult::Success);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_lapses() {
    let world = World::new(organization(20));
    world.sync().await;
    for n in 0..5 {
        world.directory.lock().unwrap().delete(&format!("p{n:03}"));
    }
    let strict = DeletionThreshold::default();
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    let held = world.tenant.state.lock().unwrap().reports.last().unwrap().held_plan.clone().unwrap();
    let settings = SyncSettings { approval: Duration::ZERO, ..settings(strict) };
    let path = world.folder.path().join("state.db");
    client_of(&world.directory, &world.tenant, &path, settings)
        .approve(&held.deletions_digest, "ann")
        .await
        .unwrap();
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    world.client_with(strict).approve(&held.deletions_digest, "ann").await.unwrap();
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::Success);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_container_deletes_nothing_and_comes_back_by_itself() {
    let world = World::new(organization(30));
    {
        let mut d = world.directory.lock().unwrap();
        d.ou("ou-sales", "ou=sales,dc=contoso,dc=com");
        d.person("s1", "ou=sales,dc=contoso,dc=com");
        d.person("s2", "ou=sales,dc=contoso,dc=com");
    }
    world.sync().await;
    let names = world.tenant.names();
    world.directory.lock().unwrap().hidden.extend(["ou-sales", "s1", "s2"].map(str::to_owned));
    // Two of 32 users: far below the threshold.
    assert_eq!(world.once(OPEN, true).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    let detail = world.tenant.state.lock().unwrap().reports.last().unwrap().detail.clone().unwrap();
    assert!(detail.contains("ou=sales,dc=contoso,dc=com") && detail.contains("access rule"), "{detail}");
    assert_eq!(world.tenant.names(), names);
    world.directory.lock().unwrap().hidden.clear();
    // Held in doubt: the next cycle reads everything by itself.
    let before = world.tenant.writes();
    assert_eq!(world.once(OPEN, false).await.unwrap(), RunResult::Success);
    assert_eq!(world.tenant.writes(), before, "they were never gone");
    assert_eq!(world.tenant.names(), names);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_read_changes_nothing() {
    let world = World::new(organization(20));
    world.sync().await;
    let before = world.tenant.writes();
    world.directory.lock().unwrap().set("p001", "sn", &["Half"]);
    for (full, after) in [(true, 5), (true, 0), (false, 0)] {
        world.directory.lock().unwrap().fail =
            Some((after, || SourceError::SizeLimit { at: "memory".into(), entries: 500 }));
        let error = world.once(OPEN, full).await.unwrap_err();
        assert!(matches!(error, SyncFailure::Source(SourceError::SizeLimit { .. })), "{error}");
        assert_eq!(world.tenant.writes(), before);
        let state = world.tenant.state.lock().unwrap();
        assert_eq!(state.runs.last().unwrap().result, RunResult::StoppedImport);
        assert!(state.reports.last().unwrap().detail.as_ref().unwrap().contains("size limit"));
    }
    world.sync().await;
    assert_eq!(world.tenant.writes(), before + 1);
    assert_eq!(world.tenant.names().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_time_travel_every_deletion_waits_for_a_person() {
    let world = World::new(organization(20));
    world.sync().await;
    world.directory.lock().unwrap().fail =
        Some((0, || SourceError::WentBack { at: "memory".into(), ours: "2".into(), theirs: "1".into() }));
    world.once(OPEN, false).await.unwrap_err();
    world.directory.lock().unwrap().delete("p003");
    assert_eq!(world.once(OPEN, true).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    let held = world.tenant.state.lock().unwrap().reports.last().unwrap().held_plan.clone().unwrap();
    assert!(matches!(&held.verdict, Verdict::Held { reason, .. } if reason.contains("gone back in time")));
    world.client_with(OPEN).approve(&held.deletions_digest, "ann").await.unwrap();
    assert_eq!(world.sync().await, RunResult::Success);
    assert_eq!(world.tenant.names().len(), 19);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_state_is_rebuilt_with_no_write() {
    let world = World::new(organization(10));
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p001", "manager", &[&dn("p002")]);
        d.group("g1", GROUPS, &[&dn("p000"), &dn("p001"), &dn("p004"), &dn("nobody")]);
        d.group("g2", GROUPS, &[&dn("p003"), &dn("p005")]);
        d.group("empty", GROUPS, &[]);
    }
    world.sync().await;
    let before = world.tenant.writes();
    world.forget_state();
    assert_eq!(world.sync().await, RunResult::CompletedWithErrors);
    assert_eq!(world.tenant.writes(), before, "all is so already");
    // Lost again, and meanwhile both sides changed: only the differences are written.
    world.forget_state();
    {
        let mut d = world.directory.lock().unwrap();
        d.delete("p009");
        d.group("g2", GROUPS, &[&dn("p003"), &dn("p006")]);
    }
    world.tenant.state.lock().unwrap().objects.remove(&anchor("p007"));
    world.tenant.state.lock().unwrap().log.clear();
    world.sync().await;
    assert_eq!(
        world.tenant.state.lock().unwrap().log,
        ["post user p007", "Add 1 of g2", "Remove 1 of g2", "delete user p009",]
    );
    world.tenant.state.lock().unwrap().log.clear();
    world.directory.lock().unwrap().group("g2", GROUPS, &[&dn("p003")]);
    world.sync().await;
    assert_eq!(world.tenant.state.lock().unwrap().log, ["Remove 1 of g2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_leave_no_orphan() {
    let world = World::new(organization(4));
    world.sync().await;
    world.directory.lock().unwrap().person("new", PEOPLE);
    {
        let client = world.client_with(OPEN);
        world.tenant.state.lock().unwrap().lose_answers = 100;
        client.once(false, CancellationToken::new()).await.unwrap_err();
        world.tenant.state.lock().unwrap().lose_answers = 0;
    }
    // The object was made, and no one knows; before that is found out it is deleted at the source.
    assert!(world.tenant.names().contains(&"new".to_owned()));
    world.directory.lock().unwrap().delete("new");
    world.sync().await;
    assert!(!world.tenant.names().contains(&"new".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_object_holds_up_no_other() {
    let world = World::new(organization(5));
    world.tenant.state.lock().unwrap().refuse.insert(anchor("p002"));
    world.sync().await;
    assert_eq!(world.tenant.names(), ["p000", "p001", "p003", "p004"]);
    world.tenant.state.lock().unwrap().refuse.clear();
    world.sync().await;
    assert_eq!(world.tenant.names().len(), 5, "the next cycle tries again");
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_the_scope_is_told_apart() {
    let world = World::new(organization(5));
    world.sync().await;
    world.directory.lock().unwrap().set("p002", "objectclass", &["device"]);
    let report = world.client_with(OPEN).preview(10, None, CancellationToken::new()).await.unwrap();
    insta::assert_json_snapshot!(report.items, @r#"
    [
      {
        "action": "delete",
        "reason": "leftScope",
        "kind": "user",
        "anchor": "p002",
        "name": "p002",
        "dn": "uid=p002,ou=people,dc=contoso,dc=com",
        "membersAdded": 0,
        "membersRemoved": 0
      }
    ]
    "#);
    world.sync().await;
    assert_eq!(world.tenant.names().len(), 4);
    world.directory.lock().unwrap().set("p002", "objectclass", &["inetOrgPerson"]);
    world.sync().await;
    assert_eq!(world.tenant.names().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_writes_nothing_and_moves_nothing() {
    let world = World::new(organization(12));
    world.directory.lock().unwrap().group("g1", GROUPS, &[&dn("p000")]);
    world.sync().await;
    let writes = world.tenant.writes();
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p001", "sn", &["New"]);
        d.group("g1", GROUPS, &[&dn("p001"), &dn("p002")]);
        d.delete("p011");
        d.person("p100", PEOPLE);
    }
    let client = world.client_with(OPEN);
    let first = client.preview(3, None, CancellationToken::new()).await.unwrap();
    let again = client.preview(3, None, CancellationToken::new()).await.unwrap();
    assert_eq!(first.items, again.items);
    assert_eq!(first.summary.counts, again.summary.counts);
    insta::assert_json_snapshot!((&first.summary.counts, &first.items, first.truncated));
    assert_eq!(world.tenant.writes(), writes);
    let leftovers = std::fs::read_dir(world.folder.path())
        .unwrap()
        .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("preview"))
        .count();
    assert_eq!(leftovers, 0, "the copy is gone");
    drop(client);
    world.sync().await;
    assert_eq!(world.tenant.writes(), writes + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_do_not_share_a_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let first = lockstep_storage::SqliteStateStore::open(&path).unwrap();
    assert!(matches!(
        lockstep_storage::SqliteStateStore::open(&path),
        Err(lockstep_sync::StateError::InUse { .. })
    ));
    drop(first);
    lockstep_storage::SqliteStateStore::open(&path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_object_is_explained_as_the_plan_has_it() {
    let world = World::new(organization(6));
    {
        let mut d = world.directory.lock().unwrap();
        d.group("g1", GROUPS, &[&dn("p000"), "uid=nobody,dc=contoso,dc=com"]);
        d.set("p002", "manager", &[&dn("p001")]);
        d.put(
            "printer",
            "cn=printer,dc=contoso,dc=com",
            &[("objectclass", &["device"]), ("cn", &["printer"])],
        );
    }
    world.sync().await;
    let explain = async |object: &str| world.client_with(OPEN).explain(object, None).await.unwrap();
    let one = async |object: &str| explain(object).await.unwrap_or_else(|| panic!("{object}"));

    // By anchor, DN, uid, mail and name, in any case.
    for name in ["p002", "UID=P002, ou=People,dc=contoso,dc=com", "P002", "P002@contoso.com"] {
        assert_eq!(one(name).await.anchor, anchor("p002"), "{name}");
    }
    assert!(explain("nobody").await.is_none());
    let told = one("p002").await;
    assert_eq!((told.in_cloud, &told.next), (true, &Next::Nothing));
    assert_eq!(told.scope, Scope::InScope { object: ObjectKind::User });
    assert_eq!(told.manager.unwrap().anchor, Some(anchor("p001")));
    let mail = told.values.iter().find(|value| value.property == Property::Mail).unwrap();
    assert_eq!(
        (mail.rule.as_str(), &mail.value),
        ("mail <- mail", &Some(PropertyValue::Text("p002@contoso.com".into())))
    );
    assert!(told.values.iter().any(|value| value.property == Property::JobTitle && value.value.is_none()));
    let group = one("g1").await;
    assert_eq!(group.members.map(|members| (members.named, members.resolved)), Some((2, 1)));
    assert_eq!(group.errors.len(), 1);
    let printer = one("printer").await;
    assert!(matches!(printer.scope, Scope::OutOfScope { .. }) && !printer.in_cloud, "{printer:?}");

    // What waits is told as the preview tells it. The guard holds it, so that it stays.
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p003", "title", &["Dr"]);
        d.set("p002", "manager", &[]);
        d.set("g1", "member", &[&dn("p004")]);
        d.delete("p005");
        d.delete("p001");
        d.person("p100", PEOPLE);
    }
    let strict = DeletionThreshold::default();
    assert_eq!(world.once(strict, false).await.unwrap(), RunResult::StoppedDeletionThresholdExceeded);
    let plan = world.client_with(strict).preview(100, None, CancellationToken::new()).await.unwrap();
    assert_eq!(plan.items.len(), 6, "{plan:?}");
    for item in plan.items {
        let told = one(item.anchor.as_str()).await;
        assert_eq!(told.next, Next::Planned { item: Box::new(item) });
    }
    assert_eq!(one("p005").await.scope, Scope::Gone { reason: DeleteReason::DeletedInSource });
    assert_eq!(one("p000").await.next, Next::Nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_most_objects_are_refused_the_export_stops_and_says_so() {
    let world = World::new(organization(2_500));
    for n in 0..2_500 {
        if n % 4 != 0 {
            world.tenant.state.lock().unwrap().refuse.insert(anchor(&format!("p{n:03}")));
        }
    }
    let error = world.once(OPEN, false).await.unwrap_err();
    assert!(matches!(error, SyncFailure::TooManyRefused { .. }), "{error}");
    assert!(error.whole_text().contains("refused"), "{error}");
    let run = world.tenant.state.lock().unwrap().runs.last().cloned().unwrap();
    assert_eq!(run.result, RunResult::StoppedExport);
    // What was good is there, and when the cause is gone the rest follows.
    assert!(!world.tenant.names().is_empty());
    world.tenant.state.lock().unwrap().refuse.clear();
    assert_eq!(world.sync().await, RunResult::Success);
    assert_eq!(world.tenant.names().len(), 2_500);
}
