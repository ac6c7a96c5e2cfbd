//! From what was sent to what is in force: values of a wrong form are left out, texts that are too long cut,
//! values that another object holds quarantined, sign-in names moved to a domain that is verified.
//!
//! Where we differ from the products: an address of any prefix is quarantined, not only SMTP's; a text that is
//! too long is cut and reported in place of refusing its object; and of a text that is `mail` and an address
//! too, one error is made, not two.

use super::explain::error;
use super::names::{NUMBERS, nickname, placeholder};
use super::values::{self, Problem};
use super::{Claim, Row, Space, TenantRules, View, address_key};
use lockstep_model::{ErrorCode, ObjectKind, ObjectRef, Properties, Property, PropertyValue, SyncError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was sent and is not in force, by property: `None` where nothing was sent and something is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Held(pub BTreeMap<Property, Option<PropertyValue>>);

/// What an object's sent properties come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// What is in force.
    pub properties: Properties,
    /// What was sent, where it differs.
    pub held: Held,
    /// The values it holds, sorted.
    pub claims: Vec<Claim>,
    /// The values it wants and another holds, sorted.
    pub waiting: Vec<Claim>,
    /// What is wrong with it.
    pub errors: Vec<SyncError>,
}

/// What was sent, from what is in force and what differs.
pub fn sent_of(in_force: &Properties, held: &Held) -> Properties {
    let mut sent = in_force.clone();
    for (property, value) in &held.0 {
        match value {
            Some(value) => sent.0.insert(*property, value.clone()),
            None => sent.0.remove(property),
        };
    }
    sent
}

/// The values that an object with these properties in force holds, sorted.
pub fn claims_in_force(kind: ObjectKind, in_force: &Properties) -> Vec<Claim> {
    let address = |text: &str| Claim { space: Space::Address, key: address_key(text) };
    let mut claims: Vec<Claim> =
        in_force.list(Property::ProxyAddresses).iter().map(|text| address(text)).collect();
    if let Some(mail) = in_force.text(Property::Mail) {
        claims.push(mail_claim(mail));
    }
    if kind == ObjectKind::User
        && let Some(name) = in_force.text(Property::UserPrincipalName)
    {
        claims.push(Claim { space: Space::SignInName, key: name.to_lowercase() });
    }
    claims.sort_unstable();
    claims.dedup();
    claims
}

fn mail_claim(mail: &str) -> Claim {
    Claim { space: Space::Address, key: format!("smtp:{}", mail.to_lowercase()) }
}

/// Works out what is in force of what was sent. `row` is the object's own handle, so that it does not conflict
/// with itself; `before` what is stored of it, so that a placeholder it has stays.
///
/// # Errors
/// What the view answers.
pub fn resolve<V: View>(
    view: &mut V,
    rules: &TenantRules,
    row: Option<Row>,
    object: ObjectRef,
    sent: Properties,
    before: Option<&(Properties, Held)>,
) -> Result<Resolved, V::Error> {
    let is_user = object.kind == Some(ObjectKind::User);
    let resolved = Resolved {
        properties: sent,
        held: Held::default(),
        claims: Vec::with_capacity(3),
        waiting: Vec::new(),
        errors: Vec::new(),
    };
    let mut work = Work { view, rules, row, object, out: resolved };
    work.cut_texts();
    work.addresses(is_user)?;
    if is_user {
        work.sign_in_name(before)?;
    }
    let mut out = work.out;
    out.claims.sort_unstable();
    out.waiting.sort_unstable();
    out.waiting.dedup();
    Ok(out)
}

struct Work<'a, V> {
    view: &'a mut V,
    rules: &'a TenantRules,
    row: Option<Row>,
    object: ObjectRef,
    out: Resolved,
}

impl<V: View> Work<'_, V> {
    fn hold(&mut self, property: Property, sent: Option<PropertyValue>) {
        self.out.held.0.entry(property).or_insert(sent);
    }

    fn report(
        &mut self,
        code: ErrorCode,
        property: Property,
        value: Option<String>,
        in_force: Option<String>,
        other: Option<ObjectRef>,
    ) {
        let object = self.object.clone();
        self.out.errors.push(error(code, object, Some(property.as_str()), value, in_force, other));
    }

    /// The other object that holds a value.
    fn other_holder(&mut self, claim: &Claim) -> Result<Option<Row>, V::Error> {
        Ok(self.view.holder(claim)?.filter(|holder| Some(*holder) != self.row))
    }

    fn cut_texts(&mut self) {
        let mut cut: Vec<(Property, PropertyValue, String, String)> = Vec::new();
        for (property, value) in self.out.properties.0.iter_mut() {
            let limit = values::limit_of(*property);
            match value {
                PropertyValue::Text(text) => {
                    if let Some(short) = values::cut(text, limit).map(str::to_owned) {
                        let long = std::mem::replace(text, short.clone());
                        cut.push((*property, PropertyValue::Text(long.clone()), long, short));
                    }
                }
                PropertyValue::List(list) if list.iter().any(|item| values::cut(item, limit).is_some()) => {
                    let sent = list.clone();
                    for item in list.iter_mut() {
                        if let Some(short) = values::cut(item, limit).map(str::to_owned) {
                            let long = std::mem::replace(item, short.clone());
                            cut.push((*property, PropertyValue::List(sent.clone()), long, short));
                        }
                    }
                }
                PropertyValue::List(_) | PropertyValue::Flag(_) | PropertyValue::Kept => {}
            }
        }
        for (property, sent, long, short) in cut {
            self.hold(property, Some(sent));
            self.report(ErrorCode::ExceededAllowedLength, property, Some(long), Some(short), None);
        }
    }

    fn addresses(&mut self, is_user: bool) -> Result<(), V::Error> {
        let mail = self.out.properties.text(Property::Mail).map(str::to_owned);
        let list = match self.out.properties.0.remove(&Property::ProxyAddresses) {
            Some(PropertyValue::List(list)) => list,
            Some(other) => {
                self.hold(Property::ProxyAddresses, Some(other.clone()));
                if let PropertyValue::Text(text) = other { vec![text] } else { Vec::new() }
            }
            None => Vec::new(),
        };
        let any_smtp = list.iter().any(|text| values::is_smtp(values::split_prefix(text).0));
        if is_user && mail.is_none() && !any_smtp {
            self.report(ErrorCode::NoMailAddress, Property::Mail, None, None, None);
        }
        let mut bad_mail = None;
        if let Some(mail) = &mail
            && let Err(problem) = values::check_smtp(mail)
        {
            self.leave_out_mail(mail);
            self.report(code_of(problem), Property::Mail, Some(mail.clone()), None, None);
            bad_mail = Some(mail.to_lowercase());
        }
        let mut kept = Vec::with_capacity(list.len());
        let mut surplus = 0_usize;
        for text in &list {
            if kept.len() >= values::ADDRESSES_LIMIT {
                surplus += 1;
            } else if self.keeps_address(text, bad_mail.as_deref())? {
                kept.push(text.clone());
            }
        }
        if surplus > 0 {
            let (all, kept) = (format!("{} addresses", list.len()), format!("{} addresses", kept.len()));
            let code = ErrorCode::ExceededAllowedLength;
            self.report(code, Property::ProxyAddresses, Some(all), Some(kept), None);
        }
        if kept.len() != list.len() {
            self.hold(Property::ProxyAddresses, Some(PropertyValue::List(list)));
        }
        self.out.properties.set_list(Property::ProxyAddresses, kept);
        match mail {
            Some(mail) if bad_mail.is_none() => self.mail(&mail),
            _ => Ok(()),
        }
    }

    /// Whether an address is put in force.
    fn keeps_address(&mut self, text: &str, bad_mail: Option<&str>) -> Result<bool, V::Error> {
        let (prefix, rest) = values::split_prefix(text);
        let smtp = values::is_smtp(prefix);
        let form = if smtp { values::check_smtp(rest) } else { values::check_other(rest) };
        if let Err(problem) = form {
            // One cause, one error: the same text was reported as `mail`.
            if !(smtp && bad_mail == Some(rest.to_lowercase().as_str())) {
                let value = Some(text.to_owned());
                self.report(code_of(problem), Property::ProxyAddresses, value, None, None);
            }
            return Ok(false);
        }
        let claim = Claim { space: Space::Address, key: address_key(text) };
        if self.out.claims.contains(&claim) || self.out.waiting.contains(&claim) {
            // The same address twice, in other letters.
            return Ok(false);
        }
        if let Some(holder) = self.other_holder(&claim)? {
            let other = self.view.object_ref(holder)?;
            self.out.waiting.push(claim);
            let value = Some(text.to_owned());
            self.report(ErrorCode::PropertyConflict, Property::ProxyAddresses, value, None, Some(other));
            return Ok(false);
        }
        self.out.claims.push(claim);
        Ok(true)
    }

    /// A `mail` of good form: it goes where its address goes.
    fn mail(&mut self, mail: &str) -> Result<(), V::Error> {
        let claim = mail_claim(mail);
        if self.out.claims.contains(&claim) {
            return Ok(());
        }
        if self.out.waiting.contains(&claim) {
            self.leave_out_mail(mail);
            return Ok(());
        }
        if let Some(holder) = self.other_holder(&claim)? {
            let other = self.view.object_ref(holder)?;
            self.out.waiting.push(claim);
            self.leave_out_mail(mail);
            self.report(
                ErrorCode::PropertyConflict,
                Property::Mail,
                Some(mail.to_owned()),
                None,
                Some(other),
            );
            return Ok(());
        }
        self.out.claims.push(claim);
        Ok(())
    }

    fn leave_out_mail(&mut self, mail: &str) {
        self.out.properties.0.remove(&Property::Mail);
        self.hold(Property::Mail, Some(PropertyValue::Text(mail.to_owned())));
    }

    fn sign_in_name(&mut self, before: Option<&(Properties, Held)>) -> Result<(), V::Error> {
        let Some(wanted) = self.out.properties.text(Property::UserPrincipalName).map(str::to_owned) else {
            let name = self.substitute(None, before)?;
            self.put_name(None, name);
            return Ok(());
        };
        let code = match values::check_sign_in_name(&wanted) {
            Ok(domain) if self.rules.verified.contains(&domain.to_lowercase()) => {
                let claim = Claim { space: Space::SignInName, key: wanted.to_lowercase() };
                let Some(holder) = self.other_holder(&claim)? else {
                    self.out.claims.push(claim);
                    return Ok(());
                };
                let other = self.view.object_ref(holder)?;
                self.out.waiting.push(claim);
                let prefix = wanted.split('@').next().unwrap_or_default().to_owned();
                let name = self.substitute(Some(&prefix), before)?;
                self.put_name(Some(wanted.clone()), name.clone());
                let property = Property::UserPrincipalName;
                self.report(ErrorCode::PropertyConflict, property, Some(wanted), Some(name), Some(other));
                return Ok(());
            }
            Ok(_) | Err(Problem::NoDomain) => ErrorCode::DomainNotVerified,
            Err(problem) => code_of(problem),
        };
        let name = self.substitute(None, before)?;
        self.put_name(Some(wanted.clone()), name.clone());
        self.report(code, Property::UserPrincipalName, Some(wanted), Some(name), None);
        Ok(())
    }

    /// A free name in the initial domain: the one it has, if what was sent is the same; else the nickname; else,
    /// and for a name that is taken (`prefix`), one with four digits.
    fn substitute(
        &mut self,
        prefix: Option<&str>,
        before: Option<&(Properties, Held)>,
    ) -> Result<String, V::Error> {
        let property = Property::UserPrincipalName;
        let suffix = format!("@{}", self.rules.initial_domain);
        if let Some((in_force, held)) = before
            && let Some(has) = in_force.text(property)
            && has.ends_with(&suffix)
            && let Some(was_sent) = held.0.get(&property)
            && was_sent.as_ref() == self.out.properties.get(property)
            && self.other_holder(&name_claim(has))?.is_none()
        {
            return Ok(has.to_owned());
        }
        let anchor = self.object.anchor.as_ref().map_or("", |anchor| anchor.as_str()).to_owned();
        let nick = nickname(&self.out.properties, &anchor);
        if prefix.is_none() {
            let name = format!("{nick}{suffix}");
            if self.other_holder(&name_claim(&name))?.is_none() {
                return Ok(name);
            }
        }
        let prefix = prefix.map_or(nick, str::to_owned);
        let mut name = String::new();
        for draw in 0..NUMBERS {
            name = placeholder(&prefix, &anchor, draw, &self.rules.initial_domain);
            if self.other_holder(&name_claim(&name))?.is_none() {
                return Ok(name);
            }
        }
        // Ten thousand people of one name: the anchor itself is free.
        let rest = super::names::clean(&anchor);
        name.clear();
        name.push_str(&rest);
        name.push_str(&suffix);
        Ok(name)
    }

    fn put_name(&mut self, wanted: Option<String>, name: String) {
        self.out.claims.push(name_claim(&name));
        let on_premises = Property::OnPremisesUserPrincipalName;
        if let Some(wanted) = &wanted
            && self.out.properties.get(on_premises).is_none()
        {
            self.out.properties.set_text(on_premises, wanted.clone());
            self.hold(on_premises, None);
        }
        self.hold(Property::UserPrincipalName, wanted.map(PropertyValue::Text));
        self.out.properties.set_text(Property::UserPrincipalName, name);
    }
}

fn name_claim(name: &str) -> Claim {
    Claim { space: Space::SignInName, key: name.to_lowercase() }
}

const fn code_of(problem: Problem) -> ErrorCode {
    match problem {
        Problem::Length(_) => ErrorCode::ExceededAllowedLength,
        Problem::Character(_) | Problem::NoDomain | Problem::NoLocalPart | Problem::Form => {
            ErrorCode::DataValidationFailed
        }
    }
}
