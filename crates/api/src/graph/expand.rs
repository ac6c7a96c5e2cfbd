//! `$expand`: links shown with each object, one step deep.

use super::answer::Call;
use super::odata::options::Expand;
use super::resource::{Resource, Selection};
use crate::error::ApiError;
use lockstep_model::{ObjectId, ObjectKind};
use lockstep_tenant::{ListQuery, StoredObject};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Objects of a list that is expanded: as many as Graph gives.
const MAX_ITEMS: usize = 20;

#[derive(Clone, Copy, Debug)]
enum Link {
    Manager,
    DirectReports,
    MemberOf,
    TransitiveMemberOf,
    Members,
    TransitiveMembers,
    Owners,
    OwnedObjects,
}

impl Link {
    const ALL: [(Self, &'static str, ObjectKind); 13] = [
        (Self::Manager, "manager", ObjectKind::User),
        (Self::DirectReports, "directReports", ObjectKind::User),
        (Self::MemberOf, "memberOf", ObjectKind::User),
        (Self::TransitiveMemberOf, "transitiveMemberOf", ObjectKind::User),
        (Self::Members, "members", ObjectKind::Group),
        (Self::TransitiveMembers, "transitiveMembers", ObjectKind::Group),
        (Self::MemberOf, "memberOf", ObjectKind::Group),
        (Self::Owners, "owners", ObjectKind::Group),
        (Self::OwnedObjects, "ownedObjects", ObjectKind::User),
        (Self::Manager, "manager", ObjectKind::Contact),
        (Self::DirectReports, "directReports", ObjectKind::Contact),
        (Self::MemberOf, "memberOf", ObjectKind::Contact),
        (Self::MemberOf, "memberOf", ObjectKind::Device),
    ];
}

/// The links that a request wants to see.
pub(super) struct Links<'c> {
    call: &'c Call,
    wanted: Vec<(Link, &'static str, Selection)>,
    /// Many people have one manager.
    managers: BTreeMap<ObjectId, Option<StoredObject>>,
}

impl<'c> Links<'c> {
    /// The links of `$expand`.
    ///
    /// # Errors
    /// 501 for what is no link of the resource.
    pub(super) fn of(call: &'c Call, resource: Resource) -> Result<Self, ApiError> {
        let kind = resource.kind();
        let find = |expand: &Expand| {
            let known = |(_, name, of): &&(Link, &'static str, ObjectKind)| {
                Some(*of) == kind && name.eq_ignore_ascii_case(&expand.name)
            };
            match Link::ALL.iter().find(known) {
                Some((link, name, _)) => Ok((*link, *name, Selection::of(expand.select.as_deref()))),
                None => Err(ApiError::not_implemented(format!(
                    "Expanding '{}' of {} is not implemented by this server.",
                    expand.name,
                    resource.type_name()
                ))),
            }
        };
        let wanted = call.options.expand.iter().map(find).collect::<Result<_, _>>()?;
        Ok(Self { call, wanted, managers: BTreeMap::new() })
    }

    /// Adds the links of an object.
    pub(super) async fn add(
        &mut self,
        object: &StoredObject,
        item: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        for (link, name, selection) in &self.wanted {
            let of = Some(object.id);
            let list = ListQuery { top: MAX_ITEMS, ..ListQuery::default() };
            let query = match link {
                Link::Manager => {
                    let manager = match object.manager {
                        None => None,
                        Some(id) => match self.managers.get(&id) {
                            Some(known) => known.clone(),
                            None => {
                                let found = self.call.state.store.object(id).await?;
                                self.managers.insert(id, found.clone());
                                found
                            }
                        },
                    };
                    if let Some(manager) = manager {
                        let shown = selection.render(Resource::Object, &manager);
                        item.insert((*name).to_owned(), Value::Object(shown));
                    }
                    continue;
                }
                Link::DirectReports => ListQuery { reports_of: of, ..list },
                Link::MemberOf => ListQuery { groups_of: of, ..list },
                Link::TransitiveMemberOf => ListQuery { groups_of: of, transitive: true, ..list },
                Link::Members => ListQuery { members_of: of, ..list },
                Link::TransitiveMembers => ListQuery { members_of: of, transitive: true, ..list },
                Link::Owners => ListQuery { owners_of: of, ..list },
                Link::OwnedObjects => ListQuery { owned_by: of, ..list },
            };
            let page = self.call.state.store.list(query).await?;
            let shown = page.items.iter().map(|object| selection.render(Resource::Object, object).into());
            item.insert((*name).to_owned(), Value::Array(shown.collect()));
        }
        Ok(())
    }
}
