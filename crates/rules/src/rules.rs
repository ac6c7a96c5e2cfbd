//! What decides: the built-in mapping or a rule set, behind one face. The sync client knows no other.

use crate::expr::ExpressionError;
use crate::sync_rules::{
    Contributor, Evaluated, JoinValues, Joins, Made, MadeObject, OPENLDAP, OPENLDAP_FILE, Problems, RuleSet,
    Schemas, Subject, Tried,
};
use crate::{Mapped, MappedObject, Mapping, MappingSettings, Reference};
use jiff::Timestamp;
use lockstep_model::rules::{ExpressionResult, ExpressionSide};
use lockstep_model::{Entry, ObjectKind, Property, SourceAnchor, SyncError, dn};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What the rules of a client are made from: all that is needed to make the same ones again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RulesDocument {
    /// The built-in mapping.
    BuiltIn(MappingSettings),
    /// A rule set.
    Set {
        /// The name of its file, for people.
        file: String,
        /// The TOML.
        text: String,
        /// The further sources by name, in their order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sources: Vec<String>,
    },
}

impl Default for RulesDocument {
    fn default() -> Self {
        Self::BuiltIn(MappingSettings::default())
    }
}

/// What a rule can ask beside the entry itself.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The entries of further sources that are joined to it, in the order of the sources.
    pub others: &'a [Contributor<'a>],
    /// The number of the entry's source; that of the first is 0.
    pub source: usize,
    /// The groups that the entry is a direct member of, as normalized DNs; only those of [`Rules::groups_asked`]
    /// need to be there.
    pub member_of: &'a [String],
    /// Whether the cloud does not have the object yet.
    pub is_new: bool,
    /// The present moment.
    pub now: Timestamp,
}

/// What an entry is, and whom it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refers {
    /// What it is.
    pub kind: ObjectKind,
    /// Whom it refers to.
    pub references: Vec<Reference>,
    /// Whether the rules could say so; else it is a guess, and what it was before counts.
    pub certain: bool,
}

/// The rules of a sync client, ready to be used.
#[derive(Clone, Debug)]
pub struct Rules {
    document: RulesDocument,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    BuiltIn(Box<Mapping>),
    Set(Box<RuleSet>),
}

impl Rules {
    /// Makes them.
    ///
    /// # Errors
    /// What is wrong with a rule set.
    pub fn new(document: RulesDocument) -> Result<Self, Problems> {
        let kind = match &document {
            RulesDocument::BuiltIn(settings) => Kind::BuiltIn(Box::new(Mapping::new(settings))),
            RulesDocument::Set { file, text, sources } => {
                let set = RuleSet::parse(file, text, &Schemas::ldap())?;
                Kind::Set(Box::new(set.with_sources(sources)?))
            }
        };
        Ok(Self { document, kind })
    }

    /// The built-in mapping with these settings.
    pub fn built_in(settings: MappingSettings) -> Self {
        let mapping = Mapping::new(&settings);
        Self { document: RulesDocument::BuiltIn(settings), kind: Kind::BuiltIn(Box::new(mapping)) }
    }

    /// What they are made from.
    pub const fn document(&self) -> &RulesDocument {
        &self.document
    }

    /// The rule set, where they are one.
    pub fn set(&self) -> Option<&RuleSet> {
        match &self.kind {
            Kind::BuiltIn(_) => None,
            Kind::Set(set) => Some(set),
        }
    }

    /// For people: `the built-in mapping`, `rules.toml`.
    pub fn describe(&self) -> &str {
        match &self.document {
            RulesDocument::BuiltIn(_) => "the built-in mapping",
            RulesDocument::Set { file, .. } => file,
        }
    }

    /// The further sources by name, in their order; the first has the number 1.
    pub fn sources(&self) -> &[String] {
        match &self.kind {
            Kind::BuiltIn(_) => &[],
            Kind::Set(set) => set.sources(),
        }
    }

    /// The number of the source that an anchor is of: those of further sources begin with its name and a colon.
    pub fn source_of(&self, anchor: &SourceAnchor) -> usize {
        let sources = self.sources();
        if sources.is_empty() {
            return 0;
        }
        let name = anchor.as_str().split_once(':').map_or("", |(name, _)| name);
        sources.iter().position(|held| held == name).map_or(0, |at| at + 1)
    }

    /// By what an entry of a further source is joined; none where no rule with join clauses takes it.
    ///
    /// # Errors
    /// Two rules with join clauses take it.
    pub fn joins(
        &self,
        entry: &Entry,
        circumstances: Circumstances<'_>,
    ) -> Result<Option<Joins>, Box<SyncError>> {
        match &self.kind {
            Kind::BuiltIn(_) => Ok(None),
            Kind::Set(set) => set.joins(&subject(entry, circumstances)),
        }
    }

    /// What entries of the source of this number can be joined to the object of an entry by; none where it makes no
    /// object of the metaverse, or that source joins nothing.
    pub fn join_values(
        &self,
        entry: &Entry,
        circumstances: Circumstances<'_>,
        source: usize,
    ) -> Option<JoinValues> {
        match &self.kind {
            Kind::BuiltIn(_) => None,
            Kind::Set(set) => set.join_values(&subject(entry, circumstances), source),
        }
    }

    /// The attributes that a source must read for them, in lower case and in order. Neither passwords nor
    /// photographs are ever among them. The source adds what it needs itself (`entryUUID`).
    pub fn attributes(&self) -> Vec<String> {
        match &self.kind {
            Kind::BuiltIn(mapping) => mapping.attributes(),
            Kind::Set(set) => {
                let mut names = set.attributes();
                // Others may name the entry by it.
                names.push("uid".into());
                names.sort_unstable();
                names.dedup();
                names
            }
        }
    }

    /// The groups whose direct members a scope asks for, as normalized DNs, in order.
    pub fn groups_asked(&self) -> Vec<String> {
        match &self.kind {
            Kind::BuiltIn(_) => Vec::new(),
            Kind::Set(set) => set.groups_asked(),
        }
    }

    /// Whether a flow is executed once only, so that a new object may get other values than one that is there.
    pub fn asks_whether_new(&self) -> bool {
        match &self.kind {
            Kind::BuiltIn(_) => false,
            Kind::Set(set) => set.rules().iter().flat_map(|rule| &rule.flows).any(|flow| flow.execute_once),
        }
    }

    /// The names under which other entries may refer to this one: its DN, and for a person its `uid`.
    pub fn keys(&self, entry: &Entry) -> Vec<Reference> {
        match &self.kind {
            Kind::BuiltIn(mapping) => mapping.keys(entry),
            Kind::Set(set) => {
                let mut keys: Vec<Reference> =
                    dn::normalize(&entry.dn).map(Reference::Dn).into_iter().collect();
                if set.takes_as_person(entry) {
                    keys.extend(entry.attributes.texts("uid").map(|uid| Reference::Uid(uid.to_lowercase())));
                }
                keys
            }
        }
    }

    /// Attributes, in lower case, whose values are references each by itself, and nothing else is made of them: an entry
    /// that has some of the values is, but for its references, what it is with all of them. Of a rule set none is known
    /// to be so.
    pub fn link_attributes(&self) -> &[&str] {
        match &self.kind {
            Kind::BuiltIn(_) => Mapping::LINKS,
            Kind::Set(_) => &[],
        }
    }

    /// What an entry is, and whom it refers to: the members of a group, the manager of anyone else; none where it is
    /// out of scope. The same as [`Self::map`] says.
    pub fn references(&self, entry: &Entry, circumstances: Circumstances<'_>) -> Option<Refers> {
        let set = match &self.kind {
            Kind::BuiltIn(mapping) => {
                let (kind, references) = mapping.references(entry)?;
                return Some(Refers { kind, references, certain: true });
            }
            Kind::Set(set) => set,
        };
        match set.make_names(&subject(entry, circumstances)) {
            Made::Object(made) => {
                let MappedObject { kind, members, manager, .. } = made.object;
                let references = match kind {
                    ObjectKind::Group => members,
                    ObjectKind::User | ObjectKind::Contact | ObjectKind::Device => {
                        manager.into_iter().collect()
                    }
                };
                Some(Refers { kind, references, certain: true })
            }
            Made::OutOfScope { .. } => None,
            Made::Failed { kind, .. } => {
                let kind = kind.unwrap_or_else(|| guess(set, entry));
                Some(Refers { kind, references: Vec::new(), certain: false })
            }
        }
    }

    /// What an entry becomes.
    pub fn map(&self, entry: &Entry, circumstances: Circumstances<'_>) -> Mapped {
        let set = match &self.kind {
            Kind::BuiltIn(mapping) => return mapping.map(entry),
            Kind::Set(set) => set,
        };
        match set.make(&subject(entry, circumstances)) {
            Made::Object(made) => {
                let MadeObject { mut object, untouched } = *made;
                object.keep(&untouched);
                Mapped::Object(Box::new(object))
            }
            Made::OutOfScope { reason } => Mapped::OutOfScope { reason: Cow::Owned(reason) },
            Made::Failed { kind, errors } => {
                let kind = kind.unwrap_or_else(|| guess(set, entry));
                Mapped::Failed { kind, errors }
            }
        }
    }

    /// The rules behind each property of an entry that becomes an object, for people. The built-in mapping names
    /// every flow it has, a rule set those that gave a value.
    pub fn trace(&self, entry: &Entry, circumstances: Circumstances<'_>) -> Trace<'_> {
        self.trace_of(entry, circumstances, |_| true)
    }

    /// As [`Rules::trace`], of those properties that are wanted.
    pub fn trace_of(
        &self,
        entry: &Entry,
        circumstances: Circumstances<'_>,
        wanted: impl Fn(Property) -> bool,
    ) -> Trace<'_> {
        match &self.kind {
            Kind::BuiltIn(mapping) => Trace(match mapping.references(entry) {
                Some((kind, _)) => Property::ALL
                    .iter()
                    .filter(|property| wanted(**property))
                    .map(|property| (*property, Cow::Borrowed(mapping.flow_of(kind, *property))))
                    .filter(|(_, flow)| !flow.is_empty())
                    .collect(),
                None => BTreeMap::new(),
            }),
            Kind::Set(set) => Trace(match set.evaluate(&subject(entry, circumstances)) {
                Evaluated::Object(evaluation) => {
                    set.trace_of(&evaluation, wanted).into_iter().map(owned).collect()
                }
                Evaluated::OutOfScope { .. } | Evaluated::Failed { .. } => BTreeMap::new(),
            }),
        }
    }

    /// The rule set by whose names an expression is read; for the built-in mapping the one that comes with Lockstep.
    fn names(&self) -> Result<Cow<'_, RuleSet>, Problems> {
        match &self.kind {
            Kind::BuiltIn(_) => RuleSet::parse(OPENLDAP_FILE, OPENLDAP, &Schemas::ldap()).map(Cow::Owned),
            Kind::Set(set) => Ok(Cow::Borrowed(set)),
        }
    }

    /// The attributes that a text reads as an expression, in order.
    ///
    /// # Errors
    /// It is none.
    pub fn expression_reads(&self, text: &str, side: ExpressionSide) -> Result<Vec<String>, ExpressionError> {
        self.names().map_or_else(|_| Ok(Vec::new()), |set| set.expression_reads(text, side))
    }

    /// Works out an expression for an entry.
    pub fn try_expression(
        &self,
        text: &str,
        side: ExpressionSide,
        entry: &Entry,
        circumstances: Circumstances<'_>,
    ) -> Tried {
        match self.names() {
            Ok(set) => set.try_expression(text, side, &subject(entry, circumstances)),
            Err(problems) => Tried {
                gives: None,
                reads: Vec::new(),
                result: ExpressionResult::NoMetaverse { reason: problems.to_string() },
            },
        }
    }

    /// The properties of a kind that the rules write at all.
    pub fn properties(&self, kind: ObjectKind) -> Vec<Property> {
        match &self.kind {
            Kind::BuiltIn(mapping) => Property::ALL
                .iter()
                .copied()
                .filter(|property| !mapping.flow_of(kind, *property).is_empty())
                .collect(),
            Kind::Set(set) => set.properties(kind),
        }
    }
}

/// The rules behind the properties of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace<'r>(BTreeMap<Property, Cow<'r, str>>);

impl Trace<'_> {
    /// The rule behind a property; empty where there is none.
    pub fn of(&self, property: Property) -> &str {
        self.0.get(&property).map_or("", |rule| rule.as_ref())
    }

    /// Every property with a rule, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Property, &str)> {
        self.0.iter().map(|(property, rule)| (*property, rule.as_ref()))
    }
}

/// What an entry most likely is, where its rules went wrong before they could say.
fn guess(set: &RuleSet, entry: &Entry) -> ObjectKind {
    if set.takes_as_person(entry) { ObjectKind::User } else { ObjectKind::Group }
}

fn owned((property, rule): (Property, String)) -> (Property, Cow<'static, str>) {
    (property, Cow::Owned(rule))
}

fn subject<'a>(entry: &'a Entry, circumstances: Circumstances<'a>) -> Subject<'a> {
    Subject {
        entry,
        source: circumstances.source,
        others: circumstances.others,
        member_of: circumstances.member_of,
        is_new: circumstances.is_new,
        now: circumstances.now,
        seed: seed(entry.anchor.as_str()),
    }
}

/// What takes the place of chance: one number an object, always the same, so that looking at an object twice does
/// not change it.
fn seed(anchor: &str) -> u128 {
    // FNV-1a with 128 bits.
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    anchor.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}
