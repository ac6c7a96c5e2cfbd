//! What is done of itself by the hour: due once, taken once, and taken by another where whoever had it fell silent.

use super::*;
use lockstep_tenant::upkeep::Task;

async fn take(store: &impl TenantStore, who: &str, second: i64) -> Option<Task> {
    store.take_job(who.into(), at(second)).await.unwrap()
}

async fn end(store: &impl TenantStore, who: &str, task: Task, error: Option<&str>, second: i64) {
    store.end_job(who.into(), task, error.map(str::to_owned), at(second)).await.unwrap();
}

pub(crate) async fn by_the_hour(store: impl TenantStore) {
    assert_eq!(take(&store, "one", 0).await, None, "nobody said that anything is due");
    store.plan_jobs(at(0)).await.unwrap();
    for task in Task::ALL {
        assert_eq!(take(&store, "one", 1).await, Some(task));
        end(&store, "one", task, None, 1).await;
    }
    store.plan_jobs(at(3_600)).await.unwrap();
    assert_eq!(take(&store, "one", 3_600).await, None, "it was done less than an hour ago");
    store.plan_jobs(at(3_601)).await.unwrap();
    store.plan_jobs(at(3_602)).await.unwrap();
    let mut taken = Vec::new();
    while let Some(task) = take(&store, "one", 3_603).await {
        taken.push(task);
    }
    assert_eq!(taken, Task::ALL, "each is due once");
    // Another server's clock is a little ahead.
    for task in Task::ALL {
        end(&store, "one", task, None, 3_700).await;
    }
    store.plan_jobs(at(3_604)).await.unwrap();
    assert_eq!(take(&store, "two", 3_604).await, None, "it was just done");
    store.plan_jobs(at(8_000)).await.unwrap();
    while take(&store, "one", 8_000).await.is_some() {}
    // A clock that went back does not put it off for as long as it went.
    for task in Task::ALL {
        end(&store, "one", task, None, 9_000).await;
    }
    store.plan_jobs(at(4_000)).await.unwrap();
    assert_eq!(take(&store, "one", 4_000).await, Some(Task::Quarantine));
}

pub(crate) async fn taken_once(store: impl TenantStore + Clone) {
    store.plan_jobs(at(0)).await.unwrap();
    let tasks: Vec<_> = (0..12_i64)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { take(&store, &format!("server{n}"), 1).await })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap());
    }
    taken.sort();
    assert_eq!(taken, Task::ALL, "each by one");
}

pub(crate) async fn who_falls_silent_loses_it(store: impl TenantStore) {
    store.plan_jobs(at(0)).await.unwrap();
    let first = take(&store, "one", 0).await.unwrap();
    for _ in 1..Task::ALL.len() {
        assert_ne!(take(&store, "other", 0).await, Some(first));
    }
    assert!(store.keep_job("one".into(), first, at(60)).await.unwrap());
    assert!(!store.keep_job("thief".into(), first, at(60)).await.unwrap());
    assert_eq!(take(&store, "two", 150).await, Some(Task::Domains), "the first was kept until 180");
    assert_eq!(take(&store, "two", 180).await, Some(first));
    // What the first says of it now is nothing.
    assert!(!store.keep_job("one".into(), first, at(181)).await.unwrap());
    end(&store, "one", first, None, 181).await;
    assert!(store.keep_job("two".into(), first, at(182)).await.unwrap());
    end(&store, "two", first, None, 183).await;
    store.plan_jobs(at(200)).await.unwrap();
    assert_ne!(take(&store, "three", 200).await, Some(first));
}

pub(crate) async fn what_failed_is_tried_again(store: impl TenantStore) {
    store.plan_jobs(at(0)).await.unwrap();
    for task in Task::ALL {
        assert_eq!(take(&store, "one", 0).await, Some(task));
        let error = (task == Task::History).then_some("the disk is full");
        end(&store, "one", task, error, 1).await;
    }
    assert_eq!(take(&store, "two", 60).await, None);
    assert_eq!(take(&store, "two", 61).await, Some(Task::History));
    end(&store, "two", Task::History, Some("still"), 62).await;
    assert_eq!(take(&store, "one", 181).await, None, "two minutes, after the second time");
    assert_eq!(take(&store, "one", 182).await, Some(Task::History));
    end(&store, "one", Task::History, None, 183).await;
    store.plan_jobs(at(3_500)).await.unwrap();
    assert_eq!(take(&store, "one", 3_500).await, None);
}
