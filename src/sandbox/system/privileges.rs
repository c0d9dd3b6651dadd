//! Who may do what, with names instead of ids: `mz_show_…_privileges`, which `SHOW PRIVILEGES`
//! reads.
//!
//! What the system's own roles hold and what is granted on the system's own things is left out, as
//! on the server. Start reading at [`granted`].

use std::collections::BTreeSet;
use std::collections::HashMap;

use super::super::hydration::Runtime;
use super::super::model::Catalog;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::access::Acl;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::id::RoleId;
use super::super::model::item::ItemData;
use super::access;
use super::names;
use super::spec::Spec;
use super::text::some;

/// How `PUBLIC` is written where roles are named.
pub(super) const PUBLIC: &str = "PUBLIC";

const ALL_COLUMNS: &str = "grantor text, grantee text, database text?, schema text?, name text?, object_type text, privilege_type text";
const OBJECT_COLUMNS: &str = "grantor text, grantee text, database text?, schema text?, name text, object_type text, privilege_type text";
const SCHEMA_COLUMNS: &str = "grantor text, grantee text, database text?, name text, privilege_type text";
const NAMED_COLUMNS: &str = "grantor text, grantee text, name text, privilege_type text";
const SYSTEM_COLUMNS: &str = "grantor text, grantee text, privilege_type text";
const DEFAULT_COLUMNS: &str =
    "object_owner text, database text?, schema text?, object_type text, grantee text, privilege_type text";
const MEMBER_COLUMNS: &str = "role text, member text, grantor text";

const fn view(
    id: u64,
    name: &'static str,
    columns: &'static str,
    rows: fn(&State, &Runtime) -> Vec<Row>,
) -> Spec {
    Spec { id, schema: "mz_internal", name, kind: "view", columns, rows }
}

pub(super) const SPECS: &[Spec] = &[
    view(550, "mz_show_all_privileges", ALL_COLUMNS, |state, _| all(state, None)),
    view(551, "mz_show_all_my_privileges", ALL_COLUMNS, |state, runtime| all(state, mine(state, runtime))),
    view(552, "mz_show_cluster_privileges", NAMED_COLUMNS, |state, _| of(state, Target::Cluster, None)),
    view(553, "mz_show_my_cluster_privileges", NAMED_COLUMNS, |state, runtime| {
        of(state, Target::Cluster, mine(state, runtime))
    }),
    view(554, "mz_show_database_privileges", NAMED_COLUMNS, |state, _| of(state, Target::Database, None)),
    view(555, "mz_show_my_database_privileges", NAMED_COLUMNS, |state, runtime| {
        of(state, Target::Database, mine(state, runtime))
    }),
    view(556, "mz_show_schema_privileges", SCHEMA_COLUMNS, |state, _| of(state, Target::Schema, None)),
    view(557, "mz_show_my_schema_privileges", SCHEMA_COLUMNS, |state, runtime| {
        of(state, Target::Schema, mine(state, runtime))
    }),
    view(558, "mz_show_object_privileges", OBJECT_COLUMNS, |state, _| of(state, Target::Object, None)),
    view(559, "mz_show_my_object_privileges", OBJECT_COLUMNS, |state, runtime| {
        of(state, Target::Object, mine(state, runtime))
    }),
    view(560, "mz_show_system_privileges", SYSTEM_COLUMNS, |state, _| of(state, Target::System, None)),
    view(561, "mz_show_my_system_privileges", SYSTEM_COLUMNS, |state, runtime| {
        of(state, Target::System, mine(state, runtime))
    }),
    view(562, "mz_show_default_privileges", DEFAULT_COLUMNS, |state, _| defaults(state, None)),
    view(563, "mz_show_my_default_privileges", DEFAULT_COLUMNS, |state, runtime| {
        defaults(state, mine(state, runtime))
    }),
    view(564, "mz_show_role_members", MEMBER_COLUMNS, |state, _| members(state, None)),
    view(565, "mz_show_my_role_members", MEMBER_COLUMNS, |state, runtime| {
        members(state, mine(state, runtime))
    }),
];

/// Of what family something is that privileges are granted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    System,
    Cluster,
    Database,
    Schema,
    Object,
}

/// One privilege that somebody holds.
struct Grant<'c> {
    target: Target,
    grantor: RoleId,
    grantee: Grantee,
    database: Option<&'c str>,
    schema: Option<&'c str>,
    name: Option<&'c str>,
    object_type: &'static str,
    privilege: Privilege,
}

/// Where something is that privileges are granted on, and what it is called.
#[derive(Clone, Copy)]
struct Place<'c> {
    target: Target,
    database: Option<&'c str>,
    schema: Option<&'c str>,
    name: Option<&'c str>,
    object_type: &'static str,
}

impl<'c> Place<'c> {
    fn flat(target: Target, name: Option<&'c str>, object_type: &'static str) -> Self {
        Self { target, database: None, schema: None, name, object_type }
    }
}

fn collect<'c>(grants: &mut Vec<Grant<'c>>, place: Place<'c>, acl: &Acl) {
    for ((grantee, grantor), privileges) in acl {
        for privilege in privileges {
            grants.push(Grant {
                target: place.target,
                grantor: *grantor,
                grantee: *grantee,
                database: place.database,
                schema: place.schema,
                name: place.name,
                object_type: place.object_type,
                privilege: *privilege,
            });
        }
    }
}

/// Everything that is granted to users' roles and to everybody, on users' things.
fn granted(catalog: &Catalog) -> Vec<Grant<'_>> {
    let mut grants = Vec::new();
    collect(&mut grants, Place::flat(Target::System, None, "system"), &catalog.system_acl);
    for (id, cluster) in &catalog.clusters {
        if id.is_user() {
            let place = Place::flat(Target::Cluster, Some(cluster.name.as_str()), "cluster");
            collect(&mut grants, place, &cluster.acl);
        }
    }
    for database in catalog.databases.values() {
        let place = Place::flat(Target::Database, Some(database.name.as_str()), "database");
        collect(&mut grants, place, &database.acl);
    }
    let names = names::by_id(catalog);
    let database_of = |id: &str| names.get(id).and_then(|schema| schema.database).map(|(_, name)| name);
    for (id, schema) in &catalog.schemas {
        let place = Place {
            database: database_of(&id.to_string()),
            ..Place::flat(Target::Schema, Some(schema.name.as_str()), "schema")
        };
        collect(&mut grants, place, &schema.acl);
    }
    for item in catalog.items.values() {
        if matches!(item.data, ItemData::Index { .. } | ItemData::Sink { .. }) {
            continue;
        }
        let id = item.schema.to_string();
        let place = Place {
            database: database_of(&id),
            schema: names.get(&id).map(|schema| schema.name),
            ..Place::flat(Target::Object, Some(item.name.as_str()), item.kind().catalog())
        };
        collect(&mut grants, place, &item.acl);
    }
    grants.retain(|grant| is_shown(grant.grantee));
    grants
}

fn is_shown(grantee: Grantee) -> bool {
    match grantee {
        Grantee::Public => true,
        Grantee::Role(id) => id.is_user(),
    }
}

/// A role with those it is a member of, directly or through others.
pub(super) fn with_memberships(catalog: &Catalog, role: RoleId) -> BTreeSet<RoleId> {
    let mut all = BTreeSet::new();
    let mut open = vec![role];
    while let Some(id) = open.pop() {
        if all.insert(id) {
            open.extend(catalog.roles.get(&id).into_iter().flat_map(|role| role.member_of.keys().copied()));
        }
    }
    all
}

/// The roles whose privileges the asking session has; a superuser has everybody's.
type Mine = Option<BTreeSet<RoleId>>;

fn mine(state: &State, runtime: &Runtime) -> Mine {
    let role = state.catalog.roles.get(&runtime.role);
    if role.is_some_and(|role| role.superuser == Some(true)) {
        return None;
    }
    Some(with_memberships(&state.catalog, runtime.role))
}

fn is_mine(mine: &Mine, grantee: Grantee) -> bool {
    match (mine, grantee) {
        (None, _) | (_, Grantee::Public) => true,
        (Some(mine), Grantee::Role(id)) => mine.contains(&id),
    }
}

type Names<'c> = HashMap<RoleId, &'c str>;

fn role_names(catalog: &Catalog) -> Names<'_> {
    catalog.roles.iter().map(|(id, role)| (*id, role.name.as_str())).collect()
}

fn role_name(names: &Names<'_>, id: RoleId) -> Option<String> {
    names.get(&id).map(|name| (*name).to_owned())
}

fn grantee_name(names: &Names<'_>, grantee: Grantee) -> Option<String> {
    match grantee {
        Grantee::Public => some(PUBLIC),
        Grantee::Role(id) => role_name(names, id),
    }
}

fn all(state: &State, mine: Mine) -> Vec<Row> {
    let names = role_names(&state.catalog);
    let grants = granted(&state.catalog).into_iter().filter(|grant| is_mine(&mine, grant.grantee));
    grants
        .map(|grant| {
            vec![
                role_name(&names, grant.grantor),
                grantee_name(&names, grant.grantee),
                grant.database.and_then(some),
                grant.schema.and_then(some),
                grant.name.and_then(some),
                some(grant.object_type),
                some(grant.privilege.word()),
            ]
        })
        .collect()
}

fn of(state: &State, target: Target, mine: Mine) -> Vec<Row> {
    let names = role_names(&state.catalog);
    let mut rows = Vec::new();
    for grant in granted(&state.catalog) {
        if grant.target != target || !is_mine(&mine, grant.grantee) {
            continue;
        }
        let mut row = vec![role_name(&names, grant.grantor), grantee_name(&names, grant.grantee)];
        match target {
            Target::System => {}
            Target::Cluster | Target::Database => row.push(grant.name.and_then(some)),
            Target::Schema => row.extend([grant.database.and_then(some), grant.name.and_then(some)]),
            Target::Object => row.extend([
                grant.database.and_then(some),
                grant.schema.and_then(some),
                grant.name.and_then(some),
                some(grant.object_type),
            ]),
        }
        row.push(some(grant.privilege.word()));
        rows.push(row);
    }
    rows
}

fn defaults(state: &State, mine: Mine) -> Vec<Row> {
    let catalog = &state.catalog;
    let names = role_names(catalog);
    let mut rows = Vec::new();
    for (key, grants) in &catalog.default_acls {
        let database = key.database.and_then(|id| catalog.databases.get(&id));
        let schema = key.schema.and_then(|id| catalog.schemas.get(&id));
        for (grantee, privileges) in grants {
            if !is_shown(*grantee) || !is_mine(&mine, *grantee) {
                continue;
            }
            for privilege in privileges {
                rows.push(vec![
                    grantee_name(&names, key.role),
                    database.and_then(|database| some(database.name.as_str())),
                    schema.and_then(|schema| some(schema.name.as_str())),
                    some(access::object_type(key.on)),
                    grantee_name(&names, *grantee),
                    some(privilege.word()),
                ]);
            }
        }
    }
    rows
}

fn members(state: &State, mine: Mine) -> Vec<Row> {
    let names = role_names(&state.catalog);
    let mut rows = Vec::new();
    for (member, role) in &state.catalog.roles {
        if !is_mine(&mine, Grantee::Role(*member)) {
            continue;
        }
        for (of, grantor) in &role.member_of {
            let row = [*of, *member, *grantor].map(|id| role_name(&names, id));
            rows.push(row.into());
        }
    }
    rows
}
