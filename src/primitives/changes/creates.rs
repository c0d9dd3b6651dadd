//! The statements that create an object and its indexes, under whatever names. Pure.

use crate::compiler::object::Index;
use crate::compiler::object::Object;
use crate::compiler::template::Names;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::plan::step::Origin;
use crate::plan::step::Step;
use crate::primitives::compile::Compiled;

/// Creates an object under a name, and then its indexes, under theirs in their order.
pub fn object(
    compiled: &Compiled,
    object: &Object,
    (name, indexes): (&ObjectName, &[Ident]),
    names: &Names<'_>,
) -> Vec<Step> {
    let create = itself(compiled, object, name, names, object.create_sql(name, names));
    let indexes = object.indexes.iter().zip(indexes);
    let indexes = indexes.map(|(one, own)| index(compiled, object, (one, own), name, names));
    [create].into_iter().chain(indexes).collect()
}

/// Creates a replacement, under a name, for the materialized view that bears the object's own.
pub fn replacement(compiled: &Compiled, object: &Object, name: &ObjectName, names: &Names<'_>) -> Step {
    itself(compiled, object, name, names, object.create_replacement_sql(name, &object.name, names))
}

fn itself(compiled: &Compiled, object: &Object, name: &ObjectName, names: &Names<'_>, sql: String) -> Step {
    Step::Create {
        kind: object.kind,
        name: name.clone(),
        cluster: object.cluster.as_ref().map(|cluster| (names.cluster)(cluster)),
        on: None,
        reads: reads(object, names),
        sql,
        shown: None,
        origin: Some(origin(compiled, object, object.line)),
    }
}

/// Creates a sink under its own name, over what bears the production names then.
pub fn sink(compiled: &Compiled, sink: &Object) -> Step {
    Step::Create {
        kind: ObjectKind::Sink,
        name: sink.name.clone(),
        cluster: sink.cluster.clone(),
        on: None,
        reads: sink.depends_on.iter().chain(&sink.external).cloned().collect(),
        sql: sink.create_sql(&sink.name, &Names::PRODUCTION),
        shown: None,
        origin: Some(origin(compiled, sink, sink.line)),
    }
}

/// Creates an index of an object, under a name of its own, on what has some name.
pub fn index(
    compiled: &Compiled,
    object: &Object,
    (index, own): (&Index, &Ident),
    on: &ObjectName,
    names: &Names<'_>,
) -> Step {
    Step::Create {
        kind: ObjectKind::Index,
        name: on.schema_name().object(own.clone()),
        cluster: Some((names.cluster)(&index.cluster)),
        on: Some(on.clone()),
        reads: Vec::new(),
        sql: index.create_sql_as(own, on, names),
        shown: None,
        origin: Some(origin(compiled, object, index.line)),
    }
}

/// Creates a view in place of what stands under a name.
pub fn over(compiled: &Compiled, object: &Object, name: &ObjectName, names: &Names<'_>) -> Step {
    Step::ReplaceView {
        name: name.clone(),
        reads: reads(object, names),
        sql: object.replace_sql(name, names),
        origin: Some(origin(compiled, object, object.line)),
    }
}

fn reads(object: &Object, names: &Names<'_>) -> Vec<ObjectName> {
    object.depends_on.iter().map(|read| (names.object)(read)).collect()
}

fn origin(compiled: &Compiled, object: &Object, line: usize) -> Origin {
    Origin {
        object: object.name.clone(),
        file: object.file.clone(),
        start: compiled.line_start(&object.file, line),
    }
}
