//! A rule set written as Entra Connect would export it: the PowerShell of the Synchronization Rules Editor, the JSON of
//! `Get-ADSyncRule | ConvertTo-Json`, the JSON of the configuration export.

use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use toml::{Table, Value};

const CLOUD: &str = "b891884f-051e-4a83-95af-2544101c9083";
const DIRECTORY: &str = "4d31b1f2-0a44-4a5e-9f01-0f9d2f7d6a10";

fn rules(text: &str) -> Vec<Table> {
    let file: Table = text.parse().unwrap();
    file["rule"].as_array().unwrap().iter().map(|rule| rule.as_table().unwrap().clone()).collect()
}

fn text<'t>(table: &'t Table, key: &str) -> &'t str {
    table.get(key).and_then(Value::as_str).unwrap_or("")
}

fn scalar(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Boolean(flag)) => if *flag { "True" } else { "False" }.into(),
        Some(other) => other.to_string(),
    }
}

fn groups(rule: &Table, key: &str) -> Vec<Vec<Table>> {
    let list = rule.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let inner = |group: &Value| group["all"].as_array().unwrap().clone();
    list.iter()
        .map(|group| inner(group).iter().map(|one| one.as_table().unwrap().clone()).collect())
        .collect()
}

fn flows(rule: &Table) -> Vec<Table> {
    let list = rule.get("flow").and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().map(|flow| flow.as_table().unwrap().clone()).collect()
}

/// Source object type, target object type, connector.
fn sides(rule: &Table) -> (String, String, &'static str) {
    let metaverse = text(rule, "metaverse_type").to_owned();
    if text(rule, "direction") == "inbound" {
        let types = rule["source_types"].as_array().unwrap();
        assert_eq!(types.len(), 1, "a rule of Entra Connect has one type");
        (types[0].as_str().unwrap().to_owned(), metaverse, DIRECTORY)
    } else {
        (metaverse, text(rule, "target_type").to_owned(), CLOUD)
    }
}

fn flow_kind(flow: &Table) -> &'static str {
    match (flow.contains_key("direct"), flow.contains_key("constant")) {
        (true, _) => "Direct",
        (_, true) => "Constant",
        _ => "Expression",
    }
}

fn merge(flow: &Table) -> &'static str {
    match text(flow, "merge") {
        "merge" => "Merge",
        "merge_case_insensitive" => "MergeCaseInsensitive",
        _ => "Update",
    }
}

fn source(flow: &Table) -> Option<String> {
    match flow_kind(flow) {
        "Direct" => Some(text(flow, "direct").to_owned()),
        "Constant" => Some(scalar(flow.get("constant"))),
        _ => None,
    }
}

fn direction(rule: &Table) -> &'static str {
    if text(rule, "direction") == "inbound" { "Inbound" } else { "Outbound" }
}

fn disabled(rule: &Table) -> bool {
    rule.get("disabled").and_then(Value::as_bool).unwrap_or(false)
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(crate) fn powershell(set: &str) -> String {
    let mut out = String::new();
    for (n, rule) in rules(set).iter().enumerate() {
        let (from, to, connector) = sides(rule);
        let id = format!("00000000-0000-4000-8000-{n:012}");
        let _ = write!(
            out,
            "New-ADSyncRule  `\n-Name {} `\n-Identifier '{id}' `\n-Description {} `\n-Direction '{}' `\n-Precedence {} `\n\
             -PrecedenceAfter '00000000-0000-0000-0000-000000000000' `\n-PrecedenceBefore '00000000-0000-0000-0000-000000000000' `\n\
             -SourceObjectType '{from}' `\n-TargetObjectType '{to}' `\n-Connector '{connector}' `\n-LinkType '{}' `\n\
             -SoftDeleteExpiryInterval 0 `\n-ImmutableTag '' `\n{}-OutVariable syncRule\n\n\n",
            quote(text(rule, "name")),
            quote(text(rule, "description")),
            direction(rule),
            rule["precedence"],
            text(rule, "link_type"),
            if disabled(rule) { "-Disabled  `\n" } else { "" },
        );
        for flow in flows(rule) {
            out.push_str("Add-ADSyncAttributeFlowMapping  `\n-SynchronizationRule $syncRule[0] `\n");
            if let Some(source) = source(&flow) {
                let _ = writeln!(out, "-Source @({}) `", quote(&source));
            }
            let _ = write!(
                out,
                "-Destination {} `\n-FlowType '{}' `\n-ValueMergeType '{}' `\n",
                quote(text(&flow, "to")),
                flow_kind(&flow),
                merge(&flow)
            );
            if flow_kind(&flow) == "Expression" {
                let _ = writeln!(out, "-Expression {} `", quote(text(&flow, "expression")));
            }
            if flow.contains_key("execute_once") {
                out.push_str("-ExecuteOnce  `\n");
            }
            out.push_str("-OutVariable syncRule\n\n\n");
        }
        for (key, kind, cmdlet, parameter) in [
            ("scope", "ScopeCondition", "Add-ADSyncScopeConditionGroup", "-ScopeConditions"),
            ("join", "JoinCondition", "Add-ADSyncJoinConditionGroup", "-JoinConditions"),
        ] {
            for group in groups(rule, key) {
                for (n, one) in group.iter().enumerate() {
                    let arguments = if key == "scope" {
                        format!(
                            "{},{},'{}'",
                            quote(text(one, "attribute")),
                            quote(&scalar(one.get("value"))),
                            text(one, "operator")
                        )
                    } else {
                        format!("{},{},$false", quote(text(one, "source")), quote(text(one, "metaverse")))
                    };
                    let _ = write!(
                        out,
                        "New-Object  `\n-TypeName 'Microsoft.IdentityManagement.PowerShell.ObjectModel.{kind}' `\n-ArgumentList {arguments} `\n-OutVariable condition{n}\n\n\n"
                    );
                }
                let names: Vec<_> = (0..group.len()).map(|n| format!("$condition{n}[0]")).collect();
                let _ = write!(
                    out,
                    "{cmdlet}  `\n-SynchronizationRule $syncRule[0] `\n{parameter} @({}) `\n-OutVariable syncRule\n\n\n",
                    names.join(",")
                );
            }
        }
        let _ = write!(
            out,
            "Add-ADSyncRule  `\n-SynchronizationRule $syncRule[0]\n\n\nGet-ADSyncRule  `\n-Identifier '{id}'\n\n\n"
        );
    }
    out
}

/// A word, or the number that Windows PowerShell writes for it.
fn word(words: &[&str], word: &str, numbers: bool) -> Json {
    let at = words.iter().position(|known| *known == word);
    if numbers { json!(at.unwrap()) } else { json!(word) }
}

const OPERATORS: &[&str] = &[
    "EQUAL",
    "NOTEQUAL",
    "LESSTHAN",
    "LESSTHAN_OR_EQUAL",
    "CONTAINS",
    "NOTCONTAINS",
    "STARTSWITH",
    "NOTSTARTSWITH",
    "ENDSWITH",
    "NOTENDSWITH",
    "GREATERTHAN",
    "GREATERTHAN_OR_EQUAL",
    "ISNULL",
    "ISNOTNULL",
    "ISIN",
    "ISNOTIN",
    "ISBITSET",
    "ISBITNOTSET",
    "ISMEMBEROF",
    "ISNOTMEMBEROF",
];

/// As `Get-ADSyncRule | ConvertTo-Json -Depth 8` writes rules; with `numbers`, as Windows PowerShell writes words.
pub(crate) fn json(set: &str, numbers: bool) -> String {
    let rule = |(n, rule): (usize, &Table)| {
        let (from, to, connector) = sides(rule);
        let flows: Vec<_> = flows(rule)
            .iter()
            .map(|flow| {
                json!({
                    "Source": source(flow).into_iter().collect::<Vec<_>>(),
                    "Destination": text(flow, "to"),
                    "FlowType": word(&["Direct", "Constant", "Expression"], flow_kind(flow), numbers),
                    "ExecuteOnce": flow.contains_key("execute_once"),
                    "Expression": text(flow, "expression"),
                    "ValueMergeType": word(&["Update", "Replace", "MergeCaseInsensitive", "Merge"], merge(flow), numbers),
                    "MappingSourceAsString": "...",
                })
            })
            .collect();
        let scope: Vec<_> = groups(rule, "scope")
            .iter()
            .map(|group| {
                let list: Vec<_> = group
                    .iter()
                    .map(|one| {
                        json!({
                            "Attribute": text(one, "attribute"),
                            "ComparisonValue": scalar(one.get("value")),
                            "ComparisonOperator": word(OPERATORS, text(one, "operator"), numbers),
                        })
                    })
                    .collect();
                json!({ "ScopeConditionList": list })
            })
            .collect();
        let joins: Vec<_> = groups(rule, "join")
            .iter()
            .map(|group| {
                let one = |one: &Table| {
                    json!({
                        "CSAttribute": text(one, "source"),
                        "MVAttribute": text(one, "metaverse"),
                        "CaseSensitive": false,
                    })
                };
                json!({ "JoinConditionList": group.iter().map(one).collect::<Vec<_>>() })
            })
            .collect();
        let precedence = rule["precedence"].as_integer();
        json!({
            "Identifier": format!("00000000-0000-4000-8000-{n:012}"),
            "InternalIdentifier": "00000000-0000-4000-9000-000000000000",
            "Name": text(rule, "name"),
            "Version": 1,
            "Description": text(rule, "description"),
            "ImmutableTag": null,
            "Connector": connector,
            "Direction": word(&["Inbound", "Outbound"], direction(rule), numbers),
            "Disabled": disabled(rule),
            "SourceObjectType": from,
            "TargetObjectType": to,
            "Precedence": precedence,
            "PrecedenceAfter": "00000000-0000-0000-0000-000000000000",
            "PrecedenceBefore": "00000000-0000-0000-0000-000000000000",
            "LinkType": text(rule, "link_type"),
            "EnablePasswordSync": false,
            "JoinFilter": joins,
            "ScopeFilter": scope,
            "AttributeFlowMappings": flows,
            "SoftDeleteExpiryInterval": 0,
            "IsStandardRule": false,
        })
    };
    let all: Vec<_> = rules(set).iter().enumerate().map(rule).collect();
    serde_json::to_string_pretty(&all).unwrap()
}

/// As the configuration export has rules: by connector, names of fields in camel case.
pub(crate) fn policy(set: &str) -> String {
    let mut premises = Vec::new();
    let mut cloud = Vec::new();
    for (n, rule) in rules(set).iter().enumerate() {
        let (from, to, connector) = sides(rule);
        let flows: Vec<_> = flows(rule)
            .iter()
            .map(|flow| {
                json!({
                    "source": source(flow).unwrap_or_default(),
                    "destination": text(flow, "to"),
                    "flowType": flow_kind(flow),
                    "expression": text(flow, "expression"),
                    "executeOnce": flow.contains_key("execute_once"),
                    "valueMergeType": merge(flow),
                })
            })
            .collect();
        let one = |one: &Table| {
            json!({
                "attribute": text(one, "attribute"),
                "condition": text(one, "operator"),
                "value": scalar(one.get("value")),
            })
        };
        let scope: Vec<Vec<_>> =
            groups(rule, "scope").iter().map(|group| group.iter().map(one).collect()).collect();
        let one = |one: &Table| json!({ "csAttribute": text(one, "source"), "mvAttribute": text(one, "metaverse") });
        let joins: Vec<Vec<_>> =
            groups(rule, "join").iter().map(|group| group.iter().map(one).collect()).collect();
        let written = json!({
            "name": text(rule, "name"),
            "uniqueIdentifier": format!("00000000-0000-4000-8000-{n:012}"),
            "internalIdentifier": "00000000-0000-4000-9000-000000000000",
            "description": text(rule, "description"),
            "source": from,
            "target": to,
            "direction": direction(rule),
            "linkType": text(rule, "link_type"),
            "precedence": rule["precedence"].as_integer(),
            "disabled": disabled(rule),
            "scopeFilters": scope,
            "joinFilters": joins,
            "attributeMappings": flows,
        });
        if connector == CLOUD { cloud.push(written) } else { premises.push(written) }
    }
    let whole = json!({
        "deploymentMetadata": { "version": "2.4.0.0" },
        "onpremisesDirectoryPolicy": [{
            "friendlyName": "contoso.com",
            "fullyQualifiedDomainName": "contoso.com",
            "uniqueIdentifier": DIRECTORY,
            "partitionFilters": [],
            "customSynchronizationRules": premises,
            "standardSynchronizationRules": [],
        }],
        "azureDirectoryPolicy": { "customSynchronizationRules": cloud, "standardSynchronizationRules": [] },
    });
    serde_json::to_string_pretty(&whole).unwrap()
}
