//! Claims: which object entries of further sources belong to, by what they ask for and what objects offer.
//!
//! An entry asks by the groups of its join clauses, in their order: the first group that exactly one object fulfils
//! names it. Where none does and one is fulfilled by several, or where another entry of the same source asks for the
//! same object, it belongs to none, and that is an error which names who it is about.

use crate::StateError;
use crate::codec::{self, Composite, Doubt, DoubtCause};
use crate::decide::Decider;
use crate::settle::distinct;
use crate::state::{Held, StateStore};
use lockstep_engine::rules::sync_rules::{JoinGroup, JoinValues, Joins};
use lockstep_engine::{CsId, KeyHash};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Objects of one name that are looked at; an entry that asks for more is in doubt.
const CANDIDATES: usize = 100;
/// Entries that ask by one name and are looked at; where there are more, all of them are in doubt.
const RIVALS: usize = 1_000;
/// What stands for those who are not looked at.
const MORE: &str = "and others, too many to be looked at";
/// Candidates and rivals that are told.
const TOLD: usize = 10;

/// Where an entry belongs. `rivals`: the names by which others ask for the same object.
pub(crate) enum Claim {
    /// It is nobody's.
    None,
    /// To this object.
    Object { root: CsId, rivals: Vec<KeyHash> },
    /// That cannot be told.
    Doubt { doubt: Doubt, rivals: Vec<KeyHash> },
}

/// Works out claims.
pub(crate) struct Claims<'a> {
    pub(crate) state: &'a Arc<dyn StateStore>,
    pub(crate) decider: &'a Decider,
}

/// What one entry asks for, not yet held against others of its source.
enum Wish {
    None,
    One(CsId),
    Several { by: String, who: Vec<String>, all: Vec<CsId> },
}

/// An object that may be asked for.
struct Candidate {
    id: CsId,
    dn: String,
    source: usize,
    composite: Composite,
}

impl Claims<'_> {
    /// Where these entries belong, in their order.
    pub(crate) async fn of(&self, page: &[Held]) -> Result<Vec<Claim>, StateError> {
        let (mut objects, wishes) = self.wishes(page).await?;
        let mut claimed: BTreeMap<(usize, CsId), Vec<(CsId, String)>> = BTreeMap::new();
        let mut known: BTreeSet<CsId> = BTreeSet::new();
        for (held, wish) in page.iter().zip(&wishes) {
            known.insert(held.id);
            if let Wish::One(root) = wish {
                let source = self.decider.source_of(&held.anchor);
                claimed.entry((source, *root)).or_default().push((held.id, name_of(held)));
            }
        }
        let (rivals, crowded) = self.rivals(&claimed, &known, &objects).await?;
        let (more, their) = self.wishes(&rivals).await?;
        for (held, wish) in rivals.iter().zip(&their) {
            if let Wish::One(root) = wish {
                let source = self.decider.source_of(&held.anchor);
                if let Some(list) = claimed.get_mut(&(source, *root)) {
                    list.push((held.id, name_of(held)));
                }
            }
        }
        objects.extend(more);
        let names = |source: usize, root: CsId| self.names_of(&objects, source, root);
        let claims = page.iter().zip(wishes).map(|(held, wish)| {
            let source = self.decider.source_of(&held.anchor);
            match wish {
                Wish::None => Claim::None,
                Wish::Several { by, who, all } => Claim::Doubt {
                    doubt: Doubt { cause: DoubtCause::Several, by, who },
                    rivals: distinct(all.into_iter().flat_map(|root| names(source, root))),
                },
                Wish::One(root) => {
                    let claimants = claimed.get(&(source, root)).map_or(&[][..], Vec::as_slice);
                    let rivals = names(source, root);
                    let is_crowded = crowded.contains(&(source, root));
                    if claimants.len() <= 1 && !is_crowded {
                        return Claim::Object { root, rivals };
                    }
                    let mut who: Vec<String> = claimants.iter().map(|(_, name)| name.clone()).collect();
                    if is_crowded {
                        // Whom it would name hangs on who was looked at together.
                        who = vec![MORE.to_owned()];
                    }
                    who.sort_unstable();
                    who.truncate(TOLD);
                    let object = objects.get(&root).map_or_else(String::new, |object| object.dn.clone());
                    who.insert(0, object);
                    let by = self.asked_by(held);
                    Claim::Doubt { doubt: Doubt { cause: DoubtCause::Contested, by, who }, rivals }
                }
            }
        });
        Ok(claims.collect())
    }

    /// What each of these asks for, and the objects that were looked at.
    async fn wishes(&self, page: &[Held]) -> Result<(BTreeMap<CsId, Candidate>, Vec<Wish>), StateError> {
        let asked: Vec<Option<Joins>> = page.iter().map(|held| self.joins_of(held)).collect();
        let hash = |joins: &Joins| {
            let names = joins.names().map(|name| self.decider.hasher().join(name.as_str()));
            distinct(names)
        };
        let hashes: Vec<Vec<KeyHash>> =
            asked.iter().map(|joins| joins.as_ref().map(hash).unwrap_or_default()).collect();
        let all = distinct(hashes.iter().flatten().copied());
        let bearers = self.state.bearers(all.clone(), CANDIDATES + 1).await?;
        let bearers: BTreeMap<KeyHash, Vec<CsId>> = all.into_iter().zip(bearers).collect();
        let crowded = |name: &KeyHash| bearers.get(name).is_some_and(|ids| ids.len() > CANDIDATES);
        let ids: BTreeSet<CsId> = bearers.values().flatten().copied().collect();
        let objects = self.candidates(ids.into_iter().collect()).await?;
        let wishes = page.iter().zip(asked).zip(hashes).map(|((held, joins), hashes)| {
            let Some(joins) = joins else { return Wish::None };
            let source = self.decider.source_of(&held.anchor);
            let ids: BTreeSet<CsId> =
                hashes.iter().filter_map(|hash| bearers.get(hash)).flatten().copied().collect();
            let found: Vec<(&Candidate, JoinValues)> = ids
                .iter()
                .filter_map(|id| objects.get(id))
                .filter(|object| object.source < source)
                .filter_map(|object| Some((object, self.decider.join_values(&object.composite, source)?)))
                .collect();
            let is_crowded = |group: &JoinGroup| {
                let mut names = group.names().into_iter();
                names.any(|name| crowded(&self.decider.hasher().join(name.as_str())))
            };
            wish(&joins, &found, is_crowded)
        });
        let wishes = wishes.collect();
        Ok((objects, wishes))
    }

    /// Objects of these numbers: what is joined to another itself is none.
    async fn candidates(&self, ids: Vec<CsId>) -> Result<BTreeMap<CsId, Candidate>, StateError> {
        let roots = self.state.roots(ids.clone()).await?;
        let free: Vec<CsId> =
            ids.into_iter().zip(roots).filter(|(_, root)| root.is_none()).map(|(id, _)| id).collect();
        let held = self.state.entries(free).await?;
        let candidates = held.into_iter().filter(|held| held.gone.is_none()).filter_map(|held| {
            let dn = name_of(&held);
            let source = self.decider.source_of(&held.anchor);
            let composite = codec::decode_whole(held.anchor, &held.raw)?;
            Some((held.id, Candidate { id: held.id, dn, source, composite }))
        });
        Ok(candidates.collect())
    }

    /// Other entries of the same sources that may ask for the same objects, and the objects that too many ask for.
    async fn rivals(
        &self,
        claimed: &BTreeMap<(usize, CsId), Vec<(CsId, String)>>,
        known: &BTreeSet<CsId>,
        objects: &BTreeMap<CsId, Candidate>,
    ) -> Result<(Vec<Held>, BTreeSet<(usize, CsId)>), StateError> {
        let names: Vec<((usize, CsId), KeyHash)> = claimed
            .keys()
            .flat_map(|claim| self.names_of(objects, claim.0, claim.1).into_iter().map(|name| (*claim, name)))
            .collect();
        let referrers =
            self.state.referrers(names.iter().map(|(_, name)| *name).collect(), RIVALS + 1).await?;
        let mut crowded = BTreeSet::new();
        let mut ids: BTreeSet<CsId> = BTreeSet::new();
        for ((claim, _), referrers) in names.into_iter().zip(referrers) {
            if referrers.len() > RIVALS {
                crowded.insert(claim);
            } else {
                ids.extend(referrers.into_iter().filter(|id| !known.contains(id)));
            }
        }
        let mut held = self.state.entries(ids.into_iter().collect()).await?;
        held.retain(|held| held.gone.is_none());
        Ok((held, crowded))
    }

    /// The names by which entries of a source ask for an object.
    fn names_of(&self, objects: &BTreeMap<CsId, Candidate>, source: usize, root: CsId) -> Vec<KeyHash> {
        let values =
            objects.get(&root).and_then(|object| self.decider.join_values(&object.composite, source));
        let names = values.iter().flat_map(JoinValues::names);
        names.map(|name| self.decider.hasher().join(name.as_str())).collect()
    }

    fn joins_of(&self, held: &Held) -> Option<Joins> {
        self.decider.joins_of(&codec::decode(held.anchor.clone(), &held.raw)?)
    }

    fn asked_by(&self, held: &Held) -> String {
        self.joins_of(held).map(|joins| attributes(&joins)).unwrap_or_default()
    }
}

/// Which object fulfils what is asked for. A group that too many fulfil is fulfilled by several.
fn wish(joins: &Joins, found: &[(&Candidate, JoinValues)], is_crowded: impl Fn(&JoinGroup) -> bool) -> Wish {
    let mut several = None;
    for group in &joins.groups {
        let hits: Vec<&Candidate> = found
            .iter()
            .filter(|(_, values)| values.fulfil(joins, group))
            .map(|(object, _)| *object)
            .collect();
        let crowded = is_crowded(group);
        match hits.as_slice() {
            [only] if !crowded => return Wish::One(only.id),
            [] if !crowded => {}
            many => {
                several.get_or_insert_with(|| {
                    let mut who: Vec<String> = many.iter().map(|object| object.dn.clone()).collect();
                    who.sort_unstable();
                    who.truncate(TOLD);
                    if crowded {
                        who = vec![MORE.to_owned()];
                    }
                    let by =
                        group.terms.iter().map(|term| term.attribute.clone()).collect::<Vec<_>>().join(", ");
                    Wish::Several { by, who, all: many.iter().map(|object| object.id).collect() }
                });
            }
        }
    }
    several.unwrap_or(Wish::None)
}

fn attributes(joins: &Joins) -> String {
    let names: BTreeSet<&str> =
        joins.groups.iter().flat_map(|group| &group.terms).map(|term| term.attribute.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

fn name_of(held: &Held) -> String {
    codec::dn_of(&held.raw).map_or_else(|| held.anchor.to_string(), str::to_owned)
}
