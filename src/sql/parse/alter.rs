//! `ALTER`, `DROP`, `REASSIGN` and `COMMENT`.

use super::create::role_attributes;
use super::create::secret_value;
use super::cursor::Cursor;
use super::option_names::ANY;
use super::options;
use super::privilege;
use super::run;
use crate::name::ObjectKind;
use crate::sql::ast::Noun;
use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;
use crate::sql::ast::alter::AlterApplyReplacement;
use crate::sql::ast::alter::AlterCluster;
use crate::sql::ast::alter::AlterConnection;
use crate::sql::ast::alter::AlterOwner;
use crate::sql::ast::alter::AlterRename;
use crate::sql::ast::alter::AlterRole;
use crate::sql::ast::alter::AlterRoleAction;
use crate::sql::ast::alter::AlterSecret;
use crate::sql::ast::alter::AlterSinkFrom;
use crate::sql::ast::alter::AlterSwap;
use crate::sql::ast::alter::Comment;
use crate::sql::ast::alter::CommentTarget;
use crate::sql::ast::alter::Drop;
use crate::sql::ast::alter::DropBehaviour;
use crate::sql::ast::alter::DropOwned;
use crate::sql::ast::alter::ReassignOwned;
use crate::sql::ast::create::CreateNetworkPolicy;
use crate::sql::error::SyntaxError;
use crate::sql::token::Lexeme;

/// The keywords of every kind of thing.
const NOUNS: &[(&str, Noun)] = &[
    ("CLUSTER REPLICA", Noun::ClusterReplica),
    ("CLUSTER", Noun::Cluster),
    ("CONNECTION", Noun::Object(ObjectKind::Connection)),
    ("DATABASE", Noun::Database),
    ("FUNCTION", Noun::Object(ObjectKind::Function)),
    ("INDEX", Noun::Object(ObjectKind::Index)),
    ("MATERIALIZED VIEW", Noun::Object(ObjectKind::MaterializedView)),
    ("NETWORK POLICY", Noun::NetworkPolicy),
    ("ROLE", Noun::Role),
    ("USER", Noun::Role),
    ("SCHEMA", Noun::Schema),
    ("SECRET", Noun::Object(ObjectKind::Secret)),
    ("SINK", Noun::Object(ObjectKind::Sink)),
    ("SOURCE", Noun::Object(ObjectKind::Source)),
    ("SUBSOURCE", Noun::Object(ObjectKind::Source)),
    ("TABLE", Noun::Object(ObjectKind::Table)),
    ("TYPE", Noun::Object(ObjectKind::Type)),
    ("VIEW", Noun::Object(ObjectKind::View)),
];

/// Reads the keywords of a kind of thing, if they are there.
pub(super) fn maybe_noun(cursor: &mut Cursor<'_>) -> Option<Noun> {
    NOUNS.iter().find(|(words, _)| cursor.keywords(words)).map(|(_, noun)| *noun)
}

/// Reads the keywords of a kind of thing.
pub(super) fn noun(cursor: &mut Cursor<'_>, after: &str) -> Result<Noun, SyntaxError> {
    maybe_noun(cursor).ok_or_else(|| {
        cursor.expected(&format!(
            "DATABASE, SCHEMA, CLUSTER, CLUSTER REPLICA, CONNECTION, TABLE, VIEW, MATERIALIZED VIEW, SOURCE, \
             SINK, INDEX, SECRET, TYPE, ROLE, or NETWORK POLICY after {after}"
        ))
    })
}

/// Reads the name of a thing, whose possible parts the kind tells.
pub(super) fn name(cursor: &mut Cursor<'_>, noun: Noun) -> Result<RawName, SyntaxError> {
    match noun {
        Noun::Cluster | Noun::Role | Noun::NetworkPolicy | Noun::Database => {
            let only = cursor.ident()?;
            Ok(RawName { parts: vec![only.ident], id: None, span: only.span })
        }
        Noun::Schema | Noun::ClusterReplica | Noun::Object(_) => cursor.name(),
    }
}

fn if_exists(cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    if cursor.peek_is("IF") && cursor.nth_is(1, "EXISTS") {
        cursor.expect("IF EXISTS")?;
        return Ok(true);
    }
    Ok(false)
}

/// Reads `ALTER …`.
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("ALTER")?;
    if cursor.keywords("DEFAULT PRIVILEGES") {
        return privilege::default(cursor);
    }
    if cursor.keyword("SYSTEM") {
        let word = cursor.expect_one(&["SET", "RESET"])?;
        return run::assignment(cursor, word == "RESET").map(StatementKind::AlterSystem);
    }
    let noun = noun(cursor, "ALTER")?;
    let if_exists = if_exists(cursor)?;
    let name = name(cursor, noun)?;
    if noun == Noun::Role {
        return role(cursor, &name);
    }
    if cursor.keyword("OWNER") {
        cursor.expect("TO")?;
        let owner = cursor.ident()?;
        return Ok(StatementKind::AlterOwner(AlterOwner { noun, if_exists, name, owner }));
    }
    if noun == Noun::Database {
        return Err(cursor.expected("OWNER"));
    }
    if cursor.keyword("RENAME") {
        cursor.expect("TO")?;
        let to = cursor.ident()?;
        return Ok(StatementKind::AlterRename(AlterRename { noun, if_exists, name, to }));
    }
    match noun {
        Noun::Schema => schema(cursor, if_exists, name),
        Noun::Cluster => cluster(cursor, if_exists, name),
        Noun::NetworkPolicy => {
            cursor.expect("SET")?;
            let definition = cursor.rest();
            let name = only(&name)?;
            Ok(StatementKind::AlterNetworkPolicy(CreateNetworkPolicy { name, definition }))
        }
        Noun::Object(kind) => object(cursor, kind, if_exists, name),
        Noun::Database | Noun::ClusterReplica | Noun::Role => Err(cursor.expected("one of RENAME or OWNER")),
    }
}

/// The one part of a name that can have no more.
fn only(name: &RawName) -> Result<crate::sql::ast::RawIdent, SyntaxError> {
    match name.parts.first() {
        Some(ident) => Ok(crate::sql::ast::RawIdent { ident: ident.clone(), by_id: false, span: name.span }),
        None => Err(SyntaxError::new("Expected identifier, found nothing", name.span)),
    }
}

fn role(cursor: &mut Cursor<'_>, name: &RawName) -> Result<StatementKind, SyntaxError> {
    let name = only(name)?;
    let action = if cursor.peek_is("SET") || cursor.peek_is("RESET") {
        let reset = cursor.peek_is("RESET");
        cursor.advance();
        AlterRoleAction::Variable(run::assignment(cursor, reset)?)
    } else {
        cursor.keyword("WITH");
        AlterRoleAction::Attributes(role_attributes(cursor)?)
    };
    Ok(StatementKind::AlterRole(AlterRole { name, action }))
}

fn schema(cursor: &mut Cursor<'_>, if_exists: bool, name: RawName) -> Result<StatementKind, SyntaxError> {
    if !cursor.keyword("SWAP") {
        return Err(cursor.expected("one of RENAME or OWNER or SWAP"));
    }
    cursor.expect("WITH")?;
    let with = cursor.ident()?;
    Ok(StatementKind::AlterSwap(AlterSwap { noun: Noun::Schema, if_exists, name, with }))
}

fn cluster(cursor: &mut Cursor<'_>, if_exists: bool, name: RawName) -> Result<StatementKind, SyntaxError> {
    if cursor.keyword("SWAP") {
        cursor.expect("WITH")?;
        let with = cursor.ident()?;
        return Ok(StatementKind::AlterSwap(AlterSwap { noun: Noun::Cluster, if_exists, name, with }));
    }
    let mut alter =
        AlterCluster { if_exists, name: only(&name)?, set: Vec::new(), reset: Vec::new(), wait: Vec::new() };
    if cursor.keyword("SET") {
        if !cursor.peek_is_lexeme(&Lexeme::LParen) {
            return Err(cursor.expected("left parenthesis"));
        }
        alter.set = options::cluster(cursor)?;
        alter.wait = options::with(cursor, ANY)?;
    } else if cursor.keyword("RESET") {
        alter.reset = options::cluster_names(cursor)?;
    } else {
        return Err(cursor.expected("one of OWNER or RENAME or RESET or SET or SWAP"));
    }
    Ok(StatementKind::AlterCluster(alter))
}

fn object(
    cursor: &mut Cursor<'_>,
    kind: ObjectKind,
    if_exists: bool,
    name: RawName,
) -> Result<StatementKind, SyntaxError> {
    match kind {
        ObjectKind::Sink if cursor.keywords("SET FROM") => {
            let from = cursor.name()?;
            return Ok(StatementKind::AlterSinkFrom(AlterSinkFrom { if_exists, name, from }));
        }
        ObjectKind::Secret if cursor.peek_is("AS") => {
            let value = secret_value(cursor)?;
            return Ok(StatementKind::AlterSecret(AlterSecret { if_exists, name, value }));
        }
        ObjectKind::MaterializedView if cursor.keywords("APPLY REPLACEMENT") => {
            let replacement = cursor.name()?;
            return Ok(StatementKind::AlterApplyReplacement(AlterApplyReplacement {
                if_exists,
                name,
                replacement,
            }));
        }
        ObjectKind::Connection
            if ["SET", "DROP", "RESET", "ROTATE"].iter().any(|word| cursor.peek_is(word)) =>
        {
            let actions = cursor.rest();
            return Ok(StatementKind::AlterConnection(AlterConnection { if_exists, name, actions }));
        }
        _ => {}
    }
    // Known by their heads alone: the server has them switched off.
    let what = if cursor.keywords("SET CLUSTER") {
        "SET CLUSTER"
    } else if cursor.keywords("ADD COLUMN") {
        "ADD COLUMN"
    } else if cursor.keyword("SET") {
        if !cursor.peek_is_lexeme(&Lexeme::LParen) {
            return Err(cursor.expected("left parenthesis"));
        }
        "SET"
    } else if cursor.keyword("RESET") {
        "RESET"
    } else {
        return Err(cursor.expected("one of SET or RENAME or OWNER or RESET"));
    };
    cursor.rest();
    Ok(StatementKind::Other(format!("ALTER {} {what}", kind.sql())))
}

fn behaviour(cursor: &mut Cursor<'_>) -> Option<DropBehaviour> {
    if cursor.keyword("CASCADE") {
        Some(DropBehaviour::Cascade)
    } else if cursor.keyword("RESTRICT") {
        Some(DropBehaviour::Restrict)
    } else {
        None
    }
}

/// Reads `DROP …`.
pub(super) fn drop(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("DROP")?;
    if cursor.keywords("OWNED BY") {
        let roles = cursor.list(Cursor::ident)?;
        return Ok(StatementKind::DropOwned(DropOwned { roles, behaviour: behaviour(cursor) }));
    }
    let noun = noun(cursor, "DROP")?;
    let if_exists = if_exists(cursor)?;
    let names = match noun {
        // The server takes one database at a time.
        Noun::Database => vec![name(cursor, noun)?],
        _ => cursor.list(|cursor| name(cursor, noun))?,
    };
    Ok(StatementKind::Drop(Drop { noun, if_exists, names, behaviour: behaviour(cursor) }))
}

/// Reads `REASSIGN OWNED BY … TO …`.
pub(super) fn reassign(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("REASSIGN OWNED BY")?;
    let from = cursor.list(Cursor::ident)?;
    cursor.expect("TO")?;
    Ok(StatementKind::ReassignOwned(ReassignOwned { from, to: cursor.ident()? }))
}

/// Reads `COMMENT ON …`.
pub(super) fn comment(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("COMMENT ON")?;
    let on = if cursor.keyword("COLUMN") {
        let start = cursor.start();
        let mut parts = vec![cursor.ident()?];
        while cursor.lexeme(&Lexeme::Period) {
            parts.push(cursor.ident()?);
        }
        let (Some(column), Some(last)) = (parts.pop(), parts.last()) else {
            return Err(cursor.error("need to specify an object and a column"));
        };
        let span = crate::sql::span::Span::new(start, last.span.end);
        let parts = parts.into_iter().map(|part| part.ident).collect();
        CommentTarget::Column(RawName { parts, id: None, span }, column)
    } else {
        let noun = noun(cursor, "COMMENT ON")?;
        CommentTarget::Named(noun, name(cursor, noun)?)
    };
    cursor.expect("IS")?;
    let text = if cursor.keyword("NULL") { None } else { Some(cursor.string()?) };
    Ok(StatementKind::Comment(Comment { on, text }))
}
