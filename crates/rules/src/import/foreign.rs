//! A synchronization rule as an export of Entra Connect has it, whichever form the export is in. Nothing here is judged.

/// Rules of an export, with what the reader of its form has to say.
#[derive(Debug, Default)]
pub(super) struct Export {
    pub(super) rules: Vec<ForeignRule>,
    /// What was not understood: the rule where one is meant, what, and why or what to do.
    pub(super) notes: Vec<(Option<String>, String, String)>,
}

impl Export {
    pub(super) fn note(&mut self, rule: Option<&str>, what: impl Into<String>, why: impl Into<String>) {
        if self.notes.len() < super::MAX_REMARKS {
            self.notes.push((rule.map(str::to_owned), what.into(), why.into()));
        }
    }
}

/// Where the connected system of a rule is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Side {
    /// The export does not say.
    #[default]
    Unknown,
    /// A directory on the premises.
    Premises,
    /// The cloud.
    Cloud,
}

/// A rule, its words as they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct ForeignRule {
    pub(super) name: String,
    pub(super) identifier: String,
    pub(super) description: String,
    pub(super) tag: String,
    pub(super) direction: String,
    pub(super) connector: String,
    pub(super) side: Side,
    pub(super) source_type: String,
    pub(super) target_type: String,
    pub(super) link: String,
    pub(super) precedence: Option<i64>,
    /// Whether it names a neighbour in the order instead of a number, or beside it.
    pub(super) relative: bool,
    pub(super) disabled: bool,
    pub(super) password_sync: bool,
    pub(super) soft_delete: bool,
    pub(super) scope: Vec<Vec<ForeignCondition>>,
    pub(super) joins: Vec<Vec<ForeignJoin>>,
    pub(super) flows: Vec<ForeignFlow>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ForeignCondition {
    pub(super) attribute: String,
    pub(super) operator: String,
    pub(super) value: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ForeignJoin {
    pub(super) source: String,
    pub(super) metaverse: String,
    pub(super) case_sensitive: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ForeignFlow {
    pub(super) sources: Vec<String>,
    pub(super) destination: String,
    /// Direct, Constant or Expression; empty where the export does not say.
    pub(super) kind: String,
    pub(super) expression: String,
    pub(super) merge: String,
    pub(super) once: bool,
}

impl ForeignRule {
    /// Its name, or what else it is known by.
    pub(super) fn shown(&self) -> String {
        match (self.name.trim(), self.identifier.trim()) {
            ("", "") => "a rule without a name".into(),
            ("", identifier) => format!("Rule {identifier}"),
            (name, _) => name.into(),
        }
    }
}
