//! What a file creates is called as the file and its folders are.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::main_name;
use crate::compiler::draft::opening;
use crate::name::Ident;

/// Reports every part of the name that differs from the path, and sinks without a name.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    let source = draft.source;
    let Some(name) = main_name(&draft.main.kind) else {
        let message = format!("this {} has no name", draft.kind);
        let help = format!("its file calls it `{}`", draft.name.object);
        found.push(source.error(Code::MissingName, opening(source, draft.main), message).with_help(help));
        return;
    };
    let mut mismatch = |what: &str, written: &Ident, path: &Ident| {
        let message = format!("the statement says {what} `{written}`, the file's path says `{path}`");
        found.push(source.error(Code::NameMismatch, name.span, message));
    };
    let mut parts = name.parts.iter().rev();
    if let Some(object) = parts.next()
        && *object != draft.name.object
    {
        mismatch("object", object, &draft.name.object);
    }
    if let Some(schema) = parts.next()
        && *schema != draft.name.schema
    {
        mismatch("schema", schema, &draft.name.schema);
    }
    if let Some(database) = parts.next()
        && *database != draft.folder
        && *database != draft.name.database
    {
        mismatch("database", database, &draft.folder);
    }
    if parts.next().is_some() {
        let message = "a name has at most three parts: database, schema, object";
        found.push(source.error(Code::NameMismatch, name.span, message));
    }
}
