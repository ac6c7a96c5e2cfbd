//! Lists: filters, search, orders, pages, counts.

use super::*;
use lockstep_model::ErrorCategory;
use lockstep_tenant::{Comparison, Field, Literal, SortKey, StoreError};

fn compare(field: Field, how: Comparison, value: &str) -> Filter {
    Filter::Compare { field, how, value: Literal::Text(value.into()) }
}

fn property(property: Property, how: Comparison, value: &str) -> Filter {
    compare(Field::Property(property), how, value)
}

async fn fill(store: &impl TenantStore) {
    let ops = [
        Sent::user("ann").text(Property::Department, "Sales").address("smtp:a.lee@contoso.com"),
        Sent::user("Bob").text(Property::Department, "sales").text(Property::DisplayName, "Bob Łukasz-Ærø"),
        Sent::user("cem").text(Property::DisplayName, "ÇEM Demir").mail("Cem.Demir@contoso.com"),
        Sent::bare("dee").text(Property::Department, "Research"),
        Sent::group("sales").text(Property::Description, "100% of 'it'"),
    ];
    for (second, sent) in ops.iter().enumerate() {
        send(store, &[sent.post()], at(second as i64)).await;
    }
}

/// Each comparison against what it must find; by id, so in the order of making.
pub(crate) async fn filters(store: impl TenantStore) {
    use Comparison::{Contains, EndsWith, Eq, Ge, Gt, Le, Lt, Ne, StartsWith};
    fill(&store).await;
    let check = async |filter: Filter, expect: &[&str]| {
        let found: Vec<String> = list(&store, matching(filter.clone()))
            .await
            .iter()
            .map(|object| object.anchor.as_ref().unwrap().to_string())
            .collect();
        assert_eq!(found, expect, "{filter:?}");
        let counted = ListQuery { count: true, ..matching(filter) };
        assert_eq!(store.list(counted).await.unwrap().count, Some(expect.len() as u64));
    };
    let (name, upn, mail) = (Property::DisplayName, Property::UserPrincipalName, Property::Mail);
    let department = Property::Department;
    check(property(department, Eq, "SALES"), &["ann", "Bob"]).await;
    check(property(department, Ne, "sales"), &["cem", "dee", "sales"]).await;
    check(Filter::Not(Box::new(property(department, Eq, "sales"))), &["cem", "dee", "sales"]).await;
    check(property(department, StartsWith, "re"), &["dee"]).await;
    check(property(department, EndsWith, "LES"), &["ann", "Bob"]).await;
    check(property(department, Contains, "a"), &["ann", "Bob", "dee"]).await;
    check(property(department, Gt, "research"), &["ann", "Bob"]).await;
    check(property(department, Le, "research"), &["dee"]).await;
    check(property(name, Eq, "çem demir"), &["cem"]).await;
    check(property(name, StartsWith, "Çe"), &["cem"]).await;
    check(property(name, StartsWith, "bob ł"), &["Bob"]).await;
    let not = |filter| Filter::Not(Box::new(filter));
    check(not(property(name, StartsWith, "bob ł")), &["ann", "cem", "dee", "sales"]).await;
    let one_of = |field, values: &[&str]| Filter::In {
        field: Field::Property(field),
        values: values.iter().map(|value| Literal::Text((*value).into())).collect(),
    };
    check(one_of(upn, &["BOB@contoso.com", "nobody@contoso.com", "ann@contoso.com"]), &["ann", "Bob"]).await;
    check(one_of(upn, &[]), &[]).await;
    check(not(one_of(upn, &["bob@contoso.com"])), &["ann", "cem", "dee", "sales"]).await;
    check(property(name, Contains, "of contoso"), &["ann", "dee", "sales"]).await;
    check(property(upn, Eq, "BOB@contoso.com"), &["Bob"]).await;
    check(property(upn, StartsWith, "ann@"), &["ann"]).await;
    check(property(upn, EndsWith, "@contoso.com"), &["ann", "Bob", "cem"]).await;
    check(property(mail, Eq, "cem.demir@CONTOSO.com"), &["cem"]).await;
    check(property(mail, StartsWith, "a.lee"), &[]).await;
    check(property(Property::Description, Contains, "%"), &["sales"]).await;
    check(property(Property::Description, Eq, "100% of 'it'"), &["sales"]).await;
    let null =
        |property, how| Filter::Compare { field: Field::Property(property), how, value: Literal::Null };
    check(null(department, Eq), &["cem", "sales"]).await;
    check(null(department, Ne), &["ann", "Bob", "dee"]).await;
    let any = |how, value: &str| Filter::Any {
        property: Property::ProxyAddresses,
        how,
        value: Literal::Text(value.into()),
    };
    check(any(Eq, "smtp:a.lee@contoso.com"), &["ann"]).await;
    check(any(StartsWith, "SMTP:c"), &["cem"]).await;
    check(any(StartsWith, "sm"), &["ann", "Bob", "cem"]).await;
    check(any(EndsWith, "lee@contoso.com"), &["ann"]).await;
    check(Filter::HasErrors { category: None }, &["dee"]).await;
    check(Filter::HasErrors { category: Some("NoMailAddress".into()) }, &["dee"]).await;
    check(Filter::HasErrors { category: Some("PropertyConflict".into()) }, &[]).await;
    check(compare(Field::OnPremisesImmutableId, Eq, "Bob"), &["Bob"]).await;
    check(compare(Field::OnPremisesImmutableId, Eq, "bob"), &[]).await;
    check(compare(Field::CreatedDateTime, Ge, &at(3).to_string()), &["dee", "sales"]).await;
    check(compare(Field::OnPremisesLastSyncDateTime, Lt, &at(1).to_string()), &["ann"]).await;
    let flag = |value| Filter::Compare { field: Field::OnPremisesSyncEnabled, how: Eq, value };
    check(flag(Literal::Flag(true)), &["ann", "Bob", "cem", "dee", "sales"]).await;
    check(flag(Literal::Null), &[]).await;
    let id = get(&store, "cem").await.unwrap().id.to_string();
    check(compare(Field::Id, Eq, &id), &["cem"]).await;
    check(compare(Field::Id, Ne, &id), &["ann", "Bob", "dee", "sales"]).await;
    check(compare(Field::Id, Eq, "nonsense"), &[]).await;
    let values = vec![Literal::Text("ann of contoso".into()), Literal::Text("x".into())];
    check(Filter::In { field: Field::Property(name), values }, &["ann"]).await;
    let both = vec![property(department, Eq, "sales"), property(name, StartsWith, "b")];
    check(Filter::And(both.clone()), &["Bob"]).await;
    check(Filter::Or(both), &["ann", "Bob"]).await;
    check(Filter::And(vec![]), &["ann", "Bob", "cem", "dee", "sales"]).await;
    check(Filter::Or(vec![]), &[]).await;
    let wrong = matching(compare(Field::CreatedDateTime, Ge, "yesterday"));
    assert!(matches!(store.list(wrong).await, Err(StoreError::Unsupported { .. })));
}

/// Words that names, sign-in names and addresses begin with.
pub(crate) async fn search(store: impl TenantStore) {
    fill(&store).await;
    let check = async |text: &str, expect: &[&str]| {
        let query = ListQuery { search: Some(text.into()), top: 2, ..Default::default() };
        let found: Vec<String> =
            list(&store, query).await.iter().map(|o| o.anchor.as_ref().unwrap().to_string()).collect();
        assert_eq!(found, expect, "{text}");
    };
    check("ann", &["ann"]).await;
    check("AN of", &["ann"]).await;
    check("contoso", &["ann", "dee", "sales"]).await;
    check("łuk", &["Bob"]).await;
    check("Łukasz-Ær", &["Bob"]).await;
    check("ær bob", &["Bob"]).await;
    check("kasz", &[]).await;
    check("a.lee@", &["ann"]).await;
    check("cem.dem", &["cem"]).await;
    check("dee@", &[]).await;
    check("' OR 1=1 --", &[]).await;
    check("", &["ann", "Bob", "cem", "dee", "sales"]).await;
    let words = async |text: &str, deleted: bool, expect: &[&str]| {
        let filter = Some(Filter::NameWords(text.into()));
        let query = ListQuery { filter, deleted, top: 2, ..Default::default() };
        let found: Vec<String> =
            list(&store, query).await.iter().map(|o| o.anchor.as_ref().unwrap().to_string()).collect();
        assert_eq!(found, expect, "{text}");
    };
    words("AN of", false, &["ann"]).await;
    words("Ær ŁUK", false, &["Bob"]).await;
    words("a.lee@contoso", false, &[]).await;
    words("-", false, &[]).await;
    // A new name is found, the old one is not.
    send(&store, &[Sent::user("ann").text(Property::DisplayName, "Zoë Lee").post()], at(9)).await;
    check("zoë", &["ann"]).await;
    check("contoso", &["dee", "sales"]).await;
    send(&store, &[Sent::user("Bob").delete()], at(10)).await;
    check("łuk", &[]).await;
    words("łuk", false, &[]).await;
    words("łuk", true, &["Bob"]).await;
    // Nor after changes of one batch.
    let named = |anchor: &str, name: &str| Sent::user(anchor).text(Property::DisplayName, name).post();
    let ops = [named("eve", "Quick One"), named("eve", "Slow One"), named("fay", "Quick Two")];
    send(&store, &[&ops[..], &[Sent::user("fay").delete()]].concat(), at(11)).await;
    check("quick", &[]).await;
    check("slow", &["eve"]).await;
}

/// Every order, both ways, in pages of every size, gives the same objects once.
pub(crate) async fn orders_and_pages(store: impl TenantStore) {
    fill(&store).await;
    let users = async |field, descending, top| -> Vec<String> {
        let sort = Some(SortKey { field, descending });
        let query = ListQuery { kind: Some(ObjectKind::User), sort, top, ..Default::default() };
        list(&store, query).await.iter().map(|object| object.anchor.as_ref().unwrap().to_string()).collect()
    };
    let check = async |field, expect: [&str; 4]| {
        for top in 1..=5 {
            assert_eq!(users(field, false, top).await, expect, "{field:?} {top}");
            let mut down = expect;
            down.reverse();
            assert_eq!(users(field, true, top).await, down, "{field:?} {top} descending");
        }
    };
    check(Field::Property(Property::DisplayName), ["ann", "Bob", "dee", "cem"]).await;
    check(Field::Property(Property::UserPrincipalName), ["ann", "Bob", "cem", "dee"]).await;
    check(Field::Property(Property::Mail), ["dee", "ann", "Bob", "cem"]).await;
    check(Field::Property(Property::Department), ["cem", "dee", "ann", "Bob"]).await;
    check(Field::CreatedDateTime, ["ann", "Bob", "cem", "dee"]).await;
    check(Field::Id, ["ann", "Bob", "cem", "dee"]).await;
    check(Field::OnPremisesSyncEnabled, ["ann", "Bob", "cem", "dee"]).await;
    let ids: Vec<_> = everything(&store).await.iter().map(|object| object.id).collect();
    assert!(ids.is_sorted());
    let first = ListQuery { top: 1, count: true, ..Default::default() };
    let page = store.list(first.clone()).await.unwrap();
    assert_eq!((page.items.len(), page.count), (1, Some(5)));
    for bad in ["", "x", "e30", "WzEsMiwzXQ", &"A".repeat(10_000)] {
        let query = ListQuery { after: Some(bad.into()), ..first.clone() };
        assert!(matches!(store.list(query).await, Err(StoreError::BadPageToken)), "{bad:.20}");
    }
}

/// Many objects made in one millisecond have ids in order.
pub(crate) async fn ids_grow(store: impl TenantStore) {
    let batch: Vec<_> = (0..500).map(|n| Sent::user(&format!("u{n:03}")).post()).collect();
    send(&store, &batch, at(0)).await;
    // The clock goes back: ids still grow.
    send(&store, &[Sent::user("late").post()], at(-100)).await;
    let all = list(&store, ListQuery { top: 100, ..Default::default() }).await;
    assert_eq!(all.len(), 501);
    assert!(all.is_sorted_by_key(|object| object.id));
    assert_eq!(name_of(&all[500]), "late");
}

/// The list of errors: filters, search, pages, counts; newest first.
pub(crate) async fn errors_are_listed(store: impl TenantStore) {
    for n in 0..5 {
        send(&store, &[Sent::bare(&format!("bare{n}")).post()], at(n)).await;
    }
    send(&store, &[Sent::user("a").post(), Sent::group("team").mail("a@contoso.com").post()], at(9)).await;
    let ask = async |query: ErrorQuery| -> (Vec<String>, Option<u64>) {
        let mut query = ErrorQuery { top: 2, ..query };
        let mut found = Vec::new();
        loop {
            let page = store.errors(query.clone()).await.unwrap();
            found.extend(page.items.iter().map(|row| row.error.object.name.replace(" of Contoso", "")));
            match page.next {
                Some(next) => query.after = Some(next),
                None => return (found, page.count),
            }
        }
    };
    let all = ["team", "bare4", "bare3", "bare2", "bare1", "bare0"].map(str::to_owned).to_vec();
    assert_eq!(ask(ErrorQuery::default()).await, (all, Some(6)));
    let team = (vec!["team".to_owned()], Some(1));
    let category = Some(ErrorCategory::DuplicateAttribute);
    assert_eq!(ask(ErrorQuery { category, ..Default::default() }).await, team);
    assert_eq!(ask(ErrorQuery { kind: Some(ObjectKind::Group), ..Default::default() }).await, team);
    let object = Some(get(&store, "team").await.unwrap().id);
    assert_eq!(ask(ErrorQuery { object, ..Default::default() }).await, team);
    assert_eq!(ask(ErrorQuery { search: Some("A@Contoso".into()), ..Default::default() }).await, team);
    let search = Some("BARE3".to_owned());
    assert_eq!(ask(ErrorQuery { search, ..Default::default() }).await, (vec!["bare3".into()], Some(1)));
    let bad = ErrorQuery { after: Some("nonsense".into()), top: 2, ..Default::default() };
    assert!(matches!(store.errors(bad).await, Err(StoreError::BadPageToken)));
}

/// Upper and lower case of all scripts are one to filters and orders, orders are those of Unicode's numbers, and no
/// letter means anything but itself, whatever the locale of the database.
pub(crate) async fn letters_of_all_scripts(store: impl TenantStore) {
    use Comparison::{Contains, EndsWith, Eq, Gt, Le, Ne, StartsWith};
    let departments = [
        "İstanbul",
        "ΟΔΟΣ",
        "Straße",
        "𐐀𐐁",
        "100%_\\'\"",
        "Zug",
        "ärø",
        "e\u{301}tude",
        "ÉTUDE",
        "日本",
        "\u{e000}",
    ];
    for (number, department) in departments.iter().enumerate() {
        let user = Sent::user(&format!("u{number:02}")).text(Property::Department, department);
        send(&store, &[user.post()], at(number as i64)).await;
    }
    // One without any, and one that is disabled.
    send(&store, &[Sent::user("x").post()], at(20)).await;
    let mut disabled = Sent::user("y");
    disabled.properties.set_flag(Property::AccountEnabled, false);
    send(&store, &[disabled.post()], at(21)).await;
    let found = async |filter: Filter| -> Vec<String> {
        let objects = list(&store, matching(filter)).await;
        objects.iter().map(|object| object.anchor.as_ref().unwrap().to_string()).collect()
    };
    let department = |how, value: &str| property(Property::Department, how, value);
    for (number, department) in departments.iter().enumerate() {
        let name = format!("u{number:02}");
        let lower = department.to_lowercase();
        for text in [*department, &lower] {
            for how in [Eq, StartsWith, EndsWith, Contains] {
                let filter = property(Property::Department, how, text);
                assert_eq!(found(filter.clone()).await, [name.as_str()], "{filter:?}");
            }
            let others = found(property(Property::Department, Ne, text)).await;
            assert_eq!(others.len(), departments.len() + 1, "{text}");
        }
    }
    assert_eq!(found(department(StartsWith, "1__")).await, [""; 0]);
    assert_eq!(found(department(Contains, "%")).await, ["u04"]);
    assert_eq!(found(department(EndsWith, "")).await.len(), departments.len());
    let mut keys: Vec<(String, String)> =
        departments.iter().enumerate().map(|(n, text)| (text.to_lowercase(), format!("u{n:02}"))).collect();
    keys.sort();
    for (at, (key, _)) in keys.iter().enumerate() {
        let names = |part: &[(String, String)]| {
            let mut names: Vec<String> = part.iter().map(|(_, name)| name.clone()).collect();
            names.sort();
            names
        };
        assert_eq!(found(department(Gt, key)).await, names(&keys[at + 1..]), "{key}");
        assert_eq!(found(department(Le, key)).await, names(&keys[..=at]), "{key}");
    }
    let in_order: Vec<String> =
        ["x".to_owned(), "y".to_owned()].into_iter().chain(keys.into_iter().map(|(_, name)| name)).collect();
    for top in [1, 4, 100] {
        let sort = Some(SortKey { field: Field::Property(Property::Department), descending: false });
        let objects = list(&store, ListQuery { sort, top, ..Default::default() }).await;
        let names: Vec<_> =
            objects.iter().map(|object| object.anchor.as_ref().unwrap().to_string()).collect();
        assert_eq!(names, in_order, "{top}");
    }
    let enabled =
        |how, value| Filter::Compare { field: Field::Property(Property::AccountEnabled), how, value };
    assert_eq!(found(enabled(Eq, Literal::Flag(false))).await, ["y"]);
    assert_eq!(found(enabled(Eq, Literal::Null)).await.len(), departments.len() + 1);
    assert_eq!(found(enabled(Ne, Literal::Null)).await, ["y"]);
    let phones =
        Filter::Any { property: Property::BusinessPhones, how: StartsWith, value: Literal::Text("+".into()) };
    assert_eq!(found(phones).await, [""; 0]);
}

/// What is deleted is found by the same words as what lives, and by nothing that lives.
pub(crate) async fn what_is_deleted_is_found(store: impl TenantStore) {
    let mut ann = Sent::user("ann").address("smtp:sales@contoso.com").address("smtp:info@contoso.com");
    ann.properties.set_text(Property::DisplayName, "Ann-Marie O\u{142}ek (Zug)");
    let team = Sent::group("team").mail("team@contoso.com");
    let all = [ann.post(), Sent::user("annika").post(), Sent::user("bob").post(), team.post()];
    send(&store, &all, at(0)).await;
    let ask = async |kind: Option<ObjectKind>, search: Option<&str>, filter: Option<Filter>| {
        let search = search.map(str::to_owned);
        let query =
            ListQuery { kind, search, filter, deleted: true, count: true, top: 9, ..Default::default() };
        let page = store.list(query).await.unwrap();
        assert_eq!(page.count, Some(page.items.len() as u64));
        page.items.iter().map(|object| object.anchor.as_ref().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ask(None, Some("ann"), None).await, [""; 0], "they live");
    send(&store, &[ann.delete(), Sent::user("bob").delete(), team.delete()], at(1)).await;
    for (search, expect) in [
        ("ann", &["ann"][..]),
        ("marie", &["ann"]),
        ("MARIE zug", &["ann"]),
        ("o\u{142}ek", &["ann"]),
        ("rie", &[]),
        ("contoso", &["bob", "team"]),
        ("info@contoso", &["ann"]),
        ("ann@contoso.com", &["ann"]),
        ("team@", &["team"]),
    ] {
        assert_eq!(ask(None, Some(search), None).await, expect, "{search}");
    }
    assert_eq!(ask(Some(ObjectKind::User), Some("contoso"), None).await, ["bob"]);
    let text = |text: &str| Literal::Text(text.to_owned());
    let compare = |property, how, value: &str| Filter::Compare {
        field: Field::Property(property),
        how,
        value: text(value),
    };
    for (filter, expect) in [
        (compare(Property::UserPrincipalName, Comparison::Eq, "BOB@contoso.com"), "bob"),
        (compare(Property::UserPrincipalName, Comparison::StartsWith, "bo"), "bob"),
        (compare(Property::Mail, Comparison::Eq, "team@contoso.com"), "team"),
    ] {
        assert_eq!(ask(None, None, Some(filter)).await, [expect]);
    }
    let value = text("smtp:sales@contoso.com");
    let any = Filter::Any { property: Property::ProxyAddresses, how: Comparison::Eq, value };
    assert_eq!(ask(None, None, Some(any)).await, ["ann"]);
}
