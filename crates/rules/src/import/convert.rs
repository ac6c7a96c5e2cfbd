//! From a rule as Entra Connect has it to one as Lockstep has it: which side it is on, what its words mean here, and
//! what has no counterpart.

use super::draft::{Draft, DraftCondition, DraftFlow, Value};
use super::foreign::{Export, ForeignFlow, ForeignRule, Side};
use super::guess::mentioned;
use super::{Remark, RemarkKind, Remarks};
use crate::sync_rules::{Direction, LinkType, Merge, MetaverseType, Operator, Target, is_never};
use lockstep_model::ObjectKind;
use std::collections::BTreeSet;

/// The connector to the cloud has this identifier in every installation.
const CLOUD_CONNECTOR: &str = "b891884f-051e-4a83-95af-2544101c9083";

/// Names that the cloud's connector space has for what Lockstep calls by the name of Microsoft Graph. The same name on
/// both sides needs no line.
const PROPERTIES: &[(&str, &str)] = &[
    ("alias", "mailNickname"),
    ("co", "country"),
    ("company", "companyName"),
    ("employeeID", "employeeId"),
    ("facsimilePhoneNumber", "faxNumber"),
    ("facsimileTelephoneNumber", "faxNumber"),
    ("fax", "faxNumber"),
    ("homePhone", "homePhones"),
    ("l", "city"),
    ("member", "members"),
    ("mobile", "mobilePhone"),
    ("physicalDeliveryOffice", "officeLocation"),
    ("physicalDeliveryOfficeName", "officeLocation"),
    ("samAccountName", "onPremisesSamAccountName"),
    ("sn", "surname"),
    ("st", "state"),
    ("telephoneNumber", "businessPhones"),
    ("title", "jobTitle"),
];

/// The drafts of an export's rules, those that have a counterpart.
pub(super) fn drafts(export: Export, remarks: &mut Remarks) -> Vec<Draft> {
    let Export { rules, notes } = export;
    for (rule, what, why) in notes {
        remarks.add(Remark { kind: RemarkKind::LeftOut, rule, what, why });
    }
    let connectors: BTreeSet<&str> = rules
        .iter()
        .filter(|rule| side(rule) == Side::Premises && !rule.connector.trim().is_empty())
        .map(|rule| rule.connector.trim())
        .collect();
    if connectors.len() > 1 {
        remarks.changed(
            None,
            format!("rules of {} directories", connectors.len()),
            "a rule set is for one; they stand beside each other here, take apart what is not for yours",
        );
    }
    let mut drafts: Vec<Draft> = rules.iter().filter_map(|rule| draft(rule, remarks)).collect();
    drafts.sort_by_key(|draft| (draft.direction, draft.precedence.unwrap_or(u32::MAX)));
    number(&mut drafts, remarks);
    name(&mut drafts, remarks);
    drafts
}

fn side(rule: &ForeignRule) -> Side {
    if rule.side != Side::Unknown {
        return rule.side;
    }
    if rule.connector.trim().eq_ignore_ascii_case(CLOUD_CONNECTOR) {
        return Side::Cloud;
    }
    let name = rule.name.to_ascii_lowercase();
    let cloud = ["aad", "azure ad", "microsoft entra", "entra id", "cloud"];
    let (_, other) = name.split_once(" from ").or_else(|| name.split_once("out to ")).unwrap_or(("", ""));
    if rule.connector.trim().is_empty() || !looks_like_guid(&rule.connector) {
        let from_name = cloud.iter().any(|word| other.starts_with(word));
        return if from_name { Side::Cloud } else { by_types(rule) };
    }
    Side::Premises
}

/// What the object types say where neither the connector nor the name does: a rule from a person to a user goes to
/// the cloud, as most that people write do.
fn by_types(rule: &ForeignRule) -> Side {
    let outbound = rule.direction.eq_ignore_ascii_case("outbound");
    let named = rule.name.to_ascii_lowercase().contains("out to ad");
    if outbound && !named { Side::Cloud } else { Side::Premises }
}

fn looks_like_guid(text: &str) -> bool {
    let text = text.trim().trim_start_matches('{').trim_end_matches('}');
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn draft(rule: &ForeignRule, remarks: &mut Remarks) -> Option<Draft> {
    let name = rule.shown();
    let mut left_out = |what: String, why: &str| {
        remarks.left_out(Some(&name), what, why);
        None
    };
    let direction = match rule.direction.to_ascii_lowercase().as_str() {
        "inbound" => Direction::Inbound,
        "outbound" => Direction::Outbound,
        other => {
            return left_out(format!("the rule, of direction \"{other}\""), "a rule is Inbound or Outbound");
        }
    };
    match (direction, side(rule)) {
        (Direction::Inbound, Side::Cloud) => {
            return left_out(
                "the rule, which reads the cloud".into(),
                "Lockstep reads directories and writes the cloud",
            );
        }
        (Direction::Outbound, Side::Premises) => {
            return left_out(
                "the rule, which writes to the directory (write-back)".into(),
                "Lockstep does not write to a directory",
            );
        }
        _ => {}
    }
    let (metaverse, other) = match direction {
        Direction::Inbound => (&rule.target_type, &rule.source_type),
        Direction::Outbound => (&rule.source_type, &rule.target_type),
    };
    let metaverse_type = match metaverse.to_ascii_lowercase().as_str() {
        "person" => MetaverseType::Person,
        "group" => MetaverseType::Group,
        _ => {
            return left_out(
                format!("the rule, for a {metaverse} of the metaverse"),
                "there are persons and groups",
            );
        }
    };
    let kind = match (direction, other.to_ascii_lowercase().as_str()) {
        (Direction::Inbound, "") => {
            return left_out(
                "the rule, without a SourceObjectType".into(),
                "a rule takes one type of object",
            );
        }
        (Direction::Inbound, _) => None,
        (Direction::Outbound, "user") => Some(ObjectKind::User),
        (Direction::Outbound, "group") => Some(ObjectKind::Group),
        (Direction::Outbound, _) => {
            return left_out(
                format!("the rule, which makes a {other} of the cloud"),
                "there are users and groups",
            );
        }
    };
    let link = match rule.link.to_ascii_lowercase().as_str() {
        "provision" => LinkType::Provision,
        "join" => LinkType::Join,
        "stickyjoin" => LinkType::StickyJoin,
        other => {
            let guess = if rule.joins.is_empty() { LinkType::Join } else { LinkType::Provision };
            let why = format!("it is taken for {guess:?}, as rules of its kind are; compare with the rule");
            remarks.guessed(
                Some(&name),
                format!("the link type, which the export writes as \"{other}\""),
                why,
            );
            guess
        }
    };
    let mut draft = Draft {
        name: name.clone(),
        identifier: rule.identifier.clone(),
        tag: rule.tag.clone(),
        description: rule.description.clone(),
        direction,
        precedence: rule.precedence.and_then(|number| u32::try_from(number).ok()),
        source_type: other.clone(),
        metaverse_type,
        kind,
        link,
        disabled: rule.disabled,
        scope: Vec::new(),
        joins: Vec::new(),
        flows: Vec::new(),
        lost: Vec::new(),
    };
    aside(rule, &name, &mut draft, remarks);
    scope(rule, &mut draft, remarks);
    if direction == Direction::Inbound {
        draft.joins = rule
            .joins
            .iter()
            .map(|group| {
                group
                    .iter()
                    .filter(|join| !join.source.is_empty() && !join.metaverse.is_empty())
                    .cloned()
                    .collect()
            })
            .filter(|group: &Vec<_>| !group.is_empty())
            .collect();
    }
    draft.flows = rule.flows.iter().filter_map(|flow| self::flow(flow, &draft, remarks)).collect();
    Some(draft)
}

/// What belongs to the rule and has no place in one of Lockstep.
fn aside(rule: &ForeignRule, name: &str, draft: &mut Draft, remarks: &mut Remarks) {
    if rule.password_sync {
        remarks.left_out(
            Some(name),
            "EnablePasswordSync",
            "whose passwords are synchronized is not a matter of rules",
        );
    }
    if rule.soft_delete {
        remarks.left_out(
            Some(name),
            "SoftDeleteExpiryInterval",
            "the cloud keeps deleted objects for a time of its own",
        );
    }
    if rule.relative && draft.precedence.is_none() {
        remarks.changed(
            Some(name),
            "its place beside another rule",
            "it gets a number of its own; compare the order",
        );
    }
    if rule.disabled {
        remarks.changed(Some(name), "the rule is disabled", "it is carried as disabled");
    }
    if !rule.joins.is_empty() && draft.direction == Direction::Outbound {
        remarks.left_out(Some(name), "its join conditions", "a cloud object is found by its source anchor");
    }
}

fn scope(rule: &ForeignRule, draft: &mut Draft, remarks: &mut Remarks) {
    for group in &rule.scope {
        let mut conditions = Vec::new();
        for condition in group {
            let spelled = condition.operator.trim().to_ascii_uppercase();
            let known =
                Operator::ALL.iter().map(|operator| operator.as_str()).find(|known| *known == spelled);
            let Some(operator) = known else {
                let what = format!(
                    "the condition {} {} \"{}\"",
                    condition.attribute, condition.operator, condition.value
                );
                draft.lose_condition(what, "there is no such comparison", remarks);
                continue;
            };
            conditions.push(DraftCondition {
                attribute: condition.attribute.clone(),
                operator,
                value: condition.value.clone(),
            });
        }
        // A group whose every condition is gone would always hold; the rule rests, so that it says nothing.
        if !conditions.is_empty() {
            draft.scope.push(conditions);
        } else if !group.is_empty() {
            draft.disabled = true;
        }
    }
}

fn flow(flow: &ForeignFlow, draft: &Draft, remarks: &mut Remarks) -> Option<DraftFlow> {
    let name = Some(draft.name.as_str());
    let written = flow.destination.trim();
    let mut to = written.to_owned();
    if let Some(kind) = draft.kind {
        match property(written, kind) {
            Some(property) => to = property.to_owned(),
            None => {
                let what = format!("the flow to {written}");
                let why = match written.to_ascii_lowercase().as_str() {
                    "sourceanchor" | "cloudsourceanchor" | "cloudanchor" => {
                        "Lockstep keeps the anchor itself"
                    }
                    "pwdlastset" | "lastpasswordchangetimestamp" => "passwords are not a matter of rules",
                    _ => "the cloud has no such property yet",
                };
                remarks.left_out(name, what, why);
                return None;
            }
        }
    }
    if to.is_empty() {
        remarks.left_out(name, "a flow without a destination", "there is nowhere to write");
        return None;
    }
    let first = flow.sources.first().map(String::as_str).unwrap_or_default();
    let expression = flow.expression.trim();
    let value = match flow.kind.to_ascii_lowercase().as_str() {
        "expression" => Value::Expression(expression.to_owned()),
        _ if !expression.is_empty() => Value::Expression(expression.to_owned()),
        "constant" => Value::Constant(first.to_owned()),
        _ => Value::Direct(first.to_owned()),
    };
    let empty = matches!(&value, Value::Expression(text) | Value::Direct(text) if text.is_empty());
    if empty {
        remarks.left_out(
            name,
            format!("the flow to {written}"),
            "the export does not say where its value comes from",
        );
        return None;
    }
    let read = match &value {
        Value::Direct(from) => vec![from.clone()],
        Value::Expression(text) => mentioned(text),
        Value::Constant(_) => Vec::new(),
    };
    if let Some(secret) = read.iter().find(|name| draft.inbound() && is_never(name)) {
        remarks.left_out(
            name,
            format!("the flow to {written}"),
            format!("it reads {secret}, a password, which no rule reads"),
        );
        return None;
    }
    let merge = match flow.merge.to_ascii_lowercase().as_str() {
        "merge" => Merge::Merge,
        "mergecaseinsensitive" => Merge::MergeCaseInsensitive,
        "" | "update" | "replace" => Merge::Update,
        other => {
            let what = format!("the merge type \"{other}\" of the flow to {written}");
            remarks.changed(name, what, "it is taken for Update");
            Merge::Update
        }
    };
    Some(DraftFlow { to, value, merge, once: flow.once })
}

/// The property of the cloud that an attribute of its connector space is.
fn property(name: &str, kind: ObjectKind) -> Option<&'static str> {
    let known = Target::names(kind);
    let alias =
        PROPERTIES.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name)).map(|(_, ours)| *ours);
    let own = known.iter().copied().find(|ours| ours.eq_ignore_ascii_case(name));
    own.or_else(|| alias.filter(|ours| known.contains(ours)))
}

/// Gives each rule a precedence of its own: where a number is missing or taken, the next that is free.
fn number(drafts: &mut [Draft], remarks: &mut Remarks) {
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    let wanted: BTreeSet<u32> = drafts.iter().filter_map(|draft| draft.precedence).collect();
    for draft in drafts {
        let number = match draft.precedence {
            Some(number) if !taken.contains(&number) => number,
            other => {
                let from = other.unwrap_or(1);
                let free =
                    (from..=u32::MAX).find(|number| !taken.contains(number) && !wanted.contains(number));
                let free = free.unwrap_or(from);
                let what = match other {
                    Some(number) => format!("precedence {number}, which another rule has too"),
                    None => "a rule without a precedence".into(),
                };
                remarks.changed(Some(&draft.name), what, format!("it gets {free}; compare the order"));
                free
            }
        };
        taken.insert(number);
        draft.precedence = Some(number);
    }
}

/// Gives each rule a name of its own.
fn name(drafts: &mut [Draft], remarks: &mut Remarks) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for draft in drafts {
        if taken.contains(&draft.name) {
            let free =
                (2..).map(|number| format!("{} ({number})", draft.name)).find(|name| !taken.contains(name));
            let free = free.unwrap_or_default();
            remarks.changed(
                Some(&draft.name),
                "another rule has the same name",
                format!("it is called \"{free}\""),
            );
            draft.name = free;
        }
        taken.insert(draft.name.clone());
    }
}
