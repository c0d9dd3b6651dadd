//! A project folder as objects, a graph and diagnostics.
//!
//! [`load::load`] reads the disk; [`compile`] is pure. A user's mistake is a diagnostic, never an
//! `Err`, and a broken project still compiles in part. Start reading at [`compile`].

mod body;
mod build;
mod checks;
mod columns;
mod constraint;
pub mod definition;
pub mod diagnostic;
mod draft;
mod generator;
mod global;
pub mod graph;
pub mod load;
mod modifier;
mod namespace;
pub mod object;
pub mod project;
pub mod settings;
pub mod source;
pub mod standalone;
pub mod template;
pub mod unit_test;
mod variables;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::LazyLock;

use build::Builder;
use build::IndexNames;
use build::Reads;
use checks::cycle::Step;
use definition::Database;
use definition::Modifiers;
use definition::Schema;
use diagnostic::Code;
use diagnostic::Diagnostic;
use draft::Draft;
use global::Globals;
use graph::Graph;
use modifier::Target;
use namespace::Namespace;
use object::Object;
use project::Project;
use rayon::ThreadPool;
use rayon::ThreadPoolBuilder;
use rayon::iter::IndexedParallelIterator;
use rayon::iter::IntoParallelIterator;
use rayon::iter::IntoParallelRefIterator;
use rayon::iter::ParallelIterator;
use settings::Settings;
use source::File;
use source::Place;
use source::Source;
use source::place;

use crate::name::Ident;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::sql::fingerprint::Fingerprint;

/// Under what circumstances a project is compiled.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The active profile: it chooses variants, variables and the suffix.
    pub profile: Option<String>,
    /// Variables besides the profile's, over which they win.
    pub variables: BTreeMap<String, String>,
}

/// Compiles the files of a project.
///
/// The diagnostics are all there are, sorted by file and place. Where one of them
/// [`Diagnostic::fails_compile`] the project lacks what it is about.
pub fn compile(files: &[File], options: &Options) -> (Project, Vec<Diagnostic>) {
    match &*POOL {
        Some(pool) => pool.install(|| compiled(files, options)),
        None => compiled(files, options),
    }
}

/// Bytes of stack for each thread that compiles: statements nest, and reading them recurses.
const STACK: usize = 32 * 1024 * 1024;

/// Where files are compiled; `None` where the machine gives no threads, and the caller's own has to do.
static POOL: LazyLock<Option<ThreadPool>> =
    LazyLock::new(|| ThreadPoolBuilder::new().stack_size(STACK).build().ok());

fn compiled(files: &[File], options: &Options) -> (Project, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let profile = options.profile.as_deref();
    let settings_source = settings_source(files);
    let mut settings = match &settings_source {
        Some(source) => settings::read(source, profile, &mut found),
        None => Settings::default(),
    };
    settings.variables.extend(options.variables.clone());
    let sources = sources(files, &settings, profile, &mut found);
    let (drafts, unmade) = draft::drafts(&sources, &settings, profile, &mut found);
    let lowered = constraint::lower(&drafts, &mut found);
    let mut drafts = drafts;
    constraint::add(&lowered, &mut drafts);
    let mut namespace = Namespace::new(databases(&sources, &settings), &settings.dependencies);
    let mut subsources = HashMap::new();
    for (number, draft) in drafts.iter().enumerate() {
        let (tables, taken) = namespace.add(number, draft);
        let taken: Vec<_> = taken
            .into_iter()
            .map(|name| {
                let owner = namespace.owner(&name).and_then(|owner| drafts.get(owner));
                (name, owner)
            })
            .collect();
        checks::duplicate::check(draft, &taken, &mut found);
        subsources.insert(number, tables);
    }
    for broken in unmade {
        namespace.add_broken(broken.0);
    }
    let (databases, schemas) = containers(&sources, &settings, &drafts, &mut found);
    check_drafts(&drafts, &schemas, &mut found);
    let builder = Builder { drafts: &drafts, namespace: &namespace, suffix: &settings.suffix };
    let reads =
        each(drafts.par_iter().enumerate(), &mut found, |(number, _), found| builder.reads(number, found));
    checks::relation::suggest(&drafts, &reads, &namespace, &mut found);
    if let Some(source) = &settings_source {
        let read: BTreeSet<usize> = reads.iter().flat_map(|reads| reads.declared.iter().copied()).collect();
        checks::dependency::check(source, &settings.dependencies, &|entry| read.contains(&entry), &mut found);
    }
    let mut names =
        IndexNames::new(drafts.iter().map(|draft| &draft.name).chain(subsources.values().flatten()));
    let names: Vec<Vec<Option<Ident>>> = drafts.iter().map(|draft| names.take_all(draft)).collect();
    let objects = each(drafts.par_iter().enumerate(), &mut found, |(number, draft), found| {
        let tables = subsources.get(&number).cloned().unwrap_or_default();
        let names = names.get(number).map_or(&[][..], Vec::as_slice);
        reads.get(number).map(|reads| builder.object(draft, reads, tables, names, found))
    });
    let objects = objects.into_iter().flatten().collect();
    let globals = global::read(&sources, &settings.suffix, profile, &mut found);
    let project = assemble(objects, settings, databases, schemas, globals);
    check_cycles(&project.graph, &drafts, &reads, &mut found);
    diagnostic::sort(&mut found);
    drop(drafts);
    drop(lowered);
    sources.into_par_iter().for_each(drop);
    (project, found)
}

/// Does something for each of many on every core; what is found is kept in their order.
fn each<I: IndexedParallelIterator, T: Send>(
    items: I,
    found: &mut Vec<Diagnostic>,
    make: impl Fn(I::Item, &mut Vec<Diagnostic>) -> T + Sync,
) -> Vec<T> {
    let made = items.map(|item| {
        let mut own = Vec::new();
        (make(item, &mut own), own)
    });
    let made: Vec<(T, Vec<Diagnostic>)> = made.collect();
    made.into_iter()
        .map(|(made, own)| {
            found.extend(own);
            made
        })
        .collect()
}

/// Finds `project.toml`.
fn settings_source(files: &[File]) -> Option<Source<'_>> {
    let file = files.iter().find(|file| file.path == "project.toml")?;
    Some(Source::plain(file, Place::Settings))
}

/// Parses every SQL file that the project uses, and reports what cannot be read.
fn sources<'a>(
    files: &'a [File],
    settings: &Settings,
    profile: Option<&str>,
    found: &mut Vec<Diagnostic>,
) -> Vec<Source<'a>> {
    let parse = |file: &'a File| {
        let place = place(&file.path).filter(|place| *place != Place::Settings)?;
        Some(Source::parsed(file, place, &settings.variables))
    };
    let mut sources: Vec<Source<'a>> = files.par_iter().filter_map(parse).collect();
    sources.sort_by(|a, b| a.path.cmp(b.path));
    let folders: BTreeSet<(String, Option<String>)> =
        sources.iter().flat_map(|one| folders(&one.place)).collect();
    // A modifier without its folder is not read.
    sources.retain(|source| match &source.place {
        Place::Database(database) => folders.contains(&(database.clone(), None)),
        Place::Schema(database, schema) => folders.contains(&(database.clone(), Some(schema.clone()))),
        Place::Settings
        | Place::Object(..)
        | Place::Cluster(_)
        | Place::Role(_)
        | Place::NetworkPolicy(_) => true,
    });
    for source in &sources {
        let wrong = source.diagnostics(profile);
        match &source.place {
            Place::Cluster(_) | Place::Role(_) | Place::NetworkPolicy(_) => {
                found.extend(wrong.into_iter().map(Diagnostic::for_apply));
            }
            Place::Settings | Place::Database(_) | Place::Schema(..) | Place::Object(..) => {
                found.extend(wrong)
            }
        }
    }
    sources
}

/// The folders below `models` that a file is in.
fn folders(place: &Place) -> Vec<(String, Option<String>)> {
    match place {
        Place::Object(database, schema, _) => {
            vec![(database.clone(), None), (database.clone(), Some(schema.clone()))]
        }
        Place::Schema(database, _) => vec![(database.clone(), None)],
        Place::Settings
        | Place::Database(_)
        | Place::Cluster(_)
        | Place::Role(_)
        | Place::NetworkPolicy(_) => Vec::new(),
    }
}

/// The databases of the project: their folders and their production names.
fn databases(sources: &[Source<'_>], settings: &Settings) -> HashMap<Ident, Ident> {
    let folders = sources.iter().filter_map(|source| match &source.place {
        Place::Object(database, ..) | Place::Schema(database, _) => Some(database),
        _ => None,
    });
    folders
        .filter_map(|folder| {
            let name = format!("{folder}{}", settings.suffix);
            Some((Ident::new(folder).ok()?, Ident::new(name).ok()?))
        })
        .collect()
}

/// Reads the modifier files of the databases and schemas that hold objects.
fn containers(
    sources: &[Source<'_>],
    settings: &Settings,
    drafts: &[Draft<'_>],
    found: &mut Vec<Diagnostic>,
) -> (Vec<Database>, Vec<Schema>) {
    let mut databases: BTreeMap<Ident, Modifiers> = BTreeMap::new();
    let mut schemas: BTreeMap<SchemaName, (Modifiers, bool)> = BTreeMap::new();
    for draft in drafts {
        databases.entry(draft.name.database.clone()).or_default();
        schemas.entry(draft.name.schema_name()).or_default();
    }
    for source in sources {
        let (folder, schema) = match &source.place {
            Place::Database(database) => (database, None),
            Place::Schema(database, schema) => (database, Some(schema)),
            _ => continue,
        };
        let folder = source::identifier(source, folder, found);
        let Some(folder) = folder else { continue };
        let name = format!("{}{}", folder.as_str(), settings.suffix);
        let Some(database) = source::identifier(source, &name, found) else { continue };
        match schema {
            None => {
                let (modifiers, _) = modifier::read(source, &Target::Database(&folder, &database), found);
                databases.insert(database, modifiers);
            }
            Some(schema) => {
                let Some(schema) = source::identifier(source, schema, found) else { continue };
                let schema = SchemaName::new(database, schema);
                let read = modifier::read(source, &Target::Schema(&folder, &schema), found);
                schemas.insert(schema, read);
            }
        }
    }
    let databases = databases.into_iter().map(|(name, modifiers)| Database { name, modifiers });
    let schemas = schemas.into_iter().map(|(name, (modifiers, stable))| Schema { name, stable, modifiers });
    (databases.collect(), schemas.collect())
}

/// Runs the checks that need no names.
fn check_drafts(drafts: &[Draft<'_>], schemas: &[Schema], found: &mut Vec<Diagnostic>) {
    for draft in drafts {
        checks::name::check(draft, found);
        checks::companion::check(draft, found);
        checks::cluster::check(draft, found);
        checks::constraint::check(draft, found);
        checks::opaque::check(draft, found);
        checks::compatibility::check(draft, found);
    }
    checks::compatibility::check_folders(drafts, found);
    checks::schema_kind::check(drafts, found);
    let is_stable = |name: &SchemaName| schemas.iter().any(|schema| schema.stable && schema.name == *name);
    checks::stable::check(drafts, &is_stable, found);
}

/// Reports objects that read each other in a circle.
fn check_cycles(graph: &Graph, drafts: &[Draft<'_>], reads: &[Reads], found: &mut Vec<Diagnostic>) {
    let cycles = graph.cycles();
    if cycles.is_empty() {
        return;
    }
    let numbers: HashMap<&ObjectName, usize> =
        drafts.iter().enumerate().map(|(number, draft)| (&draft.name, number)).collect();
    for cycle in cycles {
        let chain: Vec<usize> = cycle.iter().filter_map(|name| numbers.get(name).copied()).collect();
        let steps: Vec<Step<'_>> = chain
            .iter()
            .zip(chain.iter().cycle().skip(1))
            .filter_map(|(number, next)| {
                let (_, place) = reads.get(*number)?.drafts.iter().find(|(read, _)| read == next)?;
                Some(Step { draft: drafts.get(*number)?, reads: *place })
            })
            .collect();
        checks::cycle::check(&steps, found);
    }
}

/// Puts everything together, objects in their order.
fn assemble(
    objects: Vec<Object>,
    settings: Settings,
    databases: Vec<Database>,
    schemas: Vec<Schema>,
    globals: Globals,
) -> Project {
    let graph = Graph::new(objects.iter().map(|object| (&object.name, object.depends_on.as_slice())));
    let mut by_name: HashMap<ObjectName, Object> =
        objects.into_iter().map(|object| (object.name.clone(), object)).collect();
    let objects: Vec<Object> = graph.order().iter().filter_map(|name| by_name.remove(name)).collect();
    let mut numbers = HashMap::new();
    for (number, object) in objects.iter().enumerate() {
        numbers.insert(object.name.clone(), number);
        for table in &object.subsources {
            numbers.entry(table.clone()).or_insert(number);
        }
    }
    let fingerprint = fingerprint(&objects, &databases, &schemas, &globals);
    Project {
        settings,
        objects,
        graph,
        databases,
        schemas,
        clusters: globals.clusters,
        roles: globals.roles,
        network_policies: globals.network_policies,
        fingerprint,
        numbers,
    }
}

/// What a whole project means.
fn fingerprint(
    objects: &[Object],
    databases: &[Database],
    schemas: &[Schema],
    globals: &Globals,
) -> Fingerprint {
    let mut texts: Vec<String> = Vec::new();
    for object in objects {
        texts.push(format!("{} {} {}", object.name, object.fingerprint, object.metadata_fingerprint));
    }
    for database in databases {
        let privileges = database.modifiers.default_privileges.iter();
        texts.extend(privileges.map(|privilege| privilege.database_sql(&database.name)));
        let target = database.name.sql();
        texts.extend(database.modifiers.grants.iter().map(|grant| grant.sql("DATABASE", &target)));
        texts.extend(database.modifiers.comments.iter().map(|comment| comment.sql("DATABASE", &target)));
    }
    for schema in schemas {
        let privileges = schema.modifiers.default_privileges.iter();
        texts.extend(privileges.map(|privilege| privilege.schema_sql(&schema.name)));
        let target = schema.name.sql();
        texts.extend(schema.modifiers.grants.iter().map(|grant| grant.sql("SCHEMA", &target)));
        texts.extend(schema.modifiers.comments.iter().map(|comment| comment.sql("SCHEMA", &target)));
        if schema.stable {
            texts.push(format!("SET api = stable {target}"));
        }
    }
    texts.extend(globals.clusters.iter().map(definition::Cluster::create_sql));
    texts.extend(globals.roles.iter().map(definition::Role::create_sql));
    texts.extend(globals.network_policies.iter().map(definition::NetworkPolicy::create_sql));
    Fingerprint::of("", texts.iter().map(String::as_str))
}

/// Reads and compiles a project folder in one go.
///
/// What cannot be read and what is wrong are in one list, sorted by file and place.
pub fn compile_folder(root: &std::path::Path, options: &Options) -> (Project, Vec<Diagnostic>) {
    let (files, unreadable) = load::load(root);
    let (project, mut found) = compile(&files, options);
    found.extend(unreadable);
    diagnostic::sort(&mut found);
    // A folder that is no project has no other mistakes.
    if found.iter().any(|one| one.code == Code::NotAProject) {
        found.retain(|one| one.code == Code::NotAProject || one.code == Code::UnreadableFile);
    }
    (project, found)
}

#[cfg(test)]
mod tests;
