use super::*;
use crate::name::RoleName;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

fn ident(text: &str) -> Ident {
    Ident::new(text).expect("a name")
}

fn view(name: &str, reads: &[&str]) -> Step {
    Step::Create {
        kind: ObjectKind::View,
        name: name.parse().expect("a name"),
        cluster: None,
        on: None,
        reads: reads.iter().map(|read| read.parse().expect("a name")).collect(),
        sql: String::new(),
        shown: None,
        origin: None,
    }
}

/// Two databases; in the second a schema with a comment and two views, and in the first one that reads
/// them.
fn ground() -> Catalog {
    let role = RoleName(ident("me"));
    let session = Session { role: role.clone(), member_of: [role].into(), checked: false, version: None };
    let mut catalog = Catalog::new(session);
    for step in [
        Step::CreateDatabase(ident("a")),
        Step::CreateDatabase(ident("b")),
        Step::CreateSchema("b.s".parse().expect("a schema")),
        Step::Comment { on: Target::Schema("b.s".parse().expect("a schema")), text: Some("kept".to_owned()) },
        view("b.s.v", &[]),
        view("b.s.w", &["b.s.v"]),
        view("a.public.reader", &["b.s.v"]),
    ] {
        catalog.take(&step);
    }
    catalog
}

/// What can be seen of a catalog.
fn told(catalog: &Catalog) -> String {
    let mut lines: Vec<String> =
        catalog.schemas.iter().map(|(name, schema)| format!("{name} {:?}", schema.comment)).collect();
    for (id, object) in &catalog.objects {
        let reads = catalog.reads.get(id).into_iter().flatten();
        let reads: Vec<String> =
            reads.filter_map(|id| catalog.objects.get(id)).map(|object| object.name.to_string()).collect();
        let found = catalog.object(&object.name).is_some_and(|found| found.id == *id);
        lines.push(format!("{} {found} reads {}", object.name, reads.join(", ")));
    }
    lines.sort();
    lines.join("\n")
}

#[test]
fn a_look_at_one_database_leaves_the_others_as_they_were_known() {
    let mut known = ground();
    // What another look finds: one is gone, one is new, one has another name.
    let mut now = ground();
    now.take(&Step::DropObjects { kind: ObjectKind::View, names: vec!["b.s.w".parse().expect("a name")] });
    now.take(&view("b.s.x", &["b.s.v"]));
    now.take(&Step::CreateSchema("b.t".parse().expect("a schema")));
    now.take(&view("a.public.unseen", &[]));
    let mut part = now.clone();
    part.objects.retain(|_, object| object.name.database == ident("b"));
    part.reads.retain(|reader, _| now.objects.get(reader).is_some_and(|o| o.name.object != ident("unseen")));
    part.schemas.retain(|name, _| name.database == ident("b"));
    part.schemas.values_mut().for_each(|schema| schema.comment = None);
    known.take_in(part, &[ident("b")]);
    expect_test::expect![[r#"
        a.public None
        a.public.reader true reads b.s.v
        b.public None
        b.s Some("kept")
        b.s.v true reads 
        b.s.x true reads b.s.v
        b.t None"#]]
    .assert_eq(&told(&known));
}
