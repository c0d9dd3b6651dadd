//! Recipes and projects that people write: what `mzflow new`, `eject` and `recipes check` give them.

use expect_test::expect;

use crate::harness::World;

#[test]
fn a_new_project_is_right_and_deploys() {
    let world = World::new();
    world.mzflow(&["new", "My-Shop"]).code(0).says("models/my_shop/core/totals.sql").says(".luarc.json");
    world.mzflow(&["compile", "--project", "My-Shop"]).code(0).says("2 objects, 1 cluster");
    world.mzflow(&["test", "--project", "My-Shop"]).code(0).says("1 passed");
    world.mzflow(&["run", "blue_green", "--project", "My-Shop", "--id", "a"]).code(0).says("a is production");
    let again = world.mzflow(&["new", "My-Shop"]).code(3);
    again.says("My-Shop is there already and is not empty");
}

#[test]
fn a_new_recipe_is_right_and_runs() {
    let world = World::new();
    world.mzflow(&["new", "shop"]).code(0);
    let told = world.mzflow(&["new", "recipe", "ours", "--project", "shop"]).code(0);
    told.says("shop/recipes/ours.lua");
    world.mzflow(&["recipes", "check", "--project", "shop"]).code(0).says("1 file, nothing wrong");
    world.mzflow(&["run", "ours", "--project", "shop", "--help"]).code(0).says("--most <N>");
    let told = world.mzflow(&["run", "ours", "--project", "shop", "--most", "1", "--id", "a"]).code(3);
    told.says("this rebuilds 2 objects, and --most is 1").says("production is untouched");
    world.mzflow(&["run", "ours", "--project", "shop", "--id", "a"]).code(0).says("production is at epoch 1");
    world.mzflow(&["new", "recipe", "ours", "--project", "shop"]).code(3).says("is not written over");
    world.mzflow(&["new", "recipe", "a/b"]).code(2).says("`a/b` is no recipe's name");
    world.mzflow(&["new", "recipe", "blue_green"]).code(2).says("mzflow eject blue_green");
}

#[test]
fn the_types_are_where_an_editor_looks() {
    let world = World::new();
    world.write("-- file: shop/project.toml\n-- file: shop/.luarc.json\n{}\n");
    world.mzflow(&["eject", "blue_green", "--project", "shop"]).code(0);
    let read = |path: &str| std::fs::read_to_string(world.folder().join(path)).expect("it was written");
    assert!(read("shop/.mzflow/lua/mzflow.d.lua").contains("---@class mz.Changes"));
    assert_eq!(read("shop/.luarc.json"), "{}\n", "what a person wrote stays");
    world.write("-- file: shop/.mzflow/lua/mzflow.d.lua\n-- of an older version\n");
    world.mzflow(&["recipes", "stubs", "--project", "shop"]).code(0).says("mzflow.d.lua");
    assert!(read("shop/.mzflow/lua/mzflow.d.lua").contains("---@class mz.Changes"));
    world.mzflow(&["recipes", "check", "--project", "shop"]).code(0).says("1 file, nothing wrong");
}

/// A recipe with a mistake of each sort; running its first line would be seen.
const WRONG: &str = "\
-- file: shop/project.toml
-- file: shop/recipes/wrong.lua
error('this was run')
count = 0
return mz.recipe {
  api = 1, name = 'wrong', summary = 'Wrong in many ways.',
  args = { patience = { type = 'duration', default = '5m' } },
  run = function(ctx)
    local changes = mz.diff { project = mz.compile {} }
    if changes.emtpy then return ctx.done('nothing') end
    local staged = mz.stage { changes = changes, ids = 'a' }
    mz.await { deployment = staged, timeout = 'soon' }
    mz.swop { deployment = staged }
    os.exit(ctx.args.patiense)
  end,
}
-- file: shop/recipes/lib/broken.lua
return {
";

#[test]
fn mistakes_are_found_without_running_anything() {
    let world = World::new();
    world.write(WRONG);
    let told = world.mzflow(&["recipes", "check", "--project", "shop"]).code(1);
    let lines: Vec<&str> =
        told.stderr.lines().filter(|line| line.contains('[') || line.contains('╭')).collect();
    expect![[r#"
        error[lua.syntax]: unexpected symbol near <eof>
          ╭▸ recipes/lib/broken.lua:2:1
        warning[lua.global-made]: `count` is made a global variable; write `local count`
          ╭▸ recipes/wrong.lua:2:1
        error[lua.unknown-field]: mz.Changes has no `emtpy` (did you mean `empty`?)
          ╭▸ recipes/wrong.lua:8:16
        error[lua.unknown-argument]: unknown argument `ids` for mz.stage (did you mean `id`?)
          ╭▸ recipes/wrong.lua:9:50
        error[lua.wrong-argument]: `timeout` of mz.await has to be a duration such as "90s" or "5m", or a number of seconds, not "soon"
           ╭▸ recipes/wrong.lua:10:47
        error[lua.unknown-function]: there is no mz.swop (did you mean `swap`?)
           ╭▸ recipes/wrong.lua:11:8
        error[lua.unknown-global]: there is no `os` here
           ╭▸ recipes/wrong.lua:12:5
        error[lua.unknown-field]: the recipe declares no argument `patiense` (did you mean `patience`?)
           ╭▸ recipes/wrong.lua:12:22"#]].assert_eq(&lines.join("\n"));
    let told = world.mzflow(&["recipes", "check", "shop/recipes/wrong.lua", "--json"]).code(1);
    let document = told.json();
    assert_eq!(document["files"], serde_json::json!(["shop/recipes/wrong.lua"]));
    let first = &document["diagnostics"][0];
    assert_eq!((&first["severity"], &first["line"]), (&"warning".into(), &2.into()));
    world.mzflow(&["recipes", "check", "nowhere.lua"]).code(2).says("cannot read nowhere.lua");
}
