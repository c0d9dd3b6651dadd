//! Which environment a command works on: flags, variables and files, in their order.

use crate::harness::World;
use crate::harness::told::Told;

/// A password.
const WORD: &str = "word-of-two";

/// A project whose view is another one under each profile, and the profiles themselves, which lead to the sandbox.
fn world() -> World {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
[profiles.one.variables]
what = \"first\"
[profiles.two.variables]
what = \"second\"
-- file: shop/models/shop/pub/v.sql
CREATE VIEW v AS SELECT :'what' AS what;
",
    );
    let address = world.address();
    let profile = |name: &str| {
        format!(
            "[{name}]\nhost = \"{}\"\nport = {}\nusername = \"materialize\"\nsslmode = \"disable\"\nregion = \"other tools'\"\n",
            address.ip(),
            address.port()
        )
    };
    let unset = "password = \"${NOWHERE_SET}\"\noptions = { statement_timeout = \"1 min\" }\n";
    world.write(&format!("-- file: elsewhere/profiles.toml\n{}{}{unset}", profile("one"), profile("two")));
    world
}

/// What a view holds after `run` under some circumstances; else what was said.
fn deployed(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut all = vec!["run", "blue_green", "--project", "shop", "--yes"];
    all.extend(arguments);
    let mut command = world.command(&all);
    command.env_remove("MZFLOW_URL").envs(variables.iter().copied());
    world.secret(WORD);
    let output = command.output().expect("the binary runs");
    let told = Told::new(world, output.status.code(), &output.stdout, &output.stderr);
    if output.status.success() {
        return world.rows("SELECT what FROM shop.pub.v");
    }
    told.stderr
}

#[test]
fn a_profile_is_chosen_by_flag_then_variable_then_checkout() {
    let world = world();
    let folder = world.folder().join("elsewhere").to_string_lossy().into_owned();
    let directory = ("MZ_DEPLOY_PROFILES_DIR", folder.as_str());
    let password = ("NOWHERE_SET", WORD);
    let two = ("MZ_DEPLOY_PROFILE", "two");
    assert_eq!(deployed(&world, &["--profile", "one", "--profiles-dir", &folder], &[]), "first");
    assert_eq!(deployed(&world, &[], &[directory, two, password]), "second");
    assert_eq!(deployed(&world, &["-p", "one"], &[directory, two, password]), "first");
    world.write("-- file: shop/.mzprofile\n\n# this checkout\n  two  \nnot this\n");
    assert_eq!(deployed(&world, &[], &[directory, password]), "second");
    let one = ("MZ_DEPLOY_PROFILE", "one");
    assert_eq!(deployed(&world, &[], &[directory, one]), "first");
}

#[test]
fn a_password_comes_from_the_environment() {
    let world = world();
    let folder = world.folder().join("elsewhere").to_string_lossy().into_owned();
    let directory = ("MZ_DEPLOY_PROFILES_DIR", folder.as_str());
    let told = deployed(&world, &["-p", "two"], &[directory]);
    assert!(told.contains("profile.no-variable") && told.contains("NOWHERE_SET"), "{told}");
    assert_eq!(deployed(&world, &["-p", "two"], &[directory, ("MZ_PROFILE_TWO_PASSWORD", WORD)]), "second");
}

#[test]
fn what_is_wrong_with_profiles_is_told() {
    let world = world();
    world.write("-- file: home/.mz/profiles.toml\n[one]\nhost = \"h\"\n");
    let home = world.folder().join("home").to_string_lossy().into_owned();
    let told = deployed(&world, &["-p", "one"], &[("HOME", &home)]);
    assert!(told.contains("profile.unreadable") && told.contains("username"), "{told}");
    let told = deployed(&world, &["-p", "three", "--profiles-dir", "elsewhere"], &[]);
    assert!(told.contains("profile.not-found") && told.contains("it has: one, two"), "{told}");
    let told = deployed(&world, &["-p", "one", "--profiles-dir", "nowhere"], &[]);
    assert!(told.contains("profile.no-file"), "{told}");
    // Only what connects needs to know where to.
    world.mzflow(&["compile", "--project", "shop", "-p", "one", "--profiles-dir", "nowhere"]).code(0);
}
