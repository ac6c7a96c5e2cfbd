//! Values that several objects have: found by their hashes, decided by the values themselves.

use crate::table::Field;
use crate::{PrecheckSettings, duplicate, skip, unique_values};
use lockstep_model::Attributes;
use lockstep_model::precheck::{Change, Finding};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Values that are held until it is known who else has them; further ones are counted only.
pub const MAX_HELD: usize = 100_000;
/// Other entries that a finding names.
const OTHERS: usize = 5;

/// A value by which a field's values are looked for. Two different values may share it: it is never the last word.
pub(crate) fn hash(field: Field, canonical: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (field, canonical).hash(&mut hasher);
    hasher.finish()
}

/// The first read: eight bytes a value.
#[derive(Debug, Default)]
pub struct Values {
    hashes: Vec<u64>,
}

impl Values {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an entry.
    pub fn entry(&mut self, settings: &PrecheckSettings, dn: &str, attributes: &Attributes) {
        let Some(class) = settings.class(attributes) else { return };
        if skip::reason(dn, attributes, class).is_none() {
            let values = unique_values(settings, class, attributes);
            self.hashes.extend(values.iter().map(|(field, text)| hash(*field, text)));
        }
    }

    /// What was seen.
    pub fn finish(mut self) -> Seen {
        self.hashes.sort_unstable();
        let twice = |pair: &[u64]| match pair {
            [one, next] if one == next => Some(*one),
            _ => None,
        };
        let mut shared: Vec<u64> = self.hashes.windows(2).filter_map(twice).collect();
        shared.dedup();
        self.hashes.dedup();
        Seen { all: self.hashes, shared }
    }
}

/// What the first read saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// In order.
    all: Vec<u64>,
    /// Those of more than one object, in order.
    shared: Vec<u64>,
}

impl Seen {
    /// Whether an object has the value, most likely.
    pub(crate) fn has(&self, field: Field, canonical: &str) -> bool {
        self.all.binary_search(&hash(field, canonical)).is_ok()
    }

    /// Whether several objects have it, most likely.
    pub(crate) fn is_shared(&self, field: Field, canonical: &str) -> bool {
        self.shared.binary_search(&hash(field, canonical)).is_ok()
    }
}

/// A value that others may have.
#[derive(Debug)]
struct Held {
    finding: Finding,
    keys: Vec<(Field, String)>,
    /// Whether its entry receives mail.
    has_mail: bool,
    /// Whether it is a further address, not the primary one.
    secondary: bool,
}

/// Values that others may have.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    held: Vec<Held>,
}

impl Duplicates {
    /// Keeps a value for the end; false where there are too many.
    pub(crate) fn hold(
        &mut self,
        finding: Finding,
        keys: Vec<(Field, String)>,
        has_mail: bool,
        secondary: bool,
    ) -> bool {
        let room = self.held.len() < MAX_HELD;
        if room {
            self.held.push(Held { finding, keys, has_mail, secondary });
        }
        room
    }

    /// The findings: those of values that several objects have, sorted by value and name; and those that only looked so
    /// and have another problem.
    pub(crate) fn resolve(self) -> Vec<Finding> {
        let mut groups: BTreeMap<&(Field, String), Vec<usize>> = BTreeMap::new();
        for (at, held) in self.held.iter().enumerate() {
            for key in &held.keys {
                groups.entry(key).or_default().push(at);
            }
        }
        // By row: the fields it is a duplicate in, who else has it, and whether it may go or stays.
        let mut told: Vec<Told> = self.held.iter().map(|_| Told::default()).collect();
        let mut order: Vec<usize> = Vec::new();
        for ((field, _), rows) in &groups {
            let row = |at: &usize| self.held.get(*at);
            let names: BTreeSet<&str> =
                rows.iter().filter_map(row).map(|it| it.finding.dn.as_str()).collect();
            if names.len() < 2 {
                continue;
            }
            let keepers = rows.iter().filter_map(row).filter(|it| it.has_mail).count();
            let is_address = matches!(field, Field::ProxyAddresses | Field::Mail | Field::TargetAddress);
            for at in rows {
                let (Some(held), Some(told)) = (self.held.get(*at), told.get_mut(*at)) else { continue };
                if told.fields.is_empty() {
                    order.push(*at);
                }
                told.fields.push(*field);
                let others = names.iter().filter(|name| **name != held.finding.dn).take(OTHERS);
                told.others.extend(others.map(|name| (*name).to_owned()));
                told.keep |= is_address && keepers == 1 && held.has_mail;
                told.remove |= is_address && keepers > 0 && !held.has_mail && held.secondary;
            }
        }
        let only_looked_so =
            (0..self.held.len()).filter(|at| told.get(*at).is_some_and(|told| told.fields.is_empty()));
        let order: Vec<usize> = only_looked_so.chain(order.iter().copied()).collect();
        let mut findings: Vec<Option<(Finding, Told)>> =
            self.held.into_iter().zip(told).map(|(held, told)| Some((held.finding, told))).collect();
        order
            .into_iter()
            .filter_map(|at| findings.get_mut(at).and_then(Option::take))
            .map(|(finding, told)| told.of(finding))
            .filter(|finding| !finding.problems.is_empty())
            .collect()
    }
}

/// What the others have to do with a value.
#[derive(Debug, Default)]
struct Told {
    fields: Vec<Field>,
    others: BTreeSet<String>,
    keep: bool,
    remove: bool,
}

impl Told {
    fn of(self, mut finding: Finding) -> Finding {
        if self.fields.is_empty() {
            return finding;
        }
        finding.problems.extend(self.fields.iter().filter_map(|field| duplicate(*field)));
        finding.others = self.others.into_iter().take(OTHERS).collect();
        // Who keeps it comes before what it should look like.
        finding.safe = false;
        (finding.change, finding.note) = if self.remove {
            let note = "the entry receives no mail; the one that does keeps the address";
            (Change::Remove, Some(note.to_owned()))
        } else if self.keep {
            (Change::Keep, Some("it receives mail; the others do not".to_owned()))
        } else {
            (Change::None, Some("decide who keeps it, and take it from the others".to_owned()))
        };
        finding
    }
}
