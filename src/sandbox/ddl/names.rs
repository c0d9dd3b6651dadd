//! How stored statements write names: `[u1 AS "d"."s"."t"]`, `[u2]`, `"pg_catalog"."count"`.
//!
//! While a statement is printed, everything it names is noted: that is what it is made of. Start
//! reading at [`Stored`].

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::super::error::SqlError;
use super::super::model::Catalog;
use super::super::model::column::Type;
use super::super::model::id::ClusterId;
use super::super::model::id::ItemId;
use super::super::resolve;
use super::super::resolve::Relation;
use super::super::scope::Scope;
use super::super::system::SystemRelation;
use super::super::system::functions;
use super::super::system::types;
use crate::name::Ident;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::canonical::Names;
use crate::sql::data_type::DataType;
use crate::sql::stored;
use crate::sql::stored::dotted;

/// Names for the catalog, and what was named.
pub(super) struct Stored<'a> {
    catalog: &'a Catalog,
    scope: &'a Scope,
    /// The full name of what is created.
    defined: Vec<Ident>,
    /// Where it runs.
    cluster: Option<ClusterId>,
    /// Objects of users that were named.
    pub(super) uses: RefCell<BTreeSet<ItemId>>,
    /// Relations, types and functions of the system that were named.
    pub(super) uses_system: RefCell<BTreeSet<ItemId>>,
    error: RefCell<Option<SqlError>>,
}

impl<'a> Stored<'a> {
    /// Names for something of that full name that runs on that cluster.
    pub(super) fn new(
        catalog: &'a Catalog,
        scope: &'a Scope,
        defined: Vec<Ident>,
        cluster: Option<ClusterId>,
    ) -> Self {
        Self {
            catalog,
            scope,
            defined,
            cluster,
            uses: RefCell::default(),
            uses_system: RefCell::default(),
            error: RefCell::default(),
        }
    }

    /// What was wrong with a name, if anything.
    pub(super) fn finish(&self) -> Result<(), SqlError> {
        self.error.borrow_mut().take().map_or(Ok(()), Err)
    }

    fn fail(&self, error: SqlError) -> String {
        self.error.borrow_mut().get_or_insert(error);
        String::new()
    }

    /// An object of a user by its id.
    pub(super) fn by_id(&self, id: ItemId) -> String {
        self.uses.borrow_mut().insert(id);
        match self.catalog.items.get(&id) {
            Some(item) => reference(id, &resolve::full_parts(self.catalog, item)),
            None => self.fail(SqlError::internal(format!("unknown catalog item '{id}'"))),
        }
    }

    fn system(&self, relation: &SystemRelation) -> String {
        let id = ItemId::System(relation.id);
        self.uses_system.borrow_mut().insert(id);
        format!("[{id} AS \"{}\".\"{}\"]", relation.schema, relation.name)
    }

    /// Writes a type and tells which it is.
    ///
    /// # Errors
    /// `type "x" does not exist`
    pub(super) fn typed(&self, data_type: &DataType) -> Result<(String, Type), SqlError> {
        let kind = types::written(data_type, self.catalog, self.scope)?;
        let text = canonical::data_type(data_type, Form::Stored, self);
        Ok((text.ok_or_else(|| SqlError::unsupported("this type"))?, kind))
    }
}

/// How a stored statement writes a built-in type, and its id; `None` if there is none of that name.
pub(super) fn builtin_type(name: &str) -> Option<(String, ItemId)> {
    let builtin = types::builtin_named(name)?;
    let id = ItemId::System(builtin.id);
    Some((format!("[{id} AS \"{}\".\"{name}\"]", builtin.schema), id))
}

/// A reference by id and name.
pub(super) fn reference(id: ItemId, parts: &[Ident]) -> String {
    stored::by_id(&id.to_string(), parts)
}

impl Names for Stored<'_> {
    fn object(&self, name: &RawName) -> String {
        match resolve::item(self.catalog, self.scope, name) {
            Ok(Some(Relation::User(id))) => self.by_id(id),
            Ok(Some(Relation::System(relation))) => self.system(relation),
            Ok(None) => self.fail(resolve::unknown_item(name)),
            Err(error) => self.fail(error),
        }
    }

    fn defined(&self, _name: &RawName) -> String {
        dotted(&self.defined)
    }

    fn cluster(&self, _written: Option<&RawIdent>) -> Option<String> {
        self.cluster.map(|id| format!("[{id}]"))
    }

    fn builtin_type(&self, name: &str) -> String {
        if let Some((sql, id)) = builtin_type(name) {
            self.uses_system.borrow_mut().insert(id);
            return sql;
        }
        // A name of one part may be a user's type too, and that of an array of it.
        let (own, suffix) = match name.strip_prefix('_') {
            Some(element) => (element, "[]"),
            None => (name, ""),
        };
        for (own, suffix) in [(name, ""), (own, suffix)] {
            let Ok(part) = Ident::new(own) else { continue };
            let raw = RawName { parts: vec![part], id: None, span: Default::default() };
            if let Ok(Some(id)) = resolve::item_type(self.catalog, self.scope, &raw) {
                return format!("{}{suffix}", self.by_id(id));
            }
        }
        self.fail(types::missing(name))
    }

    fn user_type(&self, name: &RawName) -> String {
        match resolve::item_type(self.catalog, self.scope, name) {
            Ok(Some(id)) => self.by_id(id),
            Ok(None) => self.fail(types::missing(&resolve::as_written(&name.parts))),
            Err(error) => self.fail(error),
        }
    }

    fn function(&self, parts: &[Ident]) -> String {
        let Some(own) = parts.last() else { return String::new() };
        let known = functions::named(own.as_str());
        self.uses_system.borrow_mut().extend(known.map(|function| ItemId::System(function.id)));
        // What is not known is taken for PostgreSQL's, which is the rule.
        let schema = known.map_or("pg_catalog", |function| function.schema);
        if parts.len() == 1 { format!("\"{schema}\".{}", own.sql()) } else { dotted(parts) }
    }

    fn columns(&self, relation: &RawName) -> Option<Vec<Ident>> {
        match resolve::item(self.catalog, self.scope, relation) {
            Ok(Some(Relation::User(id))) => {
                let columns = self.catalog.items.get(&id)?.columns.clone()?;
                Some(columns.iter().map(|column| column.name.clone()).collect())
            }
            Ok(Some(Relation::System(relation))) => {
                relation.columns.iter().map(|(name, _, _)| Ident::new(name).ok()).collect()
            }
            Ok(None) | Err(_) => None,
        }
    }
}
