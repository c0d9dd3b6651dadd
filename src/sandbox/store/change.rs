//! The difference between two states, as it is written to the log.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::OrdSet;
use imbl::Vector;
use imbl::ordmap::DiffItem;
use serde::Deserialize;
use serde::Serialize;

use crate::name::Ident;
use crate::sandbox::model::AuditEvent;
use crate::sandbox::model::CommentKey;
use crate::sandbox::model::Database;
use crate::sandbox::model::NextIds;
use crate::sandbox::model::Policy;
use crate::sandbox::model::Row;
use crate::sandbox::model::Schema;
use crate::sandbox::model::State;
use crate::sandbox::model::Turned;
use crate::sandbox::model::access::DefaultAcl;
use crate::sandbox::model::access::DefaultAclKey;
use crate::sandbox::model::access::Grantee;
use crate::sandbox::model::access::Privilege;
use crate::sandbox::model::access::Role;
use crate::sandbox::model::cluster::Cluster;
use crate::sandbox::model::id::ClusterId;
use crate::sandbox::model::id::DatabaseId;
use crate::sandbox::model::id::ItemId;
use crate::sandbox::model::id::PolicyId;
use crate::sandbox::model::id::RoleId;
use crate::sandbox::model::id::SchemaId;
use crate::sandbox::model::item::Item;

/// What is new under a key; `None` where it is gone.
type Entries<K, V> = Vec<(K, Option<V>)>;

/// An access list as a list of pairs: JSON allows only texts as keys.
type AclPairs = Vec<((Grantee, RoleId), BTreeSet<Privilege>)>;

/// Default privileges as a list of pairs.
type DefaultPairs = Vec<(Grantee, BTreeSet<Privilege>)>;

/// Users of an object: who is one now, and who no more.
type Users = Vec<(ItemId, bool)>;

/// What becomes of a list: its beginning stays, the rest is new.
#[derive(Debug, Serialize, Deserialize)]
struct Splice<T> {
    keep: usize,
    add: Vec<T>,
}

/// The difference between two states.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    version: u64,
    next: NextIds,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    databases: Entries<DatabaseId, Database>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    schemas: Entries<SchemaId, Schema>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Entries<ItemId, Arc<Item>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Entries<(SchemaId, Ident), ItemId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    type_names: Entries<(SchemaId, Ident), ItemId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    used_by: Vec<(ItemId, Users)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    clusters: Entries<ClusterId, Cluster>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Entries<RoleId, Role>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    policies: Entries<PolicyId, Policy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    default_acls: Entries<DefaultAclKey, DefaultPairs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system_acl: Option<AclPairs>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    comments: Entries<CommentKey, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audit: Option<Splice<AuditEvent>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tables: Entries<ItemId, Splice<Arc<Row>>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    system: Entries<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    turned: Option<Splice<Turned>>,
}

impl Change {
    /// What makes one state of another.
    pub(crate) fn between(before: &State, after: &State) -> Self {
        let (old, new) = (&before.catalog, &after.catalog);
        let pairs = |acl: &DefaultAcl| acl.iter().map(|(grantee, what)| (*grantee, what.clone())).collect();
        let system_acl = (old.system_acl != new.system_acl)
            .then(|| new.system_acl.iter().map(|(key, what)| (*key, what.clone())).collect());
        let audit = appended(&old.audit, &new.audit);
        Self {
            version: new.version,
            next: new.next,
            databases: entries(&old.databases, &new.databases),
            schemas: entries(&old.schemas, &new.schemas),
            items: entries(&old.items, &new.items),
            names: entries(&old.names, &new.names),
            type_names: entries(&old.type_names, &new.type_names),
            used_by: users(&old.used_by, &new.used_by),
            clusters: entries(&old.clusters, &new.clusters),
            roles: entries(&old.roles, &new.roles),
            policies: entries(&old.policies, &new.policies),
            default_acls: entries_by(&old.default_acls, &new.default_acls, |_, acl| pairs(acl)),
            system_acl,
            comments: entries(&old.comments, &new.comments),
            audit: (audit.keep < old.audit.len() || !audit.add.is_empty()).then_some(audit),
            tables: entries_by(&before.tables, &after.tables, |old, table| {
                let empty = Vector::new();
                splice(old.map_or(&empty, |old| &old.rows), &table.rows, |a, b| Arc::ptr_eq(a, b) || a == b)
            }),
            system: entries(&before.system, &after.system),
            turned: (before.turned != after.turned)
                .then(|| splice(&before.turned, &after.turned, |a, b| a == b)),
        }
    }

    /// Makes the change.
    pub(crate) fn apply(self, state: &mut State) {
        let catalog = &mut state.catalog;
        catalog.version = self.version;
        catalog.next = self.next;
        set(&mut catalog.databases, self.databases);
        set(&mut catalog.schemas, self.schemas);
        set(&mut catalog.items, self.items);
        set(&mut catalog.names, self.names);
        set(&mut catalog.type_names, self.type_names);
        for (id, users) in self.used_by {
            let mut set = catalog.used_by.get(&id).cloned().unwrap_or_default();
            for (user, is_one) in users {
                if is_one {
                    set.insert(user)
                } else {
                    set.remove(&user)
                };
            }
            if set.is_empty() {
                catalog.used_by.remove(&id);
            } else {
                catalog.used_by.insert(id, set);
            }
        }
        set(&mut catalog.clusters, self.clusters);
        set(&mut catalog.roles, self.roles);
        set(&mut catalog.policies, self.policies);
        let acls = self.default_acls.into_iter();
        let acls = acls.map(|(key, acl)| (key, acl.map(|pairs| pairs.into_iter().collect()))).collect();
        set(&mut catalog.default_acls, acls);
        if let Some(acl) = self.system_acl {
            catalog.system_acl = acl.into_iter().collect();
        }
        set(&mut catalog.comments, self.comments);
        if let Some(audit) = self.audit {
            audit.apply(&mut catalog.audit);
        }
        for (id, splice) in self.tables {
            match splice {
                Some(splice) => splice.apply(&mut state.tables.entry(id).or_default().rows),
                None => {
                    state.tables.remove(&id);
                }
            }
        }
        set(&mut state.system, self.system);
        if let Some(turned) = self.turned {
            turned.apply(&mut state.turned);
        }
    }
}

impl<T: Clone> Splice<T> {
    fn apply(self, list: &mut Vector<T>) {
        list.truncate(self.keep);
        list.extend(self.add);
    }
}

fn entries<K, V>(before: &OrdMap<K, V>, after: &OrdMap<K, V>) -> Entries<K, V>
where
    K: Ord + Clone,
    V: PartialEq + Clone,
{
    entries_by(before, after, |_, value| value.clone())
}

/// What is new under each key, made by `write` of what was there and what is there now.
fn entries_by<K, V, W>(
    before: &OrdMap<K, V>,
    after: &OrdMap<K, V>,
    write: impl Fn(Option<&V>, &V) -> W,
) -> Entries<K, W>
where
    K: Ord + Clone,
    V: PartialEq + Clone,
{
    let differences = before.diff(after).map(|item| match item {
        DiffItem::Add(key, value) => (key.clone(), Some(write(None, value))),
        DiffItem::Update { old, new } => (new.0.clone(), Some(write(Some(old.1), new.1))),
        DiffItem::Remove(key, _) => (key.clone(), None),
    });
    differences.collect()
}

/// Who uses an object now and did not before (true), and the other way round: a table that many
/// views read is not written anew with each of them.
fn users(
    before: &OrdMap<ItemId, OrdSet<ItemId>>,
    after: &OrdMap<ItemId, OrdSet<ItemId>>,
) -> Vec<(ItemId, Users)> {
    let empty = OrdSet::new();
    let compare = |old: &OrdSet<ItemId>, new: &OrdSet<ItemId>| {
        let differences = old.diff(new).map(|item| match item {
            imbl::ordset::DiffItem::Add(id) => (*id, true),
            imbl::ordset::DiffItem::Remove(id) => (*id, false),
        });
        differences.collect()
    };
    let differences = before.diff(after).map(|item| match item {
        DiffItem::Add(id, set) => (*id, compare(&empty, set)),
        DiffItem::Update { old, new } => (*new.0, compare(old.1, new.1)),
        DiffItem::Remove(id, set) => (*id, compare(set, &empty)),
    });
    differences.collect()
}

fn set<K: Ord + Clone, V: Clone>(map: &mut OrdMap<K, V>, entries: Entries<K, V>) {
    for (key, value) in entries {
        match value {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        };
    }
}

fn splice<T: Clone>(before: &Vector<T>, after: &Vector<T>, same: impl Fn(&T, &T) -> bool) -> Splice<T> {
    let keep = before.iter().zip(after.iter()).take_while(|(old, new)| same(old, new)).count();
    Splice { keep, add: after.iter().skip(keep).cloned().collect() }
}

/// What was added to the audit log. Its numbers only grow: where the last one stands where it stood,
/// so does everything before it.
fn appended(before: &Vector<AuditEvent>, after: &Vector<AuditEvent>) -> Splice<AuditEvent> {
    let last = before.len().checked_sub(1).and_then(|at| after.get(at));
    if last.map(|event| event.id) == before.last().map(|event| event.id) {
        return Splice { keep: before.len(), add: after.iter().skip(before.len()).cloned().collect() };
    }
    splice(before, after, |a, b| a.id == b.id)
}
