//! The files of `clusters/`, `roles/` and `network-policies/`.
//!
//! Only `apply` uses them, so what is wrong with them fails `apply` and not `compile`. Start
//! reading at [`read`].

use std::collections::BTreeMap;

use super::definition::Cluster;
use super::definition::NetworkPolicy;
use super::definition::Role;
use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::draft::opening;
use super::modifier::roles;
use super::object::Comment;
use super::object::Grant;
use super::source::Place;
use super::source::Source;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::RoleName;
use crate::sql::ast::Noun;
use crate::sql::ast::RawIdent;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::alter::AlterRole;
use crate::sql::ast::alter::CommentTarget;
use crate::sql::ast::privilege::GrantTarget;
use crate::sql::ast::privilege::Membership;
use crate::sql::span::Span;

/// Everything global that a project defines, sorted by name.
#[derive(Default)]
pub(super) struct Globals {
    pub(super) clusters: Vec<Cluster>,
    pub(super) roles: Vec<Role>,
    pub(super) network_policies: Vec<NetworkPolicy>,
}

/// Reads the files that are active under a profile, and checks all of them.
pub(super) fn read(
    sources: &[&Source],
    suffix: &str,
    profile: Option<&str>,
    found: &mut Vec<Diagnostic>,
) -> Globals {
    let mut groups: BTreeMap<(Sort, &str), BTreeMap<Option<&str>, &Source>> = BTreeMap::new();
    for source in sources {
        let (sort, stem) = match &source.place {
            Place::Cluster(stem) => (Sort::Cluster, stem),
            Place::Role(stem) => (Sort::Role, stem),
            Place::NetworkPolicy(stem) => (Sort::NetworkPolicy, stem),
            Place::Settings | Place::Database(_) | Place::Schema(..) | Place::Object(..) => continue,
        };
        let split = stem.rsplit_once("__").filter(|(own, profile)| !own.is_empty() && !profile.is_empty());
        let (own, variant) = split.map_or((stem.as_str(), None), |(own, profile)| (own, Some(profile)));
        groups.entry((sort, own)).or_default().insert(variant, source);
    }
    let mut globals = Globals::default();
    for ((sort, stem), variants) in groups {
        let active = profile.filter(|profile| variants.contains_key(&Some(*profile)));
        for (variant, source) in variants {
            let mut wrong = Vec::new();
            let definition = Definition::read(source, sort, stem, &mut wrong);
            found.extend(wrong.into_iter().map(Diagnostic::for_apply));
            if variant == active
                && let Some(definition) = definition
            {
                definition.add_to(&mut globals, suffix);
            }
        }
    }
    globals
}

/// What sort of thing a folder holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Cluster,
    Role,
    NetworkPolicy,
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Role => "role",
            Self::NetworkPolicy => "network policy",
        }
    }

    fn noun(self) -> Noun {
        match self {
            Self::Cluster => Noun::Cluster,
            Self::Role => Noun::Role,
            Self::NetworkPolicy => Noun::NetworkPolicy,
        }
    }

    /// The name that a statement creates, if it creates this sort of thing.
    fn created(self, kind: &StatementKind) -> Option<&RawIdent> {
        match (self, kind) {
            (Self::Cluster, StatementKind::CreateCluster(cluster)) => Some(&cluster.name),
            (Self::Role, StatementKind::CreateRole(role)) => Some(&role.name),
            (Self::NetworkPolicy, StatementKind::CreateNetworkPolicy(policy)) => Some(&policy.name),
            _ => None,
        }
    }
}

/// What one file defines.
struct Definition<'a> {
    source: &'a Source,
    main: &'a Statement,
    name: Ident,
    /// What stands behind the name.
    text: String,
    grants: Vec<Grant>,
    comments: Vec<Comment>,
    alterations: Vec<String>,
    members: Vec<RoleName>,
}

impl<'a> Definition<'a> {
    /// Reads a file; `None` when it creates nothing.
    fn read(source: &'a Source, sort: Sort, stem: &str, found: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut mains = source.statements.iter().filter_map(|one| Some((one, sort.created(&one.kind)?)));
        let first = mains.next();
        for (other, _) in mains {
            let message = format!("this file already creates a {}", sort.word());
            found.push(source.error(Code::TwoMainStatements, opening(source, other), message));
        }
        let Some((main, name)) = first else {
            if !source.is_broken() {
                let message = format!("this file creates no {}", sort.word());
                found.push(source.error(Code::NoMainStatement, Span::default(), message));
            }
            return None;
        };
        if !name.ident.as_str().eq_ignore_ascii_case(stem) {
            let message =
                format!("the statement says {} `{}`, the file's name says `{stem}`", sort.word(), name.ident);
            found.push(source.error(Code::NameMismatch, name.span, message));
        }
        let text = Span::new(name.span.end, main.span.end).of(source.sql()).trim().to_owned();
        let mut definition = Self {
            source,
            main,
            name: name.ident.clone(),
            text,
            grants: Vec::new(),
            comments: Vec::new(),
            alterations: Vec::new(),
            members: Vec::new(),
        };
        for statement in &source.statements {
            if sort.created(&statement.kind).is_none() {
                definition.companion(sort, statement, found);
            }
        }
        Some(definition)
    }

    /// Reads a statement beside the one that creates.
    fn companion(&mut self, sort: Sort, statement: &Statement, found: &mut Vec<Diagnostic>) {
        let source = self.source;
        let line = source.line(statement.span);
        let target = match &statement.kind {
            StatementKind::Comment(comment) => match &comment.on {
                CommentTarget::Named(noun, name) if *noun == sort.noun() => {
                    self.comments.push(Comment { column: None, text: comment.text.clone(), line });
                    name.parts.first().cloned().map(|ident| (ident, name.span))
                }
                CommentTarget::Named(..) | CommentTarget::Column(..) => None,
            },
            StatementKind::Privileges(privileges) if privileges.grant && sort != Sort::Role => {
                match &privileges.on {
                    GrantTarget::Names { noun, names, .. } if *noun == sort.noun() && names.len() == 1 => {
                        self.grants.push(Grant {
                            privileges: privileges.privileges.clone(),
                            grantees: roles(&privileges.grantees),
                            line,
                        });
                        names.first().and_then(|name| Some((name.parts.first()?.clone(), name.span)))
                    }
                    GrantTarget::Names { .. } | GrantTarget::AllIn { .. } | GrantTarget::System => None,
                }
            }
            StatementKind::AlterRole(alter) if sort == Sort::Role => self.alteration(statement, alter),
            StatementKind::Membership(membership) if sort == Sort::Role && membership.grant => {
                self.membership(membership)
            }
            _ => None,
        };
        match target {
            Some((target, _)) if target == self.name => {}
            Some((target, span)) => {
                let message = format!(
                    "this is about `{target}`, but the file is about the {} `{}`",
                    sort.word(),
                    self.name
                );
                found.push(source.error(Code::WrongTarget, span, message));
            }
            None => {
                let message = format!("this statement has no place in the file of a {}", sort.word());
                let span = opening(source, statement);
                found.push(source.error(Code::UnsupportedStatement, span, message));
            }
        }
    }

    fn alteration(&mut self, statement: &Statement, alter: &AlterRole) -> Option<(Ident, Span)> {
        let rest = Span::new(alter.name.span.end, statement.span.end).of(self.source.sql());
        self.alterations.push(rest.trim().to_owned());
        Some((alter.name.ident.clone(), alter.name.span))
    }

    fn membership(&mut self, membership: &Membership) -> Option<(Ident, Span)> {
        self.members.extend(membership.members.iter().map(|member| RoleName(member.ident.clone())));
        let own =
            membership.roles.iter().find(|role| role.ident == self.name).or(membership.roles.first())?;
        Some((own.ident.clone(), own.span))
    }

    fn add_to(self, globals: &mut Globals, suffix: &str) {
        let file = self.source.path.to_owned();
        let line = self.source.line(self.main.span);
        match &self.main.kind {
            StatementKind::CreateCluster(create) => {
                let Ok(name) = Ident::new(format!("{}{suffix}", self.name.as_str())) else { return };
                globals.clusters.push(Cluster {
                    name: ClusterName(name),
                    options: create.options.clone(),
                    definition: self.text,
                    grants: self.grants,
                    comments: self.comments,
                    file,
                    line,
                });
            }
            StatementKind::CreateRole(create) => globals.roles.push(Role {
                name: RoleName(self.name),
                attributes: create.attributes.clone(),
                definition: self.text,
                alterations: self.alterations,
                members: self.members,
                comments: self.comments,
                file,
                line,
            }),
            StatementKind::CreateNetworkPolicy(_) => globals.network_policies.push(NetworkPolicy {
                name: self.name,
                definition: self.text,
                grants: self.grants,
                comments: self.comments,
                file,
                line,
            }),
            _ => {}
        }
    }
}
