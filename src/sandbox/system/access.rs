//! Roles, memberships, default privileges, network policies.

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::access::DefaultAclOn;
use super::spec::Spec;
use super::spec::no_rows;
use super::text;
use super::text::flag;
use super::text::flag_or_null;
use super::text::some;

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 520,
        schema: "mz_catalog",
        name: "mz_roles",
        kind: "table",
        columns: "id text, oid oid, name text, inherit bool, rolcanlogin bool?, rolsuper bool?",
        rows: roles,
    },
    Spec {
        id: 521,
        schema: "mz_catalog",
        name: "mz_role_members",
        kind: "table",
        columns: "role_id text, member text, grantor text",
        rows: members,
    },
    Spec {
        id: 522,
        schema: "mz_catalog",
        name: "mz_role_parameters",
        kind: "table",
        columns: "role_id text, parameter_name text, parameter_value text",
        rows: parameters,
    },
    Spec {
        id: 523,
        schema: "mz_catalog",
        name: "mz_default_privileges",
        kind: "table",
        columns: "role_id text, database_id text?, schema_id text?, object_type text, grantee text, privileges text",
        rows: default_privileges,
    },
    Spec {
        id: 524,
        schema: "mz_catalog",
        name: "mz_system_privileges",
        kind: "table",
        columns: "privileges mz_aclitem",
        rows: system_privileges,
    },
    Spec {
        id: 525,
        schema: "mz_internal",
        name: "mz_network_policies",
        kind: "table",
        columns: "id text, name text, owner_id text, privileges _mz_aclitem, oid oid",
        rows: policies,
    },
    Spec {
        id: 526,
        schema: "mz_internal",
        name: "mz_network_policy_rules",
        kind: "table",
        columns: "name text, policy_id text, action text, address text, direction text",
        rows: policy_rules,
    },
    Spec {
        id: 527,
        schema: "mz_catalog",
        name: "mz_role_auth",
        kind: "table",
        columns: "role_id text, role_oid oid, password_hash text?, updated_at timestamptz",
        rows: no_rows,
    },
];

fn roles(state: &State, _: &Runtime) -> Vec<Row> {
    let roles = state.catalog.roles.iter();
    roles
        .map(|(id, role)| {
            vec![
                some(id),
                some(role.oid),
                text::ident(&role.name),
                flag(role.inherit),
                flag_or_null(role.login),
                flag_or_null(role.superuser),
            ]
        })
        .collect()
}

fn members(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (member, role) in &state.catalog.roles {
        for (of, grantor) in &role.member_of {
            rows.push(vec![some(of), some(member), some(grantor)]);
        }
    }
    rows
}

fn parameters(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, role) in &state.catalog.roles {
        for (name, value) in &role.settings {
            rows.push(vec![some(id), some(name), some(value)]);
        }
    }
    rows
}

/// `mz_default_privileges.object_type`
pub(super) fn object_type(on: DefaultAclOn) -> &'static str {
    match on {
        DefaultAclOn::Object(kind) => kind.catalog(),
        DefaultAclOn::Database => "database",
        DefaultAclOn::Schema => "schema",
        DefaultAclOn::Cluster => "cluster",
    }
}

fn default_privileges(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, grants) in &state.catalog.default_acls {
        for (grantee, privileges) in grants {
            rows.push(vec![
                some(text::grantee_id(key.role)),
                key.database.and_then(some),
                key.schema.and_then(some),
                some(object_type(key.on)),
                some(text::grantee_id(*grantee)),
                some(text::letters(privileges)),
            ]);
        }
    }
    rows
}

fn system_privileges(state: &State, _: &Runtime) -> Vec<Row> {
    text::acl_items(&state.catalog.system_acl).map(|item| vec![Some(item)]).collect()
}

fn policies(state: &State, _: &Runtime) -> Vec<Row> {
    let policies = state.catalog.policies.iter();
    policies
        .map(|(id, policy)| {
            vec![
                some(id),
                text::ident(&policy.name),
                some(policy.owner),
                text::acl(&policy.acl),
                some(policy.oid),
            ]
        })
        .collect()
}

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Its name.
    pub(super) name: String,
    /// `allow`
    pub(super) action: String,
    /// The addresses.
    pub(super) address: String,
    /// `ingress`
    pub(super) direction: String,
}

/// Reads the rules of `RULES ( r (action = 'allow', direction = 'ingress', address = 'cidr'), … )`.
pub(super) fn rules(definition: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    // A rule is what stands in the innermost parentheses, its name is the word before them.
    for (open, _) in definition.match_indices('(') {
        let Some(inner) = definition.get(open + 1..) else { continue };
        let end = inner.find([')', '(']).unwrap_or(inner.len());
        if inner.get(end..).is_none_or(|rest| !rest.starts_with(')')) {
            continue;
        }
        let before = definition.get(..open).unwrap_or_default().trim_end();
        let name = before.rsplit([' ', ',', '(', '\n', '\t']).next().unwrap_or_default().trim_matches('"');
        let options = inner.get(..end).unwrap_or_default();
        let value = |key: &str| {
            let mut pairs = options.split(',').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(word, _)| word.trim().trim_matches('"').eq_ignore_ascii_case(key));
            found.map(|(_, value)| value.trim().trim_matches('\'').to_owned()).unwrap_or_default()
        };
        rules.push(Rule {
            name: name.to_owned(),
            action: value("action"),
            address: value("address"),
            direction: value("direction"),
        });
    }
    rules
}

fn policy_rules(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, policy) in &state.catalog.policies {
        for rule in rules(&policy.definition) {
            rows.push(vec![
                Some(rule.name),
                some(id),
                Some(rule.action),
                Some(rule.address),
                Some(rule.direction),
            ]);
        }
    }
    rows
}
