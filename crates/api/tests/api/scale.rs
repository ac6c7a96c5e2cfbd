//! How long the pages' calls take over a large store. Prints and judges nothing: times are the machine's.
//! `PEOPLE=100000 cargo nextest run --release -p lockstep-api --run-ignored only --no-capture at_scale`

use crate::common::{Server, group, members, person, user};
use std::time::{Duration, Instant};

/// Calls of each kind.
const CALLS: usize = 200;

#[tokio::test]
#[ignore = "measures; takes its time"]
async fn at_scale() {
    let people: usize = std::env::var("PEOPLE").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let server = Server::new().await;
    let began = Instant::now();
    let all: Vec<usize> = (0..people).collect();
    for chunk in all.chunks(2_000) {
        let operations = chunk.iter().map(|n| {
            let name = format!("Given{} Family{n}", n % 997);
            let manager = (*n > 0).then(|| format!("p{:07}", n / 10));
            user(
                &format!("p{n:07}"),
                person(&format!("p{n}"), &name, &format!("D{}", n % 40)),
                manager.as_deref(),
            )
        });
        assert_eq!(server.bulk(operations.collect()).await.status, 200);
    }
    let anchors: Vec<String> = all.iter().take(9_000).map(|n| format!("p{n:07}")).collect();
    let anchors: Vec<&str> = anchors.iter().map(String::as_str).collect();
    server.bulk(vec![group("everyone", "Everyone"), members("everyone", &anchors)]).await;
    server.report(|_| {}).await;
    println!("{people} people in {:?}", began.elapsed());
    let id = server.id_of("Given7 Family7").await;
    let everyone = server.id_of("Everyone").await;
    for path in [
        "/api/v1/status".to_owned(),
        "/api/v1/errors".to_owned(),
        "/v1.0/organization".to_owned(),
        "/v1.0/users?$top=100&$count=true".to_owned(),
        "/v1.0/users?$top=100&$count=true&$orderby=displayName".to_owned(),
        format!("/v1.0/users/{id}"),
        "/v1.0/users/p77@contoso.com".to_owned(),
        "/v1.0/users?$top=50&$count=true&$search=\"family77\"".to_owned(),
        "/v1.0/users?$top=50&$search=\"given7\"".to_owned(),
        "/v1.0/users?$top=50&$filter=startswith(displayName,'Given7')".to_owned(),
        "/v1.0/users?$top=50&$filter=onPremisesProvisioningErrors/any()".to_owned(),
        format!("/v1.0/groups/{everyone}/members?$top=100"),
    ] {
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let began = Instant::now();
            let answer = server.get(&path).await;
            times.push(began.elapsed());
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
        times.sort_unstable();
        let at = |percent: usize| times[(CALLS * percent / 100).min(CALLS - 1)];
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        println!("{:7.2} ms p50 {:7.2} ms p99  {path}", millis(at(50)), millis(at(99)));
    }
}
