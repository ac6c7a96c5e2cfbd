//! The domains: their list, what refers to one, and the job that works names out anew where one came or went, page
//! by page, each in a transaction of its own.

use super::batch::Batch;
use super::objects::{self, COLUMNS};
use super::rows::{Result, all, first, from_json, kind_of, micros, optional_time, run, to_json};
use crate::sql::{Connection, Fault};
use lockstep_model::{ObjectKind, Properties, Property, Timestamp};
use lockstep_tenant::domains::{
    Applied, DomainReference, DomainState, NAMED_REFERENCES, Proof, References, apply, configure,
};
use lockstep_tenant::provision::{Row, address_key};
use lockstep_tenant::{Domain, DomainChange, DomainRefusal, Page, StoredObject};

/// Objects that one page of the job looks at: other writers wait no longer than for these.
const PAGE: i64 = 1_000;

pub(super) fn list(connection: Connection<'_>) -> Result<Vec<Domain>> {
    let sql = "SELECT d.name, d.verified, d.initial, d.is_default, d.configured, d.proof, d.details, j.started_at, \
               j.forced FROM domain d LEFT JOIN domain_job j ON j.domain = d.name ORDER BY d.name";
    all(connection, sql, (), |row| {
        let proof: Option<String> = row.get(5)?;
        let details: Option<String> = row.get(6)?;
        let since = optional_time(row.get(7)?)?;
        let force_delete = row.get::<Option<bool>>(8)?.unwrap_or(false);
        Ok(Domain {
            id: row.get(0)?,
            is_verified: row.get(1)?,
            is_initial: row.get(2)?,
            is_default: row.get(3)?,
            configured: row.get(4)?,
            proof: proof.map(|text| from_json::<Proof>(&text, "a domain's proof")).transpose()?,
            details: details
                .map(|text| from_json(&text, "what is set of a domain"))
                .transpose()?
                .unwrap_or_default(),
            state: since.map(|since| DomainState { force_delete, since }),
        })
    })
}

/// Makes `after` the domains. Those whose verification came or went get a job.
fn write(connection: Connection<'_>, before: &[Domain], after: &[Domain], now: Timestamp) -> Result<()> {
    for gone in before.iter().filter(|old| !after.iter().any(|new| new.id == old.id)) {
        run(connection, "DELETE FROM domain WHERE name = ?1", [&gone.id])?;
        if gone.is_verified {
            release(connection, &gone.id)?;
            put_job(connection, &gone.id, None, now)?;
        }
    }
    for domain in after {
        let old = before.iter().find(|old| old.id == domain.id);
        if old == Some(domain) {
            continue;
        }
        match (old.is_some_and(|old| old.is_verified), domain.is_verified) {
            (false, true) => claim(connection, &domain.id)?,
            (true, false) => release(connection, &domain.id)?,
            _ => {}
        }
        let sql = "INSERT INTO domain (name, verified, initial, is_default, configured, proof, details) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO UPDATE SET \
                   verified = excluded.verified, initial = excluded.initial, is_default = excluded.is_default, \
                   configured = excluded.configured, proof = excluded.proof, details = excluded.details";
        let proof = domain.proof.as_ref().map(to_json).transpose()?;
        run(
            connection,
            sql,
            (
                &domain.id,
                domain.is_verified,
                domain.is_initial,
                domain.is_default,
                domain.configured,
                proof,
                to_json(&domain.details)?,
            ),
        )?;
        if !before.is_empty() && old.is_some_and(|old| old.is_verified) != domain.is_verified {
            put_job(connection, &domain.id, None, now)?;
        }
    }
    Ok(())
}

/// Has a domain that becomes verified lead to this tenant. It is looked at before anything of it is written.
fn claim(connection: Connection<'_>, domain: &str) -> Result<()> {
    let claimed: i64 = first(connection, "SELECT claim_domain(?1)", [domain], |row| row.get(0))?.unwrap_or(0);
    if claimed == 0 { Err(Fault::DomainElsewhere { domain: domain.to_owned() }) } else { Ok(()) }
}

fn release(connection: Connection<'_>, domain: &str) -> Result<()> {
    first(connection, "SELECT release_domain(?1)", [domain], |_| Ok(())).map(drop)
}

/// The names of the verified domains.
pub(crate) fn verified(connection: Connection<'_>) -> Result<Vec<String>> {
    all(connection, "SELECT name FROM domain WHERE verified = 1 ORDER BY name", (), |row| row.get(0))
}

fn put_job(connection: Connection<'_>, domain: &str, forced: Option<bool>, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO domain_job (domain, forced, disable, after, changed, started_at) \
               VALUES (?1, ?2, ?3, 0, 0, ?4) ON CONFLICT (domain) DO UPDATE SET \
               forced = CASE WHEN excluded.forced = 1 THEN 1 ELSE domain_job.forced END, \
               disable = CASE WHEN excluded.disable = 1 THEN 1 ELSE domain_job.disable END, after = 0, \
               started_at = excluded.started_at";
    run(connection, sql, (domain, forced.is_some(), forced == Some(true), micros(now)))?;
    Ok(())
}

/// The domains as the configuration says, with what administrators did to them.
pub(super) fn set_up(
    connection: Connection<'_>,
    initial: &str,
    listed: &[(String, bool)],
    now: Timestamp,
) -> Result<()> {
    let before = list(connection)?;
    write(connection, &before, &configure(&before, initial, listed), now)
}

/// Changes one domain, or says why not. Answers it as it is then; nothing where it is gone.
pub(super) fn change(
    connection: Connection<'_>,
    name: &str,
    change: &DomainChange,
    now: Timestamp,
) -> Result<std::result::Result<Option<Domain>, DomainRefusal>> {
    let before = list(connection)?;
    let asks =
        matches!(change, DomainChange::Delete | DomainChange::ForceDelete { .. } | DomainChange::Promote);
    let references = if asks { references(connection, name)? } else { References::default() };
    let Applied { domains, .. } = match apply(&before, name, change, &references) {
        Ok(applied) => applied,
        Err(refusal) => return Ok(Err(refusal)),
    };
    write(connection, &before, &domains, now)?;
    let name = if *change == DomainChange::Add { name.trim().to_lowercase() } else { name.to_owned() };
    if let DomainChange::ForceDelete { disable } = change
        && domains.iter().any(|domain| domain.id == name)
    {
        put_job(connection, &name, Some(*disable), now)?;
    }
    Ok(Ok(list(connection)?.into_iter().find(|domain| domain.id == name)))
}

/// Rows that hold a value in the domain, in order.
const HOLDERS: &str = "SELECT DISTINCT c.oid FROM claim c WHERE substr(c.key, length(c.key) - length(?1) + 1) = ?1 AND c.oid > ?2 \
                       ORDER BY c.oid LIMIT ?3";

fn references(connection: Connection<'_>, domain: &str) -> Result<References> {
    let suffix = format!("@{domain}");
    let sql = "SELECT count(DISTINCT oid) FROM claim WHERE substr(key, length(key) - length(?1) + 1) = ?1";
    let count: i64 = first(connection, sql, [&suffix], |row| row.get(0))?.unwrap_or(0);
    let most = i64::try_from(NAMED_REFERENCES).unwrap_or(5);
    let rows = all(connection, HOLDERS, (&suffix, 0, most), |row| row.get::<Row>(0))?;
    let mut named = Vec::with_capacity(rows.len());
    for row in rows {
        let sql = "SELECT o.kind, b.body ->> 'displayName', \
                   (SELECT key FROM claim WHERE oid = o.oid AND substr(key, length(key) - length(?2) + 1) = ?2 ORDER BY space LIMIT 1) \
                   FROM object o JOIN body b ON b.oid = o.oid WHERE o.oid = ?1";
        let reference = first(connection, sql, (row, &suffix), |found| {
            let value: Option<String> = found.get(2)?;
            let name: Option<String> = found.get(1)?;
            let value = value.unwrap_or_default();
            Ok(DomainReference { kind: kind_of(found.get(0)?)?, name: name.unwrap_or_default(), value })
        })?;
        named.extend(reference);
    }
    Ok(References { count: u64::try_from(count).unwrap_or(0), first: named })
}

/// The objects that hold a value in the domain, a page of them.
pub(super) fn referring(
    connection: Connection<'_>,
    domain: &str,
    after: Option<&str>,
    top: usize,
) -> Result<Page<StoredObject>> {
    let top = top.clamp(1, 999);
    let after: Row = after.map(super::token::decode).transpose()?.unwrap_or(0);
    let limit = i64::try_from(top + 1).unwrap_or(1_000);
    let params = (format!("@{domain}"), after, limit);
    let mut rows = all(connection, HOLDERS, params, |row| row.get::<Row>(0))?;
    let more = rows.len() > top;
    rows.truncate(top);
    let sql = format!("SELECT {COLUMNS} FROM object o JOIN body b ON b.oid = o.oid WHERE o.oid = ?1");
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.extend(first(connection, &sql, [row], |found| Ok(objects::read(connection, found)?.1))?);
    }
    let next = rows.last().filter(|_| more).map(super::token::encode).transpose()?;
    Ok(Page { items, next, count: None })
}

struct DomainJob {
    domain: String,
    forced: bool,
    disable: bool,
    after: Row,
}

/// Does one page of the oldest job. Answers how many objects changed, and whether there is more to do.
pub(super) fn recalculate_some(connection: Connection<'_>, now: Timestamp) -> Result<(u64, bool)> {
    let sql = "SELECT domain, forced, disable, after FROM domain_job ORDER BY started_at, domain LIMIT 1";
    let job = first(connection, sql, (), |row| {
        Ok(DomainJob { domain: row.get(0)?, forced: row.get(1)?, disable: row.get(2)?, after: row.get(3)? })
    })?;
    let Some(job) = job else { return Ok((0, false)) };
    let sql = "SELECT max(oid) FROM (SELECT oid FROM object WHERE oid > ?1 ORDER BY oid LIMIT ?2) AS page";
    let last: Option<Row> = first(connection, sql, (job.after, PAGE), |row| row.get(0))?.flatten();
    let Some(last) = last else {
        run(connection, "DELETE FROM domain_job WHERE domain = ?1", [&job.domain])?;
        if job.forced {
            run(connection, "DELETE FROM domain WHERE name = ?1", [&job.domain])?;
        }
        let sql = "SELECT 1 FROM domain_job LIMIT 1";
        return Ok((0, first(connection, sql, (), |_| Ok(()))?.is_some()));
    };
    // What may concern the domain; whether it does is worked out for each. What is not synced any more is the cloud's own,
    // whatever anchor it had.
    let sql = "SELECT o.oid, o.kind, o.sync_enabled IS DISTINCT FROM 1 FROM object o JOIN body b ON b.oid = o.oid \
               WHERE o.oid > ?1 AND o.oid <= ?2 AND o.state = 0 \
               AND (instr(fold(CAST(b.body AS TEXT)), ?3) > 0 OR instr(fold(b.held), ?3) > 0 \
               OR (o.sync_enabled IS DISTINCT FROM 1 AND instr(fold(b.extra), ?3) > 0)) ORDER BY o.oid";
    let needle = format!("@{}\"", job.domain);
    let rows = all(connection, sql, (job.after, last, needle), |row| {
        Ok((row.get::<Row>(0)?, kind_of(row.get(1)?)?, row.get::<bool>(2)?))
    })?;
    let mut batch = Batch::begin(connection, now)?;
    let mut changed = 0_u64;
    for (row, kind, cloud_only) in rows {
        if !cloud_only {
            changed += u64::from(batch.resolve_again(row)?);
        } else if job.forced {
            changed += u64::from(batch.rename_out_of(row, kind, &job.domain, job.disable)?);
        } else {
            changed += u64::from(batch.name_as_wanted(row, kind, &job.domain)?);
        }
    }
    batch.finish()?;
    let sql = "UPDATE domain_job SET after = ?2, changed = changed + ?3 WHERE domain = ?1";
    run(connection, sql, (&job.domain, last, i64::try_from(changed).unwrap_or(0)))?;
    Ok((changed, true))
}

/// The properties with every name and address of `domain` moved to `initial`. None where there is none.
pub(super) fn renamed(
    kind: ObjectKind,
    properties: &Properties,
    domain: &str,
    initial: &str,
    disable: bool,
) -> Option<Properties> {
    let suffix = format!("@{domain}");
    let moved = |text: &str| {
        let at = text.len().checked_sub(suffix.len())?;
        let (local, end) = (text.get(..at)?, text.get(at..)?);
        end.eq_ignore_ascii_case(&suffix).then(|| format!("{local}@{initial}"))
    };
    let mut after = properties.clone();
    for property in [Property::UserPrincipalName, Property::Mail] {
        if let Some(text) = properties.text(property).and_then(moved) {
            after.set_text(property, text);
        }
    }
    let mut list: Vec<String> = Vec::new();
    for address in properties.list(Property::ProxyAddresses) {
        let address = moved(address).unwrap_or_else(|| address.clone());
        if !list.iter().any(|kept| address_key(kept) == address_key(&address)) {
            list.push(address);
        }
    }
    after.set_list(Property::ProxyAddresses, list);
    if after == *properties {
        return None;
    }
    if disable && kind == ObjectKind::User {
        after.set_flag(Property::AccountEnabled, false);
    }
    Some(after)
}
