//! What is to be dropped or promoted has met another fate meanwhile: somebody has moved it by hand, or another command
//! was faster. Nothing of production goes, and what is said next fits what was asked.

use crate::harness::World;
use crate::harness::invariants::Picture;
use crate::harness::shop::OUTBOUND;
use crate::harness::shop::SHOP;
use crate::harness::shop::changed;
use crate::harness::shop::staged;
use crate::harness::shop::total;
use crate::harness::shop::waiting;

const SWAP: &str = "BEGIN; ALTER SCHEMA shop.core SWAP WITH \"core__second__mzf\"; \
     ALTER CLUSTER compute SWAP WITH \"compute__second__mzf\"; COMMIT";

/// A drop is refused, and nothing has changed.
#[track_caller]
fn refused(world: &World, words: &[&str], now: &str) {
    let before = Picture::take(world);
    world.mzflow(words).code(3).says("[drop.moved]").says(now).says("nothing was dropped");
    Picture::take(world).is_untouched(&before, now);
}

#[test]
fn what_was_swapped_back_by_hand_is_production_and_stays() {
    let world = waiting();
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second", "--keep", "1h"]).code(0);
    world.sql(SWAP);
    assert_eq!(total(&world), "10");
    refused(&world, &["gc", "--kept", "--yes"], "that is shop.core now");
    assert_eq!(total(&world), "10");
}

#[test]
fn what_was_swapped_in_by_hand_is_production_and_stays() {
    let world = staged();
    world.sql(SWAP);
    assert_eq!(total(&world), "20");
    refused(&world, &["abort", "second"], "that is shop.core now");
    assert_eq!(total(&world), "20");
}

#[test]
fn what_was_renamed_by_hand_stays() {
    let world = staged();
    world.sql("ALTER SCHEMA shop.core__second__mzf RENAME TO keep_this");
    refused(&world, &["abort", "second"], "that is shop.keep_this now");
    world.sql("ALTER SCHEMA shop.keep_this RENAME TO core__second__mzf");
    world.sql("ALTER CLUSTER compute__second__mzf RENAME TO mine");
    refused(&world, &["abort", "second"], "that is mine now");
    world.sql("ALTER CLUSTER mine RENAME TO compute__second__mzf");
    world.mzflow(&["abort", "second"]).code(0);
}

/// Where an abort is held up: its intent is written, and nothing is claimed.
const HELD: &str = "hold before 'BEGIN%' by 'late%'";

/// Kills an abort there, where as many are held up then.
fn killed(world: &World, held: usize) {
    let late = format!("{}?options=-c%20application_name%3Dlate", world.url());
    let running = world.start(&["abort", "second", "--url", &late]);
    world.until("it is held up", || world.held() == held);
    running.kill();
    world.faults("");
    drop(running.end(world));
}

#[test]
fn an_abort_that_was_too_late_does_not_make_garbage_of_the_version_that_is_kept() {
    let world = staged();
    world.faults(&format!("hold before 'BEGIN%' by 'mzflow/%'; {HELD}"));
    let promotion = world.start(&["promote", "second", "--keep", "1h"]);
    world.until("its intent is written", || world.held() == 1);
    // The intent to drop stands behind that of the swap, which commits all the same.
    killed(&world, 2);
    promotion.end(&world).code(0);
    assert_eq!(total(&world), "20");
    world.mzflow(&["gc", "--yes"]).code(0).says("nothing to clean up");
    world.mzflow(&["rollback", "second"]).code(0);
    assert_eq!(total(&world), "10");
}

#[test]
fn what_an_abort_has_not_claimed_is_promoted_only_when_it_is_ready() {
    let world = waiting();
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.faults(HELD);
    killed(&world, 1);
    world.mzflow(&["promote", "second"]).code(3).says("[swap.not-ready]");
    assert_eq!(total(&world), "10");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    world.mzflow(&["wait", "second"]).code(0);
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(total(&world), "20");
}

/// A rollback that leaves something open is repeated; a promotion would undo it.
#[test]
fn a_rollback_that_is_not_over_is_told_to_be_repeated() {
    let world = World::new();
    world.write(OUTBOUND);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&OUTBOUND.replace("10 AS amount", "20 AS amount"));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second", "--keep", "1h"]).code(0);
    world.faults("error 'XX000' on 'ALTER SINK%'");
    let told = world.mzflow(&["rollback", "second"]).code(1).says("[swap.sink-pending]");
    told.says("mzflow rollback second").never_says("mzflow promote second");
    assert_eq!(total(&world), "10");
    world.mzflow(&["rollback", "second"]).code(0);
    assert_eq!(total(&world), "10");
}

#[test]
fn what_is_only_rehearsed_is_told_as_that() {
    let world = staged();
    let rehearsed = |words: &[&str], line: &str| {
        let told = world.mzflow(words).code(0);
        told.says(&format!("dry run   nothing was sent; without --dry-run: {line}")).never_says("next:");
        let told = world.mzflow(&[words, &["--json"]].concat()).code(0).json_lines();
        let last = told.last().expect("a document");
        assert_eq!(last["rehearsed"], true, "{words:?}: {last}");
    };
    rehearsed(&["promote", "second", "--dry-run"], "second is production");
    rehearsed(&["abort", "second", "--dry-run"], "second is gone");
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    rehearsed(&["rollback", "second", "--dry-run"], "second is no longer production");
    rehearsed(&["gc", "--kept", "--dry-run"], "1 version dropped");
    let told = world.mzflow(&["gc", "--kept", "--dry-run", "--json"]).code(0).json_lines();
    assert_eq!(told.last().map(|last| last["items"][0]["dropped"].clone()), Some(false.into()));
    assert_eq!(total(&world), "20");
}

#[test]
fn an_id_that_was_used_is_told_with_what_became_of_it() {
    let world = World::new();
    world.write(SHOP);
    let run = ["stage", "--project", "shop", "--id"];
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first", "--keep", "1h"]).code(0);
    world.write(&changed());
    let told = world.mzflow(&[&run[..], &["first"]].concat()).code(3).says("[stage.already-exists]");
    told.says("first exists with other content; it is promoted").says("mzflow run blue_green --id first-2");
    world.sql("CREATE SCHEMA shop.core__taken__mzf");
    let told = world.mzflow(&[&run[..], &["taken"]].concat()).code(3).says("[stage.name-taken]");
    told.says("schema shop.core__taken__mzf").never_says("mzflow abort");
}

/// A view in a schema that stays, with a comment.
fn said(total: u32, comment: &str) -> String {
    format!(
        "{}-- file: shop/models/shop/report/doubled.sql\nCREATE VIEW doubled AS SELECT 1 AS twice;\n\
         COMMENT ON VIEW doubled IS '{comment}';\n",
        SHOP.replace("10 AS amount", &format!("{total} AS amount"))
    )
}

#[test]
fn what_a_later_promotion_says_is_not_unsaid_by_an_older_one_that_is_finished() {
    let world = World::new();
    let run = |id| ["run", "blue_green", "--project", "shop", "--isolation", "schema", "--id", id];
    world.write(&said(10, "one"));
    world.mzflow(&run("first")).code(0);
    world.write(&said(20, "two"));
    world.faults("hold before 'COMMENT ON VIEW%doubled%' by 'mzflow/%'");
    let running = world.start(&run("second"));
    world.until("it is held up", || world.held() > 0);
    running.kill();
    world.faults("");
    drop(running.end(&world));
    world.write(&said(30, "three"));
    world.mzflow(&run("third")).code(0);
    let comments = "SELECT comment FROM mz_internal.mz_comments c JOIN mz_objects o ON o.id = c.id WHERE o.name = 'doubled'";
    let tags = "SELECT comment FROM mz_internal.mz_comments c JOIN mz_schemas s ON s.id = c.id WHERE s.name = 'core'";
    assert_eq!(world.rows(comments), "three");
    let tag = world.rows(tags);
    assert!(tag.contains("deployment third"), "{tag}");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((world.rows(comments), world.rows(tags)), ("three".to_owned(), tag));
}

/// A comment that the files put onto a schema that stays is not written over by what mzflow writes there.
#[test]
fn a_comment_of_the_files_on_a_schema_that_stays_is_kept() {
    let world = World::new();
    let run = |id| ["run", "blue_green", "--project", "shop", "--isolation", "object", "--id", id];
    world.write(SHOP);
    world.mzflow(&run("first")).code(0);
    world.write(&changed());
    world.write("-- file: shop/models/shop/core.sql\nCOMMENT ON SCHEMA core IS 'Ours';\n");
    world.mzflow(&run("second")).code(0);
    let comment = "SELECT comment FROM mz_internal.mz_comments c JOIN mz_schemas s ON s.id = c.id WHERE s.name = 'core'";
    assert_eq!(world.rows(comment), "Ours");
    world.mzflow(&["diff", "--project", "shop", "--isolation", "object"]).code(0).says("no changes");
}
