//! The comparison itself: pure.
//!
//! A value that differs is no difference if an error of that object accounts for exactly that: the tenant did
//! what it should and says so. An error that should be there and is not is a difference as well.

use super::cloud::{Held, HeldError, HeldObject};
use super::directory::{Wanted, WantedObject, bare};
use super::{Difference, Report, Totals};
use crate::sample::{Defect, Manifest};
use lockstep_model::error::Severity;
use lockstep_model::{ErrorCode, ObjectKind, Property, PropertyValue, SourceAnchor, dn};
use std::collections::{BTreeMap, BTreeSet};

/// Compares, and answers the report without its list of differences, and the differences.
pub(super) fn compare(
    wanted: &Wanted,
    held: &Held,
    manifest: Option<&Manifest>,
) -> (Report, Vec<Difference>) {
    let mut comparison =
        Comparison { held, errors: BTreeMap::new(), differences: Vec::new(), compared: 0, explained: 0 };
    for error in &held.errors {
        if let Some(anchor) = &error.object.anchor {
            comparison.errors.entry(anchor).or_default().push(error);
        }
    }
    for (anchor, object) in &wanted.objects {
        comparison.object(anchor, object);
    }
    for (anchor, object) in &held.objects {
        if !wanted.objects.contains_key(anchor) {
            let name = object.properties.text(Property::DisplayName).unwrap_or(anchor.as_str());
            let detail = format!(
                "the tenant holds this {} ({anchor}), the directory does not ask for it",
                object.kind
            );
            comparison.differ("extra", name, detail);
        }
    }
    let (defects, defects_reported) = comparison.defects(wanted, manifest);
    comparison.causes(wanted, manifest);
    let of_tenant = |kind| held.objects.values().filter(move |o| o.kind == kind);
    let report = Report {
        directory: totals(wanted.objects.values().map(|o| (o.kind, o.manager.is_some(), o.members.len()))),
        tenant: totals(
            of_tenant(ObjectKind::User)
                .chain(of_tenant(ObjectKind::Group))
                .map(|o| (o.kind, o.manager.is_some(), o.members.len())),
        ),
        properties_compared: comparison.compared,
        explained: comparison.explained,
        errors: held.errors.len() as u64,
        defects,
        defects_reported,
        difference_count: 0,
        differences: Vec::new(),
        millis: 0,
    };
    (report, comparison.differences)
}

fn totals(objects: impl Iterator<Item = (ObjectKind, bool, usize)>) -> Totals {
    let mut totals = Totals::default();
    for (kind, manager, members) in objects {
        match kind {
            ObjectKind::User => totals.users += 1,
            ObjectKind::Group => totals.groups += 1,
            // No directory gives them yet: there is nothing to compare.
            ObjectKind::Contact | ObjectKind::Device => {}
        }
        totals.managers += u64::from(manager);
        totals.memberships += members as u64;
    }
    totals
}

struct Comparison<'a> {
    held: &'a Held,
    errors: BTreeMap<&'a SourceAnchor, Vec<&'a HeldError>>,
    differences: Vec<Difference>,
    compared: u64,
    explained: u64,
}

impl<'a> Comparison<'a> {
    fn differ(&mut self, what: &'static str, object: &str, detail: String) {
        self.differences.push(Difference { what, object: object.to_owned(), detail });
    }

    fn errors_of(&self, anchor: &SourceAnchor) -> &[&'a HeldError] {
        self.errors.get(anchor).map_or(&[], Vec::as_slice)
    }

    fn object(&mut self, anchor: &SourceAnchor, wanted: &WantedObject) {
        let Some(held) = self.held.objects.get(anchor) else {
            if self.errors_of(anchor).iter().any(|e| e.severity == Severity::Blocked) {
                self.explained += 1;
            } else {
                let detail = format!("this {} is not in the tenant, and no error says why", wanted.kind);
                self.differ("missing", &wanted.dn, detail);
            }
            return;
        };
        if held.kind != wanted.kind {
            self.differ("kind", &wanted.dn, format!("the tenant has a {}, not a {}", held.kind, wanted.kind));
            return;
        }
        for property in Property::ALL {
            self.property(anchor, wanted, held, *property);
        }
        if held.manager != wanted.manager {
            let name = |a: &Option<SourceAnchor>| a.as_ref().map_or("none".to_owned(), ToString::to_string);
            let detail = format!("is {}, should be {}", name(&held.manager), name(&wanted.manager));
            self.differ("manager", &wanted.dn, detail);
        }
        let missing: Vec<_> = wanted.members.difference(&held.members).collect();
        let extra: Vec<_> = held.members.difference(&wanted.members).collect();
        if let Some(first) = missing.first().or(extra.first()) {
            let detail =
                format!("{} are missing, {} are too many; the first is {first}", missing.len(), extra.len());
            self.differ("members", &wanted.dn, detail);
        }
        if wanted.unresolved > 0
            && !self.errors_of(anchor).iter().any(|e| e.code == ErrorCode::UnresolvedReference)
        {
            let detail = format!(
                "{} references lead nowhere, and UnresolvedReference is not reported",
                wanted.unresolved
            );
            self.differ("errorNotReported", &wanted.dn, detail);
        }
    }

    fn property(
        &mut self,
        anchor: &SourceAnchor,
        wanted: &WantedObject,
        held: &HeldObject,
        property: Property,
    ) {
        let (want, have) = (wanted.properties.get(property), held.properties.get(property));
        // Of what the rules say nothing about, the directory has nothing to compare.
        if (want.is_none() && have.is_none()) || want == Some(&PropertyValue::Kept) {
            return;
        }
        self.compared += 1;
        if want == have {
            return;
        }
        if self.is_explained(anchor, property, want, have) {
            self.explained += 1;
            return;
        }
        self.differ(
            "property",
            &wanted.dn,
            format!("{property} is {}, should be {}", shown(have), shown(want)),
        );
    }

    /// Whether the tenant did what it should with a value that it cannot take, and says so.
    fn is_explained(
        &self,
        anchor: &SourceAnchor,
        property: Property,
        want: Option<&PropertyValue>,
        have: Option<&PropertyValue>,
    ) -> bool {
        let errors = self.errors_of(anchor);
        let names = |error: &HeldError, properties: &[Property]| {
            error.property.as_deref().and_then(Property::from_name).is_some_and(|p| properties.contains(&p))
        };
        match (property, want, have) {
            // A placeholder: for a name that was wanted an error must say why.
            (Property::UserPrincipalName, want, Some(PropertyValue::Text(have))) => {
                let placeholder = have
                    .rsplit_once('@')
                    .is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(&self.held.initial_domain));
                placeholder && (want.is_none() || errors.iter().any(|e| names(e, &[property])))
            }
            // What is left of the addresses was wanted, and each that is missing has its error.
            (Property::ProxyAddresses, Some(PropertyValue::List(want)), have) => {
                let list = |value: &PropertyValue| match value {
                    PropertyValue::List(list) => list.iter().map(|a| bare(a)).collect(),
                    PropertyValue::Flag(_) | PropertyValue::Text(_) | PropertyValue::Kept => BTreeSet::new(),
                };
                let want: BTreeSet<String> = want.iter().map(|a| bare(a)).collect();
                let have: BTreeSet<String> = have.map(list).unwrap_or_default();
                let at_fault: BTreeSet<String> = errors
                    .iter()
                    .filter(|e| {
                        names(e, &[Property::ProxyAddresses, Property::Mail, Property::UserPrincipalName])
                    })
                    .filter_map(|e| e.value.as_deref().map(bare))
                    .collect();
                have.is_subset(&want) && want.difference(&have).all(|missing| at_fault.contains(missing))
            }
            (Property::Mail, Some(_), _) => {
                errors.iter().any(|e| names(e, &[Property::Mail, Property::ProxyAddresses]))
            }
            _ => errors.iter().any(|e| names(e, &[property])),
        }
    }

    /// Known defects that are still in the directory, and how many of them are reported.
    fn defects(&mut self, wanted: &Wanted, manifest: Option<&Manifest>) -> (u64, u64) {
        let (mut present, mut reported) = (0, 0);
        for defect in manifest.map_or(&[][..], |m| &m.defects) {
            let entries: Vec<_> =
                defect.objects.iter().filter_map(|name| wanted.watched.get(&dn::normalize(name)?)).collect();
            if entries.len() < defect.objects.len() || !is_present(defect, &entries) {
                continue;
            }
            present += 1;
            let is_said =
                entries.iter().any(|e| self.errors_of(&e.anchor).iter().any(|e| e.code == defect.code));
            if is_said {
                reported += 1;
            } else {
                let detail = format!("{} is not reported: {}", defect.code, defect.note);
                let object = defect.objects.join(" and ");
                self.differ("errorNotReported", &object, detail);
            }
        }
        (present, reported)
    }

    /// In a sample, errors come from known defects, from references that lead nowhere, and from addresses that
    /// the directory really has twice.
    fn causes(&mut self, wanted: &Wanted, manifest: Option<&Manifest>) {
        if manifest.is_none() {
            return;
        }
        let known: BTreeSet<&SourceAnchor> = wanted.watched.values().map(|w| &w.anchor).collect();
        let held = self.held;
        for error in &held.errors {
            let of_defect = [Some(&error.object), error.other.as_ref()]
                .into_iter()
                .flatten()
                .any(|object| object.anchor.as_ref().is_some_and(|a| known.contains(a)));
            let claims = |value: &String| wanted.addresses.get(&bare(value)).copied().unwrap_or(0);
            let has_cause = match error.code {
                ErrorCode::PropertyConflict => error.value.as_ref().is_some_and(|value| claims(value) > 1),
                ErrorCode::UnresolvedReference => error
                    .object
                    .anchor
                    .as_ref()
                    .and_then(|a| wanted.objects.get(a))
                    .is_some_and(|object| object.unresolved > 0),
                _ => false,
            };
            if !of_defect && !has_cause {
                let object = error.object.dn.as_deref().unwrap_or(&error.object.name);
                self.differ("errorWithoutCause", object, format!("{}: {}", error.code, error.message));
            }
        }
    }
}

/// Whether the directory still has a defect. `entries` are those of all the objects concerned.
fn is_present(defect: &Defect, entries: &[&super::directory::Watched]) -> bool {
    let links = |entry: &super::directory::Watched| {
        let names: Vec<String> = ["member", "uniquemember"]
            .iter()
            .flat_map(|name| entry.attributes.texts(name).filter_map(dn::normalize))
            .collect();
        names
    };
    match defect.code {
        ErrorCode::NoMailAddress => entries.iter().all(|e| !e.attributes.has("mail")),
        ErrorCode::CircularNesting => {
            let ring: BTreeSet<String> =
                defect.objects.iter().filter_map(|name| dn::normalize(name)).collect();
            entries.iter().all(|e| links(e).iter().any(|member| ring.contains(member)))
        }
        ErrorCode::UnresolvedReference => {
            let wanted = dn::normalize(&defect.value);
            entries.iter().all(|e| links(e).into_iter().any(|member| Some(member) == wanted))
        }
        _ => entries.iter().all(|e| {
            let same = |value: &Vec<u8>| value.eq_ignore_ascii_case(defect.value.as_bytes());
            e.attributes.iter().any(|(_, values)| values.iter().any(same))
        }),
    }
}

fn shown(value: Option<&PropertyValue>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(PropertyValue::Flag(flag)) => flag.to_string(),
        Some(PropertyValue::Text(text)) => format!("'{text}'"),
        Some(PropertyValue::List(list)) => format!("{list:?}"),
        Some(PropertyValue::Kept) => "what the cloud has".into(),
    }
}
