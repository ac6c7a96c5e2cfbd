//! Leases: one writes, the other's writes are refused, whole, in the transaction in which they would be made.

use super::*;
use lockstep_model::provisioning::{ClientErrors, LeaseAnswer, LeaseRequest, LeaseWant};
use lockstep_tenant::{StoreError, Writer};

const START: LeaseWant = LeaseWant::Take { start: true };
const TAKE: LeaseWant = LeaseWant::Take { start: false };

fn client(n: u8) -> ClientId {
    ClientId(uuid::Uuid::from_bytes([n; 16]))
}

async fn ask(
    store: &impl TenantStore,
    n: u8,
    since: Option<u64>,
    want: LeaseWant,
    second: i64,
) -> LeaseAnswer {
    let request = LeaseRequest {
        lease: "dc=contoso,dc=com".into(),
        instance: format!("state{n}"),
        process: format!("process{n}"),
        machine: format!("sync{n}"),
        term_millis: 15_000,
        since,
        paused: false,
        want,
    };
    store.lease(client(n), request, at(second)).await.unwrap()
}

async fn write(
    store: &impl TenantStore,
    n: u8,
    epoch: Option<u64>,
    name: &str,
    second: i64,
) -> Option<String> {
    let operations = vec![Sent::user(name).post(), Sent::user(&format!("{name}2")).post()];
    match store.provision(Writer { client: client(n), epoch }, None, operations, at(second)).await {
        Ok(results) => {
            assert!(results.iter().all(|result| result.outcome == Outcome::Created));
            None
        }
        Err(StoreError::Fenced { why }) => Some(why),
        Err(error) => panic!("{error}"),
    }
}

async fn users(store: &impl TenantStore) -> u64 {
    store.counts().await.unwrap().users
}

/// Taken, renewed, lapsed, taken over; the old holder's writes and errors leave nothing behind.
pub(crate) async fn a_stale_epoch_writes_nothing(store: impl TenantStore) {
    assert_eq!(write(&store, 1, None, "before", 0).await, None, "without leases anybody writes");
    let first = ask(&store, 1, None, START, 0).await;
    assert_eq!((first.held, first.epoch, first.continued), (true, Some(1), true));
    assert_eq!(write(&store, 1, Some(1), "ann", 1).await, None);
    let refused = write(&store, 1, None, "old", 2).await.unwrap();
    assert!(refused.contains("update the client"), "{refused}");
    assert!(write(&store, 2, Some(1), "thief", 3).await.is_some(), "an epoch is its holder's");
    // The write at 1 renewed it.
    assert!(!ask(&store, 2, None, START, 15).await.held);
    let second = ask(&store, 2, None, TAKE, 16).await;
    assert_eq!((second.epoch, second.continued), (Some(2), false), "what the new one knows may be old");
    let why = write(&store, 1, Some(1), "late", 17).await.unwrap();
    assert!(why.contains("sync2") && why.contains("epoch 2"), "{why}");
    let errors = ClientErrors { objects: vec![anchor("ann")], errors: vec![] };
    let told =
        store.put_client_errors(Writer { client: client(1), epoch: Some(1) }, errors.clone(), at(17)).await;
    assert!(matches!(told, Err(StoreError::Fenced { .. })));
    store.put_client_errors(Writer { client: client(2), epoch: Some(2) }, errors, at(17)).await.unwrap();
    assert_eq!(write(&store, 2, Some(2), "bob", 18).await, None);
    assert_eq!(users(&store).await, 6, "before, ann and bob, two each");

    // Given back, nobody writes; the first takes it anew, with a higher epoch, and knows that it missed something.
    assert!(!ask(&store, 2, Some(2), LeaseWant::Release { epoch: 2 }, 19).await.held);
    assert!(write(&store, 2, Some(2), "gone", 20).await.unwrap().contains("nobody holds it"));
    let third = ask(&store, 1, Some(1), TAKE, 20).await;
    assert_eq!((third.epoch, third.continued), (Some(3), false));
    assert!(ask(&store, 1, Some(3), START, 21).await.continued, "a restart missed nothing");
    assert!(!ask(&store, 1, Some(99), START, 22).await.continued, "the tenant was restored from a backup");
    let told: Vec<_> = store
        .leases(10)
        .await
        .unwrap()
        .into_iter()
        .map(|lease| (lease.epoch, lease.machine, lease.requests, lease.operations, lease.ended_at.is_some()))
        .collect();
    assert_eq!(
        told,
        [
            (5, "sync1".into(), 0, 0, false),
            (4, "sync1".into(), 0, 0, true),
            (3, "sync1".to_owned(), 0, 0, true),
            (2, "sync2".into(), 2, 2, true),
            (1, "sync1".into(), 1, 2, true),
        ]
    );
}

/// Leases of other names do not touch one another; epochs are the tenant's.
pub(crate) async fn sources_have_leases_of_their_own(store: impl TenantStore) {
    assert_eq!(ask(&store, 1, None, START, 0).await.epoch, Some(1));
    let mut other = LeaseRequest {
        lease: "dc=fabrikam,dc=com".into(),
        instance: "state2".into(),
        process: "process2".into(),
        machine: "sync2".into(),
        term_millis: 15_000,
        since: None,
        paused: false,
        want: START,
    };
    let taken = store.lease(client(2), other.clone(), at(1)).await.unwrap();
    assert_eq!((taken.epoch, taken.continued), (Some(2), true));
    assert_eq!(write(&store, 1, Some(1), "ann", 2).await, None);
    assert_eq!(write(&store, 2, Some(2), "bob", 2).await, None);
    other.want = LeaseWant::Renew { epoch: 1 };
    assert!(!store.lease(client(2), other, at(3)).await.unwrap().held);
}

/// Many ask in the same moment: exactly one has it, and of their writes only its own arrive.
pub(crate) async fn of_many_one_wins(store: impl TenantStore + Clone) {
    for round in 0..5_i64 {
        let second = round * 60;
        let tasks: Vec<_> = (1..=8_u8)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move {
                    let answer = ask(&store, n, None, TAKE, second).await;
                    let epoch = answer.epoch.unwrap_or_else(|| u64::try_from(round).unwrap() + 1);
                    let refused = write(&store, n, Some(epoch), &format!("r{round}n{n}"), second).await;
                    (answer.held, refused.is_none())
                })
            })
            .collect();
        let mut told = Vec::new();
        for task in tasks {
            told.push(task.await.unwrap());
        }
        assert_eq!(told.iter().filter(|(held, _)| *held).count(), 1, "{told:?}");
        assert!(told.iter().all(|(held, wrote)| held == wrote), "{told:?}");
    }
    assert_eq!(users(&store).await, 10);
}

/// After a restore nobody goes on as if nothing had been; `mark` says that there was one.
pub(crate) async fn after_a_restore(store: &impl TenantStore, mark: impl AsyncFnOnce()) {
    use lockstep_tenant::changes::ChangesQuery;
    assert_eq!(ask(store, 1, None, START, 0).await.epoch, Some(1));
    assert_eq!(write(store, 1, Some(1), "ann", 1).await, None);
    let told = store.change_mark().await.unwrap();
    let changes = |after, given| ChangesQuery {
        kind: None,
        after,
        given_at: at(given),
        upto: i64::MAX,
        top: 10,
        members: true,
    };
    assert!(store.changes(changes(told, 2)).await.unwrap().is_some());
    mark().await;
    let why = write(store, 1, Some(1), "bob", 6).await.unwrap();
    assert!(why.contains("epoch 1 has ended"), "{why}");
    assert!(!ask(store, 1, Some(1), LeaseWant::Renew { epoch: 1 }, 6).await.held);
    assert_eq!(users(store).await, 2);
    // Any epoch that was given after the backup was made is one that does not continue either.
    let again = ask(store, 1, Some(7), TAKE, 7).await;
    assert!(again.held && !again.continued, "{again:?}");
    let by_time = u64::try_from(at(5).as_millisecond()).unwrap();
    assert!(again.epoch.is_some_and(|epoch| epoch > by_time), "no other restore gives it: {again:?}");
    assert_eq!(write(store, 1, again.epoch, "bob", 8).await, None);
    assert!(ask(store, 1, again.epoch, TAKE, 9).await.continued, "from then on all is as ever");
    assert!(store.changes(changes(told, 2)).await.unwrap().is_none(), "a link of before begins anew");
    let told = store.change_mark().await.unwrap();
    assert!(store.changes(changes(told, 10)).await.unwrap().is_some());
}

/// The backup is of before the first lease: epochs do not begin again at one that a client was given since.
pub(crate) async fn restored_before_any_lease(store: &impl TenantStore, mark: impl AsyncFnOnce()) {
    assert_eq!(write(store, 1, None, "before", 0).await, None);
    mark().await;
    // The mark is nobody's: a client that knows no leases writes on.
    assert_eq!(write(store, 1, None, "after", 6).await, None);
    // As one that wrote by epoch 1 after the backup was made.
    let again = ask(store, 1, Some(1), TAKE, 7).await;
    assert!(again.held && !again.continued, "{again:?}");
    assert!(again.epoch.is_some_and(|epoch| epoch > 1), "{again:?}");
    assert_eq!(write(store, 1, again.epoch, "ann", 8).await, None);
    assert!(write(store, 1, None, "old", 9).await.is_some());
}
