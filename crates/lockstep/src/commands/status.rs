//! `lockstep status`: the status page in one sentence and a few lines.

use crate::End;
use crate::cli::Remote;
use crate::config::Loaded;
use crate::out::Out;
use crate::wiring::remote::Api;
use serde_json::Value;

/// Runs it. In step is 0, held is 3, anything that needs an admin is 1.
pub(crate) async fn run(out: Out, loaded: &Loaded, remote: &Remote) -> anyhow::Result<End> {
    let api = Api::open(loaded, remote).await?;
    let status = api.get::<Value>("/api/v1/status").await;
    let url = api.url.clone();
    api.close().await;
    let status = status?;
    out.print(&status, || text(&status, &url))?;
    Ok(match status.pointer("/summary/state").and_then(Value::as_str) {
        Some("inStep" | "working" | "attention" | "paused" | "off") => End::Done,
        Some("held") => End::Held,
        _ => End::Failed,
    })
}

fn text(status: &Value, url: &str) -> String {
    let at = |path: &str| match status.pointer(path) {
        None | Some(Value::Null) => "never".to_owned(),
        // Whole seconds are enough for people.
        Some(Value::String(text)) => match text.parse::<lockstep_model::Timestamp>() {
            Ok(time) => format!("{time:.0}"),
            Err(_) => text.clone(),
        },
        Some(other) => other.to_string(),
    };
    let rows = [
        ("Server", format!("{url} ({})", at("/tenant/displayName"))),
        ("Directory", at("/sync/source")),
        (
            "Sync client",
            format!(
                "{} {} on {}",
                at("/sync/serviceAccount"),
                at("/sync/clientVersion"),
                at("/sync/machine")
            ),
        ),
        ("State", at("/sync/clientState")),
        ("Last sync", at("/sync/lastSync")),
        ("Last import", at("/sync/lastImport")),
        ("Last export", at("/sync/lastExport")),
        ("Next cycle", at("/sync/nextCycle")),
        (
            "In the cloud",
            format!(
                "{} users, {} groups, {} memberships",
                at("/objects/users"),
                at("/objects/groups"),
                at("/objects/memberships")
            ),
        ),
        ("Errors", format!("{} ({} users)", at("/errors/total"), at("/errors/usersWithErrors"))),
    ];
    let mut lines = vec![at("/summary/sentence"), String::new()];
    lines.extend(rows.iter().map(|(name, value)| format!("{name:<13} {value}")));
    lines.extend(clients(status));
    if let Some(detail) = status.pointer("/sync/clientDetail").and_then(Value::as_str) {
        lines.push(String::new());
        lines.push(detail.to_owned());
    }
    if let Some(digest) = status.pointer("/sync/heldPlan/deletionsDigest").and_then(Value::as_str) {
        lines.push(format!("If this was meant: lockstep sync approve {digest}"));
    }
    lines.join("\n")
}

/// Who writes and who stands by, where there are several; and how they differ.
fn clients(status: &Value) -> Vec<String> {
    let list = |name: &str| status.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let clients = list("clients");
    if clients.len() < 2 {
        return Vec::new();
    }
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    let mut lines = vec![String::new()];
    for client in &clients {
        let lease = match client.get("lease").filter(|lease| lease.is_object()) {
            Some(lease) if lease.get("endedAt").is_none_or(Value::is_null) => format!(
                ", epoch {}, renewed {} s ago",
                lease.get("epoch").unwrap_or(&Value::Null),
                lease.get("ageSeconds").unwrap_or(&Value::Null)
            ),
            _ => String::new(),
        };
        lines.push(format!(
            "{:<13} {} on {} ({}{lease})",
            text(client, "role"),
            text(client, "serviceAccount"),
            text(client, "machine"),
            text(client, "state")
        ));
    }
    for difference in list("configurationDifferences") {
        let values: Vec<_> = difference
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|one| format!("{}: {}", text(one, "serviceAccount"), text(one, "value")))
            .collect();
        lines.push(format!(
            "{:<13} {} ({})",
            "they differ in",
            text(&difference, "setting"),
            values.join(", ")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn several_clients_are_listed_with_their_roles() {
        let status = json!({
            "clients": [
                { "serviceAccount": "Sync_1", "machine": "sync1", "state": "live", "role": "active",
                  "lease": { "epoch": 7, "ageSeconds": 3, "endedAt": null } },
                { "serviceAccount": "Sync_2", "machine": "sync2", "state": "standby", "role": "standby", "lease": null }
            ],
            "configurationDifferences": [
                { "setting": "sync.guard.count",
                  "values": [{ "serviceAccount": "Sync_1", "value": "500" }, { "serviceAccount": "Sync_2", "value": null }] }
            ]
        });
        insta::assert_snapshot!(clients(&status).join("\n"), @r"

        active        Sync_1 on sync1 (live, epoch 7, renewed 3 s ago)
        standby       Sync_2 on sync2 (standby)
        they differ in sync.guard.count (Sync_1: 500, Sync_2: -)
        ");
        assert!(clients(&json!({ "clients": [{}] })).is_empty());
    }

    #[test]
    fn one_sentence_then_the_facts() {
        let status = json!({
            "tenant": { "displayName": "Contoso" },
            "summary": { "state": "held", "sentence": "Stopped: 12 deletions wait for approval" },
            "sync": {
                "source": "ldap://dc1:389 (dc=contoso,dc=com)", "serviceAccount": "Sync_dc1_1a2b3c", "clientVersion": "0.1.0",
                "machine": "dc1", "clientState": "held", "lastSync": "2026-11-22T21:00:00Z", "lastImport": null,
                "clientDetail": "12 users would be deleted", "heldPlan": { "deletionsDigest": "0a1b" }
            },
            "objects": { "users": 1000, "groups": 60, "memberships": 1600 },
            "errors": { "total": 9, "usersWithErrors": 6 }
        });
        insta::assert_snapshot!(text(&status, "http://127.0.0.1:8080"), @r"
        Stopped: 12 deletions wait for approval

        Server        http://127.0.0.1:8080 (Contoso)
        Directory     ldap://dc1:389 (dc=contoso,dc=com)
        Sync client   Sync_dc1_1a2b3c 0.1.0 on dc1
        State         held
        Last sync     2026-11-22T21:00:00Z
        Last import   never
        Last export   never
        Next cycle    never
        In the cloud  1000 users, 60 groups, 1600 memberships
        Errors        9 (6 users)

        12 users would be deleted
        If this was meant: lockstep sync approve 0a1b
        ");
    }
}
