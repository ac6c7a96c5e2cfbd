//! JSON with synchronization rules in it: what `Get-ADSyncRule | ConvertTo-Json` writes, and the configuration export
//! (`Applied-SynchronizationPolicy-*.JSON`, `Exported-SynchronizationPolicy-*.JSON`). A rule is found wherever it
//! stands; names of fields are known in any case, and fields that are not known are passed over.
//!
//! **Invariant:** total; depth is bounded by the parser of JSON, which refuses more than 128 levels.

use super::foreign::{Export, ForeignCondition, ForeignFlow, ForeignJoin, ForeignRule, Side};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// Reads an export.
pub(super) fn read(text: &str) -> Result<Export, serde_json::Error> {
    let value: Value = serde_json::from_str(text)?;
    let mut reader = Reader { export: Export::default(), numbers: false };
    reader.find(&value, Side::Unknown, "");
    let Reader { mut export, numbers } = reader;
    if numbers {
        export.note(
            None,
            "words that the export writes as numbers (FlowType, ValueMergeType, ComparisonOperator)",
            "they are read in the order in which Entra Connect declares them; look over the rules",
        );
    }
    Ok(export)
}

struct Reader {
    export: Export,
    /// Whether a word was written as a number.
    numbers: bool,
}

/// The words that Windows PowerShell writes as numbers, in the order of their declaration.
const FLOWS: &[&str] = &["Direct", "Constant", "Expression"];
const MERGES: &[&str] = &["Update", "Replace", "MergeCaseInsensitive", "Merge"];
const DIRECTIONS: &[&str] = &["Inbound", "Outbound"];
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

/// The first of these fields that is there, names in any case.
fn field<'v>(object: &'v Object, names: &[&str]) -> Option<&'v Value> {
    let held =
        |name: &&str| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    names.iter().find_map(held).filter(|value| !value.is_null())
}

fn text(object: &Object, names: &[&str]) -> String {
    match field(object, names) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        // An object that ConvertTo-Json took apart: {"Guid": "..."}, {"value": ...}.
        Some(Value::Object(inner)) => {
            let inner = field(inner, &["guid", "value", "name"]);
            inner.and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

fn flag(object: &Object, names: &[&str]) -> bool {
    match field(object, names) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    }
}

/// The values of a list; a single value is a list of one, and `{"value": [...], "Count": 2}` is what ConvertTo-Json
/// makes of some lists.
fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(object)) if field(object, &["count"]).is_some() => {
            match field(object, &["value"]) {
                Some(Value::Array(items)) => items.iter().collect(),
                _ => Vec::new(),
            }
        }
        Some(one) => vec![one],
    }
}

impl Reader {
    fn find(&mut self, value: &Value, side: Side, connector: &str) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.find(item, side, connector)),
            Value::Object(object) => {
                let has = |names: &[&str]| field(object, names).is_some();
                let flows = has(&["attributeFlowMappings", "attributeMappings"]);
                if has(&["direction"]) && (flows || has(&["linkType"])) {
                    self.rule(object, side, connector);
                    return;
                }
                if has(&["immutableTag"]) && has(&["name"]) && !flows {
                    let name = text(object, &["name"]);
                    self.export.note(
                        Some(&name),
                        format!("the standard rule \"{}\"", text(object, &["immutableTag"])),
                        "the configuration export only names it; `lockstep rules show --set active-directory` has it",
                    );
                    return;
                }
                let own = text(object, &["fullyQualifiedDomainName", "friendlyName"]);
                let connector = if own.is_empty() { connector } else { own.as_str() };
                for (key, inner) in object {
                    let side = match key.to_ascii_lowercase().as_str() {
                        "azuredirectorypolicy" => Side::Cloud,
                        "onpremisesdirectorypolicy" => Side::Premises,
                        _ => side,
                    };
                    self.find(inner, side, connector);
                }
            }
            _ => {}
        }
    }

    /// A word, also where it is written as its number.
    fn word(&mut self, object: &Object, names: &[&str], words: &[&str]) -> String {
        match field(object, names) {
            Some(Value::Number(number)) => {
                self.numbers = true;
                let at = number.as_u64().and_then(|number| usize::try_from(number).ok());
                at.and_then(|at| words.get(at)).map_or_else(|| number.to_string(), |word| (*word).to_owned())
            }
            _ => text(object, names),
        }
    }

    fn rule(&mut self, object: &Object, side: Side, connector: &str) {
        if self.export.rules.len() >= crate::sync_rules::MAX_RULES {
            let most = crate::sync_rules::MAX_RULES;
            self.export.note(
                None,
                format!("rules beyond {most}"),
                "a rule set has no more; split the export",
            );
            return;
        }
        let own = text(object, &["connector"]);
        let mut rule = ForeignRule {
            name: text(object, &["name"]),
            identifier: text(object, &["identifier", "uniqueIdentifier"]),
            description: text(object, &["description"]),
            tag: text(object, &["immutableTag"]),
            direction: self.word(object, &["direction"], DIRECTIONS),
            connector: if own.is_empty() { connector.to_owned() } else { own },
            side,
            source_type: text(object, &["sourceObjectType", "source"]),
            target_type: text(object, &["targetObjectType", "target"]),
            link: text(object, &["linkType"]),
            precedence: text(object, &["precedence"]).trim().parse().ok(),
            relative: false,
            disabled: flag(object, &["disabled", "isDisabled"]),
            password_sync: flag(object, &["enablePasswordSync"]),
            soft_delete: !matches!(
                text(object, &["softDeleteExpiryInterval"]).as_str(),
                "" | "0" | "00:00:00"
            ),
            ..ForeignRule::default()
        };
        let name = rule.shown();
        let scope = field(object, &["scopeFilter", "scopeFilters", "scopeConditions"]);
        rule.scope = self.groups(&name, scope, &["scopeConditionList", "conditions"], |reader, inner| {
            ForeignCondition {
                attribute: text(inner, &["attribute", "attributeName"]),
                operator: reader.word(inner, &["comparisonOperator", "condition", "operator"], OPERATORS),
                value: text(inner, &["comparisonValue", "value"]),
            }
        });
        let joins = field(object, &["joinFilter", "joinFilters", "joinConditions"]);
        rule.joins =
            self.groups(&name, joins, &["joinConditionList", "conditions"], |_, inner| ForeignJoin {
                source: text(inner, &["csAttribute", "sourceAttribute", "source"]),
                metaverse: text(inner, &["mvAttribute", "targetAttribute", "target", "destination"]),
                case_sensitive: flag(inner, &["caseSensitive"]),
            });
        let flows = field(object, &["attributeFlowMappings", "attributeMappings"]);
        for item in list(flows).into_iter().take(super::MAX_PARTS + 1) {
            let Value::Object(inner) = item else {
                self.cut(&name, item);
                continue;
            };
            let sources = list(field(inner, &["source", "sources"]));
            let flow = ForeignFlow {
                sources: sources.into_iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                destination: text(inner, &["destination", "target"]),
                kind: self.word(inner, &["flowType", "mappingType"], FLOWS),
                expression: text(inner, &["expression"]),
                merge: self.word(inner, &["valueMergeType", "mergeType"], MERGES),
                once: flag(inner, &["executeOnce", "applyOnce"]),
            };
            rule.flows.push(flow);
        }
        self.export.rules.push(rule);
    }

    /// Groups of conditions: a list of lists, a list of objects with a list each, or the conditions of one group.
    fn groups<T>(
        &mut self,
        rule: &str,
        value: Option<&Value>,
        names: &[&str],
        read: impl Fn(&mut Self, &Object) -> T,
    ) -> Vec<Vec<T>> {
        let mut groups = Vec::new();
        let mut alone = Vec::new();
        for item in list(value).into_iter().take(super::MAX_PARTS + 1) {
            let inner = match item {
                Value::Array(items) => items.iter().collect(),
                Value::Object(object) => match field(object, names) {
                    Some(inner) => list(Some(inner)),
                    None => {
                        alone.push(read(self, object));
                        continue;
                    }
                },
                other => vec![other],
            };
            let mut group = Vec::new();
            for condition in inner.into_iter().take(super::MAX_PARTS + 1) {
                match condition {
                    Value::Object(object) => group.push(read(self, object)),
                    other => {
                        self.cut(rule, other);
                        // What is not known is read as a condition without an attribute, which nothing carries.
                        group.push(read(self, &Object::new()));
                    }
                }
            }
            groups.push(group);
        }
        if alone.len() > 1 {
            self.export.note(
                Some(rule),
                "conditions that stand beside each other without a group",
                "they are read as one group, all of which must hold; compare with the rule",
            );
        }
        if !alone.is_empty() {
            groups.push(alone);
        }
        groups
    }

    fn cut(&mut self, rule: &str, value: &Value) {
        let what = match value {
            Value::String(text) if text.contains('.') => {
                "a part of the rule that the export names but does not write"
            }
            _ => "a part of the rule in a form that is not known",
        };
        self.export.note(
            Some(rule),
            what,
            "ConvertTo-Json leaves out what is deep; export again with -Depth 8",
        );
    }
}
