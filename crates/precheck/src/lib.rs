//! The pre-check: what the cloud would refuse or change of a directory's values, and what to write instead. It stands
//! in for IdFix.
//!
//! A directory is read twice. [`Values`] takes each entry of the first read and keeps eight bytes a value, to know
//! which values several objects have; [`Precheck`] takes each entry of the second read and gives its findings at once,
//! but those of values that may be duplicates, which it gives at the end.
//!
//! **Invariant:** pure: no I/O, no clock; the same entries in the same order give the same findings. What is held grows
//! with the findings, not with the entries, and duplicates beyond [`MAX_HELD`] are only counted.

mod duplicates;
mod skip;
pub mod table;
mod text;

#[cfg(test)]
mod tests;

use duplicates::Duplicates;
pub use duplicates::{MAX_HELD, Seen, Values};
use lockstep_model::precheck::{
    Change, EntryClass, Finding, MAX_VALUE_CHARS, PrecheckSummary, Problem, ProblemKind, Severity,
};
use lockstep_model::{AttributeName, Attributes, Dn};
use std::collections::HashSet;
use table::{Around, Field, rule, rules_of};
use text::Address;

/// What an admin can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecheckSettings {
    /// The attribute whose first value is a user's sign-in name. Default: `userPrincipalName`.
    pub sign_in_name: String,
    /// Whether the values of `mail` become the addresses of the object, as in the mapping for OpenLDAP: they are then
    /// judged as addresses.
    pub mail_is_address: bool,
    /// Entries with one of these object classes are users, beside those that always are.
    pub user_classes: Vec<String>,
    /// Entries with one of these object classes are groups, beside those that always are.
    pub group_classes: Vec<String>,
    /// People sign in with something other than the sign-in name: its rules do not hold.
    pub alternate_login: bool,
    /// By the rules of the dedicated service.
    pub dedicated: bool,
    /// The domain to propose for sign-in names whose own cannot be reached from the Internet.
    pub domain: Option<String>,
    /// Whether what is only a warning is told.
    pub warnings: bool,
}

impl Default for PrecheckSettings {
    fn default() -> Self {
        Self {
            sign_in_name: "userPrincipalName".to_owned(),
            mail_is_address: false,
            user_classes: Vec::new(),
            group_classes: Vec::new(),
            alternate_login: false,
            dedicated: false,
            domain: None,
            warnings: true,
        }
    }
}

/// Object classes of users, groups and contacts, in lower case. Computers are users too, by their class; they are not
/// looked at.
const USERS: &[&str] = &["user", "inetorgperson", "organizationalperson", "person", "posixaccount"];
const GROUPS: &[&str] = &["group", "groupofnames", "groupofuniquenames", "posixgroup"];
const CONTACTS: &[&str] = &["contact"];
const NOT_LOOKED_AT: &[&str] = &["computer"];

/// What is read beside the fields' own attributes.
const BESIDE: &[&str] = &[
    "objectClass",
    "cn",
    "groupType",
    "isCriticalSystemObject",
    "msExchHideFromAddressLists",
    "msExchRecipientTypeDetails",
];

impl PrecheckSettings {
    /// The attributes to read.
    pub fn attributes(&self) -> Vec<String> {
        let fields = Field::ALL.iter().map(|field| field.as_str());
        let mut names: Vec<String> = BESIDE
            .iter()
            .copied()
            .chain(fields)
            .chain([self.sign_in_name.as_str()])
            .map(str::to_owned)
            .collect();
        names.sort_unstable_by_key(|name| name.to_lowercase());
        names.dedup_by_key(|name| name.to_lowercase());
        names
    }

    /// What an entry is; none where it is nothing that is looked at.
    pub fn class(&self, attributes: &Attributes) -> Option<EntryClass> {
        let is = |fixed: &[&str], more: &[String]| {
            attributes.texts("objectclass").any(|name| {
                fixed.iter().any(|class| class.eq_ignore_ascii_case(name))
                    || more.iter().any(|class| class.eq_ignore_ascii_case(name))
            })
        };
        if is(NOT_LOOKED_AT, &[]) {
            None
        } else if is(CONTACTS, &[]) {
            Some(EntryClass::Contact)
        } else if is(USERS, &self.user_classes) {
            Some(EntryClass::User)
        } else if is(GROUPS, &self.group_classes) {
            Some(EntryClass::Group)
        } else {
            None
        }
    }

    /// The attributes and what their values are used as, for an entry of this class. The name is as people write it.
    fn uses(&self, class: EntryClass) -> Vec<Use> {
        let mut uses = Vec::new();
        for field in Field::ALL {
            match field {
                Field::UserPrincipalName if class != EntryClass::User || self.alternate_login => {}
                Field::UserPrincipalName => uses.push(Use::new(field, &self.sign_in_name, true)),
                // Its values are addresses, whose rules hold more.
                Field::Mail if self.mail_is_address => {
                    uses.push(Use::new(Field::ProxyAddresses, "mail", false));
                }
                Field::SamAccountName if class == EntryClass::Contact => {}
                _ => uses.push(Use::new(field, field.as_str(), false)),
            }
        }
        uses
    }
}

/// A use of an attribute.
struct Use {
    field: Field,
    shown: String,
    attribute: AttributeName,
    /// Only its first value.
    first_only: bool,
}

impl Use {
    fn new(field: Field, shown: &str, first_only: bool) -> Self {
        Self { field, shown: shown.to_owned(), attribute: AttributeName::new(shown), first_only }
    }

    fn values<'a>(&self, attributes: &'a Attributes) -> impl Iterator<Item = &'a str> {
        attributes.texts(self.attribute.as_str()).take(if self.first_only { 1 } else { usize::MAX })
    }
}

/// The form by which values of a field are compared; none where it need not be unique.
fn canonical(field: Field, value: &str) -> Option<String> {
    let plain = value.trim();
    match field {
        Field::DisplayName | Field::GivenName => None,
        _ if plain.is_empty() => None,
        Field::ProxyAddresses | Field::TargetAddress => Some(Address::of(value).canonical()),
        Field::Mail | Field::MailNickname | Field::SamAccountName | Field::UserPrincipalName => {
            Some(plain.to_lowercase())
        }
    }
}

/// The values of an entry that nobody else may have. A sAMAccountName counts only where there is no sign-in name.
fn unique_values(
    settings: &PrecheckSettings,
    class: EntryClass,
    attributes: &Attributes,
) -> Vec<(Field, String)> {
    let signs_in = settings
        .uses(class)
        .iter()
        .any(|used| used.field == Field::UserPrincipalName && used.values(attributes).next().is_some());
    let mut all = Vec::new();
    for used in settings.uses(class) {
        if used.field == Field::SamAccountName && signs_in {
            continue;
        }
        all.extend(
            used.values(attributes).filter_map(|value| Some((used.field, canonical(used.field, value)?))),
        );
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The second read.
#[derive(Debug)]
pub struct Precheck {
    settings: PrecheckSettings,
    seen: Seen,
    /// What was proposed, so that no two objects get the same.
    proposed: HashSet<u64>,
    duplicates: Duplicates,
    summary: PrecheckSummary,
}

/// A value on its way to a finding.
struct Looked<'a> {
    shown: String,
    value: &'a str,
    fields: Vec<Field>,
}

impl Precheck {
    /// A check by these settings, with what the first read saw.
    pub fn new(settings: PrecheckSettings, seen: Seen) -> Self {
        Self {
            settings,
            seen,
            proposed: HashSet::new(),
            duplicates: Duplicates::default(),
            summary: PrecheckSummary::default(),
        }
    }

    /// Looks at an entry. Its findings go to `sink`; those of values that others may have wait for the end.
    pub fn entry(&mut self, dn: &str, attributes: &Attributes, sink: &mut dyn FnMut(Finding)) {
        let Some(class) = self.settings.class(attributes) else { return };
        if let Some(reason) = skip::reason(dn, attributes, class) {
            *self.summary.skipped.entry(reason.to_owned()).or_default() += 1;
            return;
        }
        self.summary.checked += 1;
        let settings = self.settings.clone();
        let uses = settings.uses(class);
        let around = around(&settings, &uses, class, attributes);
        // One finding a value, whatever it is used as.
        let mut looked: Vec<Looked<'_>> = Vec::new();
        for used in &uses {
            for value in used.values(attributes) {
                match looked
                    .iter_mut()
                    .find(|it| it.shown.eq_ignore_ascii_case(&used.shown) && it.value == value)
                {
                    Some(known) => known.fields.push(used.field),
                    None => {
                        looked.push(Looked { shown: used.shown.clone(), value, fields: vec![used.field] })
                    }
                }
            }
        }
        for it in looked {
            let keys: Vec<(Field, String)> = it
                .fields
                .iter()
                .filter(|field| **field != Field::SamAccountName || !around.signs_in)
                .filter_map(|field| Some((*field, canonical(*field, it.value)?)))
                .filter(|(field, text)| self.seen.is_shared(*field, text))
                .collect();
            let finding = self.judged(dn, class, &it, &around, attributes);
            if keys.is_empty() {
                if !finding.problems.is_empty() {
                    self.tell(finding, sink);
                }
            } else {
                let has_mail = has_mail(attributes);
                let secondary = Address::of(it.value).is_secondary();
                if !self.duplicates.hold(finding, keys, has_mail, secondary) {
                    self.summary.duplicates_not_listed += 1;
                }
            }
        }
        if class == EntryClass::User && !settings.alternate_login {
            self.missing_name(dn, class, attributes, &around, sink);
        }
    }

    /// Tells the findings that waited, and answers the numbers.
    pub fn finish(mut self, sink: &mut dyn FnMut(Finding)) -> PrecheckSummary {
        for finding in std::mem::take(&mut self.duplicates).resolve() {
            self.tell(finding, sink);
        }
        self.summary
    }

    fn tell(&mut self, mut finding: Finding, sink: &mut dyn FnMut(Finding)) {
        if !self.settings.warnings {
            finding.problems.retain(|problem| problem.severity == Severity::Error);
        }
        if finding.problems.is_empty() {
            return;
        }
        self.summary.count(&finding);
        sink(finding);
    }

    /// A user without a sign-in name.
    fn missing_name(
        &mut self,
        dn: &str,
        class: EntryClass,
        attributes: &Attributes,
        around: &Around<'_>,
        sink: &mut dyn FnMut(Finding),
    ) {
        let name = AttributeName::new(&self.settings.sign_in_name);
        let has = |name: &str| attributes.text(name).is_some_and(|text| !text.trim().is_empty());
        let account_is_good = attributes.text("samaccountname").is_some_and(|value| {
            rules_of(Field::SamAccountName, self.settings.dedicated)
                .all(|rule| !rule.is_broken(value, around))
        });
        if has(name.as_str()) || account_is_good {
            return;
        }
        let Some(rule) = rule("userPrincipalName.blank") else { return };
        let finding = Finding {
            dn: dn.to_owned(),
            class,
            source: None,
            attribute: self.settings.sign_in_name.clone(),
            value: String::new(),
            problems: vec![problem(rule, rule.severity)],
            change: Change::None,
            safe: false,
            note: None,
            others: Vec::new(),
        };
        self.tell(finding, sink);
    }

    /// The finding of a value, without what other entries have to do with it; it may have no problem.
    fn judged(
        &mut self,
        dn: &str,
        class: EntryClass,
        it: &Looked<'_>,
        around: &Around<'_>,
        attributes: &Attributes,
    ) -> Finding {
        let mut finding = Finding {
            dn: dn.to_owned(),
            class,
            source: None,
            attribute: it.shown.clone(),
            value: it.value.to_owned(),
            problems: Vec::new(),
            change: Change::None,
            safe: false,
            note: None,
            others: Vec::new(),
        };
        let rules: Vec<_> =
            it.fields.iter().flat_map(|field| rules_of(*field, self.settings.dedicated)).collect();
        let (mut draft, mut is_safe) = (it.value.to_owned(), true);
        for rule in &rules {
            if rule.is_broken(it.value, around) {
                finding.problems.push(problem(rule, rule.severity_in(around)));
            }
            if rule.is_broken(&draft, around)
                && (self.settings.warnings || rule.severity_in(around) == Severity::Error)
                && let Some(mended) = rule.mended(&draft, around)
            {
                is_safe &= mended.safe;
                draft = mended.value;
            }
        }
        if finding.problems.is_empty() {
            return finding;
        }
        if text::is_longer(it.value, MAX_VALUE_CHARS) {
            finding.value = format!("{}...", text::cut(it.value, MAX_VALUE_CHARS));
            finding.note = Some("the value is too long to be shown whole".to_owned());
            return finding;
        }
        let still_broken = rules
            .iter()
            .any(|rule| rule.is_broken(&draft, around) && rule.severity_in(around) == Severity::Error);
        if still_broken || draft == it.value || draft.trim().is_empty() {
            return finding;
        }
        self.propose(&mut finding, it, draft, is_safe, attributes);
        finding
    }

    /// Proposes a mended value, where it can be written and nobody has it.
    fn propose(
        &mut self,
        finding: &mut Finding,
        it: &Looked<'_>,
        draft: String,
        is_safe: bool,
        attributes: &Attributes,
    ) {
        let name = AttributeName::new(&it.shown);
        if is_in_rdn(&finding.dn, &name) {
            finding.note =
                Some(format!("it is part of the entry's name: rename the entry, with \"{draft}\""));
            return;
        }
        let others: Vec<&str> = attributes.texts(name.as_str()).filter(|other| *other != it.value).collect();
        // The first value is the one that counts, and a directory puts a value that is added behind the others.
        let first_counts =
            it.fields.iter().any(|field| matches!(field, Field::Mail | Field::UserPrincipalName));
        if first_counts && !others.is_empty() {
            finding.note = Some(format!(
                "\"{draft}\" would be right; the attribute has several values, of which the first counts: write them anew \
                 in their order"
            ));
            return;
        }
        if let Some(same) = others.iter().find(|other| other.to_lowercase() == draft.to_lowercase()) {
            if draft.starts_with("SMTP:") && !same.starts_with("SMTP:") {
                finding.note = Some(format!(
                    "it is the primary address, and the entry has \"{same}\" as a further one: decide which stays"
                ));
                return;
            }
            finding.note = Some("the entry has the mended value already".to_owned());
            finding.change = Change::Remove;
            finding.safe = is_safe;
            return;
        }
        for field in &it.fields {
            let Some(text) = canonical(*field, &draft) else { continue };
            if canonical(*field, it.value).as_ref() == Some(&text) {
                continue;
            }
            let hash = duplicates::hash(*field, &text);
            if self.seen.has(*field, &text) || !self.proposed.insert(hash) {
                finding.note =
                    Some(format!("\"{draft}\" would be right, and another object has it, or would get it"));
                return;
            }
        }
        finding.change = Change::Edit { value: draft };
        finding.safe = is_safe;
    }
}

fn problem(rule: &table::Rule, severity: Severity) -> Problem {
    Problem { rule: rule.name.to_owned(), kind: rule.kind, severity, message: rule.message.to_owned() }
}

/// A duplicate's problem.
fn duplicate(field: Field) -> Option<Problem> {
    let found =
        table::RULES.iter().find(|rule| rule.field == field && rule.kind == ProblemKind::Duplicate)?;
    Some(problem(found, found.severity))
}

fn around<'a>(
    settings: &'a PrecheckSettings,
    uses: &[Use],
    class: EntryClass,
    attributes: &'a Attributes,
) -> Around<'a> {
    let mut around = Around {
        class,
        cn: attributes.text("cn"),
        mail: attributes.text("mail"),
        signs_in: false,
        domain: settings.domain.as_deref(),
    };
    let name = uses.iter().find(|used| used.field == Field::UserPrincipalName);
    around.signs_in = name.and_then(|used| used.values(attributes).next()).is_some_and(|value| {
        rules_of(Field::UserPrincipalName, settings.dedicated)
            .filter(|rule| rule.severity == Severity::Error)
            .all(|rule| !rule.is_broken(value, &around))
    });
    around
}

/// Whether the entry has what makes it a recipient of mail.
fn has_mail(attributes: &Attributes) -> bool {
    ["mail", "mailnickname", "targetaddress"].iter().any(|name| attributes.has(name))
        || attributes.texts("proxyaddresses").any(|value| value.starts_with("SMTP:"))
}

/// Whether the entry is named by the attribute: such a value cannot be taken away.
fn is_in_rdn(dn: &str, name: &AttributeName) -> bool {
    let Ok(dn) = Dn::parse(dn) else { return false };
    let Some(first) = dn.rdns().first() else { return false };
    first.values().iter().any(|value| value.attribute().eq_ignore_ascii_case(name.as_str()))
}
