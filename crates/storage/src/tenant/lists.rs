//! Lists of objects: a question becomes one statement with parameters, read in pages by key.
//!
//! **Invariant:** no text of a question stands in the SQL; all of it is bound.

use super::counters::counts;
use super::objects::{COLUMN_COUNT, COLUMNS, read};
use super::rows::{Result, all, first, kind_code, micros};
use super::search::{self, range};
use super::token::{decode, encode};
use crate::sql::{Connection, Dialect, Fault, Value};
use lockstep_model::{ObjectId, ObjectKind, Property, Timestamp};
use lockstep_tenant::provision::{address_key, name_key};
use lockstep_tenant::{
    Comparison, ErrorField, ErrorTest, Field, Filter, ListQuery, Literal, Page, SortKey, StoredObject,
};

/// How deep conditions may nest.
const MAX_DEPTH: usize = 32;
/// How many conditions one question may have.
const MAX_CONDITIONS: usize = 500;

/// The body of an object `o`.
pub(super) const BODY: &str = "(SELECT b.body FROM body b WHERE b.oid = o.oid)";

/// Whether an object `o` has errors. Said by number: the few that have any are gathered by their index, whatever the
/// order of the list, and nobody walks through those that have none.
const WITH_ERRORS: &str = "o.oid IN (SELECT w.oid FROM object w WHERE w.errors > 0)";

/// SQL with its parameters.
#[derive(Debug)]
pub(super) struct Sql {
    pub(super) dialect: Dialect,
    /// Of deleted objects, which have neither claims nor words: their own rows are looked at. They are few.
    pub(super) deleted: bool,
    text: String,
    params: Vec<Value>,
    conditions: usize,
}

fn unsupported(what: impl Into<String>) -> Fault {
    Fault::Unsupported { what: what.into() }
}

impl Sql {
    const fn of(dialect: Dialect, deleted: bool) -> Self {
        Self { dialect, deleted, text: String::new(), params: Vec::new(), conditions: 0 }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn bind(&mut self, value: impl Into<Value>) {
        self.params.push(value.into());
        self.text.push('?');
    }
}

/// A page of a list.
pub(super) fn list(connection: Connection<'_>, query: &ListQuery) -> Result<Page<StoredObject>> {
    let mut conditions = Sql::of(connection.dialect(), query.deleted);
    // SQLite's planner thinks a kind more selective than a name: it is kept from the index of kinds where the question
    // itself says which few objects it is about.
    let narrow = (query.search.is_some() && !query.deleted)
        || query.members_of.is_some()
        || query.groups_of.is_some()
        || query.reports_of.is_some()
        || query.owners_of.is_some()
        || query.owned_by.is_some()
        || (query.filter.as_ref().is_some_and(is_narrow) && !query.deleted);
    let plus = if narrow { connection.dialect().not_by_index() } else { "" };
    conditions.push(&format!("{plus}o.state = {}", i64::from(query.deleted)));
    if let Some(kind) = query.kind {
        conditions.push(&format!(" AND {plus}o.kind = "));
        conditions.bind(kind_code(kind));
    }
    if let Some(group) = query.members_of {
        conditions.push(" AND o.oid IN (");
        if query.transitive {
            // `UNION` ends where a ring closes.
            conditions.push("WITH RECURSIVE inside(grp) AS (SELECT oid FROM object WHERE id = ");
            conditions.bind(group.0.as_bytes().to_vec());
            conditions.push(
                " AND state = 0 AND kind = 1 UNION SELECT n.child FROM inside i JOIN nested n ON n.parent = i.grp \
                 JOIN object c ON c.oid = n.child AND c.state = 0) \
                 SELECT m.member FROM inside i JOIN member m ON m.grp = i.grp)",
            );
        } else {
            conditions.push("SELECT member FROM member WHERE grp = (SELECT oid FROM object WHERE id = ");
            conditions.bind(group.0.as_bytes().to_vec());
            conditions.push(" AND state = 0 AND kind = 1))");
        }
    }
    if let Some(member) = query.groups_of {
        conditions.push(" AND o.oid IN (");
        if query.transitive {
            conditions.push(
                "WITH RECURSIVE around(grp) AS (SELECT m.grp FROM member m JOIN object g ON g.oid = m.grp \
                 AND g.state = 0 WHERE m.member = (SELECT oid FROM object WHERE id = ",
            );
            conditions.bind(member.0.as_bytes().to_vec());
            conditions.push(
                " AND state = 0) UNION SELECT n.parent FROM around a JOIN nested n ON n.child = a.grp \
                 JOIN object g ON g.oid = n.parent AND g.state = 0) SELECT grp FROM around)",
            );
        } else {
            conditions.push("SELECT grp FROM member WHERE member = (SELECT oid FROM object WHERE id = ");
            conditions.bind(member.0.as_bytes().to_vec());
            conditions.push(" AND state = 0))");
        }
    }
    if let Some(manager) = query.reports_of {
        conditions.push(
            " AND o.oid IN (SELECT r.oid FROM object m JOIN object r ON r.manager = m.anchor \
             AND r.manager IS NOT NULL AND r.manager_oid IS NULL WHERE m.state = 0 AND m.id = ",
        );
        conditions.bind(manager.0.as_bytes().to_vec());
        conditions.push(
            " UNION ALL SELECT r.oid FROM object m JOIN object r ON r.manager_oid = m.oid \
             AND r.manager_oid IS NOT NULL WHERE m.state = 0 AND m.id = ",
        );
        conditions.bind(manager.0.as_bytes().to_vec());
        conditions.push(")");
    }
    if let Some(group) = query.owners_of {
        conditions.push(
            " AND o.oid IN (SELECT w.owner FROM object g JOIN owner w ON w.grp = g.oid \
             WHERE g.state = 0 AND g.id = ",
        );
        conditions.bind(group.0.as_bytes().to_vec());
        conditions.push(")");
    }
    if let Some(owner) = query.owned_by {
        conditions.push(
            " AND o.oid IN (SELECT w.grp FROM object u JOIN owner w ON w.owner = u.oid \
             WHERE u.state = 0 AND u.id = ",
        );
        conditions.bind(owner.0.as_bytes().to_vec());
        conditions.push(")");
    }
    if let Some(filter) = &query.filter {
        conditions.push(" AND ");
        condition(&mut conditions, filter, 0)?;
    }
    if let Some(search) = &query.search {
        search::condition(&mut conditions, search);
    }
    let count = if query.count { Some(count(connection, query, &conditions)?) } else { None };
    let (mut items, more) = page(connection, query, narrow, conditions)?;
    let next = match items.last() {
        Some((position, _)) if more => Some(encode(position)?),
        _ => None,
    };
    Ok(Page { items: items.drain(..).map(|(_, object)| object).collect(), next, count })
}

/// Whether a filter can be answered by looking a few objects up.
fn is_narrow(filter: &Filter) -> bool {
    let prefix = |how: Comparison| matches!(how, Comparison::Eq | Comparison::StartsWith);
    match filter {
        Filter::And(all) => all.iter().any(is_narrow),
        Filter::Or(any) => !any.is_empty() && any.iter().all(is_narrow),
        Filter::In { field, values } => {
            let text = |value: &Literal| matches!(value, Literal::Text(_));
            let equals = |value: &Literal| Filter::Compare {
                field: *field,
                how: Comparison::Eq,
                value: value.clone(),
            };
            values.iter().all(text) && values.first().is_some_and(|value| is_narrow(&equals(value)))
        }
        Filter::Compare { field, how, value: Literal::Text(_) } => match field {
            Field::Property(Property::UserPrincipalName | Property::Mail) => prefix(*how),
            Field::Id | Field::OnPremisesImmutableId | Field::ExternalId => *how == Comparison::Eq,
            _ => false,
        },
        Filter::Any { property: Property::ProxyAddresses, how, .. } => prefix(*how),
        Filter::NameWords(_) | Filter::HasErrors { .. } | Filter::HasError(_) => true,
        _ => false,
    }
}

/// Whether a filter is answered by the index of names, which another order would keep it from.
fn is_by_name(filter: &Filter) -> bool {
    match filter {
        Filter::And(all) => all.iter().any(is_by_name),
        Filter::Compare { field: Field::Property(Property::DisplayName), how, .. } => {
            matches!(how, Comparison::Eq | Comparison::StartsWith)
        }
        _ => false,
    }
}

fn count(connection: Connection<'_>, query: &ListQuery, conditions: &Sql) -> Result<u64> {
    let plain = query.filter.is_none()
        && query.search.is_none()
        && query.members_of.is_none()
        && query.groups_of.is_none()
        && query.reports_of.is_none()
        && query.owners_of.is_none()
        && query.owned_by.is_none()
        && !query.deleted;
    if plain {
        let counts = counts(connection)?;
        return Ok(match query.kind {
            Some(ObjectKind::User) => counts.users,
            Some(ObjectKind::Group) => counts.groups,
            Some(ObjectKind::Contact) => counts.contacts,
            Some(ObjectKind::Device) => counts.devices,
            None => counts.users + counts.groups + counts.contacts + counts.devices,
        });
    }
    let sql = format!("SELECT count(*) FROM object o WHERE {}", conditions.text);
    let count: i64 = first(connection, &sql, &conditions.params, |row| row.get(0))?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Where an object stands in the order: its sort key and its handle.
type Position = (Option<String>, Option<i64>, i64);

fn page(
    connection: Connection<'_>,
    query: &ListQuery,
    narrow: bool,
    mut sql: Sql,
) -> Result<(Vec<(Position, StoredObject)>, bool)> {
    let top = query.top.clamp(1, 999);
    let after: Option<Position> = query.after.as_deref().map(decode).transpose()?;
    // Sign-in names are ordered by the index of claims: every living user has one. A few objects are put in order
    // themselves, for which it would be walked to its end.
    let by_claim = !narrow
        && !query.deleted
        && query.kind == Some(ObjectKind::User)
        && query.sort.is_some_and(|sort| sort.field == Field::Property(Property::UserPrincipalName));
    // In no order that was asked for: by their making, which has an index of its own. Few ones need none.
    // A page token of before there was goes on as it began.
    let from_before = matches!(&after, Some((None, None, _)));
    let by_name = query.filter.as_ref().is_some_and(is_by_name);
    let by_making = !narrow && !by_name && !query.deleted && query.kind.is_some() && !from_before;
    let made = by_making.then_some(SortKey { field: Field::CreatedDateTime, descending: false });
    let sort = query.sort.or(made);
    let key = match sort {
        None => None,
        Some(_) if by_claim => Some(Key::Text("k.key".to_owned())),
        Some(sort) => sort_key(connection.dialect(), sort.field)?,
    };
    let descending = sort.is_some_and(|sort| sort.descending);
    let (than, direction) = if descending { ("<", " DESC") } else { (">", "") };
    let (key_column, is_text) = match &key {
        None => ("NULL", true),
        Some(Key::Text(sql)) => (sql.as_str(), true),
        Some(Key::Number(sql)) => (sql.as_str(), false),
    };
    if let Some((text, number, row)) = after {
        match (&key, text, number) {
            (None, None, None) => {
                sql.push(&format!(" AND o.oid {than} "));
                sql.bind(row);
            }
            (Some(Key::Text(_)), Some(text), None) => {
                sql.push(&format!(" AND ({key_column}, o.oid) {than} ("));
                sql.bind(text);
                sql.push(", ");
                sql.bind(row);
                sql.push(")");
            }
            (Some(Key::Number(_)), None, Some(number)) => {
                sql.push(&format!(" AND ({key_column}, o.oid) {than} ("));
                sql.bind(number);
                sql.push(", ");
                sql.bind(row);
                sql.push(")");
            }
            _ => return Err(Fault::BadPageToken),
        }
    }
    let from = if by_claim { "claim k JOIN object o ON o.oid = k.oid" } else { "object o" };
    let space = if by_claim { "k.space = 0 AND " } else { "" };
    let order = match &key {
        None => format!("o.oid{direction}"),
        Some(_) => format!("{key_column}{direction}, o.oid{direction}"),
    };
    sql.push(&format!(" ORDER BY {order} LIMIT "));
    sql.bind(i64::try_from(top + 1).unwrap_or(1_000));
    if query.skip > 0 {
        sql.push(" OFFSET ");
        sql.bind(i64::try_from(query.skip).unwrap_or(i64::MAX));
    }
    // First which objects, by their small rows; then what they are like.
    let join = connection.dialect().join_in_order();
    let statement = format!(
        "SELECT {COLUMNS}, p.sort_key FROM (SELECT o.oid AS oid, {key_column} AS sort_key FROM {from} \
         WHERE {space}{}) p {join} object o ON o.oid = p.oid {join} body b ON b.oid = p.oid \
         ORDER BY p.sort_key{direction}, p.oid{direction}",
        sql.text
    );
    let mut items = all(connection, &statement, &sql.params, |row| {
        let (handle, object) = read(connection, row)?;
        let position = match (&key, is_text) {
            (None, _) => (None, None, handle),
            (Some(_), true) => (row.get(COLUMN_COUNT)?, None, handle),
            (Some(_), false) => (None, row.get(COLUMN_COUNT)?, handle),
        };
        Ok((position, object))
    })?;
    let more = items.len() > top;
    items.truncate(top);
    Ok((items, more))
}

enum Key {
    Text(String),
    Number(String),
}

/// The expression that a list is ordered by; never NULL, so that positions compare.
fn sort_key(dialect: Dialect, field: Field) -> Result<Option<Key>> {
    Ok(match field {
        // By id is by handle.
        Field::Id => None,
        Field::Property(Property::DisplayName) => Some(Key::Text("o.name_key".into())),
        Field::Property(property) => {
            Some(Key::Text(dialect.bytewise(&format!("coalesce({}, '')", folded(property)))))
        }
        Field::OnPremisesImmutableId => Some(Key::Text("coalesce(o.anchor, '')".into())),
        Field::ExternalId => Some(Key::Text("coalesce(o.external_id, '')".into())),
        Field::OnPremisesSyncEnabled => Some(Key::Number("coalesce(o.sync_enabled, -1)".into())),
        Field::OnPremisesLastSyncDateTime => Some(Key::Number("coalesce(o.last_sync, 0)".into())),
        Field::CreatedDateTime => Some(Key::Number("o.created_at".into())),
        Field::ProvisioningErrors => {
            return Err(unsupported("lists cannot be ordered by onPremisesProvisioningErrors"));
        }
    })
}

/// A property's text in lower case.
pub(super) fn folded(property: Property) -> String {
    format!("fold({})", said(property))
}

/// A property as it stands in the body.
fn said(property: Property) -> String {
    // The names come from our own table, never from a question.
    format!("({BODY} ->> '{}')", property.as_str())
}

/// A condition, as an expression that is 0 or 1 and never NULL: `not` then means what it says.
fn condition(sql: &mut Sql, filter: &Filter, depth: usize) -> Result<()> {
    sql.conditions += 1;
    if depth > MAX_DEPTH || sql.conditions > MAX_CONDITIONS {
        return Err(unsupported("the filter has too many conditions"));
    }
    match filter {
        Filter::And(all) => several(sql, all, " AND ", "TRUE", depth),
        Filter::Or(any) => several(sql, any, " OR ", "FALSE", depth),
        Filter::Not(inner) => {
            sql.push("NOT ");
            condition(sql, inner, depth + 1)
        }
        Filter::Compare { field, how, value } => compare(sql, *field, *how, value),
        Filter::In { field, values } => {
            sql.conditions += values.len();
            if sql.conditions > MAX_CONDITIONS {
                return Err(unsupported("the filter has too many values"));
            }
            if values.is_empty() {
                sql.push("FALSE");
                return Ok(());
            }
            // Nothing but the comparisons: then each is looked up in the index.
            for (number, value) in values.iter().enumerate() {
                sql.push(if number == 0 { "(" } else { " OR " });
                compare(sql, *field, Comparison::Eq, value)?;
            }
            sql.push(")");
            Ok(())
        }
        Filter::Any { property, how, value } => any(sql, *property, *how, value),
        Filter::NameWords(text) => {
            search::name_words(sql, text);
            Ok(())
        }
        Filter::HasError(tests) => {
            sql.conditions += tests.len();
            sql.push(&format!("({WITH_ERRORS} AND EXISTS (SELECT 1 FROM error e WHERE e.anchor = o.anchor"));
            for test in tests {
                sql.push(" AND ");
                error_test(sql, test)?;
            }
            sql.push("))");
            Ok(())
        }
        Filter::HasErrors { category } => {
            match category {
                None => sql.push(WITH_ERRORS),
                Some(category) => {
                    sql.push(&format!(
                        "({WITH_ERRORS} AND EXISTS (SELECT 1 FROM error e WHERE e.anchor = o.anchor AND fold(e.code) = "
                    ));
                    sql.bind(name_key(category));
                    sql.push("))");
                }
            }
            Ok(())
        }
    }
}

fn error_test(sql: &mut Sql, test: &ErrorTest) -> Result<()> {
    let column = match test.field {
        ErrorField::Category => "fold(e.code)",
        ErrorField::Property => "fold(e.property)",
        ErrorField::Value => "fold(e.value)",
        ErrorField::Occurred => "e.first_seen",
    };
    match (test.field, &test.value) {
        (ErrorField::Occurred, Literal::Text(text)) => {
            ordered(sql, column, test.how, Value::Integer(moment(text)?))
        }
        // Of an error nothing is null; what was not said is empty.
        (_, Literal::Null) => {
            sql.push(match test.how {
                Comparison::Eq => "FALSE",
                Comparison::Ne => "TRUE",
                _ => return Err(unsupported("null is compared with eq and ne only")),
            });
            Ok(())
        }
        // The documents write `ProxyAddress`, the service `ProxyAddresses`.
        (ErrorField::Property, Literal::Text(text)) if text.eq_ignore_ascii_case("proxyaddress") => {
            text_compare(sql, column, test.how, "proxyaddresses".to_owned())
        }
        (_, Literal::Text(text)) => text_compare(sql, column, test.how, name_key(text)),
        (_, Literal::Flag(_)) => Err(unsupported("errors are compared with texts")),
    }
}

fn several(sql: &mut Sql, filters: &[Filter], between: &str, none: &str, depth: usize) -> Result<()> {
    if filters.is_empty() {
        sql.push(none);
        return Ok(());
    }
    sql.push("(");
    for (number, filter) in filters.iter().enumerate() {
        if number > 0 {
            sql.push(between);
        }
        condition(sql, filter, depth + 1)?;
    }
    sql.push(")");
    Ok(())
}

fn compare(sql: &mut Sql, field: Field, how: Comparison, value: &Literal) -> Result<()> {
    match (field, value) {
        (Field::ProvisioningErrors, _) => {
            Err(unsupported("onPremisesProvisioningErrors can only be asked for with any()"))
        }
        (Field::Id, Literal::Text(text)) => {
            let bytes = text.parse::<ObjectId>().map(|id| id.0.as_bytes().to_vec());
            match bytes {
                Ok(bytes) => ordered(sql, "o.id", how, Value::Blob(bytes)),
                // No object has such an id.
                Err(_) => {
                    sql.push(if how == Comparison::Ne { "TRUE" } else { "FALSE" });
                    Ok(())
                }
            }
        }
        (Field::OnPremisesSyncEnabled, Literal::Flag(flag)) => {
            // Not bound: the index of the cloud's own is chosen by what the statement says.
            let operator = equality(how)?;
            sql.push(&format!("(o.sync_enabled {operator} {})", i64::from(*flag)));
            Ok(())
        }
        (Field::OnPremisesSyncEnabled, Literal::Null) => equal(sql, "o.sync_enabled", how, Value::Null),
        (Field::OnPremisesImmutableId, Literal::Text(text)) => {
            text_compare(sql, "o.anchor", how, text.clone())
        }
        // RFC 7643 section 3.1: `externalId` is case-exact.
        (Field::ExternalId, Literal::Text(text)) => text_compare(sql, "o.external_id", how, text.clone()),
        (Field::ExternalId, Literal::Null) => equal(sql, "o.external_id", how, Value::Null),
        (Field::OnPremisesImmutableId, Literal::Null) => equal(sql, "o.anchor", how, Value::Null),
        (Field::OnPremisesLastSyncDateTime, Literal::Null) => equal(sql, "o.last_sync", how, Value::Null),
        (Field::OnPremisesLastSyncDateTime, Literal::Text(text)) => {
            ordered(sql, "o.last_sync", how, Value::Integer(moment(text)?))
        }
        (Field::CreatedDateTime, Literal::Text(text)) => {
            ordered(sql, "o.created_at", how, Value::Integer(moment(text)?))
        }
        (Field::Property(property), value) => property_compare(sql, property, how, value),
        (field, value) => Err(unsupported(format!("{field:?} cannot be compared with {value:?}"))),
    }
}

fn moment(text: &str) -> Result<i64> {
    text.parse::<Timestamp>()
        .map(micros)
        .map_err(|_| unsupported(format!("'{text}' is no moment of RFC 3339")))
}

fn property_compare(sql: &mut Sql, property: Property, how: Comparison, value: &Literal) -> Result<()> {
    match value {
        Literal::Null => equal(sql, &said(property), how, Value::Null),
        Literal::Flag(flag) => equal(sql, &said(property), how, sql.dialect.flag(*flag)),
        Literal::Text(text) => {
            let text = name_key(text);
            match (property, how) {
                (Property::UserPrincipalName, Comparison::Eq | Comparison::StartsWith) if !sql.deleted => {
                    claimed(sql, 0, how, text);
                    Ok(())
                }
                (Property::Mail, Comparison::Eq | Comparison::StartsWith) if !sql.deleted => {
                    // The index of addresses finds the few that can be it.
                    sql.push("(");
                    claimed(sql, 1, how, format!("smtp:{text}"));
                    sql.push(" AND ");
                    text_compare(sql, &folded(property), how, text)?;
                    sql.push(")");
                    Ok(())
                }
                (Property::DisplayName, _) => text_compare(sql, "o.name_key", how, text),
                _ => text_compare(sql, &folded(property), how, text),
            }
        }
    }
}

fn claimed(sql: &mut Sql, space: i64, how: Comparison, text: String) {
    sql.push("o.oid IN (SELECT oid FROM claim WHERE space = ");
    sql.bind(space);
    sql.push(" AND ");
    if how == Comparison::Eq {
        sql.push("key = ");
        sql.bind(text);
    } else {
        range(sql, "key", &text);
    }
    sql.push(")");
}

fn equality(how: Comparison) -> Result<&'static str> {
    match how {
        Comparison::Eq => Ok("IS NOT DISTINCT FROM"),
        Comparison::Ne => Ok("IS DISTINCT FROM"),
        _ => Err(unsupported("flags and null can only be compared with eq and ne")),
    }
}

fn equal(sql: &mut Sql, column: &str, how: Comparison, value: Value) -> Result<()> {
    let operator = equality(how)?;
    sql.push(&format!("({column} {operator} "));
    sql.bind(value);
    sql.push(")");
    Ok(())
}

fn ordered(sql: &mut Sql, column: &str, how: Comparison, value: Value) -> Result<()> {
    let operator = match how {
        Comparison::Eq => {
            sql.push(&format!("({column} IS NOT NULL AND {column} = "));
            sql.bind(value);
            sql.push(")");
            return Ok(());
        }
        Comparison::Ne => "IS DISTINCT FROM",
        Comparison::Gt => ">",
        Comparison::Ge => ">=",
        Comparison::Lt => "<",
        Comparison::Le => "<=",
        _ => return Err(unsupported("ids and moments cannot be compared as texts")),
    };
    let column = match value {
        Value::Text(_) => sql.dialect.bytewise(column),
        _ => column.to_owned(),
    };
    sql.push(&format!("coalesce({column} {operator} "));
    sql.bind(value);
    sql.push(", FALSE)");
    Ok(())
}

fn text_compare(sql: &mut Sql, column: &str, how: Comparison, text: String) -> Result<()> {
    match how {
        Comparison::StartsWith if !column.contains('(') => {
            // A bare column may have an index. In parentheses, for a `not` may stand before it.
            sql.push("(coalesce(");
            range(sql, column, &text);
            sql.push(", FALSE)");
            // `coalesce` hides the range from the planner: say it once more where it can see it.
            if column == "o.name_key" {
                sql.push(" AND ");
                range(sql, column, &text);
            }
            sql.push(")");
        }
        Comparison::StartsWith => {
            sql.push(&format!("coalesce(substr({column}, 1, length("));
            sql.bind(text.clone());
            sql.push(")) = ");
            sql.bind(text);
            sql.push(", FALSE)");
        }
        Comparison::EndsWith => {
            if text.is_empty() {
                sql.push(&format!("({column} IS NOT NULL)"));
                return Ok(());
            }
            let (begin, end) = sql.dialect.end_of(column);
            sql.push(&format!("coalesce({begin}"));
            sql.bind(text.clone());
            sql.push(&format!("{end} = "));
            sql.bind(text);
            sql.push(", FALSE)");
        }
        Comparison::Contains => {
            sql.push(&format!("coalesce(instr({column}, "));
            sql.bind(text);
            sql.push(") > 0, FALSE)");
        }
        Comparison::Eq if column.contains('(') => {
            sql.push(&format!("({column} IS NOT DISTINCT FROM "));
            sql.bind(text);
            sql.push(")");
        }
        Comparison::Eq => {
            // Never NULL, and of a form that a partial index can serve.
            sql.push(&format!("({column} IS NOT NULL AND {column} = "));
            sql.bind(text);
            sql.push(")");
        }
        _ => return ordered(sql, column, how, Value::Text(text)),
    }
    Ok(())
}

fn any(sql: &mut Sql, property: Property, how: Comparison, value: &Literal) -> Result<()> {
    let Literal::Text(text) = value else {
        return Err(unsupported("items of a list can only be compared with texts"));
    };
    let text = name_key(text);
    sql.push("(");
    let indexed = property == Property::ProxyAddresses && !sql.deleted;
    if indexed && matches!(how, Comparison::Eq | Comparison::StartsWith) {
        // A prefix shorter than `smtp:` has no normal form; a whole address has one.
        let key = if how == Comparison::Eq { address_key(&text) } else { text.clone() };
        claimed(sql, 1, how, key);
        sql.push(" AND ");
    }
    let items = sql.dialect.items(BODY, property.as_str());
    sql.push(&format!("EXISTS (SELECT 1 FROM {items} WHERE "));
    text_compare(sql, "fold(j.value)", how, text)?;
    sql.push("))");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_filter_is_refused() {
        let mut deep = Filter::HasErrors { category: None };
        for _ in 0..100 {
            deep = Filter::Not(Box::new(deep));
        }
        assert!(condition(&mut Sql::of(Dialect::Sqlite, false), &deep, 0).is_err());
    }
}
