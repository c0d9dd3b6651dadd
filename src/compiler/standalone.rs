//! A view's query as a statement of its own, with something else in place of what it reads.
//!
//! A relation that is stood in for becomes a CTE with a name that the user's text does not hold;
//! everything else of the text stays. Places in the statement lead back to the file. Pure. Start
//! reading at [`query`].

use std::collections::BTreeMap;

use super::body::BareName;
use super::body::Body;
use super::body::Origin;
use super::object::Column;
use super::object::Index;
use super::object::Object;
use super::template::Names;
use super::template::Piece;
use super::template::Relation;
use super::template::Slot;
use super::template::Template;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::sql::span::Span;

/// What stands in for a relation.
#[derive(Clone, Copy, Debug)]
pub enum StandIn<'a> {
    /// No rows, with these columns.
    Empty(&'a [Column]),
    /// The rows of a query, its columns in this order, under these names and cast to these types.
    Rows {
        /// The query, as it is sent.
        query: &'a str,
        /// Its columns.
        columns: &'a [Column],
    },
    /// What the relation's own query gives, itself with stand-ins. Not for one that
    /// [`can_stand_alone`] denies: that keeps its name.
    Query(&'a Object),
}

/// What to put in place of a relation in a database; `None` leaves it as it is, under its full name.
pub type StandIns<'f, 'a> = &'f dyn Fn(&ObjectName) -> Option<StandIn<'a>>;

/// What to put in place of any relation, the system's among them.
pub type AllStandIns<'f, 'a> = &'f dyn Fn(Relation<'_>) -> Option<StandIn<'a>>;

/// A statement that was put together.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its text.
    pub sql: String,
    segments: Vec<Segment>,
    texts: Vec<(ObjectName, Origin)>,
    /// What each made-up name stands for, by its number.
    made_up: Vec<(Ident, String)>,
}

/// A part of the statement that comes from a file.
#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Where it stands in the statement.
    at: Span,
    /// Where it comes from: which text, and where in its template.
    text: usize,
    from: Span,
    /// Whether it is what the user wrote.
    verbatim: bool,
}

/// A place in the file of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The object.
    pub object: ObjectName,
    /// The bytes of its file.
    pub span: Span,
}

impl Statement {
    /// The place in the user's files of a character, counted from 1 as the server does; `None` for
    /// one that no user wrote.
    pub fn place(&self, character: usize) -> Option<Located> {
        let (byte, _) = self.sql.char_indices().nth(character.checked_sub(1)?)?;
        let before = self.segments.partition_point(|segment| segment.at.start <= byte);
        let segment = self.segments.get(before.checked_sub(1)?).filter(|segment| byte < segment.at.end)?;
        let (object, origin) = self.texts.get(segment.text)?;
        let from = if segment.verbatim {
            let start = segment.from.start + (byte - segment.at.start);
            let rest = Span::new(byte, segment.at.end).of(&self.sql);
            Span::new(start, start + word(rest))
        } else {
            segment.from
        };
        Some(Located { object: object.clone(), span: origin.original(from) })
    }

    /// What the server says about it, with the names of objects instead of made-up ones.
    pub fn told(&self, text: &str) -> String {
        let mut told = text.to_owned();
        // The last first: the name of the first is the beginning of the tenth's.
        for (made_up, relation) in self.made_up.iter().rev() {
            if told.contains(made_up.as_str()) {
                told = told.replace(&made_up.sql(), relation);
                told = told.replace(made_up.as_str(), relation);
            }
        }
        told
    }
}

/// How long the word is with which a text begins; one character where it begins with none.
fn word(text: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    match text.find(|c| !is_part(c)) {
        Some(0) => text.chars().next().map_or(0, char::len_utf8),
        Some(end) => end,
        None => text.len(),
    }
}

/// Tells whether an object has a query, and every name in it can be told.
pub fn can_stand_alone(object: &Object) -> bool {
    object.body.as_ref().is_some_and(|body| !body.is_opaque)
}

/// The relations that an object's query reads, in the order of the text and as often as they stand
/// there; no system relations.
pub fn relations(object: &Object) -> impl Iterator<Item = &ObjectName> {
    let body = object.body.iter();
    body.flat_map(|body| object.rest.objects(body.query)).map(|(_, name)| name)
}

/// The same with the system's.
fn all_relations(object: &Object) -> impl Iterator<Item = Relation<'_>> {
    let body = object.body.iter();
    body.flat_map(|body| object.rest.relations(body.query)).map(|(_, relation)| relation)
}

/// The relations that an object's query reads, each with its place in the file.
pub fn places(object: &Object) -> impl Iterator<Item = (&ObjectName, Span)> {
    let body = object.body.iter();
    body.flat_map(|body| {
        let objects = object.rest.objects(body.query);
        objects.map(|(span, name)| (name, body.origin.original(span)))
    })
}

/// The query of a view or materialized view as a statement; `None` for what has none, and where
/// something stands in for a relation although [`can_stand_alone`] denies it.
///
/// Its columns have the names that the view's would have.
pub fn query<'a>(object: &'a Object, stand_ins: StandIns<'_, 'a>) -> Option<Statement> {
    query_with(object, &|relation| stand_ins(relation.object()?))
}

/// The same, where something may stand in for relations of the system too.
pub fn query_with<'a>(object: &'a Object, stand_ins: AllStandIns<'_, 'a>) -> Option<Statement> {
    let body = object.body.as_ref()?;
    let mut writer = Writer::new(&object.name, object.rest.text(), stand_ins);
    writer.ctes(all_relations(object));
    if body.is_opaque && !writer.chosen.is_empty() {
        return None;
    }
    writer.push("SELECT * FROM (\n");
    writer.query(object, body);
    writer.push("\n) AS ");
    let own = writer.made_up(0);
    writer.push(&own);
    writer.column_list(&body.columns);
    Some(writer.statement)
}

/// The keys of an object's index as a statement; `None` for a default index, which has none, and where the
/// names in a key cannot be told.
pub fn keys<'a>(object: &'a Object, index: &'a Index, stand_ins: StandIns<'_, 'a>) -> Option<Statement> {
    let keys = index.key_list.as_ref()?;
    let stand_ins = |relation: Relation<'_>| stand_ins(relation.object()?);
    let mut writer = Writer::new(&object.name, index.rest.text(), &stand_ins);
    let read = keys.list.iter().flat_map(|key| index.rest.relations(*key)).map(|(_, relation)| relation);
    writer.ctes(read.chain([Relation::Object(&object.name)]));
    writer.push("SELECT ");
    let own = object.name.object.sql();
    for (number, key) in keys.list.iter().enumerate() {
        writer.push(if number == 0 { "" } else { ", " });
        // The relation goes by its last part: there is nothing beside it.
        writer.template(&object.name, &index.rest, *key, &keys.origin, &|writer, _, slot| match slot {
            Slot::Qualifier(name, ..) if *name == object.name => Some(own.clone()),
            _ => writer.changed(None, slot),
        });
    }
    let relation = writer.stood_in(Relation::Object(&object.name)).unwrap_or_else(|| object.name.sql());
    writer.push(&format!("\nFROM {relation} AS {own}"));
    Some(writer.statement)
}

/// A statement under construction.
struct Writer<'f, 'a> {
    own: &'a ObjectName,
    own_text: &'a str,
    stand_ins: AllStandIns<'f, 'a>,
    /// What is stood in for, each behind what it reads.
    chosen: Vec<(Relation<'a>, StandIn<'a>)>,
    /// Where in [`Writer::chosen`] a relation is, from 1; 0 while that is being found out.
    numbers: BTreeMap<Relation<'a>, usize>,
    statement: Statement,
}

/// What to write in a slot; `None` for what the user wrote.
type Change<'f, 'a, 'c> = &'c dyn Fn(&Writer<'f, 'a>, Span, &Slot) -> Option<String>;

impl<'f, 'a> Writer<'f, 'a> {
    fn new(own: &'a ObjectName, own_text: &'a str, stand_ins: AllStandIns<'f, 'a>) -> Self {
        let statement =
            Statement { sql: String::new(), segments: Vec::new(), texts: Vec::new(), made_up: Vec::new() };
        Self { own, own_text, stand_ins, chosen: Vec::new(), numbers: BTreeMap::new(), statement }
    }

    fn push(&mut self, text: &str) {
        self.statement.sql.push_str(text);
    }

    /// A made-up name: 0 is the statement's own, the others are those of [`Writer::chosen`].
    fn made_up(&self, number: usize) -> String {
        self.statement.made_up.get(number).map(|(name, _)| name.sql()).unwrap_or_default()
    }

    /// The made-up name of a relation that is stood in for.
    fn stood_in(&self, relation: Relation<'_>) -> Option<String> {
        self.numbers.get(&relation).filter(|number| **number > 0).map(|number| self.made_up(*number))
    }

    /// Writes a CTE for everything that is stood in for.
    fn ctes(&mut self, read: impl Iterator<Item = Relation<'a>>) {
        read.for_each(|relation| self.choose(relation));
        let prefix = self.prefix();
        let chosen = self.chosen.iter().map(|(relation, _)| *relation);
        let named = [Relation::Object(self.own)].into_iter().chain(chosen).enumerate();
        // Such a name is short and has nothing that no identifier may have.
        let made_up = |(number, relation): (usize, Relation<'_>)| {
            Some((Ident::new(format!("{prefix}_{number}")).ok()?, relation.to_string()))
        };
        self.statement.made_up = named.filter_map(made_up).collect();
        for (number, (_, stand_in)) in self.chosen.clone().into_iter().enumerate() {
            self.push(if number == 0 { "WITH " } else { ",\n" });
            let name = self.made_up(number + 1);
            self.push(&name);
            match stand_in {
                StandIn::Empty(columns) => self.push(&empty(columns)),
                StandIn::Rows { query, columns } => {
                    let rows = self.made_up(0);
                    self.push(&format!(" AS ({})", self::rows(query, columns, &rows)));
                }
                StandIn::Query(object) => {
                    let Some(body) = &object.body else { continue };
                    self.column_list(&body.columns);
                    self.push(" AS (\n");
                    self.query(object, body);
                    self.push("\n)");
                }
            }
        }
        if !self.chosen.is_empty() {
            self.push("\n");
        }
    }

    /// Decides what stands in for a relation, and for what that reads.
    fn choose(&mut self, relation: Relation<'a>) {
        if self.numbers.contains_key(&relation) {
            return;
        }
        let Some(stand_in) = (self.stand_ins)(relation) else { return };
        if let StandIn::Query(object) = stand_in {
            if !can_stand_alone(object) {
                return;
            }
            // Objects that read each other in a circle are no project, but must not hang.
            self.numbers.insert(relation, 0);
            all_relations(object).for_each(|read| self.choose(read));
        }
        self.chosen.push((relation, stand_in));
        self.numbers.insert(relation, self.chosen.len());
    }

    /// How made-up names begin: with what stands in no text.
    fn prefix(&self) -> String {
        let mut texts = vec![self.own_text.to_lowercase(), self.own.to_string().to_lowercase()];
        for (name, stand_in) in &self.chosen {
            texts.push(name.to_string().to_lowercase());
            match stand_in {
                StandIn::Empty(_) => {}
                StandIn::Rows { query, .. } => texts.push(query.to_lowercase()),
                StandIn::Query(object) => texts.push(object.rest.text().to_lowercase()),
            }
        }
        let candidates = std::iter::once("mzf".to_owned()).chain((1_u64..).map(|n| format!("mzf{n}")));
        let is_free = |prefix: &String| !texts.iter().any(|text| text.contains(prefix));
        // Texts are finite, so one of them is free.
        candidates.into_iter().find(is_free).unwrap_or_default()
    }

    /// Writes the query of an object as the user wrote it, with the relations it reads replaced.
    fn query(&mut self, object: &'a Object, body: &Body) {
        self.template(&object.name, &object.rest, body.query, &body.origin, &|writer, span, slot| {
            let means = |bare: &&BareName| match slot {
                Slot::Object(_) | Slot::System(..) => bare.name.at == span,
                Slot::Qualifier(..) | Slot::SystemQualifier(..) => {
                    bare.qualifiers.iter().any(|(place, _)| *place == span)
                }
                Slot::Fixed(_) | Slot::Type(_) | Slot::Cluster(_) => false,
            };
            writer.changed(body.bare.iter().find(means), slot)
        });
    }

    /// What to write in a slot, which may be about a relation that has no alias.
    fn changed(&self, bare: Option<&BareName>, slot: &Slot) -> Option<String> {
        let Some(relation) = slot.relation() else { return slot.named(&Names::PRODUCTION) };
        let Some(made_up) = self.stood_in(relation) else { return slot.named(&Names::PRODUCTION) };
        let Some(bare) = bare else { return Some(made_up) };
        let own = relation.own().sql();
        match slot.qualifier() {
            Some(1) if bare.name.shared || needs_alias(bare) => None,
            Some(_) if needs_alias(bare) => Some(own),
            None if needs_alias(bare) => Some(format!("{made_up} AS {own}")),
            _ => Some(made_up),
        }
    }

    /// Writes a part of a template.
    fn template(
        &mut self,
        object: &ObjectName,
        template: &Template,
        part: Span,
        origin: &Origin,
        change: Change<'f, 'a, '_>,
    ) {
        let text = self.statement.texts.len();
        self.statement.texts.push((object.clone(), origin.clone()));
        for Piece { from, text: piece, verbatim } in
            template.pieces(part, &|span, slot| change(self, span, slot))
        {
            let start = self.statement.sql.len();
            self.push(&piece);
            let at = Span::new(start, start + piece.len());
            self.statement.segments.push(Segment { at, text, from, verbatim });
        }
    }

    /// Writes the names of columns, if there are any.
    fn column_list(&mut self, columns: &[Ident]) {
        if !columns.is_empty() {
            let names: Vec<String> = columns.iter().map(Ident::sql).collect();
            self.push(&format!(" ({})", names.join(", ")));
        }
    }
}

/// Tells whether a relation without an alias gets its own name as one: where something refers to
/// it by that, and nothing in a way that an alias would end.
fn needs_alias(bare: &BareName) -> bool {
    let parts = |wanted: fn(usize) -> bool| bare.qualifiers.iter().any(|(_, parts)| wanted(*parts));
    let by_one_part = parts(|parts| parts == 1) && !parts(|parts| parts > 1);
    !bare.name.shared && (bare.name.alone || by_one_part)
}

/// What follows the name of a CTE that has columns and no rows.
fn empty(columns: &[Column]) -> String {
    let columns: Vec<String> = columns
        .iter()
        .map(|column| format!(" NULL::{} AS {}", column.data_type, column.name.sql()))
        .collect();
    format!(" AS (SELECT{} WHERE false)", columns.join(","))
}

/// The rows of a query, which go by `own` in it, under the names and cast to the types of columns.
pub fn rows(query: &str, columns: &[Column], own: &str) -> String {
    let names: Vec<String> = columns.iter().map(|column| column.name.sql()).collect();
    let cast = |(column, name): (&Column, &String)| format!(" {own}.{name}::{} AS {name}", column.data_type);
    let casts: Vec<String> = columns.iter().zip(&names).map(cast).collect();
    let list = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    format!("SELECT{} FROM (\n{query}\n) AS {own}{list}", casts.join(","))
}

#[cfg(test)]
mod tests;
