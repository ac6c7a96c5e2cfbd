//! The organization, domains, clients, reports, runs, errors that clients found.

use super::*;
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::{
    ClientErrors, ClientReport, ClientState, PendingCounts, RunRecord, RunResult, RunStep, RunTrigger,
};
use lockstep_model::{ObjectRef, RunId};
use lockstep_tenant::{Activity, ActivityQuery, provision};

/// Setting up twice keeps the tenant's id and brings names and domains up to date.
pub(crate) async fn set_up_again(store: impl TenantStore) {
    let organization = store.organization().await.unwrap();
    assert_eq!((organization.display_name.as_str(), organization.sync_enabled), ("Contoso", None));
    let domains: Vec<_> = store
        .domains()
        .await
        .unwrap()
        .into_iter()
        .map(|domain| (domain.id, domain.is_verified, domain.is_initial, domain.is_default))
        .collect();
    assert_eq!(
        domains,
        [
            ("contoso.com".to_owned(), true, false, true),
            ("contoso.local".into(), false, false, false),
            (INITIAL.into(), true, true, false),
        ]
    );
    let mut other = setup();
    other.display_name = "Contoso AG".into();
    other.domains.remove(1);
    let again = store.set_up(other, at(9)).await.unwrap();
    assert_eq!((again.id, again.created_at), (organization.id, organization.created_at));
    assert_eq!(store.organization().await.unwrap().display_name, "Contoso AG");
    assert_eq!(store.domains().await.unwrap().len(), 2);
    let threshold = Some(DeletionThreshold { count: 7, percent: 3 });
    store.set_deletion_threshold(threshold).await.unwrap();
    assert_eq!(store.organization().await.unwrap().deletion_threshold, threshold);
    store.set_deletion_threshold(None).await.unwrap();
    assert_eq!(store.organization().await.unwrap().deletion_threshold, None);
}

fn report(last_export: Option<Timestamp>) -> ClientReport {
    ClientReport {
        version: "0.1.0".into(),
        machine: "host".into(),
        source: "ldap://host".into(),
        state: ClientState::Live,
        detail: None,
        last_import: Some(at(1)),
        last_export,
        next_cycle: None,
        cycle_seconds: 1_800,
        connector_space_objects: 3,
        pending: PendingCounts::default(),
        held_plan: None,
        standby: false,
        lease: None,
        configuration: Default::default(),
        timetable: Default::default(),
    }
}

/// The first report of an export turns synchronization on; an admin's "off" stays.
pub(crate) async fn reports(store: impl TenantStore) {
    let client = ClientId::generate(at(0));
    store.put_report(client, report(None), at(2)).await.unwrap();
    assert_eq!(store.organization().await.unwrap().sync_enabled, None);
    store.put_report(client, report(Some(at(3))), at(4)).await.unwrap();
    assert_eq!(store.organization().await.unwrap().sync_enabled, Some(true));
    let clients = store.clients().await.unwrap();
    assert_eq!(clients.len(), 1);
    assert_eq!((clients[0].id, clients[0].last_contact), (client, Some(at(4))));
    assert_eq!(clients[0].report, Some(report(Some(at(3)))));
    store.set_sync_enabled(false, at(5)).await.unwrap();
    store.put_report(client, report(Some(at(6))), at(6)).await.unwrap();
    assert_eq!(store.organization().await.unwrap().sync_enabled, Some(false));
}

/// A run that grows is one run; the newest come first; old ones are purged.
pub(crate) async fn runs(store: impl TenantStore) {
    let run = |second: i64| RunRecord {
        id: RunId::generate(at(second)),
        trigger: RunTrigger::Live,
        started_at: at(second),
        ended_at: at(second + 1),
        result: RunResult::Success,
        error: None,
        steps: vec![],
        counts: Default::default(),
        members_added: 0,
        members_removed: 0,
        object_errors: 0,
        drift: None,
    };
    let client = ClientId::generate(at(0));
    let (old, mut new) = (run(0), run(10));
    store.put_run(client, old.clone()).await.unwrap();
    store.put_run(client, new.clone()).await.unwrap();
    new.ended_at = at(20);
    new.members_added = 5;
    store.put_run(client, new.clone()).await.unwrap();
    let found = store.runs(9, None).await.unwrap().items;
    assert!(found.iter().all(|run| run.client == client));
    assert_eq!(found.into_iter().map(|run| run.run).collect::<Vec<_>>(), [new.clone(), old.clone()]);
    let first = store.runs(1, None).await.unwrap();
    assert_eq!((first.items.len(), first.items[0].run.id), (1, new.id));
    let second = store.runs(1, first.next).await.unwrap();
    assert_eq!((second.items[0].run.id, second.next), (old.id, None));
    assert!(store.runs(1, Some("x".into())).await.is_err());
    assert_eq!(store.run(old.id).await.unwrap().unwrap().run, old);
    assert_eq!(store.purge_history(at(15), u64::MAX).await.unwrap(), 1);
    assert_eq!(store.run(old.id).await.unwrap(), None);
    assert_eq!(store.runs(9, None).await.unwrap().items[0].run, new);
}

/// Runs are summed by the part of the time in which they ended; one that is sent again counts once.
pub(crate) async fn activity(store: impl TenantStore) {
    let client = ClientId::generate(at(0));
    let run = |second: i64, result: RunResult, outcomes: &[(ObjectKind, &str, u64)], millis: &[u64]| {
        let mut record = RunRecord {
            id: RunId::generate(at(second)),
            trigger: RunTrigger::Cycle,
            started_at: at(second - 5),
            ended_at: at(second),
            result,
            error: None,
            steps: vec![],
            counts: Default::default(),
            members_added: 2,
            members_removed: 1,
            object_errors: 0,
            drift: None,
        };
        for (kind, outcome, count) in outcomes {
            record.counts.entry(*kind).or_default().insert((*outcome).to_owned(), *count);
        }
        record.steps.extend(millis.iter().map(|millis| RunStep {
            name: "Export".into(),
            millis: *millis,
            objects: 1,
        }));
        record
    };
    use ObjectKind::{Group, User};
    let good = [(User, "created", 3), (User, "matched", 1), (Group, "created", 2), (User, "unchanged", 9)];
    let mut grows = run(100, RunResult::Success, &[(User, "updated", 1)], &[40]);
    for record in [
        run(9, RunResult::Success, &[(User, "created", 99)], &[1]),
        run(10, RunResult::Success, &good, &[30, 20]),
        run(69, RunResult::StoppedImport, &[], &[70]),
        grows.clone(),
        run(130, RunResult::Success, &[(User, "created", 99)], &[1]),
    ] {
        store.put_run(client, record).await.unwrap();
    }
    grows.counts.entry(Group).or_default().insert("deleted".into(), 4);
    store.put_run(client, grows).await.unwrap();
    // Two minutes from the tenth second on: the run of the ninth and that of the 130th are outside.
    let query = ActivityQuery { from: at(10), step_seconds: 60, parts: 2 };
    let found = store.activity(query).await.unwrap();
    let first = Activity {
        part: 0,
        runs: 2,
        failed: 1,
        created: 6,
        updated: 0,
        deleted: 0,
        members: 6,
        work_millis: 120,
        longest_millis: 70,
    };
    let second = Activity {
        part: 1,
        runs: 1,
        failed: 0,
        created: 0,
        updated: 1,
        deleted: 4,
        members: 3,
        work_millis: 40,
        longest_millis: 40,
    };
    assert_eq!(found, [first, second]);
    let later = ActivityQuery { from: at(1_000), ..query };
    assert_eq!(store.activity(later).await.unwrap(), []);
}

/// A client's errors replace its own of the objects it looked at, and no others.
pub(crate) async fn client_errors(store: impl TenantStore) {
    let sent = Sent::user("ann").mail("bad mail");
    send(&store, &[sent.post()], at(0)).await;
    let found = |name: &str, value: &str| {
        let object = ObjectRef { anchor: Some(anchor(name)), name: name.to_owned(), ..Default::default() };
        provision::error(ErrorCode::MappingFailed, object, Some("uid"), Some(value.into()), None, None)
    };
    let errors_now = vec![found("ann", "1"), found("ann", "2"), found("ghost", "3")];
    let objects = vec![anchor("ann"), anchor("ghost")];
    store.put_client_errors(nobody(), ClientErrors { objects, errors: errors_now }, at(1)).await.unwrap();
    let all = told(&store).await;
    assert_eq!(
        all,
        [
            "ann: DataValidationFailed mail bad mail",
            "ann: MappingFailed uid 1",
            "ann: MappingFailed uid 2",
            "ghost: MappingFailed uid 3"
        ]
    );
    check_invariants(&store).await;
    let object = get(&store, "ann").await.unwrap();
    assert_eq!(object.provisioning_errors.len(), 3);
    let objects = vec![anchor("ann")];
    store
        .put_client_errors(nobody(), ClientErrors { objects, errors: vec![found("ann", "2")] }, at(2))
        .await
        .unwrap();
    let rows = errors(&store).await;
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[1].first_seen, rows[1].last_seen, rows[1].attempts), (at(1), at(2), 2));
    check_invariants(&store).await;
    // The tenant's own are cured by what is sent, the client's stay until the client says so.
    send(&store, &[Sent::user("ann").post()], at(3)).await;
    assert_eq!(told(&store).await, ["ann: MappingFailed uid 2", "ghost: MappingFailed uid 3"]);
    send(&store, &[Sent::user("ann").delete(), Sent::user("ghost").delete()], at(4)).await;
    assert_eq!(told(&store).await, Vec::<String>::new());
    check_invariants(&store).await;
}
